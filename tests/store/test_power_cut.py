"""The power is cut at any write: with our pragmas no acknowledged row is lost and no store is damaged.

The real schema, pragmas and statements, on a disk that keeps, drops or tears what was not synced. The loop is shown to
be able to fail: with `synchronous` lower than ours, rows are lost, or stores damaged.
"""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import apsw
import pytest
from sqlalchemy import Insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from support.chaos import bounded, note
from support.power import Disk, PowerLost, disk
from support.stores import add_lookups

from li_perf.model import State
from li_perf.store import fetches, pages, questions, runs
from li_perf.store.changes import Change
from li_perf.store.connecting import PRAGMAS, WRITING_PRAGMAS
from li_perf.store.tables import metadata

FREQUENT_CHECKPOINTS = 20  # pages: so that cuts fall into them, too


@dataclass(frozen=True, kw_only=True)
class Left:
    """What a cut left: answers acknowledged and gone, steps that are there by half, and whether SQLite reads it."""

    lost: int = 0
    halves: int = 0
    is_damaged: bool = False


def _answers(names: list[str]) -> Iterator[Change]:
    for name in names:
        body = name.encode() * 20
        yield questions.settle_lookup(name, state=State.ANSWERED, calls=1, source="ais", status=200, body=body)
        yield fetches.add(1, "account", [name])
        yield runs.Tally(1, "AIS", Counter({"200": 1})).change()
    yield pages.page_change(
        run_id=1, dataset="violations", request="select", next_request=None, row_count=1, body=names[0].encode() * 900
    )


def _run(connection: apsw.Connection, changes: Iterator[Change]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement, rows in changes:
        for row in rows:
            connection.execute(_text(statement, row), {name: _plain(value) for name, value in row.items()})
    connection.execute("COMMIT")


def _text(statement: Any, row: Mapping[str, Any]) -> str:
    keys = list(row) if isinstance(statement, Insert) else None
    return str(statement.compile(dialect=sqlite.dialect(paramstyle="named"), column_keys=keys))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, StrEnum) else value


def _open(path: Path, on: Disk, synchronous: str | None) -> apsw.Connection:
    connection = apsw.Connection(str(path), vfs=on.name)
    for pragma in (*PRAGMAS, *WRITING_PRAGMAS, f"wal_autocheckpoint = {FREQUENT_CHECKPOINTS}"):
        connection.execute(f"PRAGMA {pragma}")
    if synchronous:
        connection.execute(f"PRAGMA synchronous = {synchronous}")
    return connection


def _create(connection: apsw.Connection, names: list[str]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for table in metadata.sorted_tables:
        connection.execute(str(CreateTable(table).compile(dialect=sqlite.dialect())))
        for index in table.indexes:
            connection.execute(str(CreateIndex(index).compile(dialect=sqlite.dialect())))
    connection.execute("COMMIT")
    _run(connection, iter([add_lookups(names)]))


def _cut(folder: Path, seed: int, synchronous: str | None) -> Left:
    """Work until the power goes, and look at what is left."""
    dice = random.Random(seed)
    names = [f"{number} MARKET ST" for number in range(400)]
    kept: list[str] = []
    path, left = folder / "city.db", folder / "left.db"
    with disk(lasts=1_000_000) as under:
        connection = _open(path, under, synchronous)
        _create(connection, names)
        under.lasts = dice.randrange(400)
        with suppress(PowerLost):
            while len(kept) < len(names) - 4:
                some = names[len(kept) : len(kept) + dice.randrange(1, 5)]
                _run(connection, _answers(some))
                kept += some
        under.lose_power(path, left, dice)
        under.lasts = 0
        with suppress(PowerLost, apsw.Error):
            connection.close()
    return _look(left, kept)


def _look(path: Path, kept: list[str]) -> Left:
    try:
        with closing(sqlite3.connect(path)) as store:
            if store.execute("pragma integrity_check").fetchall() != [("ok",)]:
                return Left(is_damaged=True)
            answered = {name for (name,) in store.execute("select question from lookup where state = 'answered'")}
            fetches = {name for (name,) in store.execute("select value from fetch")}
            (counted,) = store.execute("select coalesce(sum(requests), 0) from tally").fetchone()
    except sqlite3.DatabaseError:
        return Left(is_damaged=True)
    return Left(lost=len(set(kept) - answered), halves=len(answered ^ fetches) + abs(counted - len(answered)))


def _cuts(folder: Path, count: int, synchronous: str | None = None) -> list[Left]:
    found = []
    for seed in range(count):
        place = folder / str(seed)
        place.mkdir()
        found.append(_cut(place, seed, synchronous))
    return found


def _figures(found: list[Left]) -> dict[str, int]:
    return {
        "cuts": len(found),
        "answers lost": sum(left.lost for left in found),
        "half steps": sum(left.halves for left in found),
        "stores damaged": sum(left.is_damaged for left in found),
    }


@pytest.mark.timeout(bounded(120, 1_800))
def test_no_power_cut_loses_an_acknowledged_answer_or_damages_the_store(tmp_path: Path) -> None:
    found = _cuts(tmp_path, bounded(30, 300))
    note("power cuts", _figures(found))
    assert [left for left in found if left != Left()] == []


@pytest.mark.timeout(bounded(120, 1_800))
def test_the_next_lower_pragma_would_lose_answers_and_still_damage_nothing(tmp_path: Path) -> None:
    """What SQLite's documentation says of WAL with synchronous=NORMAL: so the simulated disk behaves like one."""
    found = _cuts(tmp_path, bounded(15, 300), "NORMAL")
    note("power cuts with synchronous=NORMAL", _figures(found))
    assert any(left.lost for left in found)
    assert not any(left.is_damaged or left.halves for left in found)


@pytest.mark.timeout(bounded(120, 1_800))
def test_without_syncs_stores_would_be_damaged(tmp_path: Path) -> None:
    found = _cuts(tmp_path, bounded(8, 300), "OFF")
    note("power cuts with synchronous=OFF", _figures(found))
    assert sum(left.is_damaged for left in found) > len(found) / 2
