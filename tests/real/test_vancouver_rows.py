"""Seven thousand real requests of Vancouver, a download of 2023 whose times were printed in another zone."""

from __future__ import annotations

import os
import re
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from li_perf.cities.twins import numbered
from li_perf.cities.vancouver import read_ticket
from li_perf.model import Ticket

FILE = Path(__file__).parents[2] / os.environ.get("LI_PERF_REAL_DATA", "../shared/data")
FILE = FILE / "vancouver" / "3-1-1-service-requests_feedback_2023.xlsx"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"no real rows in {FILE}")
TAG = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TIMES = ("Service request open timestamp", "Last modified timestamp")


def _cells(sheet: zipfile.ZipFile) -> list[list[tuple[str, Any]]]:
    """The cells of each row, by column letter."""
    shared = ElementTree.fromstring(sheet.read("xl/sharedStrings.xml"))
    words = ["".join(part.text or "" for part in word.iter(f"{TAG}t")) for word in shared]
    return [
        [
            (re.sub(r"\d", "", cell.get("r", "")), words[int(value)] if cell.get("t") == "s" else float(value))
            for cell in row
            if (value := cell.findtext(f"{TAG}v")) is not None
        ]
        for row in ElementTree.fromstring(sheet.read("xl/worksheets/sheet1.xml")).iter(f"{TAG}row")
    ]


def _as_sent(row: dict[str, Any]) -> dict[str, Any]:
    """With times in UTC, as the API is asked for them."""
    utc = {name: datetime.fromisoformat(row[name]).astimezone(UTC).isoformat() for name in TIMES}
    return {name.lower().replace(" ", "_"): value for name, value in (row | utc).items()}


@pytest.fixture(scope="module")
def downloaded() -> list[dict[str, Any]]:
    with zipfile.ZipFile(FILE) as sheet:
        first, *others = _cells(sheet)
    headings = dict(first)
    return [{headings[column]: value for column, value in cells} for cells in others]


@pytest.fixture(scope="module")
def tickets(downloaded: list[dict[str, Any]]) -> list[Ticket]:
    kept = [item for item in numbered(read_ticket(_as_sent(row)) for row in downloaded) if isinstance(item, Ticket)]
    assert len(kept) == 7_062
    return kept


def test_no_request_is_closed_before_the_day_on_which_it_was_opened(tickets: list[Ticket]) -> None:
    days = [(ticket.closed_on - ticket.requested_on).days for ticket in tickets if ticket.closed_on]
    assert (len(days), min(days)) == (6_834, 0)
    in_utc = [ticket for ticket in tickets if ticket.closed_on and ticket.closed_on < ticket.requested_at.date()]
    assert len(in_utc) == 335


def test_the_status_agrees_with_the_day_of_closing(tickets: list[Ticket]) -> None:
    assert Counter((ticket.is_open, ticket.closed_on is None) for ticket in tickets) == {
        (False, False): 6_834,
        (True, True): 228,
    }
    assert not any(ticket.closed_at for ticket in tickets)


def test_no_request_is_lost(tickets: list[Ticket]) -> None:
    """A key of department, type and time loses seven; two of those differ in nothing that lasts, and are counted."""
    coarse = {(ticket.agency_responsible, ticket.service_name, ticket.requested_at) for ticket in tickets}
    assert len(coarse) == 7_062 - 7
    numbers = {ticket.service_request_id for ticket in tickets}
    assert len(numbers) == 7_062
    assert sum("-" in number for number in numbers) == 1


def test_numbers_depend_neither_on_the_order_nor_on_the_form(
    downloaded: list[dict[str, Any]], tickets: list[Ticket]
) -> None:
    again = {item.service_request_id: item for item in numbered(map(read_ticket, reversed(downloaded)))}  # type: ignore[union-attr]
    assert again == {ticket.service_request_id: ticket for ticket in tickets}


def test_areas_and_places_are_read(tickets: list[Ticket]) -> None:
    areas = Counter(ticket.area for ticket in tickets)
    assert (len(areas), areas[None], areas["Downtown"]) == (23, 1_227, 554)
    assert sum(ticket.point is None for ticket in tickets) == 1_096
