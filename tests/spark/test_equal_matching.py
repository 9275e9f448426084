"""Every statement of matching, and every query of its summary, on DuckDB and on the other engine."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from spark.conftest import IS_CLUSTER
from support.inspections import World, fill
from support.sameness import assert_same_answer, same

from li_perf.analysis import matching
from li_perf.analysis.summary import summarise
from li_perf.store.spark import SparkTables

SEEDS = (1,) if IS_CLUSTER else (1, 2, 3, 4, 5)


def tied(world: World) -> World:
    """All at once: equal times and days, parcels of equal counts, a case that two requests could be credited with."""
    world.allow("Maintenance Complaint", "licenses")
    for name in ("r3", "r1", "r2"):
        world.request(name, 10, accounts=("p1", "p2"), closed=10)
    for _ in range(2):
        world.violation(10, account="p1", case="c1", family="licenses")
        world.violation(10, account="p2", case="", family=None)
    world.complaint("c1", "r1", is_inspected=True)
    world.complaint("c1", "r1")
    return world


@pytest.mark.parametrize("kind", ["empty", "tied", *SEEDS])
def test_each_table_and_each_figure_of_the_summary_is_the_same(kind: Any, there: SparkTables, tmp_path: Path) -> None:
    asked: list[str] = []
    with ExitStack() as stack:
        world = World(stack, spill=tmp_path / "spill")
        if kind != "empty":
            world = tied(world) if kind == "tied" else fill(world, kind)
        here = world.matched()
        world.match(there)

        def noted(sql: str) -> list[tuple[Any, ...]]:
            asked.append(sql)
            return here.rows(sql)

        found = summarise(noted, replicates=5)
        for statement in matching.STATEMENTS:
            assert_same_answer(here, there, f"select * from {statement.name}")
        for sql in dict.fromkeys(asked):
            assert_same_answer(here, there, sql)
    assert len(asked) > 40
    assert same(found.requests, len(world.tables["ticket"]))
