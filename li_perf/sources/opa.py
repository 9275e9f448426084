"""The City's own pairs of address and account (opa_properties_public): which texts one answers, and what it means."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from li_perf.model import Outcome, Property
from li_perf.sources import ais
from li_perf.sources.body import decode
from li_perf.sources.parcels import Meaning


class Pair(msgspec.Struct, frozen=True):
    """One pair, as it is kept in the place of an answer."""

    address: str
    account: str


def texts(place: Property) -> Iterator[tuple[str, bool]]:
    """What a caller may write for this place, and whether that text means it: a building's does not mean its unit.

    Trimmed, upper-cased, white space collapsed, the unit appended as the City writes it and, where it writes but its
    number, as `UNIT 4`; nothing cleverer.
    """
    unit = " ".join((place.unit or "").split())
    written = ("", f" {unit}", *([f" UNIT {unit}"] if " " not in unit else [])) if unit else ("",)
    for tail in written:
        text = ais.question(f"{place.address}{tail}" if place.address else None)
        if not isinstance(text, Outcome):
            yield text, bool(tail) or not unit


def body(address: str, account: str) -> bytes:
    """The pair as it is kept."""
    return msgspec.json.encode(Pair(address=address, account=account))


def meaning(kept: bytes) -> Meaning:
    """What a pair that was kept says. Raises ValueError for one that is damaged."""
    return Meaning(outcome=Outcome.PARCEL_EXACT, accounts=(decode(kept, Pair).account,))
