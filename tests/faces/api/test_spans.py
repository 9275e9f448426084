"""Figures of the days between two that are no period: computed out of the lake, once, and one question at a time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from faces.api.conftest import AS_OF, Get, figures, make, serving
from support.lakes import put, ticket

from li_perf.cities import CITIES
from li_perf.faces.api import spanning
from li_perf.faces.api.spans import KEPT, Spans
from li_perf.model import Ticket
from li_perf.steps.measure import between
from li_perf.store.measures import Figure

METRICS = "/v1/cities/gainesville/metrics"
LAKE = "gainesville.lake"


def opened(number: int, day: int, status: str = "Closed", **others: Any) -> Ticket:
    return ticket(number, status, requested_at=datetime(2025, 3, day, 15, tzinfo=UTC), **others)


@pytest.fixture
async def town(tmp_path: Path) -> Path:
    """A data folder with a measured store and a lake of requests of ten days, written some time ago."""
    folder = tmp_path / "data"
    folder.mkdir()
    await make(folder / "gainesville.db", figures())
    tickets = [opened(day, day, area="1" if day % 2 else None) for day in range(1, 11)]
    put(folder / LAKE, [*tickets, opened(11, 10, "Open", service_name="Pothole")], first=1)
    settle(folder)
    return folder


def settle(folder: Path) -> None:
    for log in (folder / LAKE / "tickets/_delta_log").glob("*.json"):
        os.utime(log, (1_767_600_000, 1_767_600_000))


@pytest.fixture
async def api(town: Path) -> AsyncIterator[Get]:
    async with serving(town, cities=["gainesville"]) as found:
        yield found


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[date | None]:
    """The first days of which figures were computed."""
    asked: list[date | None] = []
    between_in = spanning.between_in

    def noted(*given: Any, **how: Any) -> Any:
        asked.append(how["since"])
        return between_in(*given, **how)

    monkeypatch.setattr(spanning, "between_in", noted)
    return asked


async def test_requests_since_any_day_are_measured(api: Get, town: Path) -> None:
    reply = await api(f"{METRICS}?name=volume&name=open_requests&since=2025-03-04&until=2025-03-11")
    assert (reply.status, reply.json["since"], reply.json["until"]) == (200, "2025-03-04", "2025-03-11")
    assert {one["name"]: one["value"] for one in reply.json["items"]} == {"volume": 8.0, "open_requests": 1.0}
    assert {one["as_of"] for one in reply.json["items"]} == {AS_OF}
    assert {path.name for path in town.iterdir()} == {"gainesville.db", LAKE}, "nothing was written"


async def test_they_are_those_of_the_command_line_page_by_page(api: Get, town: Path) -> None:
    given = {"level": "area_type", "as_of": AS_OF, "since": date(2025, 3, 3), "until": None}
    _, found = between(CITIES["gainesville"], town / "gainesville.db", **given)  # type: ignore[arg-type]
    address, items = f"{METRICS}?by=area,type&since=2025-03-03&limit=9", list[Any]()
    while address:
        page = (await api(address)).json
        items, address = [*items, *page["items"]], page["next"]
    assert len(items) == page["total"] == len(found)
    key = ("name", "area", "type", "value", "n", "excluded")
    assert [[one[name] for name in key] for one in items] == [
        [getattr(one, name) for name in key]
        for one in sorted(found, key=lambda one: (one.name, one.area or "", one.type or ""))
    ]


async def test_one_area_is_one_area_and_the_unplaced_are_counted(api: Get) -> None:
    area = (await api(f"{METRICS}?name=volume&by=area&area=1&since=2025-03-02")).json
    assert [(one["area"], one["value"]) for one in area["items"]] == [("1", 4.0)]
    unplaced = (await api("/v1/cities/gainesville/volume/unplaced?until=2025-03-03")).json
    assert [(one["name"], one["value"]) for one in unplaced["items"]] == [("volume", 2.0), ("volume_unplaced", 1.0)]
    table = await api(f"{METRICS}?name=volume&since=2025-03-02&format=csv")
    assert table.body.decode().splitlines()[1].startswith("volume,requests,,,all,,10,10,")


async def test_what_was_computed_is_kept_until_the_lake_is_another(
    api: Get, town: Path, computed: list[date | None]
) -> None:
    address = f"{METRICS}?name=volume&since=2025-03-04"
    first, _ = await asyncio.gather(api(address), api(f"{METRICS}?since=2025-03-04&limit=2"))
    assert (await api(address)).body == first.body
    assert (await api(address, if_none_match=first.headers["ETag"])).status == 304
    assert computed == [date(2025, 3, 4)]
    assert "Last-Modified" not in first.headers, "it is made of two things"
    put(town / LAKE, [opened(12, 12)], first=2)
    settle(town)
    again = await api(address, if_none_match=first.headers["ETag"])
    assert (again.status, again.json["items"][0]["value"], len(computed)) == (200, 9.0, 2)


async def test_who_would_wait_behind_too_many_is_told_to_ask_again(api: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    door, at_work = Event(), list[Any]()

    def slow(*given: Any) -> Sequence[Figure]:
        at_work.append(given)
        assert door.wait(20)
        return []

    monkeypatch.setattr(spanning, "_computed", slow)
    monkeypatch.setattr("li_perf.faces.api.spans.WAITING", 2)
    asking = [asyncio.create_task(api(f"{METRICS}?since=2025-03-0{day}")) for day in (1, 2, 3)]
    try:
        (refused,), waiting = await asyncio.wait(asking, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        reply = refused.result()
        assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
        assert "Ask again" in reply.json["detail"]
        assert (await api("/v1/cities/gainesville/metrics?name=volume")).status == 200, "what is measured is answered"
        assert len(at_work) <= 1, "one at a time"
    finally:
        door.set()
    assert [task.result().status for task in (await asyncio.wait(waiting))[0]] == [200, 200]


async def test_few_answers_are_kept() -> None:
    spans, asked = Spans(), list[int]()

    async def compute() -> Sequence[Figure]:
        asked.append(1)
        return []

    for question in [*range(KEPT + 1), KEPT, 0]:
        await spans.answer(question, compute)
    assert len(asked) == KEPT + 2, "the last is kept, the first is not"


async def test_a_failure_is_not_kept_and_keeps_nobody_waiting() -> None:
    spans = Spans()

    async def fail() -> Sequence[Figure]:
        raise OSError("the disk is gone")

    async def compute() -> Sequence[Figure]:
        return []

    for _ in range(20):
        with pytest.raises(OSError, match="gone"):
            await spans.answer("one", fail)
    assert await spans.answer("one", compute) == []
