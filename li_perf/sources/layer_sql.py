"""How a condition is written in the standardized SQL of ArcGIS layers; every value goes through this file.

Language: doc.arcgis.com, "Standardized queries"; layers refuse bare epoch milliseconds, so that times are literals.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
OPERATORS = ("=", ">", ">=", "<")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Value = str | int | datetime


def literal(value: Value) -> str:
    """A text in quotes, a whole number, or a moment in UTC, whose fraction of a second is rounded down.

    Raises ValueError for what no text of a portal holds (NUL, half a surrogate pair) and for any other type.
    """
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or UNWRITABLE.search(value):
        raise ValueError(f"not a text, a whole number or a moment: {value!r}"[:100])
    return "'" + value.replace("'", "''") + "'"


def name(word: str) -> str:
    """A field's name; anything unusual is none of ours."""
    if not NAME.fullmatch(word):
        raise ValueError(f"not a plain field name: {word!r}")
    return word


def compare(field: str, operator: str, value: Value) -> str:
    """A condition on one field; `operator` is one of `=`, `>`, `>=`, `<`."""
    if operator not in OPERATORS:
        raise ValueError(f"not an operator of ours: {operator!r}")
    return f"{name(field)} {operator} {literal(value)}"


def any_of(conditions: Sequence[str]) -> str:
    return f"({' OR '.join(conditions)})"


def moment(milliseconds: str) -> datetime:
    """A time as layers write it, in milliseconds since 1970 UTC. Raises ValueError, also for one out of range."""
    try:
        return EPOCH + timedelta(milliseconds=int(milliseconds))
    except OverflowError:
        raise ValueError(f"no time within reach: {milliseconds!r}"[:100]) from None
