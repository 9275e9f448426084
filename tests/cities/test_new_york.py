"""New York's rows in the shapes that its portal gave them since 2018, by API and as a download."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from li_perf.cities.new_york import NEW_YORK, read_ticket
from li_perf.model import Point, Reject, Ticket

ROW = {
    "unique_key": "70104340",
    "created_date": "2026-08-18T22:26:58.000",
    "closed_date": "2026-08-19T01:00:00.000",
    "agency": "NYPD",
    "agency_name": "New York City Police Department",
    "complaint_type": "Noise - Residential",
    "descriptor": "Banging/Pounding",
    "descriptor_2": "N/A",
    "incident_zip": "10065",
    "incident_address": "1 3 AVENUE",
    "status": "Closed",
    "resolution_description": "The Police Department responded.",
    "resolution_action_updated_date": "2026-08-19T01:00:05.000",
    "council_district": "04",
    "police_precinct": "Precinct 19",
    "borough": "MANHATTAN",
    "open_data_channel_type": "ONLINE",
    "latitude": "40.76",
    "longitude": "-73.96",
    "location": {"type": "Point", "coordinates": [-73.96, 40.76]},
}
DOWNLOADED = {
    "Unique Key": "70104340",
    "Created Date": "08/18/2026 10:26:58 PM",
    "Closed Date": "08/19/2026 01:00:00 AM",
    "Agency": "NYPD",
    "Agency Name": "New York City Police Department",
    "Complaint Type": "Noise - Residential",
    "Descriptor": "Banging/Pounding",
    "Location Type": "Residential Building/House",
    "Incident Zip": "10065",
    "Incident Address": "1 3 AVENUE",
    "Status": "Closed",
    "Due Date": "",
    "Resolution Description": "The Police Department responded.",
    "Resolution Action Updated Date": "08/19/2026 01:00:05 AM",
    "Borough": "MANHATTAN",
    "X Coordinate (State Plane)": "994013",
    "Open Data Channel Type": "ONLINE",
    "Latitude": "40.76",
    "Longitude": "-73.96",
    "Location": "(40.76, -73.96)",
}
OF_2018 = {name: value for name, value in DOWNLOADED.items() if name != "Open Data Channel Type"} | {
    "School Name": "Unspecified",
    "School or Citywide Complaint": "",
    "Garage Lot Name": "",
    "Ferry Terminal Name": "",
}


def ticket(**changed: Any) -> Ticket:
    read = read_ticket({name: value for name, value in (ROW | changed).items() if value is not None})
    assert isinstance(read, Ticket), read
    return read


def closed(opened: str, closing: str) -> tuple[datetime | None, date | None]:
    read = ticket(created_date=opened, closed_date=closing)
    return read.closed_at, read.closed_on


def test_a_request_is_read() -> None:
    assert ticket() == Ticket(
        service_request_id="70104340",
        status="Closed",
        is_open=False,
        service_name="Noise - Residential",
        service_type="Banging/Pounding",
        agency_responsible="NYPD",
        requested_at=datetime(2026, 8, 19, 2, 26, 58, tzinfo=UTC),
        requested_on=date(2026, 8, 18),
        updated_at=datetime(2026, 8, 19, 5, 0, 5, tzinfo=UTC),
        closed_at=datetime(2026, 8, 19, 5, tzinfo=UTC),
        closed_on=date(2026, 8, 19),
        address="1 3 AVENUE",
        zipcode="10065",
        point=Point(lon=-73.96, lat=40.76),
        area="MANHATTAN",
        channel="ONLINE",
        resolution="The Police Department responded.",
    )


def test_a_download_says_the_same_as_the_api() -> None:
    assert read_ticket(DOWNLOADED) == ticket()


def test_the_table_of_2018_says_the_same_but_for_what_it_had_not_yet() -> None:
    assert read_ticket(OF_2018) == ticket(open_data_channel_type=None)


@pytest.mark.parametrize(
    "location",
    [
        {"latitude": "40.76", "longitude": "-73.96", "human_address": '{"address": "", "city": ""}'},
        {"type": "Point", "coordinates": [-73.96, 40.76]},
    ],
)
def test_a_location_is_read_in_both_of_its_forms(location: dict[str, Any]) -> None:
    assert ticket(latitude=None, longitude=None, location=location).point == Point(lon=-73.96, lat=40.76)


@pytest.mark.parametrize("word", ["Unspecified", "UNSPECIFIED", "", None])
def test_an_unspecified_borough_is_none(word: str | None) -> None:
    assert ticket(borough=word).area is None


def test_an_unknown_channel_and_an_unknown_zip_code_are_none() -> None:
    read = ticket(open_data_channel_type="UNKNOWN", incident_zip="N/A")
    assert (read.channel, read.zipcode) == (None, None)


@pytest.mark.parametrize(
    ("opened", "closing", "on"),
    [
        ("2024-05-01T10:00:00.000", "2024-05-03T00:00:00.000", date(2024, 5, 3)),
        ("2024-05-01T10:00:00.000", "2024-05-01T00:00:00.000", date(2024, 5, 1)),  # the day of opening, not before it
        ("2018-01-22T00:00:00.000", "2018-01-22T00:00:00.000", date(2018, 1, 22)),  # both are days
        ("2024-03-09T10:00:00.000", "2024-03-10T00:00:00.000", date(2024, 3, 10)),  # clocks change that night
        ("2024-05-01T10:00:00.000", "2024-04-01T00:00:00.000", date(2024, 4, 1)),  # before the opening: kept
    ],
)
def test_a_closing_at_midnight_is_a_day(opened: str, closing: str, on: date) -> None:
    assert closed(opened, closing) == (None, on)


def test_a_second_behind_midnight_is_a_time() -> None:
    at, on = closed("2024-05-01T10:00:00.000", "2024-05-03T00:00:01.000")
    assert (at, on) == (datetime(2024, 5, 3, 4, 0, 1, tzinfo=UTC), date(2024, 5, 3))


def test_a_request_closed_when_the_hour_came_again_was_not_closed_before_it_was_opened() -> None:
    at, _ = closed("2024-11-03T01:50:00.000", "2024-11-03T01:10:00.000")
    assert at == datetime(2024, 11, 3, 6, 10, tzinfo=UTC)


def test_midnight_in_utc_is_an_evening_in_the_city() -> None:
    at, on = closed("2024-05-01T10:00:00.000", "2024-05-02T20:00:00.000")
    assert (at, on) == (datetime(2024, 5, 3, tzinfo=UTC), date(2024, 5, 2))


@pytest.mark.parametrize(
    ("status", "closing", "is_open"),
    [
        ("Closed", None, False),
        ("Closed - Testing", None, False),
        ("Cancel", None, False),
        ("In Progress", None, True),
        ("Assigned", None, True),
        ("Started", None, True),
        ("Pending", None, True),
        ("Open", "2026-08-19T01:00:00.000", True),  # the portal has such: the status decides
        ("Unspecified", None, True),
        ("Unspecified", "2026-08-19T01:00:00.000", False),  # this status says nothing
        ("Something New", None, True),
    ],
)
def test_the_status_says_whether_a_request_is_open(status: str, closing: str | None, is_open: bool) -> None:
    read = ticket(status=status, closed_date=closing)
    assert read.is_open is is_open
    assert (read.closed_on is None) is (closing is None)


def test_a_request_says_itself_by_when_it_is_due() -> None:
    assert ticket(due_date="2026-09-17T23:57:30.000").due_at == datetime(2026, 9, 18, 3, 57, 30, tzinfo=UTC)
    assert ticket().due_at is None
    assert NEW_YORK.targets is not None
    assert NEW_YORK.targets.default is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"unique_key": ""}, "unique_key is missing"),
        ({"created_date": None}, "created_date is missing"),
        ({"created_date": "2026-08-18"}, "created_date is not a time"),
        ({"closed_date": 1}, "closed_date is not a time"),
        ({"status": None}, "status is missing"),
        ({"resolution_description": {"a": 1}}, "resolution_description is not text"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(changed: dict[str, Any], reason: str) -> None:
    read = read_ticket(ROW | changed)
    assert isinstance(read, Reject)
    assert read.reason == reason
