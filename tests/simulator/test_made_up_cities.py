"""Made-up cities, read by the product as it reads the real ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.portals import PERIOD, at_portal, received

from li_perf.cities import CITIES
from li_perf.engine.halt import Halt
from li_perf.errors import UserError
from li_perf.model import Reject, Ticket
from li_perf.simulator.faults import Faults
from li_perf.simulator.portals import cities
from li_perf.simulator.portals.columns import Query
from li_perf.simulator.portals.stand_in import Asked, Speaker
from li_perf.steps.job import Job
from li_perf.steps.refresh import refresh
from li_perf.steps.simulate import Simulation, simulate_portal

COUNT = 1_500
SELECTED = ":id,:updated_at,agency,created_date,closed_date,due_date,location"
NAMES = sorted(cities.CITIES)


async def refreshed(job: Job) -> Any:
    await refresh(job)
    return await received(job)


@pytest.mark.parametrize("name", NAMES)
async def test_a_made_up_city_is_read_as_the_real_one(name: str, tmp_path: Path) -> None:
    city = CITIES[name]
    async with cities.serve_city(name, rows=COUNT, since=PERIOD.since, until=PERIOD.until) as stand_in:
        rows = await at_portal(stand_in.url, tmp_path, city, refreshed)
    tickets = [city.requests.read(row) for row in rows]
    assert len(tickets) == COUNT
    assert not [ticket for ticket in tickets if isinstance(ticket, Reject)]
    read = [ticket for ticket in tickets if isinstance(ticket, Ticket)]
    assert all(PERIOD.since <= ticket.requested_on < PERIOD.until for ticket in read)
    assert 0.01 < sum(ticket.is_open for ticket in read) / COUNT < 0.5
    assert len({ticket.service_name for ticket in read}) > 7
    assert 0.7 < sum(ticket.point is not None for ticket in read) / COUNT <= 1
    assert set(city.requests.optional) <= set(stand_in.rows.columns)
    assert any("'" in (ticket.address or "") for ticket in read)


def test_the_same_seed_makes_the_same_rows() -> None:
    def made(seed: int) -> list[str]:
        rows = cities.speaker_of("vancouver", rows=50, seed=seed).rows
        shown = ", ".join(f"cast({column.sql} as varchar)" for column in rows.columns.values())
        return rows.texts(f"concat_ws('|', {shown})", Query(order=["n"]))

    first = made(1)
    assert (first == made(1), first == made(2), len(set(first))) == (True, False, 50)


def said(speaker: Speaker, parameters: dict[str, str]) -> Any:
    asked = Asked(path="/resource/erm2-nwe9.json", parameters=parameters, headers={})
    return json.loads(speaker.answer(asked, Faults()).body)


def test_new_york_has_the_agencies_habits_and_comes_in_the_order_of_change() -> None:
    speaker = cities.speaker_of("new-york", rows=12_000)
    asked = Asked(
        path="/resource/erm2-nwe9.json",
        parameters={"$select": SELECTED, "$limit": "12000", "$order": ":updated_at,:id"},
        headers={},
    )
    rows = json.loads(speaker.answer(asked, Faults()).body)
    keys = [(row[":updated_at"], row[":id"]) for row in rows]
    assert (len(keys), keys) == (12_000, sorted(keys))
    closed = [row for row in rows if "closed_date" in row]
    by_day = [row["closed_date"].endswith("T00:00:00.000") for row in closed if row["agency"] == "DOB"]
    assert sum(by_day) / len(by_day) > 0.9
    assert not any(row["closed_date"].endswith("T00:00:00.000") for row in closed if row["agency"] == "HPD")
    assert 3 <= sum(row["closed_date"] < row["created_date"] and row["agency"] != "DOB" for row in closed) <= 60
    assert 0.005 < sum("location" not in row for row in rows) / len(rows) < 0.03
    assert {row["agency"] for row in rows if "due_date" in row} == {"DSNY", "DOHMH"}


async def test_a_city_that_nobody_made_up_is_a_sentence() -> None:
    simulation = Simulation(period=PERIOD)
    with pytest.raises(UserError, match="no made-up atlantis"):
        await simulate_portal("atlantis", simulation, halt=Halt(), announce=print)
    with pytest.raises(UserError, match="latency"):
        await simulate_portal("gainesville", replace(simulation, faults="latencie=1"), halt=Halt(), announce=print)
