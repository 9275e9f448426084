"""One spelling for a column's name: portals change it between their API, their downloads and the years."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from li_perf.cities.reading import Unreadable

BETWEEN_WORDS = re.compile(r"[^a-z0-9]+", re.ASCII)
LONGEST_NAME, MOST_COLUMNS = 100, 500


def respelled(row: Mapping[str, Any], older: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    """The row with its columns in lower case, `_` between words: "Date /Time Opened" is date_time_opened.

    `older` pairs a column's older name with today's. Raises Unreadable where two columns come out as one, or where the
    names are none that a portal gives.
    """
    if len(row) > MOST_COLUMNS:
        raise Unreadable(f"more than {MOST_COLUMNS} columns")
    result = dict(zip(_spellings(tuple(row), older), row.values(), strict=True))
    if len(result) < len(row):
        raise Unreadable("two columns have the same name")
    return result


@lru_cache(maxsize=256)
def _spellings(names: tuple[str, ...], older: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    today = dict(older)
    return tuple(today.get(name, name) for name in map(_spelling, names))


@lru_cache(maxsize=1_024)
def _spelling(name: str) -> str:
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        raise Unreadable("a column has no name")
    return BETWEEN_WORDS.sub("_", name.casefold()).strip("_")
