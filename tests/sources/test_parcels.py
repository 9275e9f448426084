"""What an answer of AIS means for a request."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from li_perf.model import Outcome
from li_perf.sources.ais_answer import Feature, Found, Missing, Properties
from li_perf.sources.parcels import Grade, Meaning, grade, meaning

A, B, C = "999000040", "999000041", "999000042"


def feature(account: object, match_type: str | None = "exact", zip_code: object = "19130") -> Feature:
    properties = Properties(opa_account_num=account, zip_code=zip_code)
    return Feature(properties=properties, ais_feature_type="address", match_type=match_type)


def found(*features: Feature, search_type: str | None = "address") -> Found:
    return Found(features=list(features), search_type=search_type, query="Q")


def says(outcome: Outcome, *accounts: str, match_type: str | None = None) -> Meaning:
    return Meaning(outcome=outcome, accounts=accounts, match_type=match_type)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        *((word, Grade.EXACT) for word in ("exact", "exact_key", "changed_key")),
        *((word, Grade.UNIT) for word in ("generic_unit_sibling", "unit_sibling", "unit_child")),
        *(
            (word, Grade.RANGE)
            for word in ("in_range", "in_range_unit_child", "range_parent", "range_parent_unit_child")
        ),
        *((word, Grade.RANGE) for word in ("range_parent_unit_sibling", "overlaps", "overlapping_unit_child")),
        *((word, Grade.BASE) for word in ("has_base", "has_base_no_suffix", "has_base_suffix_child")),
        *((word, Grade.BASE) for word in ("has_base_unit_child", "has_base_in_range", "has_base_overlaps")),
        *(
            (word, None)
            for word in ("unmatched", "parsed", "on block", "contains query string", "exact location", "", None)
        ),
    ],
)
def test_each_match_type_has_its_grade(word: str | None, expected: Grade | None) -> None:
    assert grade(word) is expected


@pytest.mark.parametrize(
    ("answer", "zipcode", "expected"),
    [
        (found(feature(A)), None, says(Outcome.PARCEL_EXACT, A, match_type="exact")),
        (found(feature(A), search_type="street"), None, says(Outcome.PARCEL_EXACT, A, match_type="exact")),
        (found(feature(A, zip_code="19146")), "19130", says(Outcome.PARCEL_EXACT, A, match_type="exact")),
        (found(feature(A, "has_base")), None, says(Outcome.PARCEL_EXACT, A, match_type="has_base")),
        (
            found(feature(A), feature(B, "has_base_suffix_child")),
            None,
            says(Outcome.PARCEL_EXACT, A, match_type="exact"),
        ),
        (found(feature(""), feature(B, "in_range")), None, says(Outcome.PARCEL_EXACT, B, match_type="in_range")),
        (found(feature("", "unmatched"), feature(B)), None, says(Outcome.PARCEL_EXACT, B, match_type="exact")),
        (found(feature(A), feature(A)), None, says(Outcome.PARCEL_EXACT, A, match_type="exact")),
        (found(feature(f"{A}|{B}")), "19130", says(Outcome.PARCEL_AMBIGUOUS, A, B, match_type="exact")),
        (found(feature("")), None, says(Outcome.NO_ACCOUNT, match_type="exact")),
        (found(feature("", "has_base")), None, says(Outcome.NO_ACCOUNT, match_type="has_base")),
        (found(feature("", "has_base"), feature("")), None, says(Outcome.NO_ACCOUNT, match_type="exact")),
        (found(feature("", "unmatched")), None, says(Outcome.PARCEL_NOT_FOUND, match_type="unmatched")),
        (found(feature(A, "unmatched")), None, says(Outcome.PARCEL_NOT_FOUND, match_type="unmatched")),
        (found(feature(A, "parsed")), None, says(Outcome.PARCEL_NOT_FOUND, match_type="parsed")),
        (found(feature(A, None)), None, says(Outcome.PARCEL_NOT_FOUND)),
        (
            found(feature(""), feature(A, "unit_child"), feature(B, "unit_child")),
            "19130",
            says(Outcome.PARCEL_BUILDING_ONLY, A, B, match_type="unit_child"),
        ),
    ],
)
def test_an_answer_comes_to_one_outcome(answer: Found, zipcode: str | None, expected: Meaning) -> None:
    assert meaning(answer, zipcode) == expected


@pytest.mark.parametrize(
    ("search_type", "match_type", "outcome"),
    [
        ("block", "on block", Outcome.INTERSECTION_OR_BLOCK),
        ("block", "exact", Outcome.INTERSECTION_OR_BLOCK),
        ("intersection", "exact", Outcome.INTERSECTION_OR_BLOCK),
        *(
            (kind, "exact", Outcome.ADDRESS_UNPARSEABLE)
            for kind in ("owner", "coordinates", "pwd_parcel", "dor_parcel")
        ),
        *((kind, "exact_key", Outcome.ADDRESS_UNPARSEABLE) for kind in ("mapreg", "latlon", "stateplane")),
    ],
)
def test_what_is_not_one_address_has_no_account(search_type: str, match_type: str, outcome: Outcome) -> None:
    answer = found(feature(A, match_type), search_type=search_type)
    assert meaning(answer, "19130") == says(outcome, match_type=match_type)


def test_an_intersection_is_known_by_its_feature_whatever_the_search_type() -> None:
    crossing = Feature(properties=Properties(), ais_feature_type="intersection", match_type="exact")
    assert meaning(found(crossing), None).outcome is Outcome.INTERSECTION_OR_BLOCK


TWO = (feature(A, "has_base", "19130"), feature(B, "has_base", "19146"))


@pytest.mark.parametrize(
    ("zipcode", "expected"),
    [
        *(("19130", (A,)), ("19146", (B,)), ("19146-1234", (B,)), (" 19146", (B,)), ("191461234", (B,))),
        *((None, (A, B)), ("", (A, B)), ("19104", (A, B)), ("1914", (A, B)), ("-", (A, B))),
    ],
)
def test_the_zip_code_decides_between_two_accounts_only_if_one_remains(
    zipcode: str | None, expected: tuple[str, ...]
) -> None:
    outcome = Outcome.PARCEL_EXACT if len(expected) == 1 else Outcome.PARCEL_AMBIGUOUS
    assert meaning(found(*TWO), zipcode) == says(outcome, *expected, match_type="has_base")


@pytest.mark.parametrize("zip_code", ["19146", "19146-1234", 19146, 19146.0])
def test_the_answers_zip_code_may_be_a_number_or_have_four_digits_more(zip_code: object) -> None:
    answer = found(feature(A, zip_code="19130"), feature(B, zip_code=zip_code))
    assert meaning(answer, "19146").accounts == (B,)


def test_two_accounts_in_the_same_zip_code_stay_ambiguous() -> None:
    answer = found(feature(A, zip_code="19146"), feature(B, zip_code="19146"), feature(C))
    assert meaning(answer, "19146") == says(Outcome.PARCEL_AMBIGUOUS, A, B, C, match_type="exact")


@pytest.mark.parametrize("zip_code", [None, "", [{"value": "19146"}]])
def test_an_answer_without_a_zip_code_is_not_chosen_by_it(zip_code: object) -> None:
    answer = found(feature(A, zip_code="19130"), feature(B, zip_code=zip_code))
    assert meaning(answer, "19146").outcome is Outcome.PARCEL_AMBIGUOUS


@pytest.mark.parametrize(
    ("message", "search_type", "outcome"),
    [
        ("Could not find any addresses matching query.", "address", Outcome.PARCEL_NOT_FOUND),
        ("Could not find intersection matching query.", "intersection", Outcome.PARCEL_NOT_FOUND),
        ("Not a valid address.", "street", Outcome.ADDRESS_UNPARSEABLE),
        ("Query not recognized.", None, Outcome.ADDRESS_UNPARSEABLE),
        ("Query exceeds character limit.", None, Outcome.ADDRESS_UNPARSEABLE),
        ("Invalid query.", "landmark", Outcome.ADDRESS_UNPARSEABLE),
    ],
)
def test_a_definitive_404_comes_to_one_outcome(message: str, search_type: str | None, outcome: Outcome) -> None:
    answer = Missing(message=message, details={"query": "Q", "search_type": search_type})
    assert meaning(answer, "19130") == says(outcome)


@pytest.mark.parametrize(
    ("lowest", "outcome"),
    [
        (Grade.BASE, Outcome.PARCEL_EXACT),
        (Grade.RANGE, Outcome.PARCEL_NOT_FOUND),
        (Grade.EXACT, Outcome.PARCEL_NOT_FOUND),
    ],
)
def test_grades_below_the_lowest_are_not_accepted(lowest: Grade, outcome: Outcome) -> None:
    assert meaning(found(feature(A, "has_base")), None, lowest=lowest).outcome is outcome


@pytest.mark.parametrize(
    ("answer", "is_building_level"),
    [
        (found(feature(A, "has_base")), True),
        (found(feature("", "has_base")), False),
        (found(feature(A, "exact")), False),
        (found(feature(A, "generic_unit_sibling")), False),
    ],
)
def test_a_parcel_is_the_buildings_where_ais_knows_only_the_base(answer: Found, is_building_level: bool) -> None:
    assert meaning(answer, None).is_building_level is is_building_level


WORDS = ["exact", "unit_child", "in_range", "has_base", "unmatched", "parsed", None]
ACCOUNTS: list[Any] = ["", A, B, f"{A}|{B}"]
FEATURES = st.builds(feature, st.sampled_from(ACCOUNTS), st.sampled_from(WORDS), st.sampled_from(["19130", "19146"]))


@given(st.lists(FEATURES, min_size=1, max_size=6), st.sampled_from([None, "19130", "19146"]), st.randoms())
@settings(deadline=None)
def test_the_order_of_features_never_changes_outcome_or_accounts(
    features: list[Feature], zipcode: str | None, random: Any
) -> None:
    shuffled = random.sample(features, len(features))
    one, other = meaning(found(*features), zipcode), meaning(found(*shuffled), zipcode)
    assert (one.outcome, one.accounts) == (other.outcome, other.accounts)


@given(st.lists(FEATURES, min_size=1, max_size=6), st.sampled_from([None, "19130", "19146"]))
@settings(deadline=None)
def test_exactly_one_account_is_exactly_the_outcome_exact(features: list[Feature], zipcode: str | None) -> None:
    result = meaning(found(*features), zipcode)
    assert (len(result.accounts) == 1) is (result.outcome is Outcome.PARCEL_EXACT)
    assert list(result.accounts) == sorted(set(result.accounts))
