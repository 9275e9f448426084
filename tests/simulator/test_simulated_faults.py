"""Faults on the wire: what a client of the simulated city meets when it asks for trouble."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from li_perf.simulator.city import SimulatedCity
from li_perf.simulator.faults import Faults, Outage
from li_perf.simulator.server import serve
from li_perf.simulator.simulation import Simulation, busiest_second

CANARY = "/search/1234%20MARKET%20ST"
COUNT = {"q": "select count(*) from violations"}


async def _get(client: aiohttp.ClientSession, url: str) -> tuple[int, dict[str, str], bytes]:
    async with client.get(url) as response:
        return response.status, dict(response.headers), await response.read()


async def _ais(client: aiohttp.ClientSession, simulation: Simulation) -> tuple[int, dict[str, str], bytes]:
    return await _get(client, simulation.ais_url + CANARY)


async def _carto(client: aiohttp.ClientSession, simulation: Simulation) -> tuple[int, dict[str, str], bytes]:
    async with client.post(simulation.carto_url, data=COUNT) as response:
        return response.status, dict(response.headers), await response.read()


def _from_the_start(kind: str, server: str = "both") -> Faults:
    return Faults(outages=(Outage(start_s=0, end_s=1e9, kind=kind, server=server),))


async def test_errors_have_the_shape_of_the_server_or_of_the_proxy(
    city: SimulatedCity, client: aiohttp.ClientSession
) -> None:
    async with serve(city, faults=Faults(error_share=1)) as simulation:
        answers = [await _ais(client, simulation) for _ in range(30)]
        assert {status for status, _, _ in answers} == {500, 502, 503}
        for status, headers, body in answers:
            assert headers["Content-Type"] == ("application/json" if status == 500 else "text/html")
            assert status != 500 or json.loads(body)["details"] is None
        assert {(await _carto(client, simulation))[0] for _ in range(30)} == {500, 502, 503}


async def test_connections_break_before_and_in_the_middle_of_an_answer(
    city: SimulatedCity, client: aiohttp.ClientSession
) -> None:
    kinds = set()
    async with serve(city, faults=Faults(reset_share=1)) as simulation:
        for _ in range(20):
            with pytest.raises(aiohttp.ClientError) as caught:
                await _ais(client, simulation)
            kinds.add(isinstance(caught.value, aiohttp.ClientPayloadError))
        assert {entry.status for entry in simulation.log} == {0}
    assert kinds == {True, False}


async def test_garbage_is_a_200_that_is_no_answer(city: SimulatedCity, client: aiohttp.ClientSession) -> None:
    async with serve(city, faults=Faults(garbage_share=1)) as simulation:
        bodies = []
        for _ in range(20):
            for ask in (_ais, _carto):
                status, _, body = await ask(client, simulation)
                assert status == 200
                bodies.append(body)
    for body in bodies:
        with pytest.raises(json.JSONDecodeError):
            json.loads(body)
    assert {body.startswith(b"<html>") for body in bodies} == {True, False}


async def test_an_exception_inside_of_ais_is_a_404_for_an_ordinary_address(
    city: SimulatedCity, client: aiohttp.ClientSession
) -> None:
    async with serve(city, faults=Faults(invalid_share=1)) as simulation:
        status, _, body = await _ais(client, simulation)
    details = {"query": "1234 MARKET ST", "normalized": "1234 MARKET ST", "search_type": "address"}
    assert (status, json.loads(body)) == (
        404,
        {"status": 404, "error": "Not Found", "message": "Invalid query.", "details": details},
    )


@pytest.mark.parametrize(
    ("question", "search_type"),
    [
        ("1234%20MARKET%20ST", "address"),
        ("123%20FAKE%20ST", "address"),
        ("883309050", "opa_account"),
        ("N%203RD%20ST%20%26%20MARKET%20ST", "intersection_addr"),
        ("1200%20BLOCK%20MARKET%20ST", "block"),
    ],
)
async def test_with_its_database_down_ais_says_invalid_query_to_every_search(
    city: SimulatedCity, client: aiohttp.ClientSession, question: str, search_type: str
) -> None:
    async with serve(city, faults=_from_the_start("db_down")) as simulation:
        status, _, body = await _get(client, simulation.ais_url + "/search/" + question)
        assert (await _carto(client, simulation))[0] == 200
    answer = json.loads(body)
    assert (status, answer["message"], answer["details"]["search_type"]) == (404, "Invalid query.", search_type)


async def test_with_its_tables_empty_ais_looks_and_finds_nothing(
    city: SimulatedCity, client: aiohttp.ClientSession
) -> None:
    async with serve(city, faults=_from_the_start("empty")) as simulation:
        status, _, body = await _get(client, simulation.ais_url + "/search/1234%20MARKET%20ST")
        assert (await _carto(client, simulation))[0] == 200
    answer = json.loads(body)
    assert (status, answer["message"]) == (404, "Could not find any addresses matching query.")
    assert answer["details"]["query"] == "1234 MARKET ST"


async def test_a_refusing_proxy_and_a_maintenance_page(city: SimulatedCity, client: aiohttp.ClientSession) -> None:
    async with serve(city, faults=_from_the_start("refuse_503")) as simulation:
        assert [(await ask(client, simulation))[0] for ask in (_ais, _carto)] == [503, 503]
    async with serve(city, faults=_from_the_start("html", "ais")) as simulation:
        status, headers, _ = await _ais(client, simulation)
        assert (status, headers["Content-Type"]) == (200, "text/html")
        assert (await _carto(client, simulation))[1]["Content-Type"].startswith("application/json")


async def test_a_hanging_server_ends_with_the_simulation(city: SimulatedCity, client: aiohttp.ClientSession) -> None:
    async with serve(city, faults=_from_the_start("hang", "ais")) as simulation:
        with pytest.raises(TimeoutError):
            await client.get(simulation.ais_url + CANARY, timeout=aiohttp.ClientTimeout(total=0.05))
        assert simulation.asked == {"1234 MARKET ST": 1}


async def test_poison_always_fails_and_its_neighbours_do_not(
    city: SimulatedCity, client: aiohttp.ClientSession
) -> None:
    async with serve(city, faults=Faults(poison=frozenset({"1234 market  st"}))) as simulation:
        assert [(await _ais(client, simulation))[0] for _ in range(3)] == [500] * 3
        assert (await _get(client, simulation.ais_url + "/search/883309050"))[0] == 200


async def test_a_denied_key_is_a_401_of_the_gateway(city: SimulatedCity, client: aiohttp.ClientSession) -> None:
    async with serve(city, faults=Faults(denied=True)) as simulation:
        status, _, body = await _ais(client, simulation)
    assert (status, json.loads(body)["success"]) == (401, False)


async def test_too_many_questions_are_refused_with_a_time_to_wait(
    city: SimulatedCity, client: aiohttp.ClientSession
) -> None:
    async with serve(city, faults=Faults(ais_rate=3)) as simulation:
        answers = [await _ais(client, simulation) for _ in range(6)]
    assert [status for status, _, _ in answers[:3]] == [200] * 3
    refused = [(headers, json.loads(body)) for status, headers, body in answers if status == 429]
    assert refused
    for headers, body in refused:
        assert headers["Retry-After"] == "1"
        assert (body["success"], "retry after 1 seconds" in body["message"]) == (False, True)


async def test_carto_counts_requests_in_its_headers(city: SimulatedCity, client: aiohttp.ClientSession) -> None:
    async with serve(city, faults=Faults(carto_rate=2)) as simulation:
        answers = [await _carto(client, simulation) for _ in range(5)]
    first = answers[0][1]
    assert (first["Retry-After"], first["Carto-Rate-Limit-Limit"], first["Carto-Rate-Limit-Remaining"]) == (
        "-1",
        "2",
        "1",
    )
    refused = [(headers, json.loads(body)) for status, headers, body in answers if status == 429]
    assert refused
    assert refused[0][0]["Retry-After"] == "1"
    assert (refused[0][1]["context"], refused[0][1]["detail"]) == ("limit", "rate-limit")


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ("select * from violations limit 5", 200),
        ("select * from violations limit 6", 429),
        ("select 1 from violations where opa_account_num in ('1','2','3','4','5','6')", 429),
        ("select count(*) from violations", 200),
    ],
)
async def test_too_large_a_statement_is_refused_for_good(
    city: SimulatedCity, client: aiohttp.ClientSession, statement: str, status: int
) -> None:
    async with (
        serve(city, faults=Faults(carto_timeout_rows=5)) as simulation,
        client.post(simulation.carto_url, data={"q": statement}) as response,
    ):
        body: dict[str, Any] = await response.json()
    assert response.status == status
    assert status == 200 or (body["detail"] == "datasource" and "Retry-After" not in response.headers)


async def test_an_error_after_streaming_began_is_a_200(city: SimulatedCity, client: aiohttp.ClientSession) -> None:
    async with (
        serve(city, faults=Faults(carto_partial_share=1)) as simulation,
        client.post(simulation.carto_url, data={"q": "select * from violations limit 10"}) as response,
    ):
        body = await response.json()
    assert response.status == 200
    assert len(body["rows"]) == 5
    assert body["error"]


async def test_a_slow_answer_is_slow(city: SimulatedCity, client: aiohttp.ClientSession) -> None:
    async with serve(city, faults=Faults(slow_share=1, slow_seconds=60)) as simulation:
        with pytest.raises(TimeoutError):
            await client.get(simulation.ais_url + CANARY, timeout=aiohttp.ClientTimeout(total=0.05))


async def test_faults_change_while_the_server_runs(city: SimulatedCity, client: aiohttp.ClientSession) -> None:
    async with serve(city) as simulation:
        root = simulation.ais_url.removesuffix("/ais/v2")
        assert (await _ais(client, simulation))[0] == 200
        async with client.post(root + "/simulator/faults", data="outage=0-1000:refuse_503,drop=lat") as response:
            assert response.status == 200
            assert 0 <= (await response.json())["age_s"] < 100
        assert (await _ais(client, simulation))[0] == 503
        async with client.post(root + "/simulator/faults", data="errrors=1") as response:
            assert response.status == 400
            assert "did you mean 'errors'" in (await response.json())["error"]
        async with client.post(root + "/simulator/faults", data="") as response:
            assert response.status == 200
        assert (await _ais(client, simulation))[0] == 200


async def test_the_statistics_tell_what_was_asked_twice(city: SimulatedCity, client: aiohttp.ClientSession) -> None:
    async with serve(city) as simulation:
        root = simulation.ais_url.removesuffix("/ais/v2")
        for _ in range(2):
            await _ais(client, simulation)
        await _get(client, simulation.ais_url + "/search/-")
        await _carto(client, simulation)
        _, _, body = await _get(client, root + "/simulator/stats")
        assert (await _get(client, root + "/elsewhere"))[0] == 404
    assert json.loads(body) == {
        "asked": {"1234 MARKET ST": 2},
        "ais_requests": 3,
        "carto_requests": 1,
        "max_per_second": {"ais": 3, "carto": 1},
        "by_status": {"ais 200": 2, "ais 404": 1, "carto 200": 1},
    }


def test_the_busiest_second_may_begin_anywhere() -> None:
    assert busiest_second([]) == 0
    assert busiest_second([0.0, 0.9, 1.0, 1.1, 1.89, 5.0]) == 4
