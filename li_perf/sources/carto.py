"""Carto's SQL API: how a statement is written and sent, and which replies are answers.

Behaviour: CartoDB/CartoDB-SQL-API, its documentation and error-handler-factory.js. Carto takes no parameters, so every
value goes through `literal`, the one place that quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from li_perf.errors import Astray, Broken, ColumnGone, Denied, Garbled, Rejected, TooHeavy
from li_perf.sources.status import raise_for
from li_perf.wire import Reply, Request, retry_after

NAME = re.compile(r"[a-z_][a-z0-9_]*")
MISSING_TABLE = re.compile(r'relation "[^"]*" does not exist')
TRAILING_LIMIT = re.compile(r" LIMIT (\d+)$")
MISSING_COLUMN = re.compile(r"column .* does not exist")

Value = str | int
Row = dict[str, Any]


class Result(msgspec.Struct, frozen=True):
    """A JSON answer: `fields` lists the columns also where there is no row."""

    rows: list[Any] | None = None
    fields: dict[str, Any] = {}
    total_rows: int | None = None
    error: Any = None


class Refusal(msgspec.Struct, frozen=True):
    """An error body."""

    error: Any = None
    context: str | None = None
    detail: Any = None

    @property
    def text(self) -> str:
        said = self.error if isinstance(self.error, list) else [self.error]
        return "; ".join(str(part) for part in said)[:300]


def literal(value: Value) -> str:
    """A value as SQL: digits for an int, else quoted text. Raises ValueError for what text cannot hold (NUL)."""
    if isinstance(value, int):
        return str(int(value))
    value = str(value)
    if "\x00" in value:
        raise ValueError("a value with a NUL character cannot be sent to Carto")
    return "'" + value.replace("'", "''") + "'"


def name(word: str) -> str:
    """A table's or column's name, which never comes from outside; anything unusual is a bug."""
    if not NAME.fullmatch(word):
        raise ValueError(f"not a plain SQL name: {word!r}")
    return word


def within(column: str, values: Iterable[Value]) -> str:
    return f"{name(column)} IN ({', '.join(literal(value) for value in values)})"


def compare(column: str, operator: str, value: Value) -> str:
    """A condition on one column; `operator` is one of `=`, `>=`, `<`."""
    if operator not in ("=", ">=", "<"):
        raise ValueError(f"not an operator of ours: {operator!r}")
    return f"{name(column)} {operator} {literal(value)}"


def present(column: str) -> str:
    return f"{name(column)} IS NOT NULL"


def key_of(row: Row, keys: Sequence[str]) -> list[Value]:
    """A row's key, each part of the type it came in; trailing nulls are left off, as Postgres sorts them last.

    Raises Garbled for a row without a key.
    """
    values = [row.get(key) if isinstance(row, dict) else None for key in keys]
    while values and values[-1] is None:
        values.pop()
    if not values or any(value is None or isinstance(value, list | dict | bool) for value in values):
        raise Garbled(f"Carto sent a row without a key ({', '.join(keys)}).", status=200)
    return [int(value) if isinstance(value, float) and value.is_integer() else value for value in values]


def beyond(keys: Sequence[str], values: Sequence[Value]) -> str:
    """The rows behind a key: a row comparison, so that ties in the first column are neither lost nor repeated."""
    keys = keys[: len(values)]
    if len(keys) == 1:
        return f"{name(keys[0])} > {literal(values[0])}"
    return f"({', '.join(map(name, keys))}) > ({', '.join(map(literal, values))})"


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


def count(table: str, where: Sequence[str]) -> str:
    return f"SELECT count(*) AS n FROM {name(table)} WHERE {' AND '.join(where)}"


def look(table: str) -> str:
    """A statement that every healthy server answers, and that names the table's columns in `fields`."""
    return f"SELECT * FROM {name(table)} LIMIT 1"


def request(sql: str) -> Request:
    """The statement by POST: no limit on length, and never repeated by the HTTP client behind our back."""
    return Request(form={"q": sql})


def read(reply: Reply) -> Result:
    """The answer. Raises Denied where we may not read, else a Fault."""
    if reply.status == 200:
        return _result(reply)
    said = _refusal(reply)
    if reply.status == 400 and said:
        _raise_for_statement(said)
    if reply.status == 404:
        raise Astray(f"Carto does not know this address (404{': ' + said.text if said else ''}).", status=404)
    if reply.status == 403 and said and "permission denied" in said.text:
        raise Denied(f"Carto does not let us read this ({said.text}).")
    if reply.status == 429 and said and not _is_rate_limit(reply, said):
        raise TooHeavy(f"Carto cut the statement short ({said.text}).", status=429)
    raise_for(reply, "Carto")
    raise Garbled(f"Carto answered {reply.status}.", status=reply.status)


def _result(reply: Reply) -> Result:
    try:
        result = msgspec.json.decode(reply.body, type=Result)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Garbled(f"Carto sent something that is not an answer: {str(error)[:200]}", status=200) from None
    if result.error:
        raise Broken(f"Carto failed in the middle of its answer ({Refusal(error=result.error).text}).", status=200)
    if result.rows is None or (result.total_rows is not None and result.total_rows != len(result.rows)):
        raise Garbled("Carto's answer is not complete.", status=200)
    return result


def _refusal(reply: Reply) -> Refusal | None:
    try:
        return msgspec.json.decode(reply.body, type=Refusal)
    except (msgspec.DecodeError, RecursionError):
        return None


def _raise_for_statement(said: Refusal) -> None:
    if MISSING_TABLE.search(said.text):  # tables are replaced daily: load, rename, drop
        raise Broken(f"Carto is replacing a table ({said.text}).", status=400)
    if MISSING_COLUMN.search(said.text):
        raise ColumnGone(f"Carto lost a column ({said.text}).", status=400)
    raise Rejected(f"Carto refused the statement ({said.text}).", status=400)


def _is_rate_limit(reply: Reply, said: Refusal) -> bool:
    return said.detail == "rate-limit" or retry_after(reply.headers) is not None
