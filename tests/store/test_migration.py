"""A migration that is killed at any byte leaves the store as it was, or as it shall be, and it can be gone on with."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection
from support.chaos import bounded
from support.stores import copy_of, filled, make_older, sql

from li_perf.errors import StoreError
from li_perf.store import schema
from li_perf.store.opening import open_ledger

SMALL = "select id, question, state, attempts, body from lookup order by id"


async def _of_version_1(path: Path, count: int = 60) -> Path:
    await filled(path, count)
    make_older(path, 1, "pragma journal_mode = wal")
    return path


async def test_a_migration_keeps_every_row(tmp_path: Path) -> None:
    path = await _of_version_1(tmp_path / "city.db")
    before = sql(path, SMALL)
    async with open_ledger(path):
        pass
    assert sql(path, SMALL) == before
    assert sql(path, "pragma user_version") == [(schema.VERSION,)]


async def test_a_migration_killed_at_any_byte_that_it_writes_is_done_or_not_done(tmp_path: Path) -> None:
    """What a kill leaves is the file and the beginning of its write-ahead log, up to the last byte written."""
    path = await _of_version_1(tmp_path / "city.db")
    rows = sql(path, SMALL)
    migrated = await _while_open(path, tmp_path / "migrated.db")
    log = Path(f"{migrated}-wal").read_bytes()
    assert len(log) > 2 * 4_096
    found = set()
    for length in range(0, len(log) + 1, max(1, len(log) // bounded(24, 300))):
        found.add(await _left_by_a_kill(tmp_path / "killed.db", migrated, log[:length], rows))
    found.add(await _left_by_a_kill(tmp_path / "killed.db", migrated, log, rows))
    assert found == {1, schema.VERSION}


async def _while_open(path: Path, to: Path) -> Path:
    """A copy of the file as it was, with the log of its migration beside it."""
    with closing(sqlite3.connect(path)) as other:
        other.execute(SMALL).fetchall()  # while somebody else reads, the log is not folded in
        async with open_ledger(path):
            return copy_of(path, to)


async def _left_by_a_kill(path: Path, source: Path, log: bytes, rows: list[tuple[object, ...]]) -> int:
    """The version that such a kill left; the store is then opened, and must be whole and current."""
    shutil.copyfile(source, path)
    Path(f"{path}-wal").write_bytes(log)
    version = int(sql(path, "pragma user_version")[0][0])
    assert sql(path, SMALL) == rows
    async with open_ledger(path):
        pass
    assert sql(path, "pragma integrity_check") == [("ok",)]
    assert sql(path, "pragma user_version") == [(schema.VERSION,)]
    assert sql(path, SMALL) == rows
    return version


@pytest.mark.parametrize("step", range(3))
async def test_a_migration_that_fails_at_any_step_leaves_the_store_as_it_was(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two migrations of several statements, of which one fails: as when the disk fills up in the middle."""
    path = await _of_version_1(tmp_path / "city.db")
    statements = ["ALTER TABLE lookup ADD COLUMN sha256 TEXT", "UPDATE lookup SET attempts = 9", "DELETE FROM page"]

    def migrate(connection: Connection) -> None:
        for number, statement in enumerate(statements):
            connection.exec_driver_sql("SELECT nothing" if number == step else statement)

    monkeypatch.setattr(schema, "MIGRATIONS", (schema.MIGRATIONS[0], ("several", migrate)))
    before = sql(path, "select * from lookup"), sql(path, "select * from page")
    with pytest.raises(StoreError):
        async with open_ledger(path):
            pass
    assert (sql(path, "select * from lookup"), sql(path, "select * from page")) == before
    assert sql(path, "pragma user_version") == [(1,)]


async def test_a_store_from_a_newer_version_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = await filled(tmp_path / "city.db", 3)
    sql(path, "alter table lookup add column confidence real", f"pragma user_version = {schema.VERSION + 1}")
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(StoreError, match=r"was made by a newer li_perf .* Upgrade"):
            async with open_ledger(path, read_only=read_only):
                pass
    assert path.read_bytes() == before
