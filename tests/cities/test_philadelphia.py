"""Philadelphia's rows: every shape becomes a ticket, a violation or a complaint, or a reject with a reason."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from li_perf.cities.philadelphia import (
    COMPLAINTS,
    PHILADELPHIA,
    REQUESTS,
    VIOLATIONS,
    read_complaint,
    read_ticket,
    read_violation,
)
from li_perf.cities.philadelphia_codes import family
from li_perf.model import Complaint, Period, Point, Reject, Ticket, Violation

TICKET = {
    "service_request_id": 19901761,
    "status": "Open",
    "service_name": "Maintenance Complaint",
    "agency_responsible": "License & Inspections",
    "requested_datetime": "2026-08-22T23:07:26Z",
    "updated_datetime": "2026-08-22T23:13:33Z",
    "closed_datetime": None,
    "address": "896 PINE HILL RD",
    "zipcode": "19115",
    "lat": 40.1004174,
    "lon": -75.0434667,
    "service_type": "Exterior High Weeds",
}
VIOLATION = {
    "violationnumber": "VI-2026-005069",
    "casenumber": "CF-2026-007729",
    "opa_account_num": "051133966",
    "violationdate": "2026-01-28T05:00:00Z",
    "violationcode": "9-3902 (1)",
    "casecreateddate": "2026-01-28T14:18:11Z",
}
COMPLAINT = {
    "complaintnumber": "C1",
    "casenumber": "CF-2026-007729",
    "complaintdate": "2026-01-28T14:18:11Z",
    "ticket_num_311": "17346520",
}


def ticket(**changed: Any) -> Ticket:
    read = read_ticket(TICKET | changed)
    assert isinstance(read, Ticket), read
    return read


def violation(**changed: Any) -> Violation:
    read = read_violation(VIOLATION | changed)
    assert isinstance(read, Violation), read
    return read


def complaint(**changed: Any) -> Complaint:
    read = read_complaint(COMPLAINT | changed)
    assert isinstance(read, Complaint), read
    return read


def test_a_request_of_today_is_read() -> None:
    assert ticket() == Ticket(
        service_request_id="19901761",
        status="Open",
        is_open=True,
        service_name="Maintenance Complaint",
        service_type="Exterior High Weeds",
        agency_responsible="License & Inspections",
        requested_at=datetime(2026, 8, 22, 23, 7, 26, tzinfo=UTC),
        requested_on=date(2026, 8, 22),
        updated_at=datetime(2026, 8, 22, 23, 13, 33, tzinfo=UTC),
        closed_at=None,
        closed_on=None,
        address="896 PINE HILL RD",
        zipcode="19115",
        point=Point(lon=-75.0434667, lat=40.1004174),
    )


@pytest.mark.parametrize("number", [17346520, 17346520.0, "17346520", " 17346520", "17346520.0"])
def test_a_requests_number_is_the_same_text_in_both_tables(number: Any) -> None:
    assert ticket(service_request_id=number).service_request_id == "17346520"
    assert complaint(ticket_num_311=number).service_request_id == "17346520"


@pytest.mark.parametrize("number", [568523, 568523.0, "568523", "568523 "])
def test_a_case_is_the_same_text_in_both_tables(number: Any) -> None:
    assert violation(casenumber=number).casenumber == complaint(casenumber=number).casenumber == "568523"


@pytest.mark.parametrize(
    ("value", "account"),
    [
        *(("051133966", "051133966"), (51133966, "051133966"), (51133966.0, "051133966"), (883309050, "883309050")),
        *((" 883309050 ", "883309050"), ("883309050.0", "883309050"), ("", None), (None, None), ("N/A", "N/A")),
    ],
)
def test_an_account_keeps_its_leading_zeros(value: Any, account: str | None) -> None:
    assert violation(opa_account_num=value).opa_account_num == account
    assert complaint(opa_account_num=value).opa_account_num == account


@pytest.mark.parametrize(
    ("status", "is_open"), [("Open", True), ("Closed", False), ("CLOSED", False), (" closed ", False), ("New", True)]
)
def test_only_a_closed_request_is_not_open(status: str, is_open: bool) -> None:
    assert ticket(status=status).is_open is is_open


@pytest.mark.parametrize("address", [None, "", " ", "-", ".", " 896  Pine Hill Rd ", "A\nB", "🏠"])
def test_an_address_is_kept_as_it_came(address: str | None) -> None:
    assert ticket(address=address).address == address


@pytest.mark.parametrize(
    ("value", "zipcode"),
    [("19115", "19115"), ("19115-1234", "19115"), (19115, "19115"), (19115.0, "19115"), ("", None), (None, None)],
)
def test_a_zip_code_has_five_digits(value: Any, zipcode: str | None) -> None:
    assert ticket(zipcode=value).zipcode == zipcode


def test_columns_that_a_table_may_lack_are_unknown() -> None:
    bare = {name: TICKET[name] for name in REQUESTS.required}
    read = read_ticket(bare)
    assert isinstance(read, Ticket)
    assert (read.service_name, read.service_type, read.updated_at, read.point) == (None, None, None, None)
    assert isinstance(read_violation({name: VIOLATION[name] for name in VIOLATIONS.required}), Violation)
    assert isinstance(read_complaint({name: COMPLAINT[name] for name in COMPLAINTS.required}), Complaint)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"service_request_id": None}, "service_request_id is missing"),
        ({"service_request_id": ""}, "service_request_id is missing"),
        ({"service_request_id": []}, "service_request_id is not text"),
        ({"service_request_id": True}, "service_request_id is not text"),
        ({"service_request_id": 10**30}, "service_request_id is not text"),
        ({"service_request_id": 1.5}, "service_request_id is not a whole number"),
        ({"status": None}, "status is missing"),
        ({"status": {}}, "status is not text"),
        ({"requested_datetime": None}, "requested_datetime is missing"),
        ({"requested_datetime": ""}, "requested_datetime is missing"),
        ({"requested_datetime": "0000-01-01T00:00:00Z"}, "requested_datetime is not a time"),
        ({"requested_datetime": "99999-01-01T00:00:00Z"}, "requested_datetime is not a time"),
        ({"requested_datetime": "0001-01-01T00:00:00Z"}, "requested_datetime is not a time"),
        ({"requested_datetime": "2025-01-01"}, "requested_datetime is not a time"),
        ({"requested_datetime": 1735689600000}, "requested_datetime is not a time"),
        ({"closed_datetime": "soon"}, "closed_datetime is not a time"),
        ({"address": ["896 PINE HILL RD"]}, "address is not text"),
        ({"address": "\ud800"}, "address is not text"),
        ({"address": "a\x00b"}, "address is not text"),
        ({"service_type": float("nan")}, "service_type is not text"),
    ],
)
def test_a_request_of_another_shape_is_rejected_with_its_reason(changed: dict[str, Any], reason: str) -> None:
    read = read_ticket(TICKET | changed)
    assert isinstance(read, Reject)
    assert read.reason == reason
    assert read.row.isascii()


@pytest.mark.parametrize("row", [None, [], "x", 1, True, 1.5, [TICKET]])
@pytest.mark.parametrize("read", [read_ticket, read_violation, read_complaint])
def test_what_is_no_row_is_rejected(read: Any, row: Any) -> None:
    assert read(row).reason == "the row is not an object"


@pytest.mark.parametrize(
    ("violationdate", "day"),
    [
        ("2016-12-30T05:00:00Z", date(2016, 12, 30)),
        ("2024-06-07T04:00:00Z", date(2024, 6, 7)),
        ("2025-01-01T05:00:00Z", date(2025, 1, 1)),
        ("2025-03-09T05:00:00Z", date(2025, 3, 9)),
        ("2025-03-10T04:00:00Z", date(2025, 3, 10)),
        ("2025-11-02T04:00:00Z", date(2025, 11, 2)),
        ("2025-11-03T05:00:00Z", date(2025, 11, 3)),
        ("2024-11-23 17:36:53+00", date(2024, 11, 23)),
        ("", None),
        (None, None),
    ],
)
def test_a_violations_day_is_the_local_one(violationdate: str | None, day: date | None) -> None:
    assert violation(violationdate=violationdate).violation_on == day


def test_a_violation_needs_its_number() -> None:
    read = read_violation(VIOLATION | {"violationnumber": None})
    assert isinstance(read, Reject)
    assert read.reason == "violationnumber is missing"
    assert '"casenumber":"CF-2026-007729"' in read.row


@pytest.mark.parametrize("named", [None, "", " "])
def test_a_complaint_without_a_request_is_a_complaint(named: Any) -> None:
    assert complaint(ticket_num_311=named).service_request_id is None


def test_a_complaints_days_are_local() -> None:
    read = complaint(complaintdate="2025-01-01T04:59:59Z", initialinvestigation_date="2025-07-01T04:00:00Z")
    assert (read.complaint_on, read.initialinvestigation_on) == (date(2024, 12, 31), date(2025, 7, 1))


@pytest.mark.parametrize("code", ["9" * 5_000 + "-1", "0" * 5_000 + "9-1", "٩-3902", "A" * 5_000 + "-1", "\ud800-1"])
def test_a_monstrous_code_is_no_crash(code: str) -> None:
    assert family(code) in (None, "licenses")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**400), max_value=10**400)
    | st.floats()
    | st.text(st.characters(exclude_categories=[]), max_size=12)
    | st.sampled_from(
        ["2025-01-01T00:00:00Z", "2025-01-01 00:00:00+00", "0001-01-01T00:00:00Z", "17346520.0", "051133966"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)
READERS = [(REQUESTS, TICKET, Ticket), (VIOLATIONS, VIOLATION, Violation), (COMPLAINTS, COMPLAINT, Complaint)]


def _can_be_stored(item: Any) -> bool:
    flat = [value for value in astuple(item) if not isinstance(value, date | tuple)]
    with sqlite3.connect(":memory:") as connection:
        row = connection.execute(f"SELECT {', '.join('?' for _ in flat)}", flat).fetchone()
    connection.close()
    return list(row) == flat


@pytest.mark.parametrize(("dataset", "good", "kind"), READERS, ids=[dataset.table for dataset, _, _ in READERS])
@given(data=st.data())
@settings(deadline=None, max_examples=300)
def test_a_row_of_any_shape_is_read_or_rejected_and_can_be_stored(
    dataset: Any, good: dict[str, Any], kind: type, data: st.DataObject
) -> None:
    columns = st.sampled_from([*dataset.required, *dataset.optional])
    read = dataset.read(good | data.draw(st.dictionaries(columns, JSON, max_size=4)))
    assert isinstance(read, kind | Reject)
    assert not isinstance(read, Reject) or read.reason
    assert _can_be_stored(read)


@pytest.mark.parametrize(
    ("since", "until", "first", "end"),
    [
        (date(2025, 1, 1), date(2026, 1, 1), "2025-01-01T05:00:00Z", "2026-01-01T05:00:00Z"),
        (date(2025, 7, 1), date(2025, 7, 2), "2025-07-01T04:00:00Z", "2025-07-02T04:00:00Z"),
        (date(2025, 3, 9), date(2025, 3, 10), "2025-03-09T05:00:00Z", "2025-03-10T04:00:00Z"),
        (date(2025, 11, 2), date(2025, 11, 3), "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"),
    ],
)
def test_a_period_begins_and_ends_at_local_midnights(since: date, until: date, first: str, end: str) -> None:
    instants = PHILADELPHIA.instants(Period(since=since, until=until))
    assert [moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for moment in instants] == [first, end]


NEW_YEARS_EVE = datetime(2024, 12, 30, tzinfo=UTC)


@given(st.integers(0, 370 * 86_400).map(lambda seconds: NEW_YEARS_EVE + timedelta(seconds=seconds)))
@settings(deadline=None)
def test_a_request_is_of_the_year_exactly_if_it_lies_between_the_years_instants(moment: datetime) -> None:
    since, until = PHILADELPHIA.instants(Period(since=date(2025, 1, 1), until=date(2026, 1, 1)))
    read = ticket(requested_datetime=moment.isoformat())
    assert (read.requested_on.year == 2025) is (since <= moment < until)
    assert read.requested_at == moment


@pytest.mark.parametrize("dataset", [REQUESTS, VIOLATIONS, COMPLAINTS], ids=lambda dataset: dataset.table)
def test_pages_are_ordered_by_columns_that_are_asked_for(dataset: Any) -> None:
    assert set(dataset.portal.key) <= {*dataset.required, *dataset.optional}
    assert dataset.portal.key[0] in dataset.required
