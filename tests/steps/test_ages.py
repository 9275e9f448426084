"""Answers live across runs with their age: a new run asks again what is too old, and never loses what it had."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.runs import Finished, finished_run, rows, settings_for, work
from support.truth import truth

from li_perf.engine.halt import Stopped
from li_perf.errors import UserError
from li_perf.session import Which
from li_perf.settings import Settings
from li_perf.simulator.city import SimulatedCity, build
from li_perf.simulator.faults import Faults
from li_perf.simulator.server import serve
from li_perf.simulator.simulation import Simulation
from li_perf.steps.download import download
from li_perf.steps.job import Job, Progress
from li_perf.steps.run import rematch, run

KNOWN_GOOD = "1234 MARKET ST"
OLD, FRESH, FUTURE = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "9999-12-31T23:59:59Z"


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return build(tickets=120, seed=5, unanswerable=False)


@pytest.fixture(scope="module")
def finished(city: SimulatedCity, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return finished_run(city, tmp_path_factory.mktemp("finished"))


@pytest.fixture
async def simulation(city: SimulatedCity) -> AsyncIterator[Simulation]:
    async with serve(city) as simulation:
        yield simulation


def change(settings: Settings, sql: str) -> None:
    store = sqlite3.connect(settings.data / "philadelphia.db")
    store.execute(sql)
    store.commit()
    store.close()


def asked_of(simulation: Simulation, before: Counter[str]) -> Counter[str]:
    asked = Counter(simulation.asked) - before
    del asked[KNOWN_GOOD]
    return asked


def aged(finished: Finished, simulation: Simulation, tmp_path: Path, at: str, **others: Any) -> Settings:
    """Settings of a store whose run is finished, with every answer dated `at`."""
    settings = settings_for(simulation, tmp_path, **others)
    shutil.copytree(finished.settings.data, settings.data)
    change(settings, f"update lookup set answered_at = '{at}'")
    return settings


async def test_a_new_run_asks_again_what_is_too_old_each_once(
    finished: Finished, simulation: Simulation, city: SimulatedCity, tmp_path: Path
) -> None:
    settings = aged(finished, simulation, tmp_path, FRESH)
    change(settings, f"update lookup set answered_at = '{OLD}' where source = 'ais' and id % 5 = 0")
    old = [question for (question,) in rows(settings, f"select question from lookup where answered_at = '{OLD}'")]
    before = Counter(simulation.asked)
    findings = await work(settings, city)
    assert 5 < len(old) < len(city.addresses)
    assert asked_of(simulation, before) == Counter(old)
    assert findings.lookups.outdated == 0
    assert findings.lookups.asked_more_than_once == 0
    assert rows(settings, f"select count(*) from lookup where answered_at = '{OLD}'") == [(0,)]


@pytest.mark.parametrize("at", [FRESH, FUTURE])
async def test_an_answer_of_the_future_is_fresh(
    at: str, finished: Finished, simulation: Simulation, city: SimulatedCity, tmp_path: Path
) -> None:
    settings = aged(finished, simulation, tmp_path, at, max_age=0)
    before = Counter(simulation.asked)
    await work(settings, city)
    assert asked_of(simulation, before) == Counter()


async def test_a_404_that_is_an_answer_is_remembered_too(
    simulation: Simulation, city: SimulatedCity, tmp_path: Path
) -> None:
    settings = settings_for(simulation, tmp_path)
    await work(settings, city)
    assert rows(settings, "select count(*) from lookup where status = 404") > [(0,)]
    before = Counter(simulation.asked)
    await work(settings, city)
    assert asked_of(simulation, before) == Counter()


async def test_a_refresh_that_fails_keeps_the_old_answer_and_the_report_says_so(
    finished: Finished, simulation: Simulation, city: SimulatedCity, tmp_path: Path
) -> None:
    first = finished.findings
    settings = aged(finished, simulation, tmp_path, OLD)
    poison = next(q for q, a in city.addresses.items() if a.outcome == "parcel_exact" and "'" not in q)
    answer = f"select body, accounts, answered_at from lookup where question = '{poison}'"
    kept = rows(settings, answer)
    async with serve(city, faults=Faults(poison=frozenset({poison}))) as broken:
        elsewhere = settings_for(broken, tmp_path)
        findings = await work(elsewhere, city)
    assert findings.match_levels == first.match_levels
    assert findings.lookups.failed == 0
    assert findings.lookups.outdated == 1
    assert "1 answer is older than 30 days" in findings.limits[0]
    assert rows(settings, answer) == kept
    before = Counter(simulation.asked)
    assert (await work(settings, city)).lookups.outdated == 0, "the next run asks it again"
    assert asked_of(simulation, before) == Counter([poison])


async def test_a_run_that_goes_on_does_not_ask_again_what_it_answered(
    finished: Finished, simulation: Simulation, city: SimulatedCity, tmp_path: Path
) -> None:
    settings = aged(finished, simulation, tmp_path, OLD, ais_concurrency=4)
    before = Counter(simulation.asked)

    async def halfway(job: Job) -> None:
        told = Counter[str]()

        def stop_behind_thirty(progress: Progress) -> None:
            told[progress.step] += 1
            if told["enrich"] == 30:
                job.halt.set()

        await run(replace(job, tell=stop_behind_thirty))

    with pytest.raises(Stopped):
        await work(settings, city, halfway)
    waiting = rows(settings, "select count(*) from lookup where state = 'stale'")
    assert waiting > [(0,)], "the rest is still to be asked again"
    findings = await work(settings, city)
    assert max(asked_of(simulation, before).values()) == 1
    assert set(asked_of(simulation, before)) == {
        question for (question,) in rows(settings, "select question from lookup where source = 'ais'")
    }
    real = truth(city)
    assert {name: findings.match_levels[name].matched for name in ("L0", "M1", "M3(60)")} == {
        name: len(real.levels[name]) for name in ("L0", "M1", "M3(60)")
    }


async def test_a_report_in_the_middle_of_a_refresh_has_every_answer(
    simulation: Simulation, city: SimulatedCity, tmp_path: Path
) -> None:
    settings = settings_for(simulation, tmp_path)
    first = await work(settings, city)
    change(settings, f"update lookup set answered_at = '{OLD}'")
    change(settings, "update lookup set state = 'stale' where source = 'ais'")
    findings = await work(settings, city, rematch, which=Which.LAST)
    assert findings.address_outcomes == first.address_outcomes
    assert findings.match_levels == first.match_levels


async def test_going_on_with_another_age_is_refused_with_the_difference(
    simulation: Simulation, city: SimulatedCity, tmp_path: Path
) -> None:
    async def interrupted(job: Job) -> None:
        await download(job)
        raise Stopped

    with pytest.raises(Stopped):
        await work(settings_for(simulation, tmp_path), city, interrupted)
    with pytest.raises(UserError, match="LI_PERF_MAX_AGE: began with 30, now 5"):
        await work(settings_for(simulation, tmp_path, max_age=5), city)
