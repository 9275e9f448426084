"""AIS on loopback: what reaches it, what it says, in the shapes of the City's program."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from li_perf.simulator.addresses import Address, Answer, Kind
from li_perf.simulator.ais import Ais, Asked
from li_perf.simulator.city import SimulatedCity
from li_perf.simulator.hostile import heard
from li_perf.simulator.reply import Reply
from li_perf.simulator.server import serve


@pytest.fixture(scope="module")
def ask(city: SimulatedCity) -> Callable[[str], Reply]:
    ais = Ais(city.addresses)

    def ask(path: str) -> Reply:
        read = ais.read(path)
        return ais.answer(read) if isinstance(read, Asked) else read

    return ask


def _search(question: str) -> str:
    return "/search/" + quote(question, safe="")


def _body(reply: Reply) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(reply.body)
    return body


async def test_every_address_of_the_city_is_answered_as_the_truth_says(
    city: SimulatedCity, client: aiohttp.ClientSession
) -> None:
    async with serve(city) as simulation:
        for address in city.addresses.values():
            url = URL(simulation.ais_url + _search(address.question), encoded=True)
            async with client.get(url) as response:
                body = await response.json()
            _agrees(address, response.status, body)
        assert set(simulation.asked) == set(city.addresses)


def _agrees(address: Address, status: int, body: dict[str, Any]) -> None:
    if isinstance(address.says, Answer):
        assert (status, body["search_type"]) == (200, address.says.search_type), address.question
        assert body["total_size"] == len(address.features)
        accounts = {
            account
            for feature in body["features"]
            for account in feature["properties"].get("opa_account_num", "").split("|")
        }
        assert set(address.accounts) <= accounts
        assert body["query"] == address.question.partition(";")[0]
    else:
        assert (status, body["message"]) == (404, address.says.message), address.question
        assert "".join(body["details"]["query"].split()) == "".join(heard(address.question).split())


def test_a_good_answer_may_be_cached_and_a_404_may_not(ask: Callable[[str], Reply]) -> None:
    assert ask(_search("1234 MARKET ST")).headers["Cache-Control"] == "max-age=3600"
    assert "Cache-Control" not in ask(_search("-")).headers


@pytest.mark.parametrize(
    ("question", "status", "search_type", "match_type"),
    [
        ("1234 MARKET ST", 200, "address", "exact"),
        ("1234 market street, philadelphia pa 19107", 200, "address", "exact"),
        ("1234 MÄRKET ST 🏠", 200, "address", "exact"),
        ("1234 MARKET ST;DROP TABLE", 200, "address", "exact"),
        ("1234 MARKET ST APT 7", 200, "address", "has_base"),
        ("1234A MARKET ST", 200, "address", "has_base_no_suffix"),
        ("1234-1236 MARKET ST", 200, "street", "in_range"),
        ("883309050", 200, "opa_account", "exact_key"),
        ("-75.16098, 39.95166", 200, "coordinates", "exact location"),
        ("1200 BLOCK OF MARKET ST", 200, "block", "on block"),
        ("N 3RD ST & MARKET ST", 200, "intersection", "exact"),
    ],
)
def test_a_question_of_ones_own_is_understood(
    ask: Callable[[str], Reply], question: str, status: int, search_type: str, match_type: str
) -> None:
    reply = ask(_search(question))
    body = _body(reply)
    assert (reply.status, body["search_type"]) == (status, search_type)
    assert match_type in {feature["match_type"] for feature in body["features"]}


@pytest.mark.parametrize(
    ("question", "message", "search_type"),
    [
        ("-", "Query not recognized.", None),
        (".", "Query not recognized.", None),
        ("#", "Query not recognized.", None),
        ("null", "Query not recognized.", None),
        ("-70,40", "Query not recognized.", None),
        ("N/A", "Could not find intersection matching query.", "intersection"),
        ("1234/36 MARKET ST", "Could not find intersection matching query.", "intersection"),
        ("19107", "Invalid query.", "zipcode"),
        ("CITY HALL", "Invalid query.", "landmark"),
        ("PO BOX 12", "Invalid query.", "pobox"),
        ("123456780", "Could not find any addresses matching query.", "opa_account"),
        ("9900000", "Could not find any addresses matching query.", "pwd_parcel"),
        ("99900 MARKET ST", "Could not find any addresses matching query.", "address"),
        ("2100 SITTY TAWK AVE", "Could not find any addresses matching query.", "address"),
        ("99900 BLOCK MARKET ST", "Could not find any address on a block matching query.", "block"),
        ("MARKET ST", "Not a valid address.", "street"),
    ],
)
def test_what_is_no_address_is_refused_in_its_own_words(
    ask: Callable[[str], Reply], question: str, message: str, search_type: str | None
) -> None:
    reply = ask(_search(question))
    body = _body(reply)
    assert (reply.status, body["message"], body["details"].get("search_type")) == (404, message, search_type)
    assert list(body) == ["status", "error", "message", "details"]


def test_a_number_that_nobody_knows_is_estimated(ask: Callable[[str], Reply], city: SimulatedCity) -> None:
    known = {address.question for address in city.addresses.values()}
    number = next(n for n in range(101, 6000, 2) if f"{n} MARKET ST" not in known)
    feature = _body(ask(_search(f"{number} MARKET ST")))["features"][0]
    assert feature["match_type"] == "unmatched"
    assert feature["properties"]["opa_account_num"] == ""
    assert feature["geometry"]["geocode_type"] == "full_range"


@pytest.mark.parametrize("path", ["/search/", "/search/1234%20MARKET%0AST", "/nothing/here"])
def test_a_path_without_a_route_says_so_without_details(ask: Callable[[str], Reply], path: str) -> None:
    reply = ask(path)
    assert (reply.status, _body(reply)["details"]) == (404, None)


async def test_two_slashes_before_the_question_are_redirected(
    city: SimulatedCity, client: aiohttp.ClientSession
) -> None:
    async with serve(city) as simulation:
        url = simulation.ais_url + "/search//1234%20MARKET%20ST?user=me"
        async with client.get(URL(url, encoded=True), allow_redirects=False) as response:
            assert response.status == 308
            assert response.headers["Location"] == simulation.ais_url + "/search/1234%20MARKET%20ST?user=me"


def test_seventy_nine_characters_pass_and_eighty_do_not_names_of_parameters_included(
    ask: Callable[[str], Reply],
) -> None:
    question = "1234 MARKET ST".ljust(79, "X")
    assert _body(ask(_search(question))).get("message") != "Query exceeds character limit."
    assert _body(ask(_search(question + "X")))["message"] == "Query exceeds character limit."
    assert _body(ask(_search(question) + "?a="))["message"] == "Query exceeds character limit."
    assert ask(_search("1234 MARKET ST") + "?user=" + "m" * 200).status == 200


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("page=abc", "Invalid page value."),
        ("page=0", "Page out of range."),
        ("page=2", "Page out of range."),
        ("max_range=abc", "Could not parse query."),
    ],
)
def test_bad_parameters_are_refused(ask: Callable[[str], Reply], parameters: str, message: str) -> None:
    assert _body(ask(_search("1234 MARKET ST") + "?" + parameters))["message"] == message


def test_only_addresses_with_an_account_on_demand(ask: Callable[[str], Reply], city: SimulatedCity) -> None:
    bare = next(address for address in city.addresses.values() if address.kind is Kind.NO_ACCOUNT)
    assert ask(_search(bare.question)).status == 200
    assert ask(_search(bare.question) + "?opa_only").status == 404
    assert ask(_search(bare.question) + "?opa_only=false").status == 200
    assert ask(_search("1234 MARKET ST") + "?opa_only").status == 200


def test_a_full_last_page_says_that_it_is_empty(city: SimulatedCity) -> None:
    few = next(address for address in city.addresses.values() if address.kind is Kind.EXACT)
    assert isinstance(few.says, Answer)
    says = Answer(search_type="address", normalized="X", features=few.says.features * 100)
    crowd = Address(question="CROWD", kind=Kind.EXACT, says=says, outcome="parcel_exact")
    body = _body(Ais({"CROWD": crowd}).answer(Asked("CROWD", {})))
    assert (body["page_count"], body["page_size"], body["total_size"], len(body["features"])) == (1, 0, 100, 100)


async def test_a_key_is_wanted_in_the_url_or_in_the_header(city: SimulatedCity, client: aiohttp.ClientSession) -> None:
    async with serve(city, key="s3cret") as simulation:
        url = simulation.ais_url + _search("1234 MARKET ST")
        async with client.get(url) as response:
            assert response.status == 401
            assert "required" in (await response.json())["message"]
        async with client.get(url, headers={"Authorization": "Gatekeeper-Key wrong"}) as response:
            assert response.status == 401
            assert "invalid" in (await response.json())["message"]
        async with client.get(url, headers={"Authorization": "Gatekeeper-Key s3cret"}) as response:
            assert response.status == 200
        async with client.get(url + "?gatekeeperKey=s3cret") as response:
            assert response.status == 200
        assert [(entry.key_in_header, entry.key_in_url) for entry in simulation.log] == [
            (False, False),
            (True, False),
            (True, False),
            (False, True),
        ]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "example.org", "::"])
async def test_only_loopback_is_served(city: SimulatedCity, host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        async with serve(city, host=host):
            pass
