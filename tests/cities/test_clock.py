"""Times as portals write them become aware UTC instants, or are refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from li_perf.cities.clock import day, epoch, is_midnight, moment
from li_perf.cities.reading import Unreadable

NEW_YORK = ZoneInfo("America/New_York")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2014-09-17T16:21:00.000", utc(2014, 9, 17, 20, 21)),  # summer: four hours behind UTC
        ("2025-01-15T23:30:00.000", utc(2025, 1, 16, 4, 30)),  # winter: five
        ("2025-01-15 23:30:00", utc(2025, 1, 16, 4, 30)),
        ("2025-01-15T23:30:00Z", utc(2025, 1, 15, 23, 30)),  # it says its own zone
        ("2025-01-15T23:30:00+03:00", utc(2025, 1, 15, 20, 30)),
        ("2020/04/15 11:33:26+00", utc(2020, 4, 15, 11, 33, 26)),
        ("09/25/2018 10:11:00", utc(2018, 9, 25, 14, 11)),
        ("09/29/2022 17:41", utc(2022, 9, 29, 21, 41)),
        ("05/01/2022 12:07:46 AM", utc(2022, 5, 1, 4, 7, 46)),
        ("05/01/2022 12:07:46 PM", utc(2022, 5, 1, 16, 7, 46)),
        ("05/01/2022 01:07:46 Pm", utc(2022, 5, 1, 17, 7, 46)),
        ("5/1/2022 1:07 pm", utc(2022, 5, 1, 17, 7)),
        (" 09/29/2022 17:41 ", utc(2022, 9, 29, 21, 41)),
        (None, None),
        ("", None),
    ],
)
def test_a_time_without_a_zone_is_the_citys_clock_in_any_of_the_forms(written: Any, instant: datetime | None) -> None:
    read = moment(written, "at", NEW_YORK)
    assert read == instant
    assert read is None or read.tzinfo is UTC


@pytest.mark.parametrize(
    "written",
    [
        *("2025-01-15", "01/15/2025", "20250115", "13/01/2025 10:00", "02/29/2025 10:00", "01/15/2025 24:00"),
        *("01/15/2025 0:30 AM", "01/15/2025 13:00:00 PM", "01/15/25 10:00", "1/2/2025 10:00 XM", "yesterday", "-"),
        *("0001-01-01T00:00:00", "01/01/0000 10:00", "9999-12-31T23:59:59", "٠١/15/2025 10:00"),
        *(20250115, 1_757_504_703_000, 1.5, True, [], {}, "09/29/2022\x0017:41"),
    ],
)
def test_what_is_no_time_is_refused(written: Any) -> None:
    with pytest.raises(Unreadable, match="at is not"):
        moment(written, "at", NEW_YORK)


def test_the_hour_that_comes_twice_in_autumn_is_taken_for_its_first_pass() -> None:
    assert moment("2024-11-03T01:30:00", "at", NEW_YORK) == utc(2024, 11, 3, 5, 30)
    assert moment("2024-11-03T02:00:00", "at", NEW_YORK) == utc(2024, 11, 3, 7, 0)


@pytest.mark.parametrize(
    ("opened", "closed", "instant"),
    [
        ("2024-11-03T01:50:00", "2024-11-03T01:10:00", utc(2024, 11, 3, 6, 10)),  # the second pass
        ("2024-11-03T01:10:00", "2024-11-03T01:50:00", utc(2024, 11, 3, 5, 50)),  # the first will do
        ("2024-11-03T03:00:00", "2024-11-03T01:50:00", utc(2024, 11, 3, 5, 50)),  # neither is behind the opening
        ("2024-11-04T01:50:00", "2024-11-04T01:10:00", utc(2024, 11, 4, 6, 10)),  # the hour came once: stays before
        ("2024-03-10T03:50:00", "2024-03-10T02:10:00", utc(2024, 3, 10, 7, 10)),  # a gap is no second pass
    ],
)
def test_a_closing_in_that_hour_is_of_the_second_pass_where_the_first_lies_before_the_opening(
    opened: str, closed: str, instant: datetime
) -> None:
    assert moment(closed, "at", NEW_YORK, after=moment(opened, "at", NEW_YORK)) == instant


def test_a_time_that_clocks_skip_in_spring_is_as_far_behind_the_gap_as_it_is_in_it() -> None:
    skipped = moment("2024-03-10T02:30:00", "at", NEW_YORK)
    assert skipped == moment("2024-03-10T03:30:00", "at", NEW_YORK) == utc(2024, 3, 10, 7, 30)


@pytest.mark.parametrize(
    ("milliseconds", "instant"),
    [
        (1_757_504_703_000, utc(2025, 9, 10, 11, 45, 3)),
        (1_757_504_703_000.0, utc(2025, 9, 10, 11, 45, 3)),
        (-86_400_000, utc(1969, 12, 31)),
        (0, utc(1970, 1, 1)),
        (None, None),
    ],
)
def test_milliseconds_are_counted_from_1970_in_utc(milliseconds: Any, instant: datetime | None) -> None:
    assert epoch(milliseconds, "at") == instant


@pytest.mark.parametrize(
    "value", [True, "1757504703000", float("nan"), float("inf"), 10**18, -(10**18), 10**400, [], {}]
)
def test_what_are_no_milliseconds_is_refused(value: Any) -> None:
    with pytest.raises(Unreadable, match="at is not a time"):
        epoch(value, "at")


def test_a_day_is_the_day_that_is_written() -> None:
    assert day("2023-01-25", "on") == date(2023, 1, 25)
    assert day(None, "on") is None


@pytest.mark.parametrize(
    "value", ["2023-01-25T00:00:00", "25.1.2023", "2023-02-30", "20230125", "0099-01-01", 20230125, True, []]
)
def test_a_time_is_no_day_and_neither_is_anything_else(value: Any) -> None:
    with pytest.raises(Unreadable, match="on is not"):
        day(value, "on")


def test_midnight_is_the_citys_own() -> None:
    assert is_midnight(utc(2024, 7, 1, 4), NEW_YORK)
    assert is_midnight(utc(2024, 1, 1, 5), NEW_YORK)
    assert not is_midnight(utc(2024, 7, 1), NEW_YORK)
    assert not is_midnight(utc(2024, 7, 1, 4, 0, 1), NEW_YORK)
