"""The figures of quality on DuckDB and on the other engine; the product asks them of the lake, where it lies."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from support.sameness import assert_same_answer

from li_perf.analysis import quality
from li_perf.store.lake_shape import TICKET
from li_perf.store.query import Tables
from li_perf.store.spark import SparkTables

KINDS = {"timestamptz": "timestamp"}
SCHEMA = {name: KINDS.get(kind, kind) for name, kind in TICKET.items()} | {"seen_at": "timestamp"}
REJECTED = {"reason": "varchar"}
TEXTS = [None, "", "Graffiti", "Pothole", "Süd"]


def tickets(dice: random.Random, count: int) -> list[tuple[Any, ...]]:
    """Anything may be unknown, and nothing has to fit anything else."""
    midnight = datetime(2025, 3, 9, 6, tzinfo=UTC)
    values = {
        "varchar": lambda: dice.choice(TEXTS),
        "boolean": lambda: dice.random() < 0.5,
        "double": lambda: dice.choice((None, -82.3, 29.6, 0.0)),
        "date": lambda: dice.choice((None, date(2025, 3, 9) + timedelta(days=dice.randrange(3)))),
        "timestamp": lambda: dice.choice((None, midnight + timedelta(hours=dice.choice((0, 0, 0.001, 24, 47))))),
    }
    return [tuple(values[kind]() for kind in SCHEMA.values()) for _ in range(count)]


@pytest.mark.parametrize("count", [0, 300])
def test_each_figure_is_the_same(count: int, here: Tables, there: SparkTables) -> None:
    rows = tickets(random.Random(1), count)
    days = [
        (date(2025, 3, 9), datetime(2025, 3, 9, 6, tzinfo=UTC)),
        (date(2025, 3, 10), datetime(2025, 3, 10, 5, tzinfo=UTC)),
    ]
    for tables in (here, there):
        tables.load("tickets", SCHEMA, rows)
        tables.load("rejects", REJECTED, [("id is missing",), ("a tie",), ("a tie",), ("id is missing",)][:count])
        tables.load("midnight", quality.SCHEMAS["midnight"], days)
        tables.load("named", quality.SCHEMAS["named"], [("Graffiti",)])
    # Sail 0.7 knows `not in` a query only behind `where`, as in UNNAMED_TYPES.
    figures = [*quality.FIGURES, quality.far(-83, 29, -82, 30), *quality.nulls(SCHEMA)]
    for sql in (quality.statement(figures), quality.DAYS, quality.SPAN, quality.REJECTS, quality.UNNAMED_TYPES):
        assert_same_answer(here, there, sql)
