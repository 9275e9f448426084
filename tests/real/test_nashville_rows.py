"""Eleven thousand real requests of Nashville, of one type, from the portal of 2020."""

from __future__ import annotations

import csv
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from li_perf.cities.nashville import ZONE, read_ticket
from li_perf.model import Ticket

FILE = Path(__file__).parents[2] / os.environ.get("LI_PERF_REAL_DATA", "../shared/data")
FILE = FILE / "nashville" / "hubnashville_covid_requests_2020_scrubbed.csv"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"no real rows in {FILE}")
HEADINGS = {"date_opened": "Date / Time Opened", "date_closed": "Date / Time Closed"}  # the file's own for these two


def _milliseconds(text: str) -> int | None:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000 if text else None


def _as_layer(row: dict[str, str]) -> dict[str, Any]:
    """As the layer has it: milliseconds and numbers."""
    return {
        "Request__": row["Request #"],
        "Status": row["Status"],
        "Request_Type": row["Request Type"],
        "Subrequest_Type": row["Subrequest Type"],
        "Date_Time_Opened": _milliseconds(row["date_opened"]),
        "Date_Time_Closed": _milliseconds(row["date_closed"]),
        "Council_District": float(row["Council District"]) if row["Council District"] else None,
        "ZIP": row["ZIP"] or None,
        "Latitude": float(row["Latitude"]),
        "Longitude": float(row["Longitude"]),
        "Request_Origin": row["Request Origin"],
    }


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with FILE.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def tickets(rows: list[dict[str, str]]) -> list[Ticket]:
    kept = [item for item in map(read_ticket, map(_as_layer, rows)) if isinstance(item, Ticket)]
    assert len(kept) == len(rows) == 11_609
    return kept


def test_every_request_has_a_number_of_its_own(tickets: list[Ticket]) -> None:
    assert len({ticket.service_request_id for ticket in tickets}) == 11_609


def test_the_download_says_what_the_layer_says(rows: list[dict[str, str]], tickets: list[Ticket]) -> None:
    renamed = [{HEADINGS.get(name, name): value for name, value in row.items()} for row in rows[::10]]
    assert [read_ticket(row) for row in renamed] == tickets[::10]


def test_no_request_is_closed_before_it_is_opened_and_the_median_is_a_day(tickets: list[Ticket]) -> None:
    took = [ticket.closed_at - ticket.requested_at for ticket in tickets if ticket.closed_at]
    hours = [duration.total_seconds() / 3600 for duration in took]
    assert (len(hours), min(hours) >= 0) == (11_565, True)
    assert median(hours) == pytest.approx(25.8, abs=0.05)
    assert Counter(ticket.is_open for ticket in tickets) == {False: 11_565, True: 44}


def test_the_quiet_hours_are_those_of_the_citys_night(tickets: list[Ticket]) -> None:
    """Read as local times they would be those of the morning."""
    hours = Counter(ticket.requested_at.astimezone(ZONE).hour for ticket in tickets)
    assert set(sorted(range(24), key=lambda hour: hours[hour])[:4]) <= {0, 1, 2, 3, 4, 5}


def test_districts_are_words_without_fractions(tickets: list[Ticket]) -> None:
    districts = Counter(ticket.area for ticket in tickets)
    assert districts.pop(None) == 679
    assert set(districts) == {str(number) for number in range(1, 36)}
    assert districts["19"] == 2_191


def test_none_of_this_type_was_resolved_on_the_first_call(tickets: list[Ticket]) -> None:
    assert not any(ticket.is_first_call for ticket in tickets)
    assert {ticket.service_name for ticket in tickets} == {"COVID-19"}
