"""Carto's SQL API on loopback: rows, fields, both shapes of error, and what it does not let through."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from li_perf.simulator.carto import Carto
from li_perf.simulator.city import SimulatedCity
from li_perf.simulator.faults import Faults
from li_perf.simulator.server import serve
from li_perf.simulator.sql import longest_list
from li_perf.simulator.tables import COLUMNS, REQUESTS

LI = "agency_responsible = 'License & Inspections'"


@pytest.fixture(scope="module")
def carto(city: SimulatedCity) -> Carto:
    return Carto(city, Faults())


async def _ask(carto: Carto, statement: str) -> tuple[int, dict[str, Any]]:
    reply = await carto.answer({"q": statement})
    return reply.status, json.loads(reply.body)


async def test_an_answer_has_rows_time_fields_and_total(carto: Carto) -> None:
    status, body = await _ask(
        carto, f"select service_request_id, requested_datetime, address, lat from {REQUESTS} where lat > 0 limit 2"
    )
    assert status == 200
    assert list(body) == ["rows", "time", "fields", "total_rows"]
    assert body["fields"] == {
        "service_request_id": {"type": "number", "pgtype": "int4"},
        "requested_datetime": {"type": "date", "pgtype": "timestamptz"},
        "address": {"type": "string", "pgtype": "text"},
        "lat": {"type": "number", "pgtype": "float8"},
    }
    assert body["total_rows"] == len(body["rows"]) == 2
    row = body["rows"][0]
    assert isinstance(row["service_request_id"], int)
    assert row["requested_datetime"].endswith("Z")
    assert len(row["requested_datetime"]) == len("2025-01-01T05:00:00Z")


async def test_the_rows_are_those_of_the_city(carto: Carto, city: SimulatedCity) -> None:
    for table, rows in (("violations", city.violations), ("complaints", city.complaints), (REQUESTS, city.requests)):
        _, body = await _ask(carto, f"select * from {table} order by cartodb_id")
        assert body["rows"] == rows
        assert list(body["fields"]) == list(COLUMNS[table])


async def test_the_period_can_be_cut_with_literals(carto: Carto, city: SimulatedCity) -> None:
    status, body = await _ask(
        carto,
        f"select count(*) from {REQUESTS} where {LI} and requested_datetime >= '2025-01-01T05:00:00Z'"
        " and requested_datetime < '2026-01-01T05:00:00Z'",
    )
    assert (status, body["rows"]) == (200, [{"count": 400}])
    assert body["fields"] == {"count": {"type": "number", "pgtype": "int8"}}


async def test_pages_by_key_are_every_row_once(carto: Carto, city: SimulatedCity) -> None:
    last: tuple[str, str] = ("", "")
    seen = []
    while True:
        _, body = await _ask(
            carto,
            "select violationnumber, casenumber, cartodb_id from violations where (violationnumber, casenumber)"
            f" > ('{last[0]}', '{last[1]}') order by violationnumber, casenumber limit 97",
        )
        if not body["rows"]:
            break
        seen += body["rows"]
        last = (seen[-1]["violationnumber"], seen[-1]["casenumber"])
    keys = [(row["violationnumber"], row["casenumber"]) for row in seen]
    assert keys == sorted(keys)
    assert set(keys) == {(row["violationnumber"], row["casenumber"]) for row in city.violations}


async def test_a_large_answer_keeps_its_order(carto: Carto) -> None:
    _, body = await _ask(carto, f"select service_request_id from {REQUESTS} order by service_request_id desc")
    ids = [row["service_request_id"] for row in body["rows"]]
    assert ids == sorted(ids, reverse=True)


async def test_accounts_can_be_asked_in_batches(carto: Carto, city: SimulatedCity) -> None:
    accounts = sorted({row["opa_account_num"] for row in city.violations if row["opa_account_num"]})[:50]
    listed = ", ".join(f"'{account}'" for account in accounts)
    _, body = await _ask(carto, f"select opa_account_num from violations where opa_account_num in ({listed})")
    assert {row["opa_account_num"] for row in body["rows"]} == set(accounts)


async def test_no_rows_still_list_the_fields(carto: Carto) -> None:
    status, body = await _ask(carto, "select casenumber, casecreateddate from violations limit 0")
    assert (status, body["rows"], list(body["fields"])) == (200, [], ["casenumber", "casecreateddate"])


@pytest.mark.parametrize(
    ("statement", "status", "text"),
    [
        ("", 400, "You must indicate a sql query"),
        ("select * from nowhere", 400, 'relation "nowhere" does not exist'),
        ("select nothing from violations", 400, 'column "nothing" does not exist'),
        ("selec 1", 400, 'syntax error at or near "selec"'),
        ("select 1 from where", 400, 'syntax error at or near "where"'),
        ("delete from violations", 403, "permission denied for table violations"),
        ("update public_cases_fc set lat = 0", 403, "permission denied for table public_cases_fc"),
        ("select 1; drop table violations", 403, "permission denied for table violations"),
    ],
)
async def test_errors_have_the_words_of_postgres(carto: Carto, statement: str, status: int, text: str) -> None:
    assert await _ask(carto, statement) == (status, {"error": [text]})


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('/etc/hostname')",
        "select * from '/etc/hostname'",
        "copy (select 1) to '/tmp/li_perf_must_not_exist.csv'",
        "set enable_external_access = true",
        "attach '/tmp/li_perf_must_not_exist.db'",
        "install httpfs",
    ],
)
async def test_nothing_but_the_tables_can_be_read(carto: Carto, statement: str) -> None:
    status, _ = await _ask(carto, statement)
    assert status in (400, 403)


async def test_a_form_beats_the_url_and_a_raw_ampersand_cuts_a_statement_short(
    city: SimulatedCity, client: aiohttp.ClientSession
) -> None:
    statement = f"select count(*) from {REQUESTS} where {LI}"
    async with serve(city) as simulation:
        async with client.post(simulation.carto_url + "?q=selec", data={"q": statement}) as response:
            assert response.status == 200
            assert response.content_type == "application/json"
        encoded = URL(f"{simulation.carto_url}?q={quote(statement, safe='')}", encoded=True)
        async with client.get(encoded) as response:
            assert response.status == 200
        raw = URL(f"{simulation.carto_url}?q={quote(statement, safe='&')}", encoded=True)
        async with client.get(raw) as response:
            assert response.status == 400
        async with client.get(simulation.carto_url) as response:
            assert (await response.json())["error"] == ["You must indicate a sql query"]
        assert simulation.log[0].what == statement


async def test_statements_run_side_by_side(city: SimulatedCity, client: aiohttp.ClientSession) -> None:
    async with serve(city) as simulation:

        async def count(table: str) -> int:
            async with client.post(simulation.carto_url, data={"q": f"select count(*) from {table}"}) as response:
                return int((await response.json())["rows"][0]["count"])

        counts = await asyncio.gather(*(count("violations") for _ in range(20)))
    assert set(counts) == {len(city.violations)}


@pytest.mark.parametrize(
    ("statement", "count"),
    [
        ("select 1", 0),
        ("select * from t where a in ('1', '2','it''s, so')", 3),
        ("select * from t where a IN (1,2) or b in ('x')", 2),
        ("select * from t where a in (select b from u)", 0),
    ],
)
def test_the_values_of_a_list_are_counted(statement: str, count: int) -> None:
    assert longest_list(statement) == count


async def test_columns_come_and_go(city: SimulatedCity) -> None:
    carto = Carto(city, Faults(drop_columns=frozenset({"service_type"}), add_columns=frozenset({"ward"})))
    status, body = await _ask(carto, f"select service_type from {REQUESTS}")
    assert (status, body["error"]) == (400, ['column "service_type" does not exist'])
    _, body = await _ask(carto, f"select * from {REQUESTS} limit 1")
    assert "service_type" not in body["rows"][0]
    assert body["rows"][0]["ward"] is None


async def test_after_the_swap_the_table_is_back_renumbered_and_one_request_richer(city: SimulatedCity) -> None:
    carto = Carto(city, Faults(swap_after_pages=2))
    page = f"select service_request_id, cartodb_id from {REQUESTS} where {LI} order by service_request_id limit 9"
    count = f"select count(*) from {REQUESTS} where {LI}"
    before = (await _ask(carto, count))[1]["rows"][0]["count"]
    first = [await _ask(carto, page) for _ in range(2)]
    gone = [await _ask(carto, page) for _ in range(2)]
    back = await _ask(carto, page)
    assert [status for status, _ in first] == [200, 200]
    assert gone == [(400, {"error": [f'relation "{REQUESTS}" does not exist']})] * 2
    assert [row["service_request_id"] for row in back[1]["rows"]] == [
        row["service_request_id"] for row in first[0][1]["rows"]
    ]
    assert back[1]["rows"] != first[0][1]["rows"]
    assert (await _ask(carto, count))[1]["rows"][0]["count"] == before + 1
    numbers = (await _ask(carto, f"select cartodb_id from {REQUESTS} order by 1"))[1]["rows"]
    assert [row["cartodb_id"] for row in numbers] == list(range(1, len(city.requests) + 2))
