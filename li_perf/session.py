"""Brings a job together: the lock, the store, the run that is begun or gone on with, the servers."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from li_perf import __version__
from li_perf.cities.city import City
from li_perf.engine.halt import Halt
from li_perf.errors import LiPerfError, UserError
from li_perf.faces.again import Place
from li_perf.model import Period
from li_perf.servers import open_for
from li_perf.settings import KEPT, Settings, elsewhere, output_of, with_kept
from li_perf.steps import pulse
from li_perf.steps.download import requests_of
from li_perf.steps.job import Job, Servers, Tell
from li_perf.steps.plan import AtHand, Plan, Rates, at_hand, plan
from li_perf.steps.statements import count as count_rows
from li_perf.store import ages, runs
from li_perf.store.changes import Write
from li_perf.store.engines import named
from li_perf.store.ledger import Ledger
from li_perf.store.opening import locked, open_ledger
from li_perf.store.runs import Run
from li_perf.wire import is_loopback

FIRST_CITY = "philadelphia"  # the one that is meant where none is named
T = TypeVar("T")


class Which(Enum):
    """Which run a verb works on."""

    NEW_OR_UNFINISHED = auto()
    UNFINISHED = auto()
    LAST = auto()


class NothingToResume(LiPerfError):
    """There is no unfinished run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the user asked for; `period` is None where the run's own counts. `settings` as loaded.

    Of a simulated city nothing is kept behind the end of a run, and its addresses may change between runs; `again` is
    the command that goes on with one.
    """

    city: City
    settings: Settings
    which: Which
    period: Period | None = None
    with_servers: bool = True
    is_simulated: bool = False
    again: str = ""
    tell: Tell = lambda _: None

    @property
    def path(self) -> Path:
        return store_path(self.settings, self.city)

    @property
    def place(self) -> Place:
        """Where further commands find the same store."""
        city = "" if self.city.name == FIRST_CITY else self.city.name
        return Place(city=city, again=self.again, **elsewhere(self.settings))


def store_path(settings: Settings, city: City) -> Path:
    return settings.data / f"{city.name}.db"


async def at_work(order: Order, act: Callable[[Job], Awaitable[T]], halt: Halt) -> T:
    """Do `act` on the run that the order means, with the store locked and everything closed behind it."""
    with locked(order.path):
        if order.is_simulated:
            await _forget_finished(order.path)
        async with open_ledger(order.path) as ledger:
            run, settings = await _run_for(order, ledger)
            period = Period(since=date.fromisoformat(run.since), until=date.fromisoformat(run.until))
            async with _servers(order, settings, halt) as servers:
                job = Job(
                    city=order.city,
                    period=period,
                    run=run,
                    ledger=ledger,
                    servers=servers,
                    engine=named(order.settings.engine),
                    halt=halt,
                    tell=order.tell,
                )
                if not servers:
                    return await act(job)
                job.count_requests()
                async with pulse.felt(job) as felt:
                    return await act(felt)


async def planning(order: Order, halt: Halt) -> Plan:
    """What a run would still cost: from the store where it has the period's requests, else from Carto's own count."""
    assert order.period
    store = AtHand()
    if order.path.exists():
        async with open_ledger(order.path, read_only=True) as ledger:
            store = await at_hand(
                ledger, order.period, max_age=order.settings.max_age, takes_pairs=order.settings.prefill
            )
    counted = None
    if not store.states:
        async with _servers(order, order.settings, halt) as servers:
            assert servers
            await servers.portal.greet(is_known=False)
            where = requests_of(order.city, order.period)
            counted = await count_rows(servers.portal, order.city.requests.portal, where)
    rates = Rates(ais=order.settings.ais_rate, carto=order.settings.carto_rate)
    return plan(order.city, store=store, counted=counted, rates=rates, audit=order.settings.audit)


async def _forget_finished(path: Path) -> None:
    """Remove the store and the lake of a simulated city whose run is finished, so that the next one begins anew."""
    if not path.exists():
        return
    async with open_ledger(path) as ledger:
        is_finished = await runs.unfinished(ledger) is None
    if not is_finished:
        return
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    shutil.rmtree(path.with_suffix(".lake"), ignore_errors=True)


async def _run_for(order: Order, ledger: Ledger) -> tuple[Run, Settings]:
    run = await _existing(order, ledger)
    kept = order.settings.kept | {"in_force": order.settings.shown}
    if run is not None and order.with_servers and not await runs.downloads(ledger, run.id):
        kept["in_force"]["output"] = str(output_of(order.settings, run.settings))
        await runs.note(ledger, run.id, settings=msgspec.json.encode(kept).decode())
        await ledger.transact(_old_answers(order.settings))
        # it was begun, but never got an answer: perhaps its settings were wrong
        return await runs.by_id(ledger, run.id), order.settings
    if run is not None and (order.is_simulated or not order.with_servers):
        return run, order.settings  # it may be asked elsewhere, or nobody is
    if run is not None:
        settings = with_kept(order.settings, run.settings, goes_on=run.finished_at is None)
        await _mark_again(ledger, run, settings)
        return run, settings
    if order.which is Which.UNFINISHED:
        raise NothingToResume("There is nothing to resume.")
    if order.which is Which.LAST or order.period is None:
        raise UserError(f"Nothing was run on {order.path} yet. Begin with `li-perf run`.")
    if not order.is_simulated:
        await _refuse_other_servers(ledger, order.settings)
    since, until = order.period.since.isoformat(), order.period.until.isoformat()
    begun = await runs.begin(
        ledger,
        city=order.city.name,
        since=since,
        until=until,
        settings=kept,
        version=__version__,
        at_begin=_old_answers(order.settings),
    )
    return begun, order.settings


async def _refuse_other_servers(ledger: Ledger, settings: Settings) -> None:
    """What one server has said is nobody else's answer: a made-up city's least of all."""
    last = await runs.latest(ledger)
    kept = last.settings if last else {}
    for name in KEPT:
        before, now = kept.get(name, ""), getattr(settings, name)
        if before != "" and _host(before) != _host(now):
            raise UserError(
                f"What {ledger.path} holds came from {before or 'the city itself'}, and LI_PERF_{name.upper()} is "
                f"{now or 'not set'}. Set it back, or set LI_PERF_DATA to another folder."
            )


def _host(url: str | None) -> str | None:
    """A server; all of this machine are one, as a made-up city has another port each time."""
    return "localhost" if url and is_loopback(url) else urlsplit(url).hostname if url else None


def _old_answers(settings: Settings, *, at: str | None = None) -> Write:
    """What makes answers stale that are too old at the moment, now by default, at which a run begins."""
    before = ages.day_before(at or runs.now(), settings.max_age)
    return ages.marking(before=before, takes_pairs=settings.prefill)


async def _mark_again(ledger: Ledger, run: Run, settings: Settings) -> None:
    """What was too old for this run when it began, where another run has begun since, which marked by its own age."""
    latest = await runs.latest(ledger)
    if run.finished_at is None and latest and latest.id != run.id:
        await ledger.transact(_old_answers(settings, at=run.started_at))


async def _existing(order: Order, ledger: Ledger) -> Run | None:
    if order.which is Which.LAST:
        return await runs.latest(ledger)
    if order.which is Which.UNFINISHED:
        return await runs.unfinished(ledger)
    assert order.period
    return await runs.unfinished(ledger, period=(order.period.since.isoformat(), order.period.until.isoformat()))


@asynccontextmanager
async def _servers(order: Order, settings: Settings, halt: Halt) -> AsyncIterator[Servers | None]:
    if not order.with_servers:
        yield None
        return
    async with open_for(order.city, settings, halt) as servers:
        yield servers
