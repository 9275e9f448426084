"""Opendatasoft: windows in time that cover a period once, and which replies are answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sources.replies import HOSTILE, reply_of, verdict

from li_perf.errors import Busy, Garbled
from li_perf.sources import odsql
from li_perf.sources.address import parameters_of
from li_perf.sources.opendatasoft import Table
from li_perf.sources.portal import Page

VANCOUVER = ZoneInfo("America/Vancouver")
TABLE = Table(
    table="3-1-1-service-requests",
    zone=VANCOUVER,
    opened_in="opened",
    changed_in="last_modified_timestamp",
)
COLUMNS = ["department", "opened"]
YEAR = (datetime(2025, 1, 1, tzinfo=VANCOUVER), datetime(2026, 1, 1, tzinfo=VANCOUVER))


def window_of(statement: str) -> tuple[datetime, datetime]:
    found = odsql.BOUND.findall(parameters_of(statement)["where"])
    return odsql.moment_of(found[-2][2]), odsql.moment_of(found[-1][2])


def windows(where: list[str], *, halvings: dict[int, int] | None = None) -> list[tuple[datetime, datetime]]:
    """Every window of a listing; some are found too heavy so many times."""
    statement: str | None = TABLE.first(where, COLUMNS, size=1, look=Page())
    found = []
    while statement is not None:
        for _ in range((halvings or {}).get(len(found), 0)):
            statement = TABLE.halved(statement) or statement
        found.append(window_of(statement))
        statement = TABLE.following(statement, Page(), where=where, columns=COLUMNS)
    return found


def test_a_window_is_exported_whole_and_in_utc() -> None:
    where = ['department = "a & b"', *TABLE.opened(*YEAR)]
    statement = TABLE.first(where, COLUMNS, size=1, look=Page())
    assert statement.startswith("/catalog/datasets/3-1-1-service-requests/exports/json?")
    assert parameters_of(statement) == {
        "select": "department,opened",
        "order_by": "opened",
        "where": "department = \"a & b\" and opened >= date'2025-01-01T08:00:00'"
        " and opened < date'2025-02-01T08:00:00'",
        "timezone": "UTC",
        "limit": "-1",
    }
    following = TABLE.following(statement, Page(), where=where, columns=COLUMNS)
    assert following is not None
    assert parameters_of(following)["where"].startswith('department = "a & b" and opened >= date\'2025-02-01T08:')
    assert "offset" not in following


def test_a_year_is_twelve_local_months() -> None:
    found = windows(TABLE.opened(*YEAR))
    assert len(found) == 12
    assert all(since.astimezone(VANCOUVER).day == 1 for since, _ in found)


@given(
    start=some.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2025, 1, 1)),  # noqa: DTZ001
    seconds=some.integers(1, 200_000_00),
    halvings=some.dictionaries(some.integers(0, 12), some.integers(0, 30), max_size=4),
)
def test_windows_cover_a_period_exactly_once(start: datetime, seconds: int, halvings: dict[int, int]) -> None:
    since = start.replace(tzinfo=UTC, microsecond=0)
    until = since + timedelta(seconds=seconds)
    found = windows(TABLE.opened(since, until), halvings=halvings)
    assert (found[0][0], found[-1][1]) == (since, until)
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert all(since < until for since, until in found)


def test_what_changed_is_one_statement_until_it_is_too_heavy() -> None:
    where = TABLE.changed("2025-08-19T02:30:00.250000-07:00") or []
    assert where == ["last_modified_timestamp >= date'2025-08-19T09:30:00'"]
    statement = TABLE.first(where, COLUMNS, size=1, look=Page())
    assert parameters_of(statement)["where"] == where[0]
    assert TABLE.following(statement, Page(), where=where, columns=COLUMNS) is None
    found = windows(where, halvings={0: 3, 1: 1})
    assert (found[0][0].year, found[-1][1].year) == (2000, 2100)
    assert all(before[1] == after[0] for before, after in pairwise(found))


def test_what_changed_of_a_period_is_one_window_of_it() -> None:
    where = [*TABLE.opened(*YEAR), *(TABLE.changed("2025-08-19T02:30:00+00:00") or [])]
    assert windows(where) == [YEAR]
    found = windows(where, halvings={0: 2})
    assert [round((until - since) / timedelta(days=365), 2) for since, until in found] == [0.25, 0.5, 0.25]


def test_no_window_is_shorter_than_a_second() -> None:
    since = YEAR[0]
    statement = TABLE.first(TABLE.opened(since, since + timedelta(seconds=1)), COLUMNS, size=1, look=Page())
    assert TABLE.halved(statement) is None
    assert TABLE.halved(TABLE.look()) is None


def test_a_census_counts_and_tells_the_newest_change() -> None:
    asked = parameters_of(TABLE.census(['department = "x"']))
    assert asked["select"] == "count(*) as n, max(last_modified_timestamp) as newest"
    counted = TABLE.counted(Page(rows=[{"n": 3, "newest": "2025-08-19T02:30:00+00:00"}]))
    assert (counted.count, counted.newest) == (3, "2025-08-19T02:30:00+00:00")
    assert TABLE.counted(Page(rows=[{"n": 0, "newest": None}])).newest is None


@pytest.mark.parametrize(
    "row", [{}, {"n": None}, {"n": "many"}, {"n": 1, "newest": "soon"}, {"n": 1, "newest": "2025"}]
)
def test_a_census_without_a_number_is_garbled(row: Any) -> None:
    with pytest.raises(Garbled):
        TABLE.counted(Page(rows=[row]))
    with pytest.raises(Garbled):
        TABLE.counted(Page())


@pytest.mark.parametrize(("text", "written"), [("a", '"a"'), ('a"b', '"a\\"b"'), ('\\" or 1=1', '"\\\\\\" or 1=1"')])
def test_a_literal_is_escaped(text: str, written: str) -> None:
    assert odsql.literal(text) == written


RATE = {
    "errorcode": 10002,
    "reset_time": "2021-01-26T00:00:00Z",
    "limit_time_unit": "day",
    "call_limit": 10000,
    "error": "Too many requests on the domain. Please contact the domain administrator.",
}


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"date": "Mon, 25 Jan 2021 23:59:00 GMT"}, 60.0),
        ({"date": "Tue, 26 Jan 2021 00:00:05 GMT"}, 0.0),
        ({}, None),
    ],
)
def test_a_used_up_allowance_says_when_it_is_renewed(headers: dict[str, str], wait: float | None) -> None:
    with pytest.raises(Busy) as caught:
        TABLE.read(reply_of(429, RATE, **headers))
    assert caught.value.wait == wait


def test_without_a_reset_time_retry_after_counts() -> None:
    for body in ({"error": "slow down", "reset_time": "soon"}, {"reset_time": 7}, b"<html>"):
        with pytest.raises(Busy) as caught:
            TABLE.read(reply_of(429, body, retry_after="7"))
        assert caught.value.wait == 7.0


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, [], "Page"),
        (200, b'\xef\xbb\xbf[{"a":1}]', "Page"),
        (200, {"total_count": 1, "results": [{"a": None}]}, "Page"),
        (200, b'[{"a":1},{"a":2', "Garbled"),
        (200, b'[{"a":1}, Streaming interrupted due to the following error: timeout', "Garbled"),
        (200, b'[{"a":1}]Streaming interrupted due to the following error: timeout', "Garbled"),
        (200, b'[{"a":1},"Streaming interrupted"]', "Garbled"),
        (200, {"total_count": 1}, "Garbled"),
        (200, {"message": "oops", "error_code": "InternalError"}, "Broken"),
        (400, {"message": "ODSQL query is malformed: Unknown field: x", "error_code": "ODSQLError"}, "ColumnGone"),
        (400, {"message": "ODSQL query is malformed: unexpected token", "error_code": "ODSQLError"}, "Rejected"),
        (400, {"message": "Invalid value for limit", "error_code": "InvalidRESTParameterError"}, "Rejected"),
        (400, b"", "Rejected"),
        (401, b"", "Denied"),
        (403, {"message": "You do not have the permission", "error_code": "ForbiddenError"}, "Denied"),
        (403, b"<html>", "Blocked"),
        (404, {"message": "The requested dataset does not exist.", "error_code": "DatasetNotFound"}, "Astray"),
        (302, b"", "Astray"),
        (429, RATE, "Busy"),
        (500, b"", "Broken"),
        (500, {"message": "Query timed out", "error_code": "Timeout"}, "TooHeavy"),
        (204, b"", "Garbled"),
    ],
)
def test_a_status_has_its_meaning(status: int, body: Any, kind: str) -> None:
    assert verdict(lambda: TABLE.read(reply_of(status, body)))[0] == kind


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("status", [200, 400, 403, 404, 429, 500])
def test_a_hostile_body_ends_in_a_fault_or_in_rows(name: str, status: int) -> None:
    kind, error = verdict(lambda: TABLE.read(reply_of(status, HOSTILE[name])))
    assert error is not None or (status == 200 and kind == "Page")


def test_the_look_names_the_columns_of_a_row() -> None:
    assert TABLE.look() == "/catalog/datasets/3-1-1-service-requests/records?limit=1&timezone=UTC"
    assert TABLE.read(reply_of(200, {"total_count": 9, "results": [{"a": None, "b": 1}]})).columns == ["a", "b"]


def test_a_kept_page_gives_its_rows_again() -> None:
    assert TABLE.rows(b'[{"a":"1"}]') == [{"a": "1"}]
    with pytest.raises(AssertionError):
        TABLE.rows(b'[{"a":"1"')
