"""A store that is deleted or replaced under a run ends the run within a bounded time, and nothing is acknowledged."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import func, select
from support.processes import simulated, start
from support.stores import add_lookups, filled

from li_perf.errors import StoreError
from li_perf.store.opening import open_ledger
from li_perf.store.tables import lookup


def _delete(path: Path) -> None:
    path.unlink()


def _rename(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def _replace(path: Path) -> None:
    other = path.with_name("other.db")
    shutil.copyfile(path, other)
    os.replace(other, path)


def _delete_the_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def _delete_the_log(path: Path) -> None:
    Path(f"{path}-wal").unlink()


WAYS = [_delete, _rename, _replace, _delete_the_folder, _delete_the_log]


@pytest.mark.parametrize("take_away", WAYS, ids=lambda way: way.__name__.strip("_"))
async def test_nothing_is_acknowledged_once_the_file_is_gone(take_away: Callable[[Path], None], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = await filled(tmp_path / "data" / "city.db")

    async def at_work() -> None:
        async with open_ledger(path) as ledger:
            await ledger.save(add_lookups(["before"]))
            take_away(path)
            await ledger.save(add_lookups(["behind"]))

    with pytest.raises(StoreError, match="was deleted or replaced while it was in use"):
        await at_work()


@pytest.mark.parametrize("take_away", WAYS[:-1], ids=lambda way: way.__name__.strip("_"))
async def test_a_run_that_writes_nothing_notices_it_too(take_away: Callable[[Path], None], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = await filled(tmp_path / "data" / "city.db")

    async def waiting_for_a_server() -> None:
        async with open_ledger(path):
            take_away(path)
            await asyncio.sleep(30)

    with pytest.raises(StoreError, match="was deleted or replaced"):
        await asyncio.wait_for(waiting_for_a_server(), 10)


async def test_a_store_that_stays_is_left_alone(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "city.db") as ledger:
        for number in range(20):
            await ledger.save(add_lookups([f"{number} MARKET ST"]))
        await asyncio.sleep(1.1)  # the clock of presence has struck once
        assert await ledger.scalar(select(func.count()).select_from(lookup)) == 20


async def test_errors_and_cancellation_of_the_work_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError, match="of the work"):
        async with open_ledger(tmp_path / "city.db"):
            raise TimeoutError("of the work")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), open_ledger(tmp_path / "city.db"):
            await asyncio.sleep(30)


def test_a_run_whose_store_is_deleted_stops_with_a_sentence(tmp_path: Path) -> None:
    with simulated(tickets=600, faults="latency=0.05") as city:
        process = start(["run"], city.environment(tmp_path, LI_PERF_AIS_RATE="30"), tmp_path)
        path = tmp_path / "data" / "philadelphia.db"
        assert _has_answers(path, process)
        path.unlink()
        _, err = process.communicate(timeout=20)
    assert process.returncode == 2, err
    assert "was deleted or replaced while it was in use" in err
    assert "Traceback" not in err


def _has_answers(path: Path, process: subprocess.Popen[str]) -> bool:
    while process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
            if store.execute("select count(*) from lookup where state = 'answered'").fetchone() > (5,):
                return True
    return False
