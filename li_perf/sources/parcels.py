"""What an answer of AIS means: outcome, accounts and kind of match. A pure function of the answer and the ZIP code."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from li_perf.model import Outcome
from li_perf.sources.ais import NOT_FOUND
from li_perf.sources.ais_answer import Feature, Found, Missing, accounts

REFUSED = frozenset({"owner", "coordinates", "pwd_parcel", "dor_parcel", "mapreg", "latlon", "stateplane"})


class Grade(IntEnum):
    """How close a match is; lower is closer."""

    EXACT = 0
    UNIT = 1
    RANGE = 2
    BASE = 3


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """`accounts` are all that the answer names, sorted; `match_type` is the word of the best match."""

    outcome: Outcome
    accounts: tuple[str, ...] = ()
    match_type: str | None = None

    @property
    def is_building_level(self) -> bool:
        """Whether the parcel is the building's, as AIS does not know the unit."""
        is_base = bool(self.accounts) and (self.match_type or "").startswith("has_base")
        return is_base or self.outcome is Outcome.PARCEL_BUILDING_ONLY


def grade(match_type: str | None) -> Grade | None:
    """The grade of one of AIS's match types (serializers.py); None for those that name no parcel, `unmatched` first."""
    word = match_type or ""
    if word in ("exact", "exact_key", "changed_key"):
        return Grade.EXACT
    if word.startswith("has_base"):
        return Grade.BASE
    if word.startswith(("generic_unit", "unit_")):
        return Grade.UNIT
    if word.startswith(("in_range", "range_parent", "overlap")):
        return Grade.RANGE
    return None


def meaning(answer: Found | Missing, zipcode: str | None, *, lowest: Grade = Grade.BASE) -> Meaning:
    """What `answer` says of an address whose request names `zipcode`; grades below `lowest` are not accepted.

    Several accounts are tie-broken by the ZIP code, else all are kept and none is chosen.
    """
    if isinstance(answer, Missing):
        return Meaning(outcome=_why_missing(answer))
    if refusal := _refusal(answer):
        return refusal
    accepted = [(g, f) for f in answer.features if (g := grade(f.match_type)) is not None and g <= lowest]
    located = [(g, f) for g, f in accepted if accounts(f)]
    if not located:
        return _without_account(answer, accepted)
    best = min(g for g, _ in located)
    return _resolve([f for g, f in located if g == best], zipcode)


def _why_missing(answer: Missing) -> Outcome:
    found_nothing = (answer.message or "").startswith(NOT_FOUND)
    return Outcome.PARCEL_NOT_FOUND if found_nothing else Outcome.ADDRESS_UNPARSEABLE


def _refusal(answer: Found) -> Meaning | None:
    match_type = answer.features[0].match_type if answer.features else None
    is_intersection = any(f.ais_feature_type == "intersection" for f in answer.features)
    if is_intersection or answer.search_type in ("intersection", "block"):
        return Meaning(outcome=Outcome.INTERSECTION_OR_BLOCK, match_type=match_type)
    if answer.search_type in REFUSED:
        return Meaning(outcome=Outcome.ADDRESS_UNPARSEABLE, match_type=match_type)
    return None


def _without_account(answer: Found, accepted: list[tuple[Grade, Feature]]) -> Meaning:
    if accepted:
        return Meaning(outcome=Outcome.NO_ACCOUNT, match_type=min(accepted, key=lambda pair: pair[0])[1].match_type)
    match_type = answer.features[0].match_type if answer.features else None
    return Meaning(outcome=Outcome.PARCEL_NOT_FOUND, match_type=match_type)


def _resolve(features: list[Feature], zipcode: str | None) -> Meaning:
    match_type = features[0].match_type
    every = _accounts(features)
    chosen = every if len(every) == 1 else _accounts(_of_zip(features, zipcode))
    if len(chosen) == 1:
        return Meaning(outcome=Outcome.PARCEL_EXACT, accounts=chosen, match_type=match_type)
    are_units = all("unit_child" in (f.match_type or "") for f in features)
    outcome = Outcome.PARCEL_BUILDING_ONLY if are_units else Outcome.PARCEL_AMBIGUOUS
    return Meaning(outcome=outcome, accounts=every, match_type=match_type)


def _of_zip(features: list[Feature], zipcode: str | None) -> list[Feature]:
    wanted = _five_digits(zipcode)
    return [f for f in features if wanted and _five_digits(f.properties.zip_code) == wanted]


def _accounts(features: list[Feature]) -> tuple[str, ...]:
    if len(features) == 1:
        return accounts(features[0])
    return tuple(sorted({account for feature in features for account in accounts(feature)}))


def _five_digits(zipcode: object) -> str:
    """The ZIP code without its `+4`."""
    return str(zipcode or "").strip()[:5]
