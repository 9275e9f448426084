"""What a violation's code is about, and what a 311 service name asks about: this project's own published mapping.

Prefixes follow the Philadelphia Code (codelibrary.amlegal.com/codes/philadelphia): Title 4, construction, has lettered
subcodes; other titles are numbers.
"""

from __future__ import annotations

import re
from types import MappingProxyType

PROPERTY = "property_maintenance"
PERMITS = "permits"
BUILDING = "building"
ELECTRICAL = "electrical"
FIRE = "fire"
MECHANICAL = "mechanical"
PLUMBING = "plumbing"
RESIDENTIAL = "residential"
AIR = "air"
HEALTH = "health"
LICENSES = "licenses"
CONDUCT = "conduct"
STREETS = "streets"
ZONING = "zoning"

# Lettered codes: what stands before the first digit, dash or dot ("PM15-302.4", "FC-13-907.3", "A-301.1").
# CP, in older rows, is upkeep too: rubbish, pests, leaks, open vacant buildings.
LETTERS = MappingProxyType(
    {
        "PM": PROPERTY,
        "CP": PROPERTY,
        "A": PERMITS,
        "B": BUILDING,
        "BC": BUILDING,
        "EB": BUILDING,
        "E": ELECTRICAL,
        "EC": ELECTRICAL,
        "F": FIRE,
        "FC": FIRE,
        "M": MECHANICAL,
        "MC": MECHANICAL,
        "FG": MECHANICAL,
        "P": PLUMBING,
        "PC": PLUMBING,
        "R": RESIDENTIAL,
        "RC": RESIDENTIAL,
    }
)

# Numbered codes: the title of the Philadelphia Code ("9-3902 (1)", "14-604", "03-306/1").
TITLES = MappingProxyType({3: AIR, 6: HEALTH, 9: LICENSES, 10: CONDUCT, 11: STREETS, 14: ZONING})

_LETTERED = re.compile(r"([A-Z]+)(?=[0-9\-. ])")
_NUMBERED = re.compile(r"0*([0-9]{1,3})-")

_MAINTENANCE = frozenset({PROPERTY, FIRE, HEALTH, LICENSES, CONDUCT})
_CONSTRUCTION = frozenset({PERMITS, BUILDING, ELECTRICAL, FIRE, MECHANICAL, PLUMBING, RESIDENTIAL, ZONING})
_CONTRACTORS = frozenset({LICENSES})
_DANGER = frozenset({PROPERTY, PERMITS, BUILDING, RESIDENTIAL})
_VACANT = frozenset({PROPERTY, LICENSES, CONDUCT})
_ZONING = frozenset({ZONING, PERMITS, LICENSES})
_EVERYTHING = frozenset(LETTERS.values()) | frozenset(TITLES.values())

ALLOWED: MappingProxyType[str, frozenset[str]] = MappingProxyType(
    {
        "Maintenance Complaint": _MAINTENANCE,
        "Maintenance Residential or Commercial": _MAINTENANCE,
        "Construction Complaints": _CONSTRUCTION | _CONTRACTORS,
        "Building Construction": _CONSTRUCTION | _CONTRACTORS,
        "License Complaint": frozenset({LICENSES, ZONING, PERMITS}),
        "Dangerous Building Complaint": _DANGER,
        "Building Dangerous": _DANGER,
        "Building Force": _DANGER,
        "Fire Safety Complaint": frozenset({FIRE, PROPERTY, ELECTRICAL}),
        "Smoke Detector": frozenset({FIRE, PROPERTY}),
        "Vacant House or Commercial": _VACANT,
        "Vacant Lot Clean-Up": _VACANT,
        "Zoning Business": _ZONING,
        "Zoning Residential": _ZONING,
        "Zoning Residential/Business": _ZONING,
        "LI Escalation": _EVERYTHING,
    }
)


def family(violationcode: str | None) -> str | None:
    """The subject of a violation's code; None for one that is missing or of no known form."""
    code = (violationcode or "").strip().upper()
    if numbered := _NUMBERED.match(code):
        return TITLES.get(int(numbered[1]))
    if lettered := _LETTERED.match(code):
        return LETTERS.get(lettered[1])
    return None
