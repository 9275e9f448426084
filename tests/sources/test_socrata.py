"""Socrata: how a data set is asked for page by page, and which replies are answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from sources.replies import HOSTILE, reply_of, verdict

from li_perf.errors import Busy, Drifted, Garbled
from li_perf.sources import soql
from li_perf.sources.portal import Page
from li_perf.sources.socrata import Table
from li_perf.wire import Reply

NEW_YORK = ZoneInfo("America/New_York")
TABLE = Table(table="erm2-nwe9", zone=NEW_YORK, opened_in="created_date")
SODA3 = Table(table="erm2-nwe9", zone=NEW_YORK, opened_in="created_date", dialect="soda3")
LAST = {":id": "row-a.b'c", ":updated_at": "2026-08-19T02:30:00.000Z", "unique_key": "1"}


def clauses(statement: str) -> list[str]:
    return unquote(statement).partition("?")[2].split("&")


def page(count: int) -> Page:
    return Page(rows=[LAST] * count)


def test_a_page_is_ordered_by_change_and_row() -> None:
    first = TABLE.first(["status = 'Open'"], ["unique_key", ":id"], size=500, look=Page())
    assert clauses(first) == [
        "$select=:id,:updated_at,unique_key",
        "$where=status = 'Open'",
        "$order=:updated_at,:id",
        "$limit=500",
    ]
    assert not set(first) & set(" '<>\"")


def test_the_next_page_lies_behind_the_last_row_of_this_one() -> None:
    first = TABLE.first([], ["unique_key"], size=2, look=Page())
    following = TABLE.following(first, page(2), where=[], columns=["unique_key"])
    assert following is not None
    assert clauses(following)[1] == (
        "$where=(:updated_at > '2026-08-19T02:30:00.000Z' OR "
        "(:updated_at = '2026-08-19T02:30:00.000Z' AND :id > 'row-a.b''c'))"
    )


@pytest.mark.parametrize(("rows", "goes_on"), [(0, False), (999, False), (1_000, True), (2_000, True), (2_999, False)])
def test_a_short_page_is_the_last_unless_the_server_may_have_capped_it(rows: int, goes_on: bool) -> None:
    first = TABLE.first([], ["unique_key"], size=50_000, look=Page())
    assert (TABLE.following(first, page(rows), where=[], columns=["unique_key"]) is not None) == goes_on


@pytest.mark.parametrize("table", [TABLE, SODA3])
def test_the_same_page_twice_is_no_way_on(table: Table) -> None:
    first = table.first([], ["unique_key"], size=1, look=Page())
    second = table.following(first, page(1), where=[], columns=["unique_key"])
    assert second
    with pytest.raises(Drifted):
        table.following(second, page(1), where=[], columns=["unique_key"])


@pytest.mark.parametrize(
    "row", [None, {}, {":id": "a"}, {":id": 7, ":updated_at": "x"}, {":id": "\0", ":updated_at": "x"}]
)
def test_a_row_without_a_key_ends_the_download(row: Any) -> None:
    with pytest.raises(Drifted):
        TABLE.following(TABLE.first([], [], size=1, look=Page()), Page(rows=[row]), where=[], columns=[])


def test_a_period_is_asked_for_by_the_publishers_wall_clock() -> None:
    since, until = datetime(2025, 1, 1, 5, tzinfo=UTC), datetime(2025, 7, 1, 4, tzinfo=UTC)
    assert TABLE.opened(since, until) == [
        "created_date >= '2025-01-01T00:00:00.000'",
        "created_date < '2025-07-01T00:00:00.000'",
    ]


def test_what_changed_includes_the_instant_of_the_census() -> None:
    assert TABLE.changed("2026-08-19T02:30:00.000Z") == [":updated_at >= '2026-08-19T02:30:00.000Z'"]


def test_a_census_counts_and_tells_the_newest_change() -> None:
    assert "$select=count(*) as n,max(:updated_at) as newest" in clauses(TABLE.census(["a = 'b'"]))
    counted = TABLE.counted(Page(rows=[{"n": "12", "newest": "2026-08-19T02:30:00.000Z"}]))
    assert (counted.count, counted.newest) == (12, "2026-08-19T02:30:00.000Z")
    assert TABLE.counted(Page(rows=[{"n": "0"}])).newest is None


@pytest.mark.parametrize("row", [{}, {"n": "many"}, {"n": "1", "newest": 7}, None, []])
def test_a_census_without_a_number_is_garbled(row: Any) -> None:
    with pytest.raises(Garbled):
        TABLE.counted(Page(rows=[row]))
    with pytest.raises(Garbled):
        TABLE.counted(Page())


def test_half_of_a_page_is_half_its_limit() -> None:
    for table in (TABLE, SODA3):
        first = table.first([], ["unique_key"], size=5, look=Page())
        half = table.halved(first)
        assert half == table.first([], ["unique_key"], size=2, look=Page())
        assert table.halved(table.halved(half) or "") is None


def test_soda_3_is_asked_in_one_text_by_post() -> None:
    first = SODA3.first([], ["unique_key"], size=9, look=Page())
    request = SODA3.request(first)
    assert (request.method, request.path) == ("POST", "/api/v3/views/erm2-nwe9/query.json")
    assert request.json == {"query": "SELECT :id,:updated_at,unique_key ORDER BY :updated_at, :id LIMIT 9"}
    following = SODA3.following(first, page(9), where=["a = 'b'"], columns=["unique_key"])
    assert following is not None
    assert following.startswith("SELECT :id,:updated_at,unique_key WHERE a = 'b' AND (:updated_at > '2026")


@pytest.mark.parametrize("text", ["O'Hara", "''", "' OR 1=1 --", "a\nb", "%27", "naïve"])
def test_a_literal_keeps_its_text(text: str) -> None:
    written = soql.literal(text)
    assert written[1:-1].replace("''", "'") == text
    assert "'" not in written[1:-1].replace("''", "")


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_text_that_cannot_be_written_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="NUL"):
        soql.literal(text)


def test_columns_come_from_the_header_alone() -> None:
    rows = [{"unique_key": "1"}]
    assert TABLE.read(reply_of(200, rows)).columns == []
    assert TABLE.read(reply_of(200, rows, x_soda2_fields='["unique_key","closed_date"]')).columns == [
        "unique_key",
        "closed_date",
    ]
    assert TABLE.read(reply_of(200, rows, x_soda2_fields='["unique_key",')).columns == []


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, [], "Page"),
        (200, [None, {"a": "b"}], "Page"),
        (200, {"rows": []}, "Garbled"),
        (200, {"error": True, "message": "out of memory"}, "Broken"),
        (202, {"message": "Request processing"}, "Busy"),
        (202, b"", "Busy"),
        (400, {"code": "query.compiler.malformed", "error": True, "message": "?", "data": {}}, "Rejected"),
        (400, {"code": "query.soql.no-such-column", "error": True, "message": "No such column: x"}, "ColumnGone"),
        (400, {"errorCode": "query.soql.no-such-column", "message": "No such column: x"}, "ColumnGone"),
        (400, {"message": "Query coordinator error: query.soql.no-such-column; No such column: x"}, "ColumnGone"),
        (400, b"", "Rejected"),
        (500, {"code": "query.execution.queryTimeout", "error": True, "message": "slow"}, "TooHeavy"),
        (401, {}, "Denied"),
        (403, {"message": "You must be logged in to access this resource", "error": True}, "Denied"),
        (403, {"code": "permission_denied", "error": True, "message": "Invalid app_token specified"}, "Denied"),
        (403, b"<html>no</html>", "Blocked"),
        (404, {"code": "dataset.missing", "error": True, "message": "Not found", "data": {"id": "songs"}}, "Astray"),
        (404, b"<html>", "Astray"),
        (301, b"", "Astray"),
        (429, {"code": "throttled", "error": True}, "Busy"),
        (429, b"", "Busy"),
        (500, {"code": "internal-error", "error": True, "message": "oops"}, "Broken"),
        (503, b"<html>", "Broken"),
        (204, b"", "Garbled"),
    ],
)
def test_a_status_has_its_meaning(status: int, body: Any, kind: str) -> None:
    assert verdict(lambda: TABLE.read(reply_of(status, body)))[0] == kind


def test_an_answer_in_the_making_is_waited_for() -> None:
    with pytest.raises(Busy) as caught:
        TABLE.read(reply_of(202, b"", retry_after="3"))
    assert caught.value.wait == 3.0


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("status", [200, 400, 403, 404, 500])
def test_a_hostile_body_ends_in_a_fault_or_in_rows(name: str, status: int) -> None:
    kind, error = verdict(lambda: TABLE.read(reply_of(status, HOSTILE[name])))
    assert error is not None or (status == 200 and kind == "Page")


def test_a_kept_page_gives_its_rows_again() -> None:
    assert TABLE.rows(b'[{"a":"1"}]') == [{"a": "1"}]
    with pytest.raises(AssertionError):
        TABLE.rows(b'{"error":true}')


def test_a_byte_order_mark_does_no_harm() -> None:
    assert TABLE.read(Reply(status=200, body=b'\xef\xbb\xbf[{"a":"1"}]')).rows == [{"a": "1"}]
