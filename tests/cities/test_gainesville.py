"""Gainesville's rows in the shape in which Socrata sends them: nulls left out, times as local text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from li_perf.cities.gainesville import GAINESVILLE, read_ticket
from li_perf.model import Point, Reject, Ticket

ROW = {
    ":id": "row-aaaa.bbbb_cccc",
    ":updated_at": "2023-07-10T09:00:00.000Z",
    "id": "7654321",
    "status": "Archived",
    "request_type": "Overgrown Grass",
    "created": "2022-07-08T22:15:00.000",
    "last_updated": "07/20/2022 09:00:00",
    "closed": "07/12/2022 08:30:15",
    "assigned_to": "Code Enforcement",
    "location_detail": "12 NW 3 ST\n  32601\nUNITED STATES",
    "latitude": "29.65",
    "longitude": "-82.32",
    "location": {"type": "Point", "coordinates": [-82.32, 29.65]},
    "commission_district": "4",
}


def ticket(**changed: Any) -> Ticket:
    read = read_ticket({name: value for name, value in (ROW | changed).items() if value is not None})
    assert isinstance(read, Ticket), read
    return read


def test_a_request_is_read() -> None:
    assert ticket() == Ticket(
        service_request_id="7654321",
        status="Archived",
        is_open=False,
        service_name="Overgrown Grass",
        service_type=None,
        agency_responsible="Code Enforcement",
        requested_at=datetime(2022, 7, 9, 2, 15, tzinfo=UTC),
        requested_on=date(2022, 7, 8),  # the evening before, in the city
        updated_at=datetime(2022, 7, 20, 13, tzinfo=UTC),
        closed_at=datetime(2022, 7, 12, 12, 30, 15, tzinfo=UTC),
        closed_on=date(2022, 7, 12),
        address="12 NW 3 ST\n  32601\nUNITED STATES",
        zipcode=None,
        point=Point(lon=-82.32, lat=29.65),
        area="4",
    )


def test_a_closing_without_seconds_is_a_closing() -> None:
    read = ticket(status="Closed", closed="07/12/2022 08:30")
    assert (read.closed_at, read.is_open) == (datetime(2022, 7, 12, 12, 30, tzinfo=UTC), False)


@pytest.mark.parametrize(
    ("status", "closed", "is_open"),
    [
        ("Referred to Another Agency", "07/12/2022 08:30", False),
        ("Referred to Another Agency", None, True),
        ("In Process", None, True),
        ("Open", "07/12/2022 08:30:00", False),
        ("Archived", None, False),  # over, nobody knows when
        ("closed", None, False),
    ],
)
def test_a_request_is_over_when_it_has_a_closing_or_is_archived(status: str, closed: str | None, is_open: bool) -> None:
    read = ticket(status=status, closed=closed)
    assert read.is_open is is_open
    assert (read.closed_at is None) is (closed is None)


def test_a_request_opened_again_behind_its_closing_is_open() -> None:
    read = ticket(status="Open", reopened="07/13/2022 10:00:00")
    assert (read.is_open, read.closed_at, read.closed_on) == (True, None, None)
    assert read.reopened_at == datetime(2022, 7, 13, 14, tzinfo=UTC)


def test_a_request_closed_again_behind_its_reopening_is_closed() -> None:
    read = ticket(reopened="07/10/2022 10:00")
    assert (read.closed_on, read.reopened_at) == (date(2022, 7, 12), datetime(2022, 7, 10, 14, tzinfo=UTC))
    assert ticket().reopened_at is None


def test_a_closing_before_the_opening_is_kept_as_it_is() -> None:
    read = ticket(created="2022-09-29T18:35:00.000", closed="09/29/2022 17:41")
    assert read.closed_at is not None
    assert read.closed_at - read.requested_at == timedelta(minutes=-54)


def test_a_request_closed_when_the_hour_came_again_took_less_than_an_hour() -> None:
    read = ticket(created="2022-11-06T01:50:00.000", closed="11/06/2022 01:10:00")
    assert read.closed_at is not None
    assert read.closed_at - read.requested_at == timedelta(minutes=20)


@pytest.mark.parametrize(
    ("then", "today"),
    [
        ("Vehicle (Abandoned/Non-Operational)", "Abandoned Vehicle"),
        ("Trash/Debris (Private Property)", "Trash / Debris (Private Property)"),
        ("Trash / Debris (Private Property)", "Trash / Debris (Private Property)"),
        ("Graffiti", "Graffiti"),
        (None, None),
    ],
)
def test_a_type_is_called_by_todays_name(then: str | None, today: str | None) -> None:
    assert ticket(request_type=then).service_name == today


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"created": None}, "created is missing"),
        ({"created": "07/2022"}, "created is not a time"),
        ({"closed": "soon"}, "closed is not a time"),
        ({"id": None}, "id is missing"),
        ({"status": ""}, "status is missing"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(changed: dict[str, Any], reason: str) -> None:
    read = read_ticket(ROW | changed)
    assert isinstance(read, Reject)
    assert read.reason == reason


def test_a_request_is_due_in_three_days() -> None:
    assert GAINESVILLE.targets is not None
    assert GAINESVILLE.targets.default == timedelta(hours=72)
    assert not GAINESVILLE.targets.by_type


@pytest.mark.parametrize(
    ("assigned_to", "desk"),
    [
        ("Lieutenant Jane Q. Doe", "Lieutenant"),
        ("Captain Doe", "Captain"),
        ("Public Works Department (Primary)", "Public Works Department (Primary)"),
        ("Officer of the Day", "Officer"),
        (None, None),
    ],
)
def test_nobody_is_named_to_whom_a_request_went(assigned_to: str | None, desk: str | None) -> None:
    assert ticket(assigned_to=assigned_to).agency_responsible == desk
