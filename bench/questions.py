"""The questions of a benchmark: distinct addresses."""

from __future__ import annotations

from collections.abc import Iterator

STREETS = ("MARKET ST", "N BROAD ST", "FRANKFORD AVE", "S 52ND ST", "GERMANTOWN AVE", "W LEHIGH AVE", "RIDGE AVE")


def questions(count: int) -> Iterator[str]:
    """So many; each begins with a number of its own, from which the server derives its account."""
    for number in range(1, count + 1):
        yield f"{number} {STREETS[number % len(STREETS)]}"
