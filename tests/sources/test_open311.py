"""Open311: windows that cover a period once, and which replies are answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sources.replies import HOSTILE, reply_of, verdict

from li_perf.errors import Garbled, TooHeavy
from li_perf.sources.address import parameters_of
from li_perf.sources.open311 import Table
from li_perf.sources.portal import Page
from li_perf.sources.windows import read, written

TABLE = Table(cap=3)
START = datetime(2025, 1, 1, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def windows(
    table: Table, where: list[str], *, halvings: dict[int, int] | None = None
) -> list[tuple[datetime, datetime]]:
    """Every window as it is asked for; some are found too heavy so many times."""
    statement: str | None = table.first(where, [], size=1, look=Page())
    found = []
    while statement is not None:
        for _ in range((halvings or {}).get(len(found), 0)):
            statement = table.halved(statement) or statement
        asked = parameters_of(statement)
        found.append((read(asked["start_date"]), read(asked["end_date"])))
        statement = table.following(statement, Page(), where=where, columns=[])
    return found


def test_a_window_is_asked_for_by_its_first_and_last_second() -> None:
    table = Table(jurisdiction="city.gov", has_extensions=True)
    where = ["service_code=006,b&c", *table.opened(START, START + timedelta(days=30))]
    assert parameters_of(table.first(where, [], size=1, look=Page())) == {
        "jurisdiction_id": "city.gov",
        "extensions": "true",
        "service_code": "006,b&c",
        "start_date": "2025-01-01T05:00:00Z",
        "end_date": "2025-01-08T04:59:59Z",
    }
    assert parameters_of(table.look()) == {"jurisdiction_id": "city.gov", "extensions": "true"}


@given(
    seconds=some.integers(1, 20_000_000),
    days=some.integers(1, 400),
    is_end_exclusive=some.booleans(),
    halvings=some.dictionaries(some.integers(0, 12), some.integers(0, 30), max_size=4),
)
def test_windows_cover_a_period_exactly_once(
    seconds: int, days: int, is_end_exclusive: bool, halvings: dict[int, int]
) -> None:
    table = Table(days=days, is_end_exclusive=is_end_exclusive)
    gap = timedelta() if is_end_exclusive else SECOND
    until = START + timedelta(seconds=seconds)
    found = windows(table, table.opened(START, until), halvings=halvings)
    assert (found[0][0], found[-1][1] + gap) == (START, until)
    assert all(before[1] + gap == after[0] for before, after in pairwise(found))
    assert all(until - since < timedelta(days=90) + SECOND for since, until in found)


def test_windows_grow_again_behind_a_busy_day() -> None:
    found = windows(TABLE, TABLE.opened(START, START + timedelta(days=70)), halvings={2: 3})
    lengths = [round((until + SECOND - since) / timedelta(days=7), 3) for since, until in found]
    assert lengths[:7] == [1, 1, 0.125, 0.25, 0.5, 1, 1]


def test_an_answer_as_long_as_the_limit_is_asked_for_by_halves() -> None:
    rows = [{"service_request_id": str(number)} for number in range(3)]
    assert len(TABLE.read(reply_of(200, rows[:2])).rows) == 2
    with pytest.raises(TooHeavy, match="others may be missing"):
        TABLE.read(reply_of(200, rows))
    assert TABLE.rows(reply_of(200, rows).body) == rows
    assert len(TABLE.read(reply_of(200, [{"service_code": str(number)} for number in range(9)])).rows) == 9


def test_no_window_is_shorter_than_a_minute() -> None:
    where = TABLE.opened(START, START + timedelta(minutes=2))
    half = TABLE.halved(TABLE.first(where, [], size=1, look=Page()))
    assert half == TABLE.first(TABLE.opened(START, START + timedelta(minutes=1)), [], size=1, look=Page())
    assert TABLE.halved(half or "") is None


def test_without_a_period_there_is_one_statement() -> None:
    first = TABLE.first(["status=open"], [], size=1, look=Page())
    assert first == "/requests.json?status=open"
    assert TABLE.following(first, Page(), where=["status=open"], columns=[]) is None
    assert TABLE.halved(first) is None


def test_it_neither_counts_nor_tells_what_changed() -> None:
    assert TABLE.census([]) is None
    assert TABLE.changed(written(START)) is None
    with pytest.raises(Garbled):
        TABLE.counted(Page())


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(638344, "638344"), ("000638344", "000638344"), (None, None), (True, True), (1.5, 1.5), (10**30, str(10**30))],
)
def test_a_number_that_names_a_thing_is_text(sent: Any, kept: Any) -> None:
    row = {"service_request_id": sent, "lat": 37}
    assert TABLE.read(reply_of(200, [row, 7])).rows == [{"service_request_id": kept, "lat": 37}, 7]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, [], "Page"),
        (200, [{"code": 7, "description": "database down"}], "Broken"),
        (200, b'[{"service_code":006}]', "Garbled"),
        (200, {"requests": []}, "Garbled"),
        (200, b"<?xml version='1.0'?><service_requests/>", "Garbled"),
        (400, [{"code": 400, "description": "start_date is invalid"}], "Rejected"),
        (400, b"<errors/>", "Rejected"),
        (401, b"", "Denied"),
        (403, [{"code": 403, "description": "Missing or Invalid API Key"}], "Denied"),
        (403, b"<html>", "Blocked"),
        (404, [{"code": 404, "description": "jurisdiction_id provided was not found"}], "Astray"),
        (404, b"", "Astray"),
        (301, b"", "Astray"),
        (429, b"", "Busy"),
        (500, [{"code": 500, "description": "oops"}], "Broken"),
        (204, b"", "Garbled"),
    ],
)
def test_a_status_has_its_meaning(status: int, body: Any, kind: str) -> None:
    assert verdict(lambda: TABLE.read(reply_of(status, body)))[0] == kind


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("status", [200, 400, 403, 404, 500])
def test_a_hostile_body_ends_in_a_fault_or_in_rows(name: str, status: int) -> None:
    kind, error = verdict(lambda: TABLE.read(reply_of(status, HOSTILE[name])))
    assert error is not None or (status == 200 and kind == "Page")


def test_a_kept_page_gives_its_rows_again() -> None:
    assert TABLE.rows(b'[{"service_request_id":7}]') == [{"service_request_id": "7"}]
    with pytest.raises(AssertionError):
        TABLE.rows(b'[{"service_request_id":7}')
