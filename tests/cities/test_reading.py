"""Values of JSON rows: read as documented, or refused with a reason."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from li_perf.cities.reading import Unreadable, identifier, instant, label, local_day, point, shown, text, unchanged
from li_perf.model import Point

ZONE = ZoneInfo("America/New_York")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (None, None),
        ("", None),
        (" \t", None),
        (" Open ", "Open"),
        (0, "0"),
        (19107, "19107"),
        (1.5, "1.5"),
        ("ä🏠", "ä🏠"),
    ],
)
def test_text_is_trimmed_and_nothing_is_none(value: Any, read: str | None) -> None:
    assert text(value, "x") == read


@pytest.mark.parametrize(
    "value",
    [
        *(True, False, [], ["a"], {}, {"a": 1}, "a\x00", "\ud800", "x\udfff", 2**63, -(2**63), 10**400, 1e300),
        *(float("nan"), float("inf"), float("-inf"), b"a"),
    ],
)
def test_what_the_store_cannot_hold_is_not_text(value: Any) -> None:
    for read in (text, unchanged, label):
        with pytest.raises(Unreadable, match="address is not text"):
            read(value, "address")


def test_unchanged_text_keeps_its_spaces() -> None:
    assert unchanged(" a  b\n", "x") == " a  b\n"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        *((17346520, "17346520"), (17346520.0, "17346520"), ("17346520", "17346520"), ("17346520.0", "17346520")),
        *(
            (" 17346520 ", "17346520"),
            ("007", "007"),
            ("VI-2026-005069", "VI-2026-005069"),
            ("1.05", "1.05"),
            (".0", ".0"),
        ),
        *((2**63 - 1, "9223372036854775807"), (0, "0")),
    ],
)
def test_an_identifier_is_text_whatever_it_came_as(value: Any, read: str) -> None:
    assert identifier(value, "id") == read


@pytest.mark.parametrize(("value", "reason"), [(None, "missing"), ("", "missing"), (" ", "missing")])
def test_no_identifier_is_a_reason(value: Any, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"id is {reason}"):
        identifier(value, "id")


@pytest.mark.parametrize("value", [17346520.5, 1e17, -1.0])
def test_a_fraction_is_no_identifier(value: float) -> None:
    with pytest.raises(Unreadable, match="id is not a whole number"):
        identifier(value, "id")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2025-01-01T00:00:34Z", utc(2025, 1, 1, 0, 0, 34)),
        ("2025-01-01 00:00:34+00", utc(2025, 1, 1, 0, 0, 34)),
        ("2025-01-01 00:00:34+00:00", utc(2025, 1, 1, 0, 0, 34)),
        ("2025-01-01T00:00:34-05:00", utc(2025, 1, 1, 5, 0, 34)),
        ("2025-01-01 00:00:34", utc(2025, 1, 1, 0, 0, 34)),
        ("2025-01-01T00:00:34.5Z", utc(2025, 1, 1, 0, 0, 34, 500_000)),
        ("2025-01-01T00:00:34.123456789Z", utc(2025, 1, 1, 0, 0, 34, 123_456)),
        ("2025-01-01T00:00Z", utc(2025, 1, 1)),
        (" 2025-01-01T00:00:34Z ", utc(2025, 1, 1, 0, 0, 34)),
        ("1899-12-30T00:00:00Z", utc(1899, 12, 30)),
        (None, None),
        ("", None),
    ],
)
def test_a_time_is_an_aware_utc_instant(value: Any, read: datetime | None) -> None:
    moment = instant(value, "at")
    assert moment == read
    assert moment is None or moment.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        *("2025-01-01", "20250101", "2025-W01-1", "yesterday", "2025-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "-"),
        *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0202-05-05T00:00:00Z", "9999-12-31T23:59:59Z"),
        *("99999-01-01T00:00:00Z", "2025-01-01T25:00:00Z", "2025-01-01T00:00:00+99:00", "２０２５-01-01T00:00:00Z"),
        *(1735689600, 1735689600000, 1735689600.0, 20250101, True, [], {}, "2025-01-01\ud80000:00:00"),
    ],
)
def test_what_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(Unreadable, match="at is not"):
        instant(value, "at")


@given(
    st.text(max_size=30)
    | st.datetimes().map(str)
    | st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat())
)
@settings(deadline=None)
def test_every_text_is_a_time_with_a_local_day_or_is_refused(value: str) -> None:
    try:
        moment = instant(value, "at")
    except Unreadable:
        return
    day = local_day(moment, ZONE)
    assert (day is None) is (moment is None)
    assert moment is None or moment.strftime("%Y").isdigit()


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (utc(2016, 12, 30, 5), date(2016, 12, 30)),
        (utc(2024, 6, 7, 4), date(2024, 6, 7)),
        (utc(2025, 1, 1, 4, 59, 59), date(2024, 12, 31)),
        (utc(2025, 1, 1, 5), date(2025, 1, 1)),
        (utc(2026, 1, 1, 4, 59, 59), date(2025, 12, 31)),
        (utc(2025, 3, 9, 4, 59, 59), date(2025, 3, 8)),
        (utc(2025, 3, 9, 5), date(2025, 3, 9)),
        (utc(2025, 3, 10, 3, 59, 59), date(2025, 3, 9)),
        (utc(2025, 3, 10, 4), date(2025, 3, 10)),
        (utc(2025, 11, 2, 4), date(2025, 11, 2)),
        (utc(2025, 11, 3, 4, 59, 59), date(2025, 11, 2)),
        (utc(2025, 11, 3, 5), date(2025, 11, 3)),
        (None, None),
    ],
)
def test_the_local_day_follows_the_clocks_of_the_city(moment: datetime | None, day: date | None) -> None:
    assert local_day(moment, ZONE) == day


@pytest.mark.parametrize(
    ("lon", "lat", "position"),
    [
        (-75.0434667, 40.1004174, Point(lon=-75.0434667, lat=40.1004174)),
        ("-75.04", "40.1", Point(lon=-75.04, lat=40.1)),
        (-75, 40, Point(lon=-75.0, lat=40.0)),
        *(
            (lon, lat, None)
            for lon, lat in [(None, 40), (-75, None), ("", ""), ("NaN", 40), ("Infinity", 40), (-75, 91)]
        ),
        *((lon, lat, None) for lon, lat in [(181, 40), ([], 40), ({}, 40), (True, True), (10**400, 40), ("x", 40)]),
        *((lon, lat, None) for lon, lat in [(float("nan"), 40), (-75, float("inf")), ("\ud800", 40)]),
    ],
)
def test_a_position_is_on_the_globe_or_unknown(lon: Any, lat: Any, position: Point | None) -> None:
    assert point(lon, lat) == position


def test_a_row_is_shown_as_json_cut_short() -> None:
    assert shown({"a": [1, None, "ä\ud800"]}) == r'{"a":[1,null,"\u00e4\ud800"]}'
    assert len(shown(["x" * 5_000])) == 2_000


def test_a_row_that_cannot_be_shown_is_named() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert shown({"a": 10**5000}) == "a dict that cannot be shown"
    assert shown(deep) == "a list that cannot be shown"
