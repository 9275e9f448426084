"""watch: every city refreshed again and again, each by itself. The only file that knows APScheduler."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from li_perf.engine.halt import Halt, Stopped
from li_perf.errors import LiPerfError

log = logging.getLogger("li_perf.steps")
logging.getLogger("apscheduler").setLevel(logging.ERROR)  # that a turn is missed while one goes on is no news
Act = Callable[[], Awaitable[None]]


class Turn(msgspec.Struct, kw_only=True):
    """How a city's refreshing goes: `state` is waiting, working or failed; times are ISO text in UTC.

    `said` is why the last turn failed, null when it succeeded; `failures` counts those since the last success.
    """

    state: str = "waiting"
    began_at: str | None = None
    succeeded_at: str | None = None
    failed_at: str | None = None
    said: str | None = None
    failures: int = 0


Note = Callable[[Mapping[str, Turn]], None]


async def watch(acts: Mapping[str, Act], *, every: float, halt: Halt, note: Note) -> None:
    """Do every city's act now, and again every so many seconds, until told to stop; then wait for those at work.

    A city has one turn at a time: turns that it misses meanwhile become one. A turn that fails is told and counted, and
    stops neither the city nor another. `note` is given every city's turn whenever one changes.
    """
    turns = {city: Turn() for city in acts}
    scheduler = AsyncIOScheduler(timezone=UTC)
    at_work: set[asyncio.Task[Any]] = set()

    async def take(city: str) -> None:
        task = asyncio.current_task()
        assert task
        at_work.add(task)
        try:
            await _turn(city, acts[city], turns, note)
        finally:
            at_work.discard(task)

    for city in acts:
        scheduler.add_job(
            take,
            "interval",
            args=[city],
            id=city,
            seconds=every,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            next_run_time=datetime.now(UTC),
        )
    scheduler.start()
    try:
        await halt.wait()
    finally:
        scheduler.pause()
        await asyncio.gather(*at_work, return_exceptions=True)  # they heed the same wish to stop
        scheduler.shutdown(wait=False)
    raise Stopped


async def _turn(city: str, act: Act, turns: Mapping[str, Turn], note: Note) -> None:
    turn = turns[city]
    turn.state, turn.began_at = "working", _now()
    note(turns)
    try:
        await act()
    except Stopped:
        turn.state = "waiting"
    except Exception as error:  # noqa: BLE001 - one city's trouble must not stop the others
        _failed(city, turn, error)
    else:
        turn.state, turn.succeeded_at, turn.said, turn.failures = "waiting", _now(), None, 0
    note(turns)


def _failed(city: str, turn: Turn, error: Exception) -> None:
    is_expected = isinstance(error, LiPerfError)
    turn.state, turn.failed_at, turn.failures = "failed", _now(), turn.failures + 1
    turn.said = str(error) if is_expected else f"a fault of li_perf's own ({type(error).__name__}); please report it"
    log.error("%s: %s It is tried again at its next turn.", city, turn.said, exc_info=None if is_expected else error)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
