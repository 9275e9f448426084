"""Tables on the other engine: what goes in comes out, each is computed once, and failures are sentences."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from time import monotonic
from typing import Any

import pytest
from support.sameness import assert_same_answer

from li_perf.errors import Unanswered
from li_perf.steps.apart import apart
from li_perf.store import spark
from li_perf.store.engines import Engine
from li_perf.store.query import Tables
from li_perf.store.spark import SparkTables
from li_perf.store.spark_session import connected
from li_perf.store.workbench import Workbench

SCHEMA = {
    "text": "varchar",
    "is_so": "boolean",
    "small": "integer",
    "big": "bigint",
    "part": "double",
    "made_on": "date",
    "made_at": "timestamp",
}
AT = datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)
ROWS: list[tuple[Any, ...]] = [
    ("Süd 🏚 'quoted' \"twice\"\\ `back` ${x} :y ?\n", True, -(2**31), 2**53 + 1, 0.1, date(1899, 12, 31), AT),
    ("", False, 2**31 - 1, -1, -0.0, date(2038, 1, 19), AT.astimezone(timezone(timedelta(hours=-5)))),
    ("null", None, 0, 0, 1e300, date(2025, 3, 9), datetime(2025, 3, 9, 7, 30)),  # noqa: DTZ001 - as the tables give them
    (None, None, None, None, None, None, None),
]


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], ROWS[3:], []])
def test_rows_come_back_as_they_went_in_and_with_duckdbs_types(
    rows: list[tuple[Any, ...]], here: Tables, there: SparkTables
) -> None:
    for tables in (here, there):
        assert tables.load("t", SCHEMA, rows) == len(rows)
    assert_same_answer(here, there, "select * from t")


def test_iso_texts_become_times_and_days(here: Tables, there: SparkTables) -> None:
    row = ("2025-01-15T12:00:00", "2025-01-15")
    for tables in (here, there):
        tables.load("t", {"made_at": "timestamp", "made_on": "date"}, [row, (None, None)])
    assert_same_answer(here, there, "select made_at, made_on from t")


def test_many_parts_and_fills_are_one_table_and_come_back_in_blocks(
    there: SparkTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark, "PART_BYTES", 60_000)
    there.create("t", {"n": "integer"})
    for start in (0, 10_000):
        there.fill("t", {"n": "integer"}, ((n,) for n in range(start, start + 10_000)))
    blocks = list(there.blocks("select n from t order by n"))
    assert [n for block in blocks for (n,) in block] == list(range(20_000))
    assert max(map(len, blocks)) <= 5_000


def test_what_a_table_here_answers_is_taken_over(here: Tables, there: SparkTables) -> None:
    here.load("kept", SCHEMA, ROWS)
    schema = {"big": "bigint", "made_at": "timestamp"}
    for tables in (here, there):
        tables.take("t", schema, "select made_at, big from kept where big is not null", here)
    assert_same_answer(here, there, "select * from t")


def test_a_table_is_computed_once_however_often_it_is_read(there: SparkTables) -> None:
    there.make("dice", "select rand() as x")
    there.make("doubled", "select 2 * x as x from dice")
    ((x,),) = there.rows("select x from dice")
    assert there.rows("select x from dice") == [(x,)]
    assert there.rows("select x from doubled") == [(2 * x,)]


def test_what_both_words_of_ours_mean_is_what_has_passed(here: Tables, there: SparkTables) -> None:
    late, early = datetime(2025, 1, 2, 0, 0, 0, 900_000, tzinfo=UTC), datetime(2025, 1, 2, 0, 0, 2, 100_000, tzinfo=UTC)
    for tables in (here, there):
        tables.load("t", {"a": "timestamp", "b": "timestamp", "d": "date"}, [(late, early, date(2024, 12, 31))])
    sql = "select seconds_between(a, b), seconds_between(b, a), days_between(d, cast(b as date)) from t"
    assert here.rows(sql) == there.rows(sql) == [(1, -1, 2)]


def test_a_row_of_another_length_and_a_value_of_another_type_are_refused(there: SparkTables) -> None:
    there.create("t", {"a": "integer", "b": "varchar"})
    with pytest.raises(ValueError, match="as many values"):
        there.fill("t", {"a": "integer", "b": "varchar"}, [(1, "x"), (2,)])
    with pytest.raises(ValueError, match="many"):
        there.fill("t", {"a": "integer"}, [("many",)])


@pytest.mark.parametrize("sql", ["select * from nowhere", "select from", "select cast('x' as int)"])
def test_what_the_engine_refuses_is_a_sentence_and_never_an_empty_answer(there: SparkTables, sql: str) -> None:
    with pytest.raises(Unanswered, match="LI_PERF_ENGINE"):
        there.rows(sql)
    with pytest.raises(Unanswered):
        _made_and_read(there, sql)


def _made_and_read(tables: SparkTables, sql: str) -> None:
    tables.make("t", sql)
    tables.rows("select * from t")


def test_two_analyses_on_one_engine_do_not_see_each_other(there: SparkTables, session: Any, engine: Any) -> None:
    first: Workbench = there
    first.load("t", {"n": "integer"}, [(1,)])
    assert first.rows("select n from t") == [(1,)]
    there.close()
    with SparkTables(session, engine) as second, pytest.raises(Unanswered):
        second.rows("select n from t")


def test_tables_stay_with_their_own_session_while_another_is_open(there: SparkTables, engine: Engine) -> None:
    if engine.kind == "spark":
        pytest.skip("a process has one session with a master")
    with connected(engine) as other, SparkTables(other, engine) as theirs:
        for tables, number in ((there, 1), (theirs, 2), (there, 3)):
            tables.make("t", f"select {number} as n")
        assert (there.rows("select n from t"), theirs.rows("select n from t")) == ([(3,)], [(2,)])


async def test_who_is_told_to_stop_does_not_wait_for_the_engine(engine: Engine) -> None:
    with connected(engine) as session, SparkTables(session, engine) as tables:
        tables.make("many", "select id from range(60000)")
        long = "select sum(a.id * b.id % 7) from many as a cross join many as b where a.id % 7 <> b.id % 5"
        task = asyncio.create_task(apart(tables, partial(tables.rows, long)))
        await asyncio.sleep(1)
        assert not task.done()
        began_at = monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert monotonic() - began_at < 5
