"""How a period is cut into windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from li_perf.sources.windows import Window, next_month, read, written

VANCOUVER = ZoneInfo("America/Vancouver")
NOON = datetime(2025, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "follows"),
    [
        ("2025-01-01T08:00:00Z", "2025-02-01T08:00:00Z"),
        ("2025-02-01T07:59:59Z", "2025-02-01T08:00:00Z"),
        ("2025-03-01T08:00:00Z", "2025-04-01T07:00:00Z"),
        ("2025-12-31T12:00:00Z", "2026-01-01T08:00:00Z"),
    ],
)
def test_a_month_ends_at_the_citys_own_midnight(moment: str, follows: str) -> None:
    assert written(next_month(read(moment), VANCOUVER)) == follows


def test_halves_are_whole_seconds_down_to_the_least() -> None:
    window = Window(since=NOON, until=NOON + timedelta(seconds=7))
    half = window.halved(least=timedelta(seconds=1))
    assert half == Window(since=NOON, until=NOON + timedelta(seconds=3))
    assert half.halved(least=timedelta(seconds=2)) is None


def test_what_is_written_can_be_read() -> None:
    assert read(written(NOON)) == NOON
    with pytest.raises(ValueError, match="does not match"):
        read("2025-01-01")
