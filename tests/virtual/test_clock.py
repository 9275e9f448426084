"""The clock that jumps: over waiting, never over work."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import aiosqlite
import pytest
from aiolimiter import AsyncLimiter
from engine.virtual import VirtualLoop, in_virtual_time, now

BUSY_SECONDS = 0.05  # real ones, in a thread


def _busy() -> None:
    time.sleep(BUSY_SECONDS)


@in_virtual_time
async def test_no_timer_fires_while_sqlite_works() -> None:
    async with aiosqlite.connect(":memory:") as store:
        await store.create_function("busy", 0, _busy)
        fired = []
        asyncio.get_running_loop().call_later(5.0, fired.append, True)
        for _ in range(3):
            await store.execute("select busy()")
        assert not fired
        await asyncio.sleep(6.0)
        assert fired


@in_virtual_time
async def test_no_timer_fires_while_a_statement_runs_on_that_nobody_waits_for() -> None:
    async with aiosqlite.connect(":memory:") as store:
        await store.create_function("busy", 0, _busy)
        start, begun = now(), time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await store.execute("select busy()")
        await asyncio.sleep(5.0)
        assert now() - start == pytest.approx(5.0)
        assert time.monotonic() - begun >= BUSY_SECONDS


@in_virtual_time
async def test_no_timer_fires_while_a_thread_of_the_pool_works() -> None:
    start = now()
    async with asyncio.timeout(5.0):
        await asyncio.gather(*(asyncio.to_thread(time.sleep, BUSY_SECONDS) for _ in range(3)))
    assert now() - start < 0.001


@in_virtual_time
async def test_an_error_in_a_thread_is_heard_without_delay(tmp_path: Path) -> None:
    start = now()
    with pytest.raises(sqlite3.OperationalError):
        await aiosqlite.connect(tmp_path / "no" / "folder.db")
    assert now() - start < 0.001


@in_virtual_time
async def test_a_bucket_fills_in_virtual_time_without_spinning() -> None:
    bucket, start = AsyncLimiter(1, 0.1), now()
    for _ in range(101):
        await bucket.acquire()
    assert now() - start == pytest.approx(10.0, abs=0.01)


@in_virtual_time
async def test_after_a_leap_every_timer_in_between_is_late() -> None:
    loop, woken = asyncio.get_running_loop(), []
    assert isinstance(loop, VirtualLoop)
    for seconds in (1.0, 2.0, 9.0):
        loop.call_later(seconds, lambda: woken.append(now()))
    start = now()
    loop.leap(5.0)
    await asyncio.sleep(10.0)
    assert [at - start for at in woken] == pytest.approx([5.0, 5.0, 9.0])


def test_a_loop_in_which_nobody_can_go_on_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.virtual.STUCK_SECONDS", 0.01)

    @in_virtual_time
    async def stuck() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="Everybody waits"):
        stuck()
