"""The simulated AIS against answers recorded of the City's own program: statuses, messages, types, order of keys.

Account numbers, positions and service areas are invented on both sides and are not compared.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from li_perf.simulator.addresses import Kind
from li_perf.simulator.ais import Ais, Asked
from li_perf.simulator.city import SimulatedCity, build
from li_perf.simulator.mishaps import server_error
from li_perf.simulator.reply import Reply

DATA = Path(__file__).parents[2] / os.environ.get("LI_PERF_REAL_DATA", "../shared/data") / "philadelphia"
pytestmark = pytest.mark.skipif(not (DATA / "ais_recorded").is_dir(), reason=f"no recorded answers of AIS in {DATA}")

# Recorded paths that are asked of the simulation as they are: it knows the street, the number or the rule.
AS_RECORDED = """
exact exact_lower_with_city_zip unicode arg_value_not_counted user_param_echo opa_only srid_2272 srid_bad account
account_unknown_404 block dash_404 dot_404 nonsense_404 space_query empty_query route_unknown too_long_404 zip_only
street_only unknown_street_404 page_zero_404 page_not_a_number_404 intersection_amp intersection_amp_unencoded
intersection_and intersection_none_404 intersection_311_style_ambiguous latlon_404_no_address_near estimate_false_404
estimated_unmatched
"""
# Recorded answers about houses that the simulated city does not have, by the kind of its own address that is alike.
BY_KIND = {
    "range_exact": Kind.RANGE,
    "range_full_high": Kind.RANGE_FULL_HIGH,
    "range_child_low": Kind.RANGE_CHILD,
    "two_opa_accounts_pipe_joined": Kind.TWO_ACCOUNTS,
    "ambiguous_no_predir": Kind.TWO_BASES_NO_ZIP,
    "exact_no_opa_account": Kind.NO_ACCOUNT,
    "condo_base_no_units": Kind.NO_ACCOUNT,
    "unit_exact_apt": Kind.UNIT,
    "unit_generic_sibling": Kind.GENERIC_UNIT_SIBLING,
    "unit_not_in_db_has_base": Kind.HAS_BASE,
    "crash_two_units_addresses": Kind.UNPARSEABLE,
}
DATABASE_DOWN = ("db_down_search", "db_down_search_account", "db_down_search_unknown_street")
# Odd queries about which the simulation's small parser is less clever than the City's, and where it ends up instead.
LESS_CLEVER = {
    "1234 MARKET ST 1ST FLOOR": "does not rewrite a floor in `normalized`",
    "1 FRANKLIN TOWN BLVD": "not a street of the simulated city",
    "1414 S PENN SQ UNIT 10A": "not a street of the simulated city",
    "2401 PENNSYLVANIA AVE 5": "not a street of the simulated city",
    "1 INDEPENDENCE MALL W": "not a street of the simulated city",
    "36 W GOWEN": "not a street of the simulated city",
    "KELLY DR": "not a street of the simulated city",
    "1769 FRANKFORD AVE REAR": "not a house of the simulated city",
    "1769 FRANKFORD AV": "not a house of the simulated city",
    "1769 FRANKFORD AVE APT 4 & 5": "keeps the unit's word in a street's name",
}


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return build(tickets=300)


@pytest.fixture(scope="module")
def ais(city: SimulatedCity) -> Ais:
    return Ais(city.addresses)


def _recorded(name: str) -> tuple[str, dict[str, Any]]:
    record = json.loads((DATA / "ais_recorded" / f"{name}.json").read_text())
    return record["request"]["path"], record["response"]


def _ask(ais: Ais, path: str) -> Reply:
    read = ais.read(path)
    return ais.answer(read) if isinstance(read, Asked) else read


def _shape(body: dict[str, Any]) -> dict[str, Any]:
    """What of an answer is the program's and not the data's."""
    details = body.get("details")
    return {
        "keys": list(body),
        "search_type": body.get("search_type"),
        "message": body.get("message"),
        "details": list(details) if isinstance(details, dict) else details,
        "detailed_type": details.get("search_type") if isinstance(details, dict) else None,
        "paging": [body.get(name) for name in ("page", "page_count", "page_size", "total_size")],
        "params": body.get("search_params"),
        "crs": body.get("crs"),
        "features": [_feature_shape(feature) for feature in body.get("features", [])],
    }


def _feature_shape(feature: dict[str, Any]) -> dict[str, Any]:
    properties = feature["properties"]
    return {
        "keys": list(feature),
        "type": feature["ais_feature_type"],
        "match_type": feature["match_type"],
        "properties": list(properties),
        "street_1": list(properties.get("street_1", {})),
        "geometry": list(feature["geometry"]),
        "geocode_type": feature["geometry"]["geocode_type"],
        "accounts": len(str(properties.get("opa_account_num", "-")).split("|")),
        "has_account": bool(properties.get("opa_account_num")),
    }


def _same(reply: Reply, recorded: dict[str, Any]) -> None:
    assert reply.status == recorded["status"]
    assert _shape(json.loads(reply.body)) == _shape(recorded["body"])
    assert reply.headers.get("Cache-Control") == recorded["headers"].get("Cache-Control")
    assert reply.content_type == recorded["headers"]["Content-Type"]


@pytest.mark.parametrize("name", AS_RECORDED.split())
def test_a_recorded_question_is_answered_in_the_recorded_shape(ais: Ais, name: str) -> None:
    path, recorded = _recorded(name)
    _same(_ask(ais, path), recorded)


@pytest.mark.parametrize("name", AS_RECORDED.split())
def test_a_recorded_question_is_echoed_and_normalised_alike(ais: Ais, name: str) -> None:
    path, recorded = _recorded(name)
    body, expected = json.loads(_ask(ais, path).body), recorded["body"]
    assert [body.get(key) for key in ("query", "normalized", "details")] == [
        expected.get(key) for key in ("query", "normalized", "details")
    ]


@pytest.mark.parametrize(("name", "kind"), BY_KIND.items())
def test_an_address_of_the_same_kind_is_answered_in_the_recorded_shape(
    ais: Ais, city: SimulatedCity, name: str, kind: Kind
) -> None:
    _, recorded = _recorded(name)
    address = next(each for each in city.addresses.values() if each.kind is kind)
    _same(_ask(ais, "/search/" + quote(address.question, safe="")), recorded)


@pytest.mark.parametrize("name", DATABASE_DOWN)
def test_with_the_database_down_the_recorded_words_come(ais: Ais, name: str) -> None:
    path, recorded = _recorded(name)
    read = ais.read(path)
    assert isinstance(read, Asked)
    reply = ais.broken(read)
    assert reply.status == recorded["status"]
    assert json.loads(reply.body) == recorded["body"]


def test_an_honest_500_has_the_recorded_body() -> None:
    _, recorded = _recorded("db_down_addresses")
    assert (server_error().status, json.loads(server_error().body)) == (500, recorded["body"])


def test_two_slashes_are_redirected_to_the_recorded_place(ais: Ais) -> None:
    path, recorded = _recorded("double_slash")
    reply = _ask(ais, path)
    assert reply.status == recorded["status"]
    assert recorded["headers"]["Location"].endswith(reply.headers["Location"])


def test_the_health_check_is_the_recorded_one(ais: Ais) -> None:
    path, recorded = _recorded("health")
    reply = _ask(ais, path)
    assert (reply.status, reply.body.decode()) == (recorded["status"], recorded["body"])


def _odd() -> list[dict[str, Any]]:
    path = DATA / "ais_odd_queries.json"
    odd: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return odd


@pytest.mark.parametrize("odd", _odd(), ids=lambda odd: ascii(odd["query"]))
def test_an_odd_query_gets_the_recorded_answer(ais: Ais, odd: dict[str, Any]) -> None:
    reply = _ask(ais, "/search/" + quote(odd["query"], safe=""))
    body = json.loads(reply.body)
    first = (body.get("features") or [{}])[0]
    ours = (reply.status, body.get("message"), body.get("search_type"), body.get("normalized"), first.get("match_type"))
    real = odd.get("first") or {}
    theirs = (odd["status"], odd.get("message"), odd.get("search_type"), odd.get("normalized"), real.get("match"))
    same = ours == theirs and (body.get("details") or None) == (odd.get("details") or None)
    assert same is (odd["query"] not in LESS_CLEVER), (ours, theirs)
