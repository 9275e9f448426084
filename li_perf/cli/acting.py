"""Verbs that change a store: whole runs and single steps."""

from __future__ import annotations

import logging
from functools import partial

from li_perf import acts
from li_perf.analysis.findings import Findings
from li_perf.cli.app import app
from li_perf.cli.options import (
    Afresh,
    Audit,
    CityName,
    Data,
    Full,
    LogFormat,
    MaxAge,
    MetricsPort,
    Output,
    Prefill,
    Rate,
    Since,
    Until,
    city_named,
    last_run,
    order_for,
)
from li_perf.session import Order, Which
from li_perf.settings import load
from li_perf.steps import clean as clean_step
from li_perf.steps import download as download_step
from li_perf.steps import run as run_step
from li_perf.steps.follow import follow
from li_perf.steps.job import Job, inspections_of
from li_perf.steps.refresh import refresh
from li_perf.steps.retry import put_back

log = logging.getLogger(__name__)


@app.command()
def run(
    city: CityName = "philadelphia",
    since: Since = None,
    until: Until = None,
    data: Data = None,
    output: Output = None,
    ais_rate: Rate = None,
    prefill: Prefill = None,
    audit: Audit = None,
    max_age: MaxAge = None,
    log_format: LogFormat = None,
    metrics_port: MetricsPort = None,
) -> int:
    """All of it for the period, from download to measures. Goes on where an unfinished run stopped.

    Where there is an inspection agency, parcels are looked up and matched, and there is a report.
    """
    flags = {"data": data, "output": output, "ais_rate": ais_rate, "prefill": prefill, "audit": audit}
    more = {"max_age": max_age, "log_format": log_format, "metrics_port": metrics_port}
    _, order = order_for(city, Which.NEW_OR_UNFINISHED, since, until, **flags, **more)
    return acts.whole(order) if order.city.inspections else acts.step(order, follow)


@app.command()
def resume(
    city: CityName = "philadelphia",
    data: Data = None,
    output: Output = None,
    ais_rate: Rate = None,
    log_format: LogFormat = None,
    metrics_port: MetricsPort = None,
) -> int:
    """The last unfinished run, with the servers it began with."""
    settings = load(data=data, output=output, ais_rate=ais_rate, log_format=log_format, metrics_port=metrics_port)
    order = Order(city=city_named(city), settings=settings, which=Which.UNFINISHED)
    if not order.path.exists():
        print("There is nothing to resume.")
        return 0
    return acts.whole(order) if order.city.inspections else acts.step(order, follow)


@app.command()
def retry(
    city: CityName = "philadelphia",
    data: Data = None,
    output: Output = None,
    ais_rate: Rate = None,
    log_format: LogFormat = None,
    metrics_port: MetricsPort = None,
) -> int:
    """Put failed questions back and ask them again."""
    settings = load(data=data, output=output, ais_rate=ais_rate, log_format=log_format, metrics_port=metrics_port)

    async def again(job: Job) -> Findings:
        failed = await put_back(job)
        if not failed and job.run.finished_at:
            log.warning("No question failed: nobody is asked, and the report is made anew.")
            return await run_step.rematch(job)
        log.warning(f"{failed:,} failed questions are asked again.")
        return await run_step.run(job)

    place = city_named(city)
    inspections_of(place)  # only what it looks up can fail
    return acts.whole(Order(city=place, settings=settings, which=Which.LAST), again)


@app.command()
def report(city: CityName = "philadelphia", data: Data = None, output: Output = None) -> int:
    """Rebuild the report from the store, without network."""
    return acts.whole(last_run(city, data, with_servers=False, output=output), run_step.rematch)


@app.command()
def download(
    city: CityName = "philadelphia", since: Since = None, until: Until = None, data: Data = None, full: Full = False
) -> int:
    """Single step: the period's requests as the portal sends them; the second time, what came or changed since."""
    _, order = order_for(city, Which.NEW_OR_UNFINISHED, since, until, data=data)
    return acts.step(order, download_step.download if order.city.inspections else partial(refresh, fully=full))


@app.command()
def clean(city: CityName = "philadelphia", data: Data = None, afresh: Afresh = False) -> int:
    """Single step: typed tickets from the pages that came since the last time; complaints too, where there are any."""

    async def act(job: Job) -> None:
        if await clean_step.clean(job, afresh=afresh) and await run_step.has_violations(job):
            await run_step.rematch(job)

    return acts.step(last_run(city, data, with_servers=False), act)


@app.command()
def enrich(city: CityName = "philadelphia", data: Data = None, ais_rate: Rate = None) -> int:
    """Single step: addresses to parcels, parcels to violations."""
    return acts.step(last_run(city, data, ais_rate=ais_rate), run_step.look_up)


@app.command()
def match(city: CityName = "philadelphia", data: Data = None) -> int:
    """Single step: outcomes and matches from what is in the store."""
    return acts.step(last_run(city, data, with_servers=False), run_step.rematch)
