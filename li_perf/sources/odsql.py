"""How a condition is written in Opendatasoft's query language; every value goes through `literal` or `date_of`.

Language: help.opendatasoft.com/apis/ods-explore-v2 (ODSQL).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from li_perf.sources.windows import Window, read, written

NAME = re.compile(r"[a-z_][a-z0-9_]*")
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
OPERATORS = ("=", ">", ">=", "<")
BOUND = re.compile(r"([a-z_][a-z0-9_]*) (>=|<) date'([0-9T:-]+)'")


def literal(text: str) -> str:
    """A text in double quotes. Raises ValueError for what no text of a portal holds: NUL, half a surrogate pair."""
    if UNWRITABLE.search(text):
        raise ValueError("a value with a NUL or half a surrogate pair cannot be sent to Opendatasoft")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def name(word: str) -> str:
    """A column's name, which never comes from outside; anything unusual is a bug."""
    if not NAME.fullmatch(word):
        raise ValueError(f"not a plain ODSQL name: {word!r}")
    return word


def compare(column: str, operator: str, value: str | datetime) -> str:
    """A condition on one column; `operator` is one of `=`, `>`, `>=`, `<`. A moment is written in UTC."""
    if operator not in OPERATORS:
        raise ValueError(f"not an operator of ours: {operator!r}")
    right = date_of(value) if isinstance(value, datetime) else literal(value)
    return f"{name(column)} {operator} {right}"


def date_of(moment: datetime) -> str:
    """In the documented form, which has no zone: every statement sets `timezone=UTC` beside it."""
    return f"date'{written(moment).removesuffix('Z')}'"


def moment_of(text: str) -> datetime:
    """What `date_of` wrote between its quotes. Raises ValueError."""
    return read(text + "Z")


def within(column: str, window: Window) -> list[str]:
    """The conditions of a column of times."""
    return [compare(column, ">=", window.since), compare(column, "<", window.until)]


def parted(where: Sequence[str], column: str) -> tuple[Window | None, list[str]]:
    """The window that the conditions set on a column, None without both its ends, and the other conditions."""
    bounds = {found[2]: moment_of(found[3]) for found in map(BOUND.fullmatch, where) if found and found[1] == column}
    if len(bounds) < 2:
        return None, list(where)
    window = Window(since=bounds[">="], until=bounds["<"])
    return window, [condition for condition in where if condition not in within(column, window)]
