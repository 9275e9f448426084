"""clean, for any city: which pages are read, that every row is accounted for, and that a kill leaves no half step."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.dying import digest
from support.town import TOWN, Lists, everything, filled, job, receive, row, with_portal

from li_perf.engine.halt import Halt, Stopped
from li_perf.errors import UserError
from li_perf.model import Reject, Ticket
from li_perf.steps import fill_lake as step
from li_perf.steps.job import Progress
from li_perf.store import lake_files, runs
from li_perf.store.batch import Batch
from li_perf.store.lake import Counts, folder_of, look, reading
from li_perf.store.opening import open_ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "town.db"


def statuses(path: Path) -> dict[str, str]:
    with reading(folder_of(path), spill=path.parent / "spill") as tables:
        return dict(tables.rows("select service_request_id, status from tickets"))


async def test_each_download_is_read_once_and_every_row_is_accounted_for(path: Path) -> None:
    await receive(path, [row(1), row(2), {"opened": "?"}], [row(1, "Closed")])
    told: list[Progress] = []
    state = await filled(path, told=told)
    assert state.counts == Counts(received=4, new=2, earlier=1, rejected=1)
    assert told[-1].note == "4 rows = 2 new + 0 changed + 0 unchanged + 1 earlier + 1 rejected"
    await receive(path, [row(2, "Closed"), row(3, "Open", "2019-07-01T00:00:00Z")])
    state = await filled(path)
    assert state.counts == Counts(received=2, new=1, changed=1)
    assert await filled(path) == state, "there is nothing behind the cursor"
    assert statuses(path) == {"1": "Closed", "2": "Closed", "3": "Open"}, "what lies outside the period stays"


async def test_a_download_is_not_read_before_it_is_finished(path: Path) -> None:
    late = await receive(path, [row(1, "Open"), row(9)], finished=False)
    with pytest.raises(UserError, match="download of requests is not finished"):
        await filled(path)
    await receive(path, [row(1, "Closed")])
    assert (await filled(path)).cursor.waiting == (late,)
    assert statuses(path) == {"1": "Closed"}
    await receive(path, [row(8)], run_id=late)  # it goes on behind the other
    state = await filled(path)
    assert state.cursor.waiting == ()
    assert state.counts == Counts(received=3, new=2, earlier=1)
    assert statuses(path) == {"1": "Closed", "8": "Open", "9": "Open"}, "an older page undoes no newer one"


async def test_rows_that_a_page_repeats_are_read_once(path: Path) -> None:
    await receive(path, [row(1), row(2)], [row(2), row(3)])
    assert (await filled(path, city=with_portal(Lists(groups=1)))).counts == Counts(received=3, new=3)


async def test_many_downloads_come_to_the_same_in_one_commit_or_in_several(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for status in ("Open", "Closed", "Open"):
        await receive(path, [row(1, status), row(2)])
    assert (await filled(path)).batch == 1
    together = everything(path)
    monkeypatch.setattr(step, "COMMIT_ROWS", 1)
    state = await filled(path, afresh=True)
    assert (state.batch, state.origin, state.total.received) == (4, 2, 6)
    assert everything(path) == together


async def test_a_lake_of_another_store_is_begun_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await receive(path, [row(1), row(2)])
    await filled(path)
    path.rename(path.with_name("moved away.db"))
    monkeypatch.setattr(runs, "now", lambda: "2031-01-01T00:00:00Z")
    begun = await receive(path, [row(3)], finished=False)
    with pytest.raises(UserError, match="not finished"):
        await filled(path)
    await receive(path, [row(4)], run_id=begun)
    await filled(path)
    assert statuses(path) == {"3": "Open", "4": "Open"}


async def test_a_city_whose_portal_numbers_nothing_is_given_what_is_known_of_the_same_moments(path: Path) -> None:
    known: list[list[str]] = []

    def identify(items: Iterable[Ticket | Reject], before: Iterable[Ticket]) -> Iterator[Ticket | Reject]:
        known.append(
            sorted(f"{ticket.service_request_id} {ticket.status} {ticket.requested_at:%d}" for ticket in before)
        )
        return (item if isinstance(item, Reject) else replace(item, address="seen") for item in items)

    city = replace(TOWN, requests=replace(TOWN.requests, identify=identify))
    await receive(path, [row(1), row(2, "Open", "2025-01-16T12:00:00Z"), {}])
    await receive(path, [row(3)])
    state = await filled(path, city=city)
    assert known == [[], ["1 Open 15"]]
    assert state.total == Counts(received=4, new=3, rejected=1)


async def test_who_is_told_to_stop_stops_between_pages_and_commits_nothing(path: Path) -> None:
    await receive(path, [row(1)])
    halt = Halt()
    halt.set()
    with pytest.raises(Stopped):
        await filled(path, halt=halt)
    assert look(folder_of(path)).state is None
    assert not (folder_of(path) / "work").exists()


async def test_who_is_cancelled_in_a_statement_ends_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await receive(path, [row(1)])
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def endless(batch: Batch, _: object) -> None:
        loop.call_soon_threadsafe(begun.set)
        batch._tables.rows("select sum(a.i * b.i) from range(1000000) a(i), range(1000000) b(i)")

    monkeypatch.setattr(Batch, "commit", endless)
    async with job(path) as at_work:
        task = asyncio.create_task(step.fill_lake(at_work))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert look(folder_of(path)).state is None


async def test_a_full_disk_leaves_the_lake_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await receive(path, [row(1)])
    await filled(path)
    await receive(path, [row(2)])

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(lake_files, "write", full)
        with pytest.raises(UserError, match=r"cannot be written .*No space left.*as it was"):
            await filled(path)
    assert statuses(path) == {"1": "Open"}
    await filled(path)
    assert statuses(path) == {"1": "Open", "2": "Open"}


async def test_a_clean_killed_anywhere_leaves_the_old_state_or_the_new_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "calm").mkdir()
    (tmp_path / "killed").mkdir()
    calm, killed = tmp_path / "calm" / "town.db", tmp_path / "killed" / "town.db"
    await receive(calm, [row(1), row(2), {"bad": 1}])
    shutil.copyfile(calm, killed)
    for path in (calm, killed):
        await filled(path)
    old = digest(calm)
    await receive(calm, [row(1, "Closed"), {"bad": 2}, row(3)])
    shutil.copyfile(calm, killed)
    await filled(calm)
    new = digest(calm)
    tries = [json.loads(line) for line in _dying(killed)]
    died, lakes = [line["died"] for line in tries[::2]], [line["lake"] for line in tries[1::2]]
    refused, written = ["before write", "before commit", "after commit"], ["before write", "before commit"]
    assert died == ["before stage", *refused, *written, "after commit", None]
    assert old != new
    assert set(lakes) == {old, new}
    assert lakes == sorted(lakes, key=[old, new].index), "what was committed stays committed"
    assert everything(killed) == everything(calm)
    assert look(folder_of(killed)).state.total == look(folder_of(calm)).state.total


def _dying(path: Path) -> list[str]:
    tests = Path(__file__).parents[1]
    ran = subprocess.run(
        [sys.executable, "-m", "support.dying", str(path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (tests, tests.parent)))},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


async def test_the_ledger_is_read_while_it_is_written(path: Path) -> None:
    """clean holds no transaction: others write between its pages."""
    await receive(path, [row(1)], [row(2)])
    async with job(path) as at_work, open_ledger(path) as other:
        assert (await step.fill_lake(at_work)).counts.new == 2
        await other.save()
