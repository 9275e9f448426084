"""Every statement of the measures on DuckDB and on the other engine, over the same made-up requests."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from spark.conftest import IS_CLUSTER
from support.sameness import assert_same_answer

from li_perf.analysis.measured import SCHEMAS
from li_perf.analysis.metrics import STATEMENTS
from li_perf.store.query import Tables
from li_perf.store.spark import SparkTables

LATEST_SECONDS = 9_000_000
AS_OF = datetime(2025, 3, 2, 4, 30, tzinfo=UTC)
# Sail 0.7 cuts a quantile's place between its two neighbours to a millionth of their distance: here so many hours.
QUANTILES = frozenset({"median_ttr", "p90_ttr", "median_ttr_hours", "p90_ttr_hours"})
WITHIN = 1e-6 if IS_CLUSTER else 1e-6 * LATEST_SECONDS / 3_600
# A seed, or no rows at all; and the city's target, in hours. On a cluster each statement takes a second or two.
CASES = [(1, 30.0)] if IS_CLUSTER else [(None, None), (1, 30.0), (2, None)]


def requests(dice: random.Random, count: int) -> list[tuple[Any, ...]]:
    """From New Year over a leap day, some to the microsecond; unknown areas, types, closings; closings too early."""
    return [_request(dice, number) for number in range(count)]


def _request(dice: random.Random, number: int) -> tuple[Any, ...]:
    on = date(2023, 12, 25) + timedelta(days=dice.choice((0, 0, 3, 7, 8, dice.randrange(430))))
    at = datetime(on.year, on.month, on.day, 6, tzinfo=UTC) + timedelta(seconds=dice.choice((0, 0.25, 3_599.999_999)))
    later = timedelta(seconds=dice.choice((0, 0.5, 60, -3_600, 0.1 + dice.randrange(LATEST_SECONDS))))
    is_open, closed = dice.random() < 0.3, dice.choice((None, at + later))
    return (
        *(str(number), is_open, dice.choice((None, "", "Graffiti", "Pothole")), dice.choice((None, "North", "Süd"))),
        *(at, on, dice.choice((None, at + 2 * later))),
        *(closed if dice.random() < 0.7 else None, closed and closed.date(), dice.choice((None, at + later / 2))),
        *(dice.random() < 0.1, dice.choice((None, None, at + later / 3))),
    )


@pytest.mark.parametrize(("seed", "target"), CASES)
def test_each_table_is_the_same(seed: int | None, target: float | None, here: Tables, there: SparkTables) -> None:
    rows = requests(random.Random(seed), 0 if seed is None else 150)
    for tables in (here, there):
        tables.load("ticket", SCHEMAS["ticket"], rows)
        tables.load("target", SCHEMAS["target"], [("Graffiti", 49.0), ("Pothole", 0.1)] if target else [])
        tables.load("setting", SCHEMAS["setting"], [(AS_OF, date(2025, 3, 1), target, seed == 2, seed == 1)])
        for statement in STATEMENTS:
            tables.make(statement.name, statement.select)
    for statement in STATEMENTS:
        names = [name for name, *_ in here.rows(f"describe {statement.name}")]
        exact = [name for name in names if name not in QUANTILES]
        assert_same_answer(here, there, f"select {', '.join(exact)} from {statement.name}")
        for name in QUANTILES & set(names):
            keys = "period, starts_on, area, type"
            assert_same_answer(here, there, f"select {keys}, {name} from {statement.name}", within=WITHIN)
