"""Postgres as Carto shows it, on DuckDB: one SELECT at a time, result columns, types and error texts."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

import duckdb

_TYPES = {
    "INTEGER": ("number", "int4"),
    "BIGINT": ("number", "int8"),
    "HUGEINT": ("number", "numeric"),
    "DOUBLE": ("number", "float8"),
    "BOOLEAN": ("boolean", "bool"),
    "DATE": ("date", "date"),
    "TIMESTAMP": ("date", "timestamp"),
    "TIMESTAMP WITH TIME ZONE": ("date", "timestamptz"),
}
_SHOWN_AS = {
    "TIMESTAMP WITH TIME ZONE": "strftime({} at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ')",
    "TIMESTAMP": "strftime({}, '%Y-%m-%dT%H:%M:%SZ')",
    "DATE": "strftime({}, '%Y-%m-%dT00:00:00Z')",
    "HUGEINT": "cast({} as double)",
}
_ERRORS = (
    (re.compile(r'Table with name "?([^"\s]+)"? does not exist'), 'relation "{}" does not exist'),
    (re.compile(r'Referenced (?:column|table) "([^"]+)" not found'), 'column "{}" does not exist'),
    (re.compile(r'does not have a column named "([^"]+)"'), 'column "{}" does not exist'),
    (re.compile(r'syntax error at or near "([^"]+)"'), 'syntax error at or near "{}"'),
    (re.compile(r"syntax error at end of input()"), "syntax error at end of input"),
    (re.compile(r"Function with name ([^\s]+) does not exist"), "function {}() does not exist"),
)
_WRITTEN = re.compile(r"\b(?:into|update|from|table|view)\s+(?:only\s+|if\s+exists\s+)?([\w.]+)", re.IGNORECASE)
_IN_LIST = re.compile(r"\bin\s*\(\s*('(?:[^']|'')*'|\d+)((?:\s*,\s*(?:'(?:[^']|'')*'|\d+))*)\s*\)", re.IGNORECASE)
_VALUE = re.compile(r"'(?:[^']|'')*'|\d+")


class Refused(Exception):
    """A statement that the server does not run; the status and the text of Postgres."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A result: rows, the documented description of each column, and the seconds it took."""

    rows: list[dict[str, Any]]
    fields: dict[str, dict[str, str]]
    seconds: float


def longest_list(statement: str) -> int:
    """How many values the longest IN list of the statement holds."""
    return max((1 + len(_VALUE.findall(found[2])) for found in _IN_LIST.finditer(statement)), default=0)


def run(cursor: duckdb.DuckDBPyConnection, statement: str) -> Table:
    """Runs one SELECT; raises Refused with Postgres's wording."""
    started = time.perf_counter()
    try:
        query = _one_select(statement)
        described = cursor.execute(f"describe {query}").fetchall()
        names = [_column_name(str(row[0])) for row in described]
        kinds = [str(row[1]) for row in described]
        found = cursor.execute(_as_text(query, kinds)).fetchall()
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise Refused(400, _postgres_text(str(error))) from None
    rows = [dict(zip(names, row, strict=True)) for row in found]
    fields = {name: _field(name, kind) for name, kind in zip(names, kinds, strict=True)}
    return Table(rows=rows, fields=fields, seconds=round(time.perf_counter() - started, 3))


def _one_select(statement: str) -> str:
    parsed = duckdb.extract_statements(statement)
    if not parsed:
        raise Refused(400, "You must indicate a sql query")
    for each in parsed:
        if each.type != duckdb.StatementType.SELECT:
            written = _WRITTEN.search(each.query)
            raise Refused(403, f"permission denied for table {written[1] if written else 'unknown'}")
    return parsed[-1].query.strip().rstrip(";")


def _as_text(query: str, kinds: list[str]) -> str:
    """Columns by position: names may repeat. Times become text here, thousands of times faster than in Python."""
    names = [f"c{index}" for index in range(len(kinds))]
    shown = [_SHOWN_AS.get(kind, "{}").format(name) for name, kind in zip(names, kinds, strict=True)]
    return f"select {', '.join(shown)} from (\n{query}\n) as q({', '.join(names)})"


def _column_name(name: str) -> str:
    """An expression without a name is called after its function, as in Postgres."""
    function = re.match(r'"?([a-z_]+)"?\(', name)
    if function:
        return {"count_star": "count"}.get(function[1], function[1])
    return name if re.fullmatch(r"\w+", name) else "?column?"


def _field(name: str, kind: str) -> dict[str, str]:
    if name.startswith("the_geom"):
        return {"type": "geometry", "pgtype": "geometry"}
    shown, pgtype = _TYPES.get(kind, ("number", "numeric") if kind.startswith("DECIMAL") else ("string", "text"))
    return {"type": shown, "pgtype": pgtype}


def _postgres_text(message: str) -> str:
    for pattern, text in _ERRORS:
        if found := pattern.search(message):
            return text.format(found[1].removeprefix("main."))
    return message.split("\n", 1)[0].partition(": ")[2] or message
