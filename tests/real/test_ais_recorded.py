"""Recorded answers of the City's own AIS program: what each must come to, by reasoning from what was asked."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest

from li_perf.errors import LiPerfError
from li_perf.model import Outcome
from li_perf.sources import ais
from li_perf.sources.parcels import Meaning, meaning
from li_perf.wire import Reply

DATA = Path(__file__).parents[2] / os.environ.get("LI_PERF_REAL_DATA", "../shared/data") / "philadelphia"
RECORDED = DATA / "ais_recorded"
pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recorded answers of AIS in {DATA}")


class Answer(NamedTuple):
    outcome: Outcome
    match_type: str | None = None
    accounts: tuple[str, ...] = ()


def parcel(match_type: str, account: str) -> Answer:
    return Answer(Outcome.PARCEL_EXACT, match_type, (account,))


def unparseable(match_type: str | None = None) -> Answer:
    return Answer(Outcome.ADDRESS_UNPARSEABLE, match_type)


MARKET, FRANKFORD, RANGE = "883309050", "999000020", "999000010"
ON_MARKET = parcel("exact", MARKET)
NOT_FOUND = Answer(Outcome.PARCEL_NOT_FOUND)
CROSSING = Answer(Outcome.INTERSECTION_OR_BLOCK, "exact")
ESTIMATED = Answer(Outcome.PARCEL_NOT_FOUND, "unmatched")
UNITS_OF_48TH = parcel("exact", "999000060")

EXPECTED: dict[str, Answer | str] = {
    # an address that AIS knows, however it was written
    **dict.fromkeys(
        [
            *("exact", "addresses_endpoint_exact", "arg_value_not_counted", "exact_lower_with_city_zip", "unicode"),
            *("exactly_79_chars", "long_72_chars_ok", "opa_only", "srid_2272", "srid_bad", "user_param_echo"),
        ],
        ON_MARKET,
    ),
    "account": parcel("exact_key", MARKET),
    "include_units_base": UNITS_OF_48TH,
    "include_units_false": UNITS_OF_48TH,
    "include_units_true": UNITS_OF_48TH,
    "opa_only_include_units": UNITS_OF_48TH,
    # ranges and units
    "range_exact": parcel("exact", RANGE),
    "range_child_low": parcel("exact", RANGE),
    "range_full_high": parcel("exact", "999000011"),
    "unit_exact_apt": parcel("exact", FRANKFORD),
    "unit_generic_sibling": parcel("generic_unit_sibling", FRANKFORD),
    "unit_hash_encoded": parcel("generic_unit_sibling", FRANKFORD),
    "unit_hash_RAW_not_encoded_server_sees": parcel("exact", FRANKFORD),
    "unit_not_in_db_has_base": parcel("has_base", FRANKFORD),
    "unit_not_in_db_has_base_include_units": parcel("has_base", FRANKFORD),
    # several accounts: all are kept, none is chosen
    "ambiguous_no_predir": Answer(Outcome.PARCEL_AMBIGUOUS, "has_base", ("999000040", "999000041")),
    "two_opa_accounts_pipe_joined": Answer(Outcome.PARCEL_AMBIGUOUS, "exact", ("999000050", "999000051")),
    "two_opa_accounts_source_details": Answer(Outcome.PARCEL_AMBIGUOUS, "exact", ("999000050", "999000051")),
    # known, without an account of its own
    "exact_no_opa_account": Answer(Outcome.NO_ACCOUNT, "exact"),
    "condo_base_no_units": Answer(Outcome.NO_ACCOUNT, "exact"),
    # estimated on the street's line: not known
    "estimated_unmatched": ESTIMATED,
    "fraction": ESTIMATED,
    "estimate_false_404": NOT_FOUND,
    # no single property
    "block": Answer(Outcome.INTERSECTION_OR_BLOCK, "on block"),
    "intersection_amp": CROSSING,
    "intersection_amp_unencoded": CROSSING,
    "intersection_and": CROSSING,
    "owner": unparseable("contains query string"),
    # looked, and found nothing
    "account_unknown_404": NOT_FOUND,
    "unknown_street_404": NOT_FOUND,
    "intersection_none_404": NOT_FOUND,
    "intersection_311_style_ambiguous": NOT_FOUND,
    # cannot be an address
    **dict.fromkeys(
        [
            *("dash_404", "dot_404", "space_query", "nonsense_404", "street_only", "too_long_404", "zip_only"),
            *("latlon_404_no_address_near", "crash_two_units_addresses", "landmark_indep_hall_addresses"),
            *("addresses_endpoint_intersection_404", "max_range_bad"),
        ],
        unparseable(),
    ),
    # failures, whatever their status
    "db_down_search": "Broken",
    "db_down_search_account": "Broken",
    "db_down_search_unknown_street": "Broken",
    "db_down_account": "Broken",
    "db_down_addresses": "Broken",
    "db_down_health": "Broken",
    "double_slash": unparseable(),
    "empty_query": "Astray",
    "route_unknown": "Astray",
    "health": "Garbled",
    "service_areas": "Garbled",
    "owner_short_404": "Garbled",
    "page_zero_404": "Garbled",
    "page_not_a_number_404": "Garbled",
}
BUILDINGS = {"condo_page1": ("999100001", 251), "page_size_zero_when_total_is_100": ("999200001", 100)}


def _recorded(name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text())
    return record


def _asked(record: dict[str, Any]) -> str:
    return unquote(record["request"]["path"].partition("?")[0].split("/", 2)[2])


def _read(record: dict[str, Any], zipcode: str | None = None) -> Meaning | str:
    response = record["response"]
    body = response["body"] if isinstance(response["body"], str) else json.dumps(response["body"])
    reply = Reply(status=response["status"], headers={}, body=body.encode())
    try:
        return meaning(ais.read(_asked(record), reply), zipcode)
    except LiPerfError as error:
        return type(error).__name__


def test_every_recorded_answer_has_an_expectation() -> None:
    assert {path.stem for path in RECORDED.glob("*.json") if path.stem[0] != "_"} == {*EXPECTED, *BUILDINGS}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=EXPECTED.keys())
def test_a_recorded_answer_comes_to_what_was_asked(name: str, expected: Answer | str) -> None:
    read = _read(_recorded(name))
    if isinstance(expected, str):
        assert read == expected
    else:
        assert read == Meaning(outcome=expected.outcome, accounts=expected.accounts, match_type=expected.match_type)


@pytest.mark.parametrize(("name", "first", "units"), [(name, *rest) for name, rest in BUILDINGS.items()])
def test_a_building_whose_units_have_the_accounts_is_building_only(name: str, first: str, units: int) -> None:
    record = _recorded(name)
    read = _read(record, "19130")
    assert isinstance(read, Meaning)
    assert (read.outcome, read.match_type) == (Outcome.PARCEL_BUILDING_ONLY, "unit_child")
    assert read.accounts[0] == first
    assert len(read.accounts) == min(units, 100) - 1


@pytest.mark.parametrize(("zipcode", "account"), [("19130", "999000040"), ("19146-1234", "999000041")])
def test_the_zip_code_decides_where_the_direction_is_missing(zipcode: str, account: str) -> None:
    read = _read(_recorded("ambiguous_no_predir"), zipcode)
    assert read == Meaning(outcome=Outcome.PARCEL_EXACT, accounts=(account,), match_type="has_base")


def test_with_the_database_down_a_failure_is_never_given_up_sooner() -> None:
    record = _recorded("db_down_search")
    reply = Reply(status=404, body=json.dumps(record["response"]["body"]).encode())
    with pytest.raises(LiPerfError) as caught:
        ais.read(_asked(record), reply)
    assert getattr(caught.value, "tries", 0) is None


def test_only_an_answer_from_the_base_is_at_building_level() -> None:
    read = {name: _read(_recorded(name)) for name in EXPECTED}
    at_building = {name for name, each in read.items() if isinstance(each, Meaning) and each.is_building_level}
    assert at_building == {
        "ambiguous_no_predir",
        "unit_not_in_db_has_base",
        "unit_not_in_db_has_base_include_units",
    }


# Odd inputs: what the City's program made of them, and what that must mean for us.
ODD: dict[str, Answer | None] = {
    **dict.fromkeys(
        [
            *(
                "1234 MARKET ST PHILADELPHIA PA 19107 USA",
                "OPP 1234 MARKET ST",
                "1234 MARKET ST APT",
                "1234 MARKET ST\t",
            ),
            *("1234 märket st", "1234 MARKET ST;DROP TABLE", "1234 MARKET ST NEAR CITY HALL"),
        ],
        ON_MARKET,
    ),
    "1234 MARKET ST 1ST FLOOR": parcel("has_base", MARKET),
    "1234 MARKET ST 19999": parcel("has_base", MARKET),
    "1234 1/2 MARKET ST": parcel("has_base_no_suffix", MARKET),
    "1234-1236 MARKET ST": parcel("in_range", MARKET),
    "1769 FRANKFORD AVE REAR": parcel("has_base", FRANKFORD),
    "1769 FRANKFORD AV": parcel("exact", FRANKFORD),
    "36 W GOWEN": parcel("exact", "092125100"),
    "2401 PENNSYLVANIA AVE 5": Answer(Outcome.NO_ACCOUNT, "has_base"),
    **dict.fromkeys(["1 FRANKLIN TOWN BLVD", "3700 SPRUCE ST", "1414 S PENN SQ UNIT 10A", "599 N BROAD ST"], ESTIMATED),
    **dict.fromkeys(["12TH & MARKET", "12TH AT MARKET", "BROAD & ERIE", "W ERIE AVE & N BROAD ST"], CROSSING),
    "FRANKFORD AVE & E GIRARD AVE": CROSSING,
    "1200 BLK OF MARKET ST": Answer(Outcome.INTERSECTION_OR_BLOCK, "on block"),
    "-75.16097, 39.95166": unparseable("exact location"),
    **dict.fromkeys(["1234/36 MARKET ST", "I-95 & ALLEGHENY AVE", "1769 FRANKFORD AVE APT 4 & 5"], NOT_FOUND),
    **dict.fromkeys(["0 MARKET ST", "088330905", "1234 ST", "UNIT BLK MARKET ST", "1 INDEPENDENCE MALL W"], NOT_FOUND),
    **dict.fromkeys(["PHILADELPHIA", "BROAD ST", "CITY HALL", "KELLY DR", "19107-1234", "L000001"], unparseable()),
    # never asked: no address at all, or a placeholder
    **dict.fromkeys(["#", "%", ".", "-", "   ", "null", "N/A"]),
}


def _odd() -> dict[str, dict[str, Any]]:
    path = DATA / "ais_odd_queries.json"
    return {odd["query"]: odd for odd in json.loads(path.read_text())} if path.exists() else {}


def _reply(odd: dict[str, Any]) -> Reply:
    """The answer in full, of the summary that was kept of it."""
    if odd["status"] == 404:
        body = {"status": 404, "error": "Not Found", "message": odd["message"], "details": odd["details"]}
        return Reply(status=404, body=json.dumps(body).encode())
    first = odd["first"]
    has_account = first["opa"] is not None
    feature = {
        "ais_feature_type": "address" if has_account else "intersection",
        "match_type": first["match"],
        "properties": {"opa_account_num": first["opa"]} if has_account else {"int_id": 1},
    }
    body = {"search_type": odd["search_type"], "query": odd["query"], "features": [feature] * odd["total"]}
    return Reply(status=200, body=json.dumps(body).encode())


def test_every_odd_query_has_an_expectation() -> None:
    assert set(_odd()) == set(ODD)


@pytest.mark.parametrize("query", ODD, ids=ascii)
def test_an_odd_query_comes_to_what_it_must_mean(query: str) -> None:
    expected, question = ODD[query], ais.question(query)
    if expected is None:
        assert question in (Outcome.ADDRESS_NULL, Outcome.ADDRESS_PLACEHOLDER)
        return
    assert isinstance(question, str)
    read = meaning(ais.read(question, _reply(_odd()[query])), None)
    assert (read.outcome, read.match_type, read.accounts) == expected


@pytest.mark.parametrize("query", ["null", "N/A", "-", "#"])
def test_a_placeholder_that_is_asked_nevertheless_has_a_definitive_answer(query: str) -> None:
    read = meaning(ais.read(query, _reply(_odd()[query])), None)
    assert read.outcome in (Outcome.ADDRESS_UNPARSEABLE, Outcome.PARCEL_NOT_FOUND)
