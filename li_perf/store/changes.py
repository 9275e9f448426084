"""A change of the store: a statement and its rows, as steps write it and as the driver takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Change = tuple[ClauseElement, Iterable[Mapping[str, Any]]]  # rows may be made as late as they are written
Rows = tuple[ClauseElement, Sequence[Mapping[str, Any]]]
Write = Callable[[Connection], None]  # what takes more than rows; it runs inside the keeper's transaction


def merged(changes: Iterable[Change]) -> list[Rows]:
    """All changes with equal statements joined, so that each is one executemany."""
    joined: dict[int, tuple[ClauseElement, list[Mapping[str, Any]]]] = {}
    for statement, rows in changes:
        joined.setdefault(id(statement), (statement, []))[1].extend(rows)
    return [each for each in joined.values() if each[1]]


def for_driver(
    dialect: Dialect, statement: ClauseElement, rows: Sequence[Mapping[str, Any]]
) -> tuple[str, list[tuple[Any, ...]]]:
    """SQL and rows as the driver takes them; SQLAlchemy's own way to them costs more a row than SQLite does."""
    text, values, fixed = _compiled(dialect, statement, tuple(rows[0]))
    whole = [{**fixed, **row} for row in rows] if fixed else rows
    return text, [values(row) for row in whole]


@lru_cache(maxsize=64)
def _compiled(
    dialect: Dialect, statement: ClauseElement, given: tuple[str, ...]
) -> tuple[str, Callable[[Mapping[str, Any]], tuple[Any, ...]], dict[str, Any]]:
    """A statement's SQL, what takes its values in order from a row, and those that the statement itself holds."""
    compiled = statement.compile(dialect=dialect, column_keys=list(given))
    assert isinstance(compiled, SQLCompiler)
    names = compiled.positiontup or ()
    fixed = {name: value for name, value in compiled.params.items() if name not in given}
    values = itemgetter(*names) if len(names) > 1 else lambda row: tuple(row[name] for name in names)
    return str(compiled), values, fixed
