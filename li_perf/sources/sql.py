"""How a statement is written for a server that takes no parameters: every value goes through `literal`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any

from li_perf.errors import Garbled

NAME = re.compile(r"[a-z_][a-z0-9_]*")
TRAILING_LIMIT = re.compile(r" LIMIT (\d+)$")
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")

Value = str | int
Row = dict[str, Any]


def literal(value: Value) -> str:
    """A value as SQL: digits for an int, else quoted text.

    A backslash makes it an escape string, which reads the same under either `standard_conforming_strings`. Raises
    ValueError for what Postgres's text cannot hold (NUL, half a surrogate pair) and for any other type.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"not a text or a whole number: {value!r}")
    if isinstance(value, int):
        return str(int(value))
    if UNWRITABLE.search(value):
        raise ValueError("a value with a NUL or half a surrogate pair cannot be sent to Carto")
    quoted = "'" + value.replace("'", "''") + "'"
    return " E" + quoted.replace("\\", "\\\\") if "\\" in value else quoted


def name(word: str) -> str:
    """A table's or column's name, which never comes from outside; anything unusual is a bug."""
    if not NAME.fullmatch(word):
        raise ValueError(f"not a plain SQL name: {word!r}")
    return word


def within(column: str, values: Iterable[Value]) -> str:
    return f"{name(column)} IN ({', '.join(literal(value) for value in values)})"


def compare(column: str, operator: str, value: Value) -> str:
    """A condition on one column; `operator` is one of `=`, `>`, `>=`, `<`."""
    if operator not in ("=", ">", ">=", "<"):
        raise ValueError(f"not an operator of ours: {operator!r}")
    return f"{name(column)} {operator} {literal(value)}"


def present(column: str) -> str:
    return f"{name(column)} IS NOT NULL"


def key_of(row: object, column: str) -> Value:
    """A row's key, of the type it came in. Raises Garbled for a row without one."""
    value = _part(row.get(column)) if isinstance(row, dict) else None
    if value is None:
        raise Garbled(f"Carto sent a row without a key ({column}).", status=200)
    return value


def _part(value: object) -> Value | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
        return value
    raise Garbled(f"Carto sent a key of an unknown form: {str(value)[:50]!r}", status=200)


def tail(rows: Sequence[Any], column: str) -> int:
    """How many rows at the end have the last row's value of a column."""
    last = rows[-1].get(column) if rows and isinstance(rows[-1], dict) else None
    same = takewhile(lambda row: isinstance(row, dict) and row.get(column) == last, reversed(rows))
    return sum(1 for _ in same) if last is not None else 0


def select(
    table: str,
    columns: Sequence[str],
    *,
    where: Sequence[str] = (),
    order: Sequence[str] = (),
    limit: int | None = None,
) -> str:
    """A SELECT of named columns; `where` are conditions already written by this module's functions."""
    parts = [f"SELECT {', '.join(map(name, columns))} FROM {name(table)}"]
    parts += [f"WHERE {' AND '.join(where)}"] if where else []
    parts += [f"ORDER BY {', '.join(map(name, order))}"] if order else []
    parts += [f"LIMIT {int(limit)}"] if limit is not None else []
    return " ".join(parts)


def halved(sql: str) -> str | None:
    """The statement with half its LIMIT, None where there is none or it is 1."""
    limit = TRAILING_LIMIT.search(sql)
    if not limit or int(limit[1]) <= 1:
        return None
    return f"{sql[: limit.start()]} LIMIT {int(limit[1]) // 2}"


def limit_of(sql: str) -> int | None:
    """The LIMIT at the statement's end, None without one."""
    limit = TRAILING_LIMIT.search(sql)
    return int(limit[1]) if limit else None


def count(table: str, where: Sequence[str], *, newest: str | None = None) -> str:
    """A statement that counts, as `n`, the rows for which all the conditions hold; `newest` names a column for its
    largest value.
    """
    largest = f", max({name(newest)}) AS newest" if newest else ""
    return f"SELECT count(*) AS n{largest} FROM {name(table)}" + (f" WHERE {' AND '.join(where)}" if where else "")


def look(table: str) -> str:
    """A statement that every healthy server answers, and that names the table's columns in `fields`."""
    return f"SELECT * FROM {name(table)} LIMIT 1"
