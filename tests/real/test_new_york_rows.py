"""Real requests of New York: the API's of 2026, downloads of 2025 and 2018, and the elevators of 2024."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.town import Lists, everything, filled, receive

from li_perf.cities.new_york import NEW_YORK, ZONE, read_ticket
from li_perf.model import Ticket
from li_perf.steps import stage
from li_perf.store.batch import Batch

DATA = Path(__file__).parents[2] / os.environ.get("LI_PERF_REAL_DATA", "../shared/data") / "nyc"
ELEVATORS = DATA / "elevator_requests_2024_full.parquet"
pytestmark = pytest.mark.skipif(not ELEVATORS.exists(), reason=f"no real rows in {DATA}")
ASKED = (
    *("unique_key", "created_date", "closed_date", "agency", "complaint_type", "status", "descriptor", "borough"),
    *("incident_zip", "incident_address", "latitude", "longitude", "open_data_channel_type", "due_date"),
)


def _downloaded(name: str) -> list[dict[str, Any]]:
    with (DATA / name).open(newline="") as file:
        return list(csv.DictReader(file))


def _tickets(rows: list[dict[str, Any]]) -> list[Ticket]:
    kept = [item for item in map(read_ticket, rows) if isinstance(item, Ticket)]
    assert len(kept) == len(rows) == len({ticket.service_request_id for ticket in kept})
    return kept


def _sent(value: Any) -> Any:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value


@pytest.fixture(scope="module")
def elevators() -> list[Ticket]:
    with duckdb.connect() as connection:
        found = connection.execute(f"select {', '.join(ASKED)} from read_parquet(?)", [str(ELEVATORS)]).fetchall()
    return _tickets([dict(zip(ASKED, map(_sent, values), strict=True)) for values in found])


@pytest.fixture(scope="module")
def of_2026() -> list[Ticket]:
    return _tickets(json.loads((DATA / "soda_erm2-nwe9_records_1000_2026-08.json").read_text()))


def test_closings_of_buildings_are_days_and_those_of_housing_are_times(elevators: list[Ticket]) -> None:
    assert len(elevators) == 22_504
    closed = Counter(ticket.agency_responsible for ticket in elevators if ticket.closed_on)
    by_day = Counter(ticket.agency_responsible for ticket in elevators if ticket.closed_on and not ticket.closed_at)
    assert set(closed) == {"DOB", "HPD"}
    assert by_day["DOB"] / closed["DOB"] == pytest.approx(0.973, abs=0.0005)
    assert by_day["HPD"] == 0


def test_no_closing_by_day_lies_before_the_day_of_opening(elevators: list[Ticket]) -> None:
    days = [
        (ticket.closed_on - ticket.requested_on).days
        for ticket in elevators
        if ticket.closed_on and not ticket.closed_at
    ]
    assert (len(days) > 20_000, min(days) >= 0) == (True, True)


def test_some_requests_have_a_day_of_closing_and_are_open_by_their_status(elevators: list[Ticket]) -> None:
    both = Counter(ticket.status for ticket in elevators if ticket.is_open and ticket.closed_on)
    assert both == {"Open": 207, "Assigned": 79}


def test_the_api_of_2026_is_read(of_2026: list[Ticket]) -> None:
    assert Counter((ticket.status, ticket.is_open) for ticket in of_2026) == {
        ("Closed", False): 444,
        ("In Progress", True): 423,
        ("Open", True): 133,
    }
    assert sum(ticket.closed_at is not None for ticket in of_2026) == 444
    assert sum(ticket.due_at is not None for ticket in of_2026) == 2
    assert sum(ticket.point is None for ticket in of_2026) == 26
    assert Counter(ticket.area for ticket in of_2026)["BROOKLYN"] == 270
    assert sum(ticket.channel is None for ticket in of_2026) == 47


async def test_duckdb_reads_nearly_all_of_them_as_the_function_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, left = tmp_path / "city.db", list[int]()
    stage_plain = Batch.stage_plain
    monkeypatch.setattr(
        Batch, "stage_plain", lambda *page: [left.append(len(rows)) or rows for rows in stage_plain(*page)]
    )
    await receive(path, json.loads((DATA / "soda_erm2-nwe9_records_1000_2026-08.json").read_text()))
    city = replace(NEW_YORK, requests=replace(NEW_YORK.requests, portal=Lists()))  # type: ignore[arg-type]
    await filled(path, city=city)
    one_by_one = everything(path)
    monkeypatch.setattr(stage, "MANY_ROWS", 0)
    await filled(path, city=city, afresh=True)
    assert everything(path) == one_by_one
    assert sum(left) < 10


def test_one_request_of_2026_was_closed_before_it_was_opened_and_is_kept(of_2026: list[Ticket]) -> None:
    early = [ticket for ticket in of_2026 if ticket.closed_at and ticket.closed_at < ticket.requested_at]
    assert [ticket.service_request_id for ticket in early] == ["70109187"]


def test_evening_requests_are_of_the_citys_day_not_of_the_next(of_2026: list[Ticket]) -> None:
    late = [ticket for ticket in of_2026 if ticket.requested_at.date() != ticket.requested_on]
    assert late
    assert {ticket.requested_at.astimezone(ZONE).date() for ticket in late} == {ticket.requested_on for ticket in late}


def test_a_download_of_2025_is_read_as_it_is() -> None:
    rows = _downloaded("portal_csv_235_2025-03.csv")
    tickets = _tickets(rows)
    assert (len(rows[0]), len(tickets)) == (41, 235)
    assert Counter((ticket.is_open, ticket.closed_on is not None) for ticket in tickets) == {
        (False, True): 195,
        (True, False): 31,
        (True, True): 6,
        (False, False): 3,
    }
    assert {ticket.area for ticket in tickets} == {"MANHATTAN", "BROOKLYN"}
    assert sum(ticket.point is not None for ticket in tickets) == 232


def test_a_download_in_the_shape_of_2018_is_read_as_it_is() -> None:
    """Its openings are days, too, so that some closings are the same midnight."""
    rows = _downloaded("portal_csv_rodent_2018-01_old53col.csv")
    tickets = _tickets(rows)
    assert (len(rows[0]), len(tickets)) == (53, 155)
    assert sum(ticket.closed_on is not None for ticket in tickets) == 92
    assert sum(ticket.closed_on is not None and ticket.closed_at is None for ticket in tickets) == 69
    assert {ticket.channel for ticket in tickets} == {None}
    assert all(ticket.due_at for ticket in tickets if ticket.agency_responsible == "DOHMH")
