"""Two periods in one store: what was downloaded for one is never reported, counted or planned as the other's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.runs import rows, settings_for, whole, work

from li_perf.analysis.findings import Findings
from li_perf.cities import CITIES
from li_perf.engine.halt import Halt, Stopped
from li_perf.errors import UserError
from li_perf.model import Period
from li_perf.session import Order, Which, at_work, planning
from li_perf.settings import Settings
from li_perf.simulator.city import SimulatedCity, build
from li_perf.simulator.server import serve
from li_perf.steps.download import download
from li_perf.steps.job import Job
from li_perf.steps.plan import Plan
from li_perf.steps.run import look_up, rematch
from li_perf.steps.status import Status, status
from li_perf.store.opening import open_ledger

PLACE = CITIES["philadelphia"]


@pytest.fixture(scope="module")
def year() -> SimulatedCity:
    return build(tickets=200, seed=3, unanswerable=False)


@pytest.fixture
def spring(year: SimulatedCity) -> SimulatedCity:
    return replace(year, since=year.since, until=year.since + timedelta(days=120))


async def looked_at(settings: Settings) -> Status:
    async with open_ledger(settings.data / "philadelphia.db", read_only=True) as ledger:
        return await status(ledger, PLACE)


async def planned(settings: Settings, city: SimulatedCity) -> Plan:
    period = Period(since=city.since, until=city.until)
    return await planning(Order(city=PLACE, settings=settings, which=Which.NEW_OR_UNFINISHED, period=period), Halt())


async def in_single_steps(job: Job) -> Findings:
    await look_up(job)
    return await rematch(job)


async def halted(job: Job) -> None:
    job.halt.set()
    await download(job)


async def test_single_steps_behind_a_download_of_another_period_work_on_its_requests(
    year: SimulatedCity, spring: SimulatedCity, tmp_path: Path
) -> None:
    async with serve(year) as simulation:
        settings = settings_for(simulation, tmp_path)
        alone = await work(settings_for(simulation, tmp_path / "alone"), spring)
        everything = await work(settings, year)
        await work(settings, spring, download)
        found = await work(settings, spring, in_single_steps, which=Which.LAST)
    assert (found.since, found.until) == (spring.since.isoformat(), spring.until.isoformat())
    assert 0 < alone.requests < everything.requests
    assert found.requests == alone.requests
    assert found.lookups.asked == alone.lookups.asked
    assert found.match_levels == alone.match_levels


async def test_a_report_behind_a_download_alone_is_refused_and_leaves_the_tables(
    year: SimulatedCity, spring: SimulatedCity, tmp_path: Path
) -> None:
    async with serve(year) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, year)
        await work(settings, spring, download)
        with pytest.raises(UserError, match="no violations yet"):
            await work(settings, spring, rematch, which=Which.LAST)


async def test_status_and_plan_say_nothing_of_another_periods_addresses(
    year: SimulatedCity, spring: SimulatedCity, tmp_path: Path
) -> None:
    async with serve(year) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, year)
        with pytest.raises(Stopped):
            await work(settings, spring, halted)
        found = await looked_at(settings)
        begun, again = await planned(settings, spring), await planned(settings, year)
        await work(settings, spring, whole)
        gone_on = await looked_at(settings)
    assert (found.since, found.questions, found.failures, found.answers) == (spring.since.isoformat(), {}, {}, {})
    assert begun.is_estimate
    assert (again.is_estimate, again.ais_calls) == (False, 0)
    assert gone_on.questions
    assert sum(gone_on.questions.values()) < again.questions


async def test_a_plan_for_a_period_anew_counts_its_pages_and_parcels_again(year: SimulatedCity, tmp_path: Path) -> None:
    async with serve(year) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, year)
        new = await planned(settings, year)
        calls = len(simulation.log)
        await work(settings, year)
        asked = sum(wire.server == "carto" for wire in list(simulation.log)[calls:])
    ((parcels,),) = rows(settings, "select count(*) from fetch where run_id = 2")
    assert parcels > 0
    assert new.ais_calls == 0
    assert abs(new.carto_calls - asked) <= 4, (new.carto_calls, asked)


async def test_a_report_of_a_finished_run_asks_nobody_and_minds_no_address(year: SimulatedCity, tmp_path: Path) -> None:
    async with serve(year) as simulation:
        settings = settings_for(simulation, tmp_path)
        findings = await work(settings, year)
        elsewhere = settings_for(simulation, tmp_path, ais_url="http://127.0.0.1:9/else", max_age=3, prefill=True)
        order = Order(city=PLACE, settings=elsewhere, which=Which.LAST, with_servers=False)
        assert (await at_work(order, rematch, Halt())).match_levels == findings.match_levels
        with pytest.raises(UserError, match="began with other settings"):
            await work(elsewhere, year, which=Which.LAST)
