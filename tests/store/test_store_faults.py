"""Faults of the disk: full, read-only, missing, foreign, locked. Each a sentence with the next step, nothing lost."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, true
from support.stores import add_lookups, fill, filled, open_folder, powerless, sql

from li_perf.errors import StoreError
from li_perf.store import connecting, questions
from li_perf.store.ledger import Ledger
from li_perf.store.opening import locked, open_ledger
from li_perf.store.tables import lookup

WITH_TESTS = dict(os.environ) | {"PYTHONPATH": str(Path(__file__).parents[1])}
OPEN = """
import asyncio, sys
from pathlib import Path
from li_perf.errors import StoreError
from li_perf.store.opening import open_ledger
from support.stores import add_lookups

async def main():
    async with open_ledger(Path(sys.argv[1])) as ledger:
        print("open", flush=True)
        for number in range(int(sys.argv[2])):
            await ledger.save(add_lookups([f"{number} {'x' * 900} ST"]))
            print("kept", number, flush=True)

try:
    asyncio.run(main())
except StoreError as error:
    print(error)
    sys.exit(2)
"""


async def _count(ledger: Ledger) -> int:
    return int(await ledger.scalar(select(func.count()).select_from(lookup)))


async def _room(ledger: Ledger, pages: int) -> None:
    """Let the file have no more pages than that, as if its disk were full."""

    def write(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    await ledger.transact(write)


async def test_a_disk_that_fills_up_in_a_transaction_is_told_and_everything_before_it_stays(tmp_path: Path) -> None:
    path = await filled(tmp_path / "city.db")
    kept = sql(path, "select count(*) from lookup")[0][0]
    async with open_ledger(path) as ledger:
        await _room(ledger, 1)  # SQLite takes this for "as many as there are"
        with pytest.raises(StoreError, match="no space left"):
            await ledger.save(add_lookups(f"{number} {'x' * 500} ST" for number in range(500)))
        assert await _count(ledger) == kept
        await _room(ledger, 1_000_000)
        await ledger.save(add_lookups(["there is room again"]))
        assert await _count(ledger) == kept + 1
    assert sql(path, "pragma integrity_check") == [("ok",)]


@pytest.fixture
def small_disk(tmp_path: Path) -> list[str]:
    """A command that mounts a disk of half a megabyte at ./disk and does what follows there."""
    if not shutil.which("unshare"):
        pytest.skip("needs util-linux")
    (tmp_path / "disk").mkdir()
    mounted = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=512k none disk && exec "$@"', "sh"]
    if subprocess.run([*mounted, "true"], cwd=tmp_path, capture_output=True, check=False).returncode:
        pytest.skip("this system lets no ordinary user mount anything")
    return mounted


def test_a_real_disk_that_is_full_stops_with_a_sentence(small_disk: list[str], tmp_path: Path) -> None:
    process = subprocess.run(
        [*small_disk, sys.executable, "-c", OPEN, "disk/city.db", "3000"],
        env=WITH_TESTS,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 2, process.stderr
    assert "open" in process.stdout
    assert "kept" in process.stdout
    assert "no space left" in process.stdout.splitlines()[-1]


def test_a_disk_that_is_full_at_opening_is_told(tmp_path: Path) -> None:
    """A limit of the size of files stands for it: every user has that."""
    path = asyncio.run(filled(tmp_path / "city.db"))
    before = path.read_bytes()
    process = subprocess.run(
        [sys.executable, "-c", OPEN, str(path), "0"],
        env=WITH_TESTS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 2, process.stderr
    assert "The disk does not take it" in process.stdout
    assert path.read_bytes() == before


async def test_a_read_only_folder_can_be_read_and_refuses_a_run() -> None:
    with open_folder() as folder:
        path = await filled(folder / "city.db")
        folder.chmod(0o555)
        with powerless():
            async with open_ledger(path, read_only=True) as ledger:
                assert await _count(ledger) == 40
            with pytest.raises(StoreError, match=r"cannot be used .*as user"), locked(path):
                pass
            with pytest.raises(StoreError, match=r"It cannot be (written|opened)"):
                async with open_ledger(path):
                    pass


async def test_a_look_by_who_may_not_write_leaves_nothing_beside_the_store_in_a_folder_of_everybodys() -> None:
    with open_folder() as folder:
        path = await filled(folder / "city.db")
        folder.chmod(0o1777)
        path.chmod(0o644)
        with powerless():
            async with open_ledger(path, read_only=True) as ledger:
                assert await _count(ledger) == 40
        assert [each.name for each in folder.iterdir() if each.name != "city.lock"] == ["city.db"]
        async with open_ledger(path):
            pass


async def test_a_store_that_may_not_be_read_names_the_rights() -> None:
    with open_folder() as folder:
        path = await filled(folder / "city.db")
        path.chmod(0)
        with powerless(), pytest.raises(StoreError, match=r"Check .* owner and rights"):
            async with open_ledger(path, read_only=True):
                pass


async def test_a_folder_that_is_not_there_is_made_for_a_run_and_named_for_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "city.db"
    with pytest.raises(StoreError, match=r"There is no store at .*deep"):
        async with open_ledger(path, read_only=True):
            pass
    with pytest.raises(StoreError, match="cannot be opened"):
        async with open_ledger(path):
            pass
    with locked(path):
        async with open_ledger(path) as ledger:
            assert await _count(ledger) == 0


async def test_a_folder_in_the_stores_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    path.mkdir()
    for read_only in (False, True):
        with pytest.raises(StoreError, match="is not a file"):
            async with open_ledger(path, read_only=read_only):
                pass
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match=r"The data folder .* cannot be used"), locked(tmp_path / "data" / "city.db"):
        pass


@pytest.mark.parametrize("content", [b"name,address\n1,2\n" * 200, b"\x00" * 5_000, b"SQLite format 3\x00" + b"x" * 99])
async def test_a_file_that_is_no_database_is_refused_and_not_touched(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"is not a SQLite file|damaged"):
        async with open_ledger(path):
            pass
    assert path.read_bytes() == content


async def test_a_database_of_another_program_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    sql(path, "create table lookup (id integer)", "pragma user_version = 1")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="database of another program"):
        async with open_ledger(path):
            pass
    assert path.read_bytes() == before


async def test_another_programs_write_lock_is_waited_for_and_then_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "BUSY_SECONDS", 0.2)
    async with open_ledger(tmp_path / "city.db") as ledger:
        with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
            other.execute("begin immediate")
            began = time.monotonic()
            with pytest.raises(StoreError, match="Another program is writing"):
                await ledger.save(add_lookups(["1 MARKET ST"]))
            assert time.monotonic() - began >= 0.2
            other.execute("rollback")
        await ledger.save(add_lookups(["1 MARKET ST"]))
        assert await _count(ledger) == 1


async def test_a_write_behind_a_read_does_not_fail_for_what_came_between(tmp_path: Path) -> None:
    """With a deferred BEGIN the second statement would raise SQLITE_BUSY_SNAPSHOT at once."""
    async with open_ledger(tmp_path / "city.db") as ledger:

        def read_then_write(connection: Connection) -> None:
            connection.execute(select(lookup))
            with closing(sqlite3.connect(ledger.path, timeout=0)) as other, pytest.raises(sqlite3.OperationalError):
                other.execute("insert into lookup (question, state, attempts) values ('2', 'pending', 0)")
            connection.exec_driver_sql("insert into lookup (question, state, attempts) values ('1', 'pending', 0)")

        await ledger.transact(read_then_write)
        assert await _count(ledger) == 1


async def test_a_reader_that_stays_open_neither_stops_the_writer_nor_keeps_the_log(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    async with open_ledger(path) as ledger:
        await ledger.save(add_lookups(["before"]))
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("begin")
            assert reader.execute("select count(*) from lookup").fetchone() == (1,)
            await fill(ledger, 30, body=3_000)
            assert reader.execute("select count(*) from lookup").fetchone() == (1,)  # its own moment
            reader.execute("rollback")
            assert reader.execute("select count(*) from lookup").fetchone() == (31,)
    assert not Path(f"{path}-wal").exists()
    assert sql(path, "select count(*) from lookup") == [(31,)]


async def test_memory_stays_bounded_however_many_questions_are_pending(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "city.db") as ledger:
        for start in range(0, 20_000, 2_000):
            names = (f"{number} {'x' * 200} ST" for number in range(start, start + 2_000))
            await ledger.save(add_lookups(names))
        everything = 20_000 * 200
        tracemalloc.start()
        try:
            seen = 0
            async for block in questions.pending_lookups(ledger, true()):
                seen += len(block)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert seen == 20_000
    assert peak < everything / 4


@pytest.mark.parametrize("is_empty", [True, False])
async def test_a_store_that_was_cut_off_while_it_was_begun_is_begun_again(*, is_empty: bool, tmp_path: Path) -> None:
    """A kill in its very first transaction leaves a rollback journal, or no table at all."""
    path = tmp_path / "city.db"
    with closing(sqlite3.connect(path)) as beginning:
        beginning.execute("create table other (a)")
        beginning.execute("drop table other")
    if not is_empty:
        half = sqlite3.connect(path, isolation_level=None)
        half.execute("pragma cache_size = 1")
        half.execute("begin immediate")
        half.execute("create table run (id integer primary key, city text)")
        half.executemany("insert into run (city) values (?)", [("x" * 2_000,)] * 500)
        for end in ("", "-journal"):
            shutil.copyfile(f"{path}{end}", tmp_path / f"killed.db{end}")
        half.close()
        path = tmp_path / "killed.db"
        assert Path(f"{path}-journal").stat().st_size > 0
    with pytest.raises(StoreError, match="Nothing was run"):
        async with open_ledger(path, read_only=True):
            pass
    async with open_ledger(path) as ledger:
        await ledger.save(add_lookups(["1 MARKET ST"]))
        assert await _count(ledger) == 1
    assert sql(path, "pragma integrity_check") == [("ok",)]
