"""Runs of the product against a simulated city, inside the test's own process."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from li_perf.analysis.findings import Findings
from li_perf.cities import CITIES
from li_perf.cities.city import City
from li_perf.engine.halt import Halt
from li_perf.model import Period
from li_perf.session import Order, Which, at_work
from li_perf.settings import Settings, load
from li_perf.simulator.city import SimulatedCity
from li_perf.simulator.server import serve
from li_perf.simulator.simulation import Simulation
from li_perf.steps import run as run_step
from li_perf.steps.job import Job

T = TypeVar("T")


class Brisk(Halt):
    """A wish to stop whose waits are a twentieth as long: the servers here need no time to recover."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 20)


async def whole(job: Job) -> Findings:
    """A run to its end."""
    findings = await run_step.run(job)
    await run_step.finish(job, findings)
    return findings


def settings_for(simulation: Simulation, folder: Path, **others: Any) -> Settings:
    """Settings for a simulated city: no pace, short waits."""
    given = {
        "data": folder / "data",
        "output": folder / "output",
        "ais_url": simulation.ais_url,
        "carto_url": simulation.carto_url,
        "ais_rate": 0.0,
        "carto_rate": 0.0,
        "breaker_probe": 0.1,
        "outage_limit": 30.0,
        "timeout": 5.0,
    }
    return load(**(given | others))


async def work(
    settings: Settings,
    city: SimulatedCity,
    act: Callable[[Job], Coroutine[Any, Any, T]] = whole,  # type: ignore[assignment]
    *,
    which: Which = Which.NEW_OR_UNFINISHED,
    halt: Halt | None = None,
    place: City = CITIES["philadelphia"],
) -> T:
    """One verb, as the command line does it."""
    period = Period(since=city.since, until=city.until)
    order = Order(city=place, settings=settings, which=which, period=period)
    return await at_work(order, act, halt or Brisk())


def rows(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    """What a query of the store answers."""
    path = settings.data / "philadelphia.db"
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A run that nothing disturbed: its store, what it found out, and what AIS was asked how often."""

    settings: Settings
    findings: Findings
    asked: Counter[str]


def finished_run(city: SimulatedCity, folder: Path, **others: Any) -> Finished:
    """A whole run, for tests that only look at it."""

    async def run() -> Finished:
        async with serve(city) as simulation:
            settings = settings_for(simulation, folder, **others)
            findings = await work(settings, city)
            return Finished(settings=settings, findings=findings, asked=Counter(simulation.asked))

    return asyncio.run(run())
