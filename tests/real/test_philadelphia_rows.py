"""Real rows of the City's tables, read as they came."""

from __future__ import annotations

import csv
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from li_perf.cities.philadelphia import read_ticket, read_violation
from li_perf.model import Ticket, Violation

DATA = Path(__file__).parents[2] / os.environ.get("LI_PERF_REAL_DATA", "../shared/data") / "philadelphia"
pytestmark = pytest.mark.skipif(not (DATA / "violations_real_rows.csv").exists(), reason=f"no real rows in {DATA}")
ZONE = ZoneInfo("America/New_York")


def _requests(*forms: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((DATA / "public_cases_fc_real_rows.json").read_text())
    return [row for row in rows if row["_form"] in forms]


def _violations() -> list[dict[str, str]]:
    with (DATA / "violations_real_rows.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_real_request_is_a_ticket() -> None:
    rows = _requests("json", "csv")
    tickets = [read_ticket(row) for row in rows]
    assert len(tickets) >= 6
    for row, ticket in zip(rows, tickets, strict=True):
        assert isinstance(ticket, Ticket)
        assert ticket.service_request_id == str(row["service_request_id"])
        assert ticket.is_open is (row["status"] == "Open")
        assert (ticket.address, ticket.zipcode) == (row["address"], row["zipcode"])
        assert ticket.point is not None
        assert (ticket.point.lon, ticket.point.lat) == (row["lon"], row["lat"])


def test_requests_of_the_first_minutes_of_the_utc_year_belong_to_the_local_year_before() -> None:
    days = {ticket.requested_on for row in _requests("csv") if isinstance(ticket := read_ticket(row), Ticket)}
    assert days == {date(2024, 12, 31)}


def test_both_forms_of_time_are_read() -> None:
    first = read_ticket(_requests("csv")[0])
    latest = read_ticket(_requests("json")[0])
    assert isinstance(first, Ticket)
    assert isinstance(latest, Ticket)
    assert first.requested_at == datetime(2025, 1, 1, 0, 0, 34, tzinfo=UTC)
    assert (first.closed_at, first.closed_on) == (datetime(2025, 1, 7, 12, 53, 24, tzinfo=UTC), date(2025, 1, 7))
    assert (latest.requested_at, latest.closed_at) == (datetime(2026, 8, 22, 23, 7, 26, tzinfo=UTC), None)
    assert (latest.service_type, latest.agency_responsible) == ("Exterior High Weeds", "License & Inspections")


def test_every_real_violation_is_read_with_its_account_and_its_local_day() -> None:
    rows = _violations()
    assert len(rows) == 25
    for row in rows:
        violation = read_violation(row)
        assert isinstance(violation, Violation)
        assert violation.opa_account_num == row["opa_account_num"]
        assert len(row["opa_account_num"]) == 9
        assert (violation.violationnumber, violation.casenumber) == (row["violationnumber"], row["casenumber"])
        assert violation.family == "licenses"


def test_a_real_violation_of_local_midnight_is_of_that_day() -> None:
    """05:00Z in winter and 04:00Z in summer are midnights: the day is the one that the text begins with."""
    for row in _violations():
        violation = read_violation(row)
        assert isinstance(violation, Violation)
        at = datetime.fromisoformat(row["violationdate"])
        assert at.astimezone(ZONE).strftime("%H:%M:%S") == "00:00:00"
        assert violation.violation_on == date.fromisoformat(row["violationdate"][:10])


def test_no_real_case_was_opened_before_its_violations_day_though_instants_may_say_so() -> None:
    same_day = [row for row in _violations() if row["violationdate"][:10] == row["casecreateddate"][:10]]
    assert same_day
    for row in same_day:
        violation = read_violation(row)
        assert isinstance(violation, Violation)
        assert violation.casecreated_at is not None
        assert violation.violation_on == violation.casecreated_at.astimezone(ZONE).date()
        assert row["violationdate"] < row["casecreateddate"]


def test_accounts_that_changed_from_day_to_day_are_well_formed() -> None:
    for row in json.loads((DATA / "violations_opa_flapping.json").read_text()):
        for seen in row["opa_account_num_seen"].values():
            violation = read_violation({"violationnumber": row["violationnumber"], "opa_account_num": seen.split()[0]})
            assert isinstance(violation, Violation)
            assert violation.opa_account_num == seen[:9]
