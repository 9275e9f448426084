"""One statement for many rows. Between two steps of a statement Python's lock changes hands, which costs more than a
row does; the lock is held by none while SQLite works on all of them (docs.python.org, sqlite3, executemany).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler

MOST = 64  # rows of a statement: each number of rows is a statement of its own to SQLite, which keeps it prepared
ONE_ROW = re.compile(r"(.* VALUES )\([?, ]+\)([^?]*)", re.DOTALL)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """`head`, then a group in parentheses of the named values for each row, then `tail`.

    Without a `tail`, `head` is a whole statement for one row.
    """

    head: str
    names: tuple[str, ...]
    tail: str | None


Statement = ClauseElement | Batch


def execute(connection: Connection, statement: Statement, rows: Sequence[Row]) -> None:
    """Execute with every row. Rows have equal names."""
    for text, values in texts(connection.dialect, statement, rows):
        connection.exec_driver_sql(text, values)


def texts(dialect: Dialect, statement: Statement, rows: Sequence[Row]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """What the driver is given: SQL and its values, for as many rows at once as it takes."""
    batch, fixed = _batch(dialect, statement, tuple(rows[0]))
    most = MOST if batch.tail is not None else 1
    for start in range(0, len(rows), most):
        piece = rows[start : start + most]
        yield _text(batch, len(piece)), tuple(_values(batch.names, fixed, piece))


def _values(names: Sequence[str], fixed: Row, rows: Sequence[Row]) -> Iterator[Any]:
    for row in rows:
        whole = {**fixed, **row} if fixed else row
        for name in names:
            yield whole[name]


@lru_cache(maxsize=1_024)
def _text(batch: Batch, rows: int) -> str:
    if batch.tail is None:
        return batch.head
    group = f"({', '.join('?' * len(batch.names))})"
    return f"{batch.head}{', '.join([group] * rows)}{batch.tail}"


@lru_cache(maxsize=64)
def _batch(dialect: Dialect, statement: Statement, given: tuple[str, ...]) -> tuple[Batch, Row]:
    """A statement as a batch, and those values that it holds itself."""
    if isinstance(statement, Batch):
        return statement, {}
    compiled = statement.compile(dialect=dialect, column_keys=list(given))
    assert isinstance(compiled, SQLCompiler)
    fixed = {name: value for name, value in compiled.params.items() if name not in given}
    parts, names = ONE_ROW.fullmatch(str(compiled)), tuple(compiled.positiontup or ())
    head, tail = (parts[1], parts[2]) if parts else (str(compiled), None)
    return Batch(head=head, names=names, tail=tail), fixed
