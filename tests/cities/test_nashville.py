"""Nashville's rows as the layer's attributes, and under the headings of its downloads and of the portal before."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from li_perf.cities.nashville import NASHVILLE, read_ticket
from li_perf.model import Point, Reject, Ticket

ROW = {
    "OBJECTID": 135128,
    "Request__": "1948982",
    "Status": "Closed",
    "Request_Type": "Public_Works_WO",
    "Subrequest_Type": "Dead Animal Pickup",
    "Council_District": 8,
    "Date_Time_Opened": 1_757_466_303_000,
    "Date_Time_Closed": 1_757_515_653_000,
    "Address": "1 MAIN ST",
    "ZIP": "37013",
    "Latitude": 36.03,
    "Longitude": -86.58,
    "Request_Origin": "Phone",
}
REQUEST = Ticket(
    service_request_id="1948982",
    status="Closed",
    is_open=False,
    service_name="Public Works WO",
    service_type="Dead Animal Pickup",
    agency_responsible=None,
    requested_at=datetime(2025, 9, 10, 1, 5, 3, tzinfo=UTC),
    requested_on=date(2025, 9, 9),  # the evening before, in the city
    updated_at=None,
    closed_at=datetime(2025, 9, 10, 14, 47, 33, tzinfo=UTC),
    closed_on=date(2025, 9, 10),
    address="1 MAIN ST",
    zipcode="37013",
    point=Point(lon=-86.58, lat=36.03),
    area="8",
    channel="Phone",
)
DOWNLOADED = {
    "Request #": "1948982",
    "Status": "Closed",
    "Request Type": "Public Works WO",
    "Subrequest Type": "Dead Animal Pickup",
    "Date / Time Opened": "09/10/2025 01:05:03 AM",
    "Date / Time Closed": "09/10/2025 02:47:33 PM",
    "Request Origin": "Phone",
    "Address": "1 MAIN ST",
    "Council District": "8.0",
    "ZIP": "37013",
    "Mapped Location": "(36.03, -86.58)",
}
LATER = {name.replace("Date / Time", "Date /Time"): value for name, value in DOWNLOADED.items()}
BEFORE = {
    "request": "1948982",
    "status": "Closed",
    "case_request": "Public Works WO",
    "case_subrequest": "Dead Animal Pickup",
    "date_time_opened": "2025-09-10T01:05:03.000",
    "date_time_closed": "2025-09-10T14:47:33.000",
    "request_origin": "Phone",
    "address": "1 MAIN ST",
    "council_district": "8",
    "zip": "37013",
    "mapped_location": {"latitude": "36.03", "longitude": "-86.58"},
}


def ticket(**changed: Any) -> Ticket:
    read = read_ticket(ROW | changed)
    assert isinstance(read, Ticket), read
    return read


@pytest.mark.parametrize("row", [ROW, DOWNLOADED, LATER, BEFORE], ids=["layer", "download", "later", "before"])
def test_a_request_is_read_under_all_the_names_that_its_columns_had(row: dict[str, Any]) -> None:
    assert read_ticket(row) == REQUEST


@pytest.mark.parametrize("district", [17, 17.0, "17", "17.0"])
def test_a_council_district_is_a_word_without_a_fraction(district: Any) -> None:
    assert ticket(Council_District=district).area == "17"


def test_a_request_without_a_district_a_position_or_a_zip_code_is_a_request() -> None:
    read = ticket(Council_District=None, Latitude=None, Longitude=None, ZIP=None)
    assert (read.area, read.point, read.zipcode) == (None, None, None)


def test_the_number_is_the_requests_not_the_layers() -> None:
    assert ticket(OBJECTID=1).service_request_id == "1948982"


@pytest.mark.parametrize(
    ("service_name", "is_first_call"),
    [("Resolved by hubNashville on First Call", True), ("Public Works WO", False), (None, False)],
)
def test_a_request_resolved_on_the_first_call_is_told_apart(service_name: str | None, is_first_call: bool) -> None:
    read = ticket(Request_Type=service_name)
    assert (read.service_name, read.is_first_call) == (service_name, is_first_call)


@pytest.mark.parametrize("status", ["New", "Assigned", "Pending"])
def test_a_request_that_is_not_closed_is_open(status: str) -> None:
    read = ticket(Status=status, Date_Time_Closed=None)
    assert (read.is_open, read.closed_at, read.closed_on) == (True, None, None)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Request__": None}, "Request__ is missing"),
        ({"Date_Time_Opened": None}, "Date_Time_Opened is missing"),
        ({"Date_Time_Opened": 10**20}, "Date_Time_Opened is not a time"),
        ({"Date_Time_Closed": "soon"}, "Date_Time_Closed is not a time"),
        ({"Request #": "1"}, "two columns have the same name"),
        ({"Council_District": 8.5}, "Council_District is not a whole number"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(changed: dict[str, Any], reason: str) -> None:
    read = read_ticket(ROW | changed)
    assert isinstance(read, Reject)
    assert read.reason == reason


def test_only_what_the_layer_keeps_is_asked_for() -> None:
    assert {"Request__", "Date_Time_Opened", "Date_Time_Closed"} <= set(NASHVILLE.requests.required)
    assert NASHVILLE.area_title == "council district"
