"""Vancouver's rows in the shape in which Opendatasoft exports them: no number, and a local day of closing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from li_perf.cities.vancouver import VANCOUVER, read_ticket
from li_perf.model import Point, Reject, Ticket

ROW = {
    "department": "ENG - Sanitation Services",
    "service_request_type": "Missed Green Bin Pickup Case",
    "status": "Close",
    "closure_reason": "Service provided",
    "service_request_open_timestamp": "2025-01-02T06:10:00+00:00",
    "service_request_close_date": "2025-01-01",
    "last_modified_timestamp": "2025-01-02T06:40:00+00:00",
    "address": "1 MAIN ST",
    "local_area": "Strathcona",
    "channel": "WEB",
    "latitude": 49.28271966519,
    "longitude": -123.09861228418,
}
HEADINGS = {
    name: name.replace("_", " ").capitalize() for name in ROW
}  # "Service request open timestamp": what a download calls it


def ticket(**changed: Any) -> Ticket:
    read = read_ticket(ROW | changed)
    assert isinstance(read, Ticket), read
    return read


def test_a_request_is_read_and_is_not_closed_before_it_is_opened() -> None:
    read = ticket()
    assert read == Ticket(
        service_request_id=read.service_request_id,
        status="Close",
        is_open=False,
        service_name="Missed Green Bin Pickup Case",
        service_type=None,
        agency_responsible="ENG - Sanitation Services",
        requested_at=datetime(2025, 1, 2, 6, 10, tzinfo=UTC),
        requested_on=date(2025, 1, 1),  # in UTC it was the next day already
        updated_at=datetime(2025, 1, 2, 6, 40, tzinfo=UTC),
        closed_at=None,
        closed_on=date(2025, 1, 1),
        address="1 MAIN ST",
        zipcode=None,
        point=Point(lon=-123.09861228418, lat=49.28271966519),
        area="Strathcona",
        channel="WEB",
        resolution="Service provided",
    )
    assert VANCOUVER.is_closed_by_day


def test_a_downloads_headings_and_its_zone_make_the_same_request() -> None:
    download = {HEADINGS[name]: value for name, value in ROW.items()}
    assert "Service request open timestamp" in download
    elsewhere = {"Service request open timestamp": "2025-01-02T09:10:00+03:00", "Latitude": "49.282719665"}
    read = read_ticket(download | elsewhere)
    assert isinstance(read, Ticket)
    assert replace(read, point=None) == replace(ticket(), point=None)


@pytest.mark.parametrize(
    "changed",
    [
        {"department": "DBL"},
        {"service_request_type": "Graffiti"},
        {"service_request_open_timestamp": "2025-01-02T06:10:01+00:00"},
        {"address": "2 MAIN ST"},
        {"address": None},
        {"local_area": None},
        {"channel": "Phone"},
        {"latitude": 49.28272166519},
        {"latitude": None},
    ],
)
def test_a_request_that_differs_in_what_never_changes_has_another_number(changed: dict[str, Any]) -> None:
    assert ticket(**changed).service_request_id != ticket().service_request_id


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "Open", "service_request_close_date": None, "closure_reason": "N/A"},
        {"closure_reason": "Assigned to inspector"},
        {"last_modified_timestamp": "2025-02-01T00:00:00+00:00"},
        {"address": "1 MAIN ST", "geom": {"type": "Feature"}},
    ],
)
def test_a_request_keeps_its_number_through_all_that_changes(changed: dict[str, Any]) -> None:
    assert ticket(**changed).service_request_id == ticket().service_request_id


def test_an_open_request_has_no_closing_and_no_reason() -> None:
    read = ticket(status="Open", service_request_close_date=None, closure_reason="N/A")
    assert (read.is_open, read.closed_on, read.resolution) == (True, None, None)


def test_two_requests_that_only_their_closing_tells_apart_are_two() -> None:
    rows = [ROW, ROW | {"service_request_close_date": "2025-01-09", "closure_reason": "Unknown"}]
    kept = [item for item in VANCOUVER.requests.identify(map(read_ticket, rows), []) if isinstance(item, Ticket)]
    assert [item.service_request_id for item in kept] == [
        ticket().service_request_id,
        f"{ticket().service_request_id}-2",
    ]


def test_what_numbers_a_request_must_be_in_the_table() -> None:
    assert {"department", "service_request_type", "address", "local_area", "latitude", "longitude", "channel"} <= set(
        VANCOUVER.requests.required
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"service_request_open_timestamp": None}, "service_request_open_timestamp is missing"),
        ({"service_request_open_timestamp": "2025-01-02"}, "service_request_open_timestamp is not a time"),
        ({"service_request_close_date": "2025-01-01T00:00:00+00:00"}, "service_request_close_date is not a day"),
        ({"status": None}, "status is missing"),
        ({"address": ["1 MAIN ST"]}, "address is not text"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(changed: dict[str, Any], reason: str) -> None:
    read = read_ticket(ROW | changed)
    assert isinstance(read, Reject)
    assert read.reason == reason
