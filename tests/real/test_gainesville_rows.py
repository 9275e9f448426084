"""Five thousand real requests of Gainesville, 2014 to 2023, as its portal gave them."""

from __future__ import annotations

import ast
import csv
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from li_perf.cities.gainesville import ALIASES, GAINESVILLE, read_ticket
from li_perf.model import Ticket

FILE = Path(__file__).parents[2] / os.environ.get("LI_PERF_REAL_DATA", "../shared/data")
FILE = FILE / "gainesville" / "311_clean_scrubbed.csv"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"no real rows in {FILE}")


def _as_sent(row: dict[str, str]) -> dict[str, Any]:
    """The portal leaves nulls out; the file has its points as Python prints them."""
    sent: dict[str, Any] = {name: value for name, value in row.items() if value}
    return sent | ({"location": ast.literal_eval(row["location"])} if row["location"] else {})


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    with FILE.open(newline="") as file:
        return [_as_sent(row) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def tickets(rows: list[dict[str, Any]]) -> list[Ticket]:
    read = [read_ticket(row) for row in rows]
    kept = [item for item in read if isinstance(item, Ticket)]
    assert len(kept) == len(read) == 5_000
    return kept


def test_every_request_has_a_number_of_its_own(tickets: list[Ticket]) -> None:
    assert len({ticket.service_request_id for ticket in tickets}) == 5_000


def test_both_forms_of_a_closing_are_read(rows: list[dict[str, Any]], tickets: list[Ticket]) -> None:
    assert sum(len(row.get("closed", "")) == len("09/17/2014 16:55:00") for row in rows) == 4_714
    assert sum(ticket.closed_at is not None for ticket in tickets) == 4_926


def test_the_closing_decides_and_the_archived_without_one_are_over(tickets: list[Ticket]) -> None:
    without = [ticket for ticket in tickets if ticket.closed_at is None]
    assert len(without) == 74
    assert Counter(ticket.is_open for ticket in without) == {True: 55, False: 19}
    assert {ticket.status for ticket in without if not ticket.is_open} == {"Archived"}
    assert not any(ticket.is_open for ticket in tickets if ticket.closed_at)


def test_two_requests_were_closed_before_they_were_opened_and_are_kept(tickets: list[Ticket]) -> None:
    assert sum(ticket.closed_at is not None and ticket.closed_at < ticket.requested_at for ticket in tickets) == 2


def test_the_share_beyond_the_target_is_that_of_all_closed_requests(tickets: list[Ticket]) -> None:
    assert GAINESVILLE.targets is not None
    target = GAINESVILLE.targets.default
    assert target is not None
    took = [ticket.closed_at - ticket.requested_at for ticket in tickets if ticket.closed_at]
    late = sum(duration > target for duration in took)
    assert late / len(took) == pytest.approx(0.391, abs=0.0005)


def test_each_older_name_of_a_type_ended_before_todays_began(rows: list[dict[str, Any]]) -> None:
    days: dict[str, list[str]] = {}
    for row in rows:
        days.setdefault(row["request_type"], []).append(row["created"])
    assert set(ALIASES) <= set(days)
    for then, today in ALIASES.items():
        assert max(days[then]) < min(days[today]), then


def test_renamed_types_are_one(tickets: list[Ticket]) -> None:
    names = Counter(ticket.service_name for ticket in tickets)
    assert not set(names) & set(ALIASES)
    assert names["Abandoned Vehicle"] == 318 + 2
    assert names["Trash / Debris (Private Property)"] == 430 + 8


def test_districts_and_places_are_read(tickets: list[Ticket]) -> None:
    assert Counter(ticket.area for ticket in tickets) == {"4": 1_632, "1": 1_363, "2": 972, "3": 903, None: 130}
    assert sum(ticket.point is None for ticket in tickets) == 18
