"""Columns of a stand-in's data set, questions about its rows, and how a row is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a column holds; the values are DuckDB's types. INSTANT is in UTC, FLOATING some wall clock's."""

    TEXT = "varchar"
    NUMBER = "double"
    WHOLE = "bigint"
    FLOATING = "timestamp"
    INSTANT = "timestamp_us"
    DAY = "date"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as clients name it; `sql` computes it from the table `base`, whose rows are numbered by `n`."""

    name: str
    kind: Kind
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which rows: a condition with its values, an order (shuffled where there is none), how many, behind how many."""

    where: str = "true"
    values: Sequence[Any] = ()
    order: Sequence[str] = ()
    limit: int | None = None
    offset: int = 0


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def rendered(columns: Sequence[Column], shown: Callable[[Column], str], *, has_nulls: bool) -> str:
    """An SQL expression that makes a row's JSON object; `shown` gives one for a column's JSON value."""

    def pair(column: Column) -> str:
        name = json.dumps(column.name).replace("'", "''")
        return f"'{name}:' || " + (f"coalesce({shown(column)}, 'null')" if has_nulls else shown(column))

    return f"'{{' || concat_ws(',', {', '.join(map(pair, columns))}) || '}}'"
