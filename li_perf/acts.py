"""What the verbs do: a step, a whole run with its report, a demo; each returns its exit code."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from li_perf.analysis.findings import Findings
from li_perf.cities import CITIES
from li_perf.cities.city import City
from li_perf.engine.halt import Halt
from li_perf.faces import health, messages
from li_perf.faces import report as report_face
from li_perf.faces.again import Place, command, completing
from li_perf.faces.brief import brief
from li_perf.faces.folder import check_folder, displaced
from li_perf.faces.progress import telling
from li_perf.model import Period
from li_perf.session import FIRST_CITY, Order, Which, at_work
from li_perf.settings import Settings, output_of
from li_perf.signals import until_told
from li_perf.steps import run as run_step
from li_perf.steps.follow import follow
from li_perf.steps.job import Job, Tell
from li_perf.steps.measure import measure
from li_perf.steps.simulate import Simulation, neighbour
from li_perf.steps.watch import Turn, watch
from li_perf.store import gold

INCOMPLETE = 3
log = logging.getLogger(__name__)


def whole(order: Order, act: Callable[[Job], Coroutine[Any, Any, Findings]] = run_step.run) -> int:
    """A whole run and its report."""
    settings = order.settings
    if order.period:  # else the run of before says where its report is
        check_folder(settings.output)
    with _telling(settings) as tell, completing(order.place):
        findings, folder = until_told(
            lambda halt: at_work(replace(order, tell=tell), _reporting(settings, act), halt), again=_to_go_on(order)
        )
    return _conclude(findings, folder, order.place)


@contextmanager
def _telling(settings: Settings) -> Iterator[Tell]:
    """Progress and messages as the settings want them, and the endpoint for metrics."""
    as_json = settings.log_format == "json"
    messages.set_up(as_json=as_json)
    with telling(as_json=as_json) as tell:
        if settings.metrics_port is None:
            yield tell
            return
        from li_perf.faces import metrics  # only here: prometheus_client takes its time to be imported

        with metrics.serving(tell, host=settings.metrics_host, port=settings.metrics_port) as told:
            yield told


def _reporting(settings: Settings, act: Callable[[Job], Coroutine[Any, Any, Findings]]) -> Callable[[Job], Any]:
    """The act, and the report written while the store is still ours: the findings, and the report's folder."""

    async def acting(job: Job) -> tuple[Findings, Path]:
        folder = output_of(settings, job.run.settings)
        check_folder(folder)
        if said := displaced(folder, job.period):
            log.warning(said)
        findings = await act(job)
        await gold.with_match_rows(
            job.ledger, lambda rows: report_face.write(findings, rows, gold.MATCH_HEADER, folder)
        )
        if job.servers:
            await run_step.finish(job, findings)
        return findings, folder

    return acting


def _conclude(findings: Findings, folder: Path, place: Place) -> int:
    print(brief(findings))
    print(f"The report: {folder / 'report.html'}, report.txt, report.json, matches.csv.")
    lookups = findings.lookups
    failed, pending = lookups.failed + lookups.fetches_failed, lookups.pending + lookups.fetches_pending
    if failed:
        log.warning(f"{_questions(failed)} stayed without an answer: `{command('retry', place)}` asks again.")
    if pending:
        log.warning(f"{_questions(pending)} not asked yet: `{command('resume', place)}` goes on.")
    return INCOMPLETE if failed or pending else 0


def _questions(count: int) -> str:
    return "1 question" if count == 1 else f"{count:,} questions"


def step(order: Order, act: Callable[[Job], Coroutine[Any, Any, Any]]) -> int:
    """One step of a run."""
    with _telling(order.settings) as tell, completing(order.place):
        until_told(lambda halt: at_work(replace(order, tell=tell), act, halt), again=_to_go_on(order))
    print(f"Done. The store: {order.path}.")
    return 0


def _to_go_on(order: Order) -> str | None:
    """The command behind a stop; none without servers, where all is done again in seconds."""
    return command("resume", order.place) if order.with_servers else None


def keep_fresh(cities: Sequence[City], settings: Settings, *, period: Period, every: float) -> int:
    """Refresh each of these cities every so many seconds, until told to stop."""
    check_folder(settings.output)
    began_at = datetime.now(UTC).isoformat(timespec="seconds")

    def note(turns: Mapping[str, Turn]) -> None:
        health.write(settings.data, health.Health(began_at=began_at, every=every, cities=dict(turns)))

    with _telling(settings) as tell:

        def act(city: City, halt: Halt) -> Callable[[], Coroutine[Any, Any, None]]:
            order = Order(city=city, settings=settings, which=Which.NEW_OR_UNFINISHED, period=period, tell=tell)
            return partial(_refreshed, order, halt)

        until_told(
            lambda halt: watch({city.name: act(city, halt) for city in cities}, every=every, halt=halt, note=note)
        )
    return 0


async def _refreshed(order: Order, halt: Halt) -> None:
    with completing(order.place):
        if order.city.inspections is None:
            await at_work(order, follow, halt)
            return
        await at_work(order, _reporting(order.settings, run_step.run), halt)
        await at_work(replace(order, which=Which.LAST, with_servers=False), measure, halt)


def demo(settings: Settings, simulation: Simulation, *, again: str) -> int:
    """A whole run against a simulated city in a process of its own, with a store and a report of their own.

    `again` is the command that goes on with it.
    """
    name = f"demo-{simulation.tickets}-{simulation.seed}"
    unpaced = {f"{server}_rate": 0.0 for server in ("ais", "carto")}
    here = settings.model_copy(
        update={
            "data": settings.data / name,
            "output": settings.output / name,
            **{rate: value for rate, value in unpaced.items() if rate not in settings.model_fields_set},
        }
    )
    check_folder(here.output)

    order = Order(
        city=CITIES[FIRST_CITY],
        settings=here,
        which=Which.NEW_OR_UNFINISHED,
        period=simulation.period,
        is_simulated=True,
        again=again,
    )

    async def against_a_neighbour(halt: Halt, tell: Tell) -> tuple[Findings, Path]:
        async with neighbour(simulation) as addresses:
            there = here.model_copy(update=msgspec.structs.asdict(addresses))
            return await at_work(replace(order, settings=there, tell=tell), _reporting(here, run_step.run), halt)

    with _telling(settings) as tell, completing(order.place):
        findings, folder = until_told(lambda halt: against_a_neighbour(halt, tell), again=again)
    return _conclude(findings, folder, order.place)
