"""Requests out of the lake: the open ones page by page, and one with its statuses and what inspections know of it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from faces.api.conftest import Get, serving
from support.lakes import put, ticket

from li_perf.model import Ticket
from li_perf.store import lake
from li_perf.store.lake import Lake
from li_perf.store.opening import open_ledger

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
OPEN = "/v1/cities/gainesville/requests/open"
ODD = "a/b ?&=é'--~"
SETTLED = (1_750_000_000, 1_750_000_000)


def some_tickets() -> Sequence[Ticket]:
    """Open ones in threes of the same second, one closed, one without a type; each with words of a person."""
    open_ones = [
        ticket(number, requested_at=NOON + timedelta(seconds=number // 3), area="1", resolution="Call Jane Doe")
        for number in range(20)
    ]
    return [*open_ones, ticket(50, "Closed"), ticket(ODD, service_name=None, requested_at=NOON + timedelta(days=1))]


async def empty(path: Path) -> None:
    async with open_ledger(path):
        pass


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with Gainesville's lake and an empty store, to be copied."""
    folder = tmp_path_factory.mktemp("filled")
    asyncio.run(empty(folder / "gainesville.db"))
    put(folder / "gainesville.lake", some_tickets(), first=1)
    put(folder / "gainesville.lake", [ticket(7, "In Progress", area="1")], first=2)
    return folder


@pytest.fixture
def lakes(filled: Path, tmp_path: Path) -> Path:
    """A data folder of the test's own."""
    return Path(shutil.copytree(filled, tmp_path / "data"))


@pytest.fixture
async def city(lakes: Path) -> AsyncIterator[Get]:
    """Gainesville, served."""
    async with serving(lakes, cities=["gainesville", "vancouver"]) as api:
        yield api


async def test_open_requests_come_oldest_first_each_once_however_long_the_page(city: Get) -> None:
    seen, following, pages = [], f"{OPEN}?limit=7", 0
    while following:
        found = (await city(following)).json
        seen += found["items"]
        following, pages = found["next"], pages + 1
        assert (found["total"], found["as_of"]) == (21, "then")
    assert pages == 3
    order = [(item["requested_at"], item["service_request_id"]) for item in seen]
    assert order == sorted(order)
    assert {number for _, number in order} == {str(number) for number in range(20)} | {ODD}


async def test_no_free_text_leaves_the_store(city: Get) -> None:
    for path in (OPEN, f"{OPEN}?format=csv", "/v1/cities/gainesville/requests/3"):
        reply = await city(path)
        assert reply.status == 200
        assert b"Jane" not in reply.body


@pytest.mark.parametrize(
    ("query", "count"),
    [("type=Graffiti", 20), ("type=", 1), ("area=1", 20), ("area=", 1), ("area=1&type=", 0), ("type=' or true --", 0)],
)
async def test_open_requests_of_a_type_or_an_area(city: Get, query: str, count: int) -> None:
    found = (await city(f"{OPEN}?{query}")).json
    assert found["total"] == len(found["items"]) == count


async def test_one_request_comes_with_its_statuses(city: Get) -> None:
    found = (await city("/v1/cities/gainesville/requests/7")).json
    assert (found["request"]["status"], found["request"]["type"]) == ("In Progress", "Graffiti")
    assert [turn["status"] for turn in found["history"]] == ["Open", "In Progress"]
    assert found["history"][0]["seen_at"] == "2025-06-01T12:00:00Z"
    assert found["inspection"] is None


async def test_a_number_is_nothing_but_a_number(city: Get) -> None:
    names = {"' or true --": 404, "%": 404, "8" * 300: 422, "\0": 404, "\ud800": 404}
    for number, status in names.items():
        reply = await city(f"/v1/cities/gainesville/requests/{quote(number.encode('utf-8', 'surrogatepass'), safe='')}")
        assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json"), number


async def test_a_city_without_tickets_says_how_they_are_made(city: Get, lakes: Path) -> None:
    assert "li-perf download vancouver" in (await city("/v1/cities/vancouver/requests/open")).json["detail"]
    await empty(lakes / "vancouver.db")
    reply = await city("/v1/cities/vancouver/requests/open")
    assert (reply.status, "li-perf clean vancouver" in reply.json["detail"]) == (503, True)


@pytest.mark.parametrize("after", ["", "x", "1~", "-1~a", "1" * 30 + "~a", "1~" + "a" * 300])
async def test_a_place_that_no_page_named_is_refused(city: Get, after: str) -> None:
    assert (await city(f"{OPEN}?after={after}")).status == 422


async def test_tickets_that_the_client_has_are_not_sent_again_until_they_change(city: Get, lakes: Path) -> None:
    for log in (lakes / "gainesville.lake/tickets/_delta_log").glob("*.json"):
        os.utime(log, SETTLED)
    tag = (await city(OPEN)).headers["ETag"]
    assert (await city(OPEN, if_none_match=tag)).status == 304
    put(lakes / "gainesville.lake", [ticket(8, "Closed")], first=3)
    assert (await city(OPEN, if_none_match=tag)).json["total"] == 20


async def test_how_good_the_rows_are_is_told_with_n_and_meaning(city: Get, lakes: Path) -> None:
    found = (await city("/v1/cities/gainesville/quality")).json
    assert (found["as_of"], found["quality"]["tickets"]) == ("then", 22)
    assert all(figure["definition"] and figure["n"] >= figure["count"] for figure in found["quality"]["nulls"])
    assert {path.name for path in lakes.iterdir()} == {"gainesville.db", "gainesville.lake"}
    assert (await city("/v1/cities/vancouver/quality")).status == 503


async def test_a_city_with_inspections_tells_what_they_know_of_a_request(data: Path) -> None:
    put(data / "philadelphia.lake", [ticket("100"), ticket("101")], first=1)
    with closing(sqlite3.connect(data / "philadelphia.db")) as connection, connection:
        connection.execute(
            "insert into ticket (service_request_id, status, is_open, requested_at, requested_on, address,"
            " address_outcome, accounts) values ('100', 'Open', 1, '2025-01-15T12:00:00Z', '2025-01-15', '1 MAIN ST',"
            " 'parcel_exact', '[\"880000042\"]')"
        )
        connection.execute(
            "insert into violation (violation_id, violationnumber, violation_on) values (1, 'V1', '2025-01-20')"
        )
        connection.execute(
            "insert into match (service_request_id, violation_id, violationnumber, lag_days, is_l0, is_m1, is_m2,"
            " is_m3, is_m4, is_m5, is_m6, is_background) values ('100', 1, 'V1', 5, 0, 1, 1, 1, 0, 0, 0, 0)"
        )
    async with serving(data) as api:
        told = (await api("/v1/cities/philadelphia/requests/100")).json["inspection"]
        untold = (await api("/v1/cities/philadelphia/requests/101")).json
    assert (told["outcome"], told["accounts"]) == ("parcel_exact", ["880000042"])
    assert [(pair["violationnumber"], pair["levels"]) for pair in told["pairs"]] == [("V1", ["M1", "M2", "M3"])]
    assert (untold["request"]["service_request_id"], untold["inspection"]) == ("101", None)


async def test_an_answer_that_takes_too_long_keeps_nobody_from_stopping(
    lakes: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def endless(known: Lake, **_: object) -> None:
        with lake.reading(known.folder, spill=lakes / "spill", at=known) as tables:
            loop.call_soon_threadsafe(begun.set)
            tables.rows("select sum(a.range * b.range) from range(10000000) a, range(10000000) b")

    monkeypatch.setattr("li_perf.faces.api.server.PATIENCE", 0.1)
    monkeypatch.setattr("li_perf.store.tickets.open_ones", endless)
    async with asyncio.timeout(8):
        async with serving(lakes, cities=["gainesville"]) as api:
            asking = asyncio.create_task(api(OPEN))
            await begun.wait()
            asking.cancel()
            await asyncio.wait([asking])
