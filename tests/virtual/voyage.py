"""One seed's way: the real session over the real engine and store, interrupted and resumed until it is finished."""

from __future__ import annotations

import asyncio
import functools
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from engine.virtual import VirtualLoop
from support.runs import settings_for, whole
from virtual.front import Front, fronting
from virtual.plan import SERVERS, Plan

from li_perf import signals
from li_perf.analysis.findings import Findings
from li_perf.cities import CITIES
from li_perf.engine import heartbeat
from li_perf.engine.heartbeat import Heartbeat
from li_perf.errors import ServerError
from li_perf.model import Outcome, Period
from li_perf.session import Order, Which, at_work
from li_perf.settings import Settings
from li_perf.signals import Interrupted
from li_perf.simulator.addresses import question_of
from li_perf.simulator.city import SimulatedCity, build
from li_perf.sources.ais import KNOWN_GOOD, is_askable
from li_perf.sources.ais import question as asked_of

SOON, LATER = 2.0, 600.0  # seconds until the user starts it again: after an interruption, and after an outage
MOST_SESSIONS = 60


@dataclass(frozen=True, kw_only=True)
class Session:
    """One start of the product: when, until when, and what ended it (None: it was finished)."""

    number: int
    start: float
    end: float
    ended_by: Exception | None


@dataclass(kw_only=True)
class Voyage:
    """What came of a plan."""

    plan: Plan
    city: SimulatedCity
    poison: frozenset[str]
    settings: Settings
    front: Front
    sessions: list[Session] = field(default_factory=list)
    findings: Findings | None = None


@functools.cache
def city_of(number: int) -> SimulatedCity:
    return build(tickets=50 + 20 * number, seed=number, unanswerable=number == 0)


def queue_of(city: SimulatedCity) -> list[str]:
    """The questions that AIS will be asked, first come first."""
    mine = (row for row in city.requests if row["agency_responsible"] == "License & Inspections")
    rows = sorted(mine, key=lambda row: str(row["requested_datetime"]))
    texts = (question_of(row["address"] or "") for row in rows)
    return [text for text in dict.fromkeys(texts) if not isinstance(asked_of(text), Outcome) and is_askable(text)]


def poison_of(plan: Plan, city: SimulatedCity) -> frozenset[str]:
    """From the queue's head, but of those that AIS takes for a question, and not the one that probes ask."""
    fit = (text for text in queue_of(city) if text != KNOWN_GOOD and text[0].isalnum() and ";" not in text)
    return frozenset(text for text, _ in zip(fit, range(plan.poison), strict=False))


async def sail(plan: Plan, folder: Path) -> Voyage:
    """Run, and resume, until a session ends without an interruption or a server's failure."""
    random.seed(plan.seed)
    city = city_of(plan.city)
    poison = poison_of(plan, city)
    async with fronting(plan, city, poison) as front:
        voyage = Voyage(plan=plan, city=city, poison=poison, settings=_settings(plan, front, folder), front=front)
        with _strange_clocks(plan, front):
            while voyage.findings is None and len(voyage.sessions) < MOST_SESSIONS:
                await _one_session(voyage)
        await asyncio.sleep(1.0)
    return voyage


def _settings(plan: Plan, front: Front, folder: Path) -> Settings:
    rates = {f"{name}_rate": plan.rates[name] for name in SERVERS}
    bounds = {f"{name}_concurrency": plan.concurrency[name] for name in SERVERS}
    urls = {f"{name}_url": front.urls[name] for name in SERVERS}
    patience = {"timeout": 30.0, "breaker_probe": plan.probe, "outage_limit": plan.outage_limit}
    simulation = type("Urls", (), urls)
    return settings_for(simulation, folder, **urls, **rates, **bounds, **patience)


async def _one_session(voyage: Voyage) -> None:
    front, start, problem = voyage.front, voyage.front.age, None
    period = Period(since=voyage.city.since, until=voyage.city.until)
    order = Order(city=CITIES["philadelphia"], settings=voyage.settings, which=Which.NEW_OR_UNFINISHED, period=period)
    try:
        with _signals(voyage.plan, front):
            voyage.findings = await signals._until_told(lambda halt: at_work(order, whole, halt), "li-perf resume")
    except (Interrupted, ServerError) as error:
        problem = error
    front.spoil_open("session ended")
    voyage.sessions.append(Session(number=front.session, start=start, end=front.age, ended_by=problem))
    front.session += 1
    if problem:
        await asyncio.sleep(SOON if isinstance(problem, Interrupted) else LATER)


@contextmanager
def _signals(plan: Plan, front: Front) -> Iterator[None]:
    """SIGTERM at the plan's moments, as far as they fall into this session."""
    loop = asyncio.get_running_loop()
    moments = [at for at in plan.stops if at >= front.age]
    timers = [loop.call_at(front.started + at, signal.raise_signal, signal.SIGTERM) for at in moments]
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()


@contextmanager
def _strange_clocks(plan: Plan, front: Front) -> Iterator[None]:
    """The wall clock jumps, and the machine stands still, as planned."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)

    def wall() -> float:
        return 1.7e9 + loop.time() + sum(jump.seconds for jump in plan.clock_jumps if jump.at <= front.age)

    def leap(seconds: float) -> None:
        front.spoil_open("leap")
        loop.leap(seconds)

    for jump in plan.leaps:
        loop.call_at(front.started + jump.at, leap, jump.seconds)
    with patch.object(heartbeat, "Heartbeat", functools.partial(Heartbeat, wall=wall)):
        yield
