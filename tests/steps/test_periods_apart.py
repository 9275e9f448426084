"""Two periods in one store: what was downloaded for one is never reported, counted or planned as the other's."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.runs import finished_run, rows, settings_for, whole, work

from li_perf.analysis.findings import Findings
from li_perf.cities import CITIES
from li_perf.cli import exit_code
from li_perf.engine.halt import Halt, Stopped
from li_perf.errors import UserError
from li_perf.model import Period
from li_perf.session import Order, Which, at_work, planning
from li_perf.settings import Settings
from li_perf.simulator.city import SimulatedCity, build
from li_perf.simulator.faults import Faults
from li_perf.simulator.server import serve
from li_perf.steps.download import download
from li_perf.steps.job import Job
from li_perf.steps.plan import Plan
from li_perf.steps.retry import put_back
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
    assert rows(settings, "select count(*) from ticket where address_outcome is not null") == [(200,)]


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


def aged(settings: Settings, days: int) -> None:
    with closing(sqlite3.connect(settings.data / "philadelphia.db")) as store, store:
        at = f"strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-{days} days')"
        store.execute(f"update lookup set answered_at = {at} where source <> 'local'")


async def begun(job: Job) -> None:
    await download(job)
    raise Stopped


@pytest.mark.parametrize(("age", "other"), [(30, 90), (90, 30)])
async def test_a_run_that_begins_in_between_does_not_change_which_answers_are_too_old_for_another(
    age: int, other: int, year: SimulatedCity, spring: SimulatedCity, tmp_path: Path
) -> None:
    async with serve(year) as simulation:
        settings = settings_for(simulation, tmp_path, max_age=age)
        first = await work(settings, year)
        aged(settings, 40)
        with pytest.raises(Stopped):
            await work(settings, year, begun)
        await work(settings_for(simulation, tmp_path, max_age=other), spring, download)
        before = sum(simulation.asked.values())
        findings = await work(settings, year, which=Which.NEW_OR_UNFINISHED)
        calls = sum(simulation.asked.values()) - before
    by_ais = first.lookups.by_source["ais"]
    assert calls >= by_ais if age < 40 else calls <= 1
    assert findings.lookups.outdated == 0
    assert findings.match_levels == first.match_levels


async def test_retry_asks_what_failed_of_its_own_period_and_leaves_the_rest(
    year: SimulatedCity, spring: SimulatedCity, tmp_path: Path
) -> None:
    bad = {question for question, address in year.addresses.items() if address.outcome == "parcel_exact"}
    async with serve(year, faults=Faults(poison=frozenset(sorted(bad)[-8:]))) as simulation:
        settings = settings_for(simulation, tmp_path)
        everything = await work(settings, year)
        part = await work(settings, spring)
        assert 0 < part.lookups.failed < everything.lookups.failed

        async def again(job: Job) -> Findings:
            assert await put_back(job) == part.lookups.failed
            return await whole(job)

        await work(settings, spring, again, which=Which.LAST)
    assert rows(settings, "select count(*) from lookup where state = 'failed'") == [(everything.lookups.failed,)]
    assert rows(settings, "select count(*) from lookup where state = 'pending'") == [(0,)]


def test_clean_keeps_what_was_found_out_and_afresh_finds_it_out_again(year: SimulatedCity, tmp_path: Path) -> None:
    outcomes = "select service_request_id, address_outcome, accounts from ticket order by 1"
    settings = finished_run(year, tmp_path).settings
    before = rows(settings, outcomes)
    for words in (["clean"], ["clean", "--afresh"]):
        assert exit_code([*words, "--data", str(settings.data)]) == 0
        assert rows(settings, outcomes) == before
    assert exit_code(["verify", "--data", str(settings.data)]) == 0


def test_retry_asks_nobody_where_nothing_failed(
    year: SimulatedCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = finished_run(year, tmp_path).settings  # its servers are gone
    for name in ("AIS", "CARTO"):
        monkeypatch.setenv(f"LI_PERF_{name}_RATE", "0")
    assert exit_code(["retry", "--data", str(settings.data), "--output", str(settings.output)]) == 0
    assert "No question failed" in caplog.text


async def test_a_simulated_city_begins_anew_without_the_lake_of_the_one_before(
    year: SimulatedCity, tmp_path: Path
) -> None:
    async with serve(year) as simulation:
        settings = settings_for(simulation, tmp_path)
        order = Order(
            city=PLACE,
            settings=settings,
            which=Which.NEW_OR_UNFINISHED,
            period=Period(since=year.since, until=year.until),
            is_simulated=True,
        )
        await at_work(order, whole, Halt())
        (settings.data / "philadelphia.lake").mkdir()
        await at_work(order, whole, Halt())
    assert not (settings.data / "philadelphia.lake").exists()
    assert rows(settings, "select count(*) from run") == [(1,)]
