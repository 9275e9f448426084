"""What a run would cost, with prefill and without: estimated where nothing is known, counted where it is."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.runs import rows, settings_for, work

from li_perf.cities import CITIES
from li_perf.engine.halt import Halt, Stopped
from li_perf.errors import StoreError
from li_perf.faces.status import plan_text
from li_perf.model import Period
from li_perf.session import Order, Which, planning
from li_perf.settings import Settings
from li_perf.simulator.city import SimulatedCity, build
from li_perf.simulator.server import serve
from li_perf.steps.clean import clean
from li_perf.steps.download import download
from li_perf.steps.job import Job
from li_perf.steps.plan import AtHand, Plan, Rates, plan
from li_perf.store.seeding import seed_questions

PLACE = CITIES["philadelphia"]
POLITE = Rates(ais=10.0, carto=4.0)


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return build(tickets=200, seed=3, unanswerable=False)


async def planned(settings: Settings, city: SimulatedCity) -> Plan:
    period = Period(since=city.since, until=city.until)
    order = Order(city=PLACE, settings=settings, which=Which.NEW_OR_UNFINISHED, period=period)
    return await planning(order, Halt())


async def until_cleaned(job: Job) -> None:
    await download(job)
    await clean(job)
    await seed_questions(job.ledger)
    raise Stopped


def test_the_year_2025_takes_47_minutes_and_with_prefill_between_20_seconds_and_as_long() -> None:
    found = plan(PLACE, store=AtHand(), counted=45_656, rates=POLITE, audit=200)
    assert (found.ais_calls, found.is_estimate) == (28_388, True)
    assert found.ais_seconds == pytest.approx(2_838.8)
    way = found.with_prefill
    assert way is not None
    assert (way.ais_calls_least, way.ais_calls_most) == (200, 28_388)
    assert (way.ais_seconds_least, way.ais_seconds_most) == (20.0, pytest.approx(2_838.8))
    assert 50 < way.carto_calls - found.carto_calls < 80
    text = plan_text(found)
    assert "28,388 calls, 47 min" in text
    assert "estimate, by the share of 2025" in text
    assert "With --prefill (an estimate): AIS: between 200 calls, 20 s" in text


def test_a_share_that_an_earlier_run_showed_makes_one_figure_of_two() -> None:
    found = plan(PLACE, store=AtHand(table_share=0.75), counted=45_656, rates=POLITE, audit=200)
    way = found.with_prefill
    assert way is not None
    assert way.ais_calls_least == way.ais_calls_most == 28_388 - 21_291 + 200
    assert "about 7,297 calls, 12 min, as the City's table answered 75% of the addresses last time" in plan_text(found)


@pytest.mark.parametrize(
    "store",
    [
        AtHand(states={"answered": 28_000, "pending": 200}),
        AtHand(states={"pending": 28_388}, may_prefill=False),
    ],
)
def test_prefill_is_not_offered_where_it_saves_nothing_or_comes_too_late(store: AtHand) -> None:
    found = plan(PLACE, store=store, counted=None, rates=POLITE, audit=200)
    assert found.with_prefill is None
    assert "--prefill" not in plan_text(found)


def test_a_city_without_a_property_table_has_no_prefill() -> None:
    assert PLACE.inspections
    place = replace(PLACE, inspections=replace(PLACE.inspections, pairs=None))
    assert plan(place, store=AtHand(), counted=45_656, rates=POLITE, audit=200).with_prefill is None


async def test_the_estimate_asks_ais_nothing_and_the_store_is_counted_where_it_can_be(
    city: SimulatedCity, tmp_path: Path
) -> None:
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path, audit=20)
        guess = await planned(settings, city)
        assert not simulation.asked
        assert (guess.requests, guess.is_estimate) == (200, True)
        with pytest.raises(Stopped):
            await work(settings, city, until_cleaned)
        ((questions,),) = rows(settings, "select count(distinct question) from ticket where question is not null")
        begun = await planned(settings, city)
    assert (begun.requests, begun.is_estimate, begun.ais_calls, begun.answered) == (None, False, questions, 0)
    assert begun.with_prefill is None, "the unfinished run began without it"


async def test_after_a_run_nothing_is_left_but_what_is_too_old(city: SimulatedCity, tmp_path: Path) -> None:
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path, prefill=True, audit=20)
        findings = await work(settings, city)
        done = await planned(settings, city)
        assert (done.ais_calls, done.due, done.with_prefill) == (0, 0, None)
        store = sqlite3.connect(settings.data / "philadelphia.db")
        store.execute("update lookup set answered_at = '2020-01-01T00:00:00Z' where source <> 'local'")
        store.commit()
        store.close()
        due = await planned(settings, city)
        calls = len(simulation.log)
        await work(settings, city)
        asked = [wire for wire in list(simulation.log)[calls:] if wire.server == "ais"]
    assert due.ais_calls == due.due == findings.lookups.asked - findings.lookups.by_source.get("local", 0)
    way: Any = due.with_prefill
    assert way.table_share is not None
    assert len(asked) == pytest.approx(way.ais_calls_most, rel=0.1), "violations answer a few more than the table"


async def test_a_store_of_an_older_version_is_not_misread(city: SimulatedCity, tmp_path: Path) -> None:
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        with pytest.raises(Stopped):
            await work(settings, city, until_cleaned)
        store = sqlite3.connect(settings.data / "philadelphia.db")
        store.execute("pragma user_version = 1")
        store.close()
        with pytest.raises(StoreError, match="made by an older li_perf"):
            await planned(settings, city)


async def test_a_plan_without_prefill_counts_what_the_citys_table_answered(city: SimulatedCity, tmp_path: Path) -> None:
    async with serve(city) as simulation:
        await work(settings_for(simulation, tmp_path, prefill=True, audit=20), city)
        settings = settings_for(simulation, tmp_path)
        found = await planned(settings, city)
        before = sum(simulation.asked.values())
        await work(settings, city)
        calls = sum(simulation.asked.values()) - before
    assert found.ais_calls > 10
    assert calls == pytest.approx(found.ais_calls, abs=2), "it greets, and may ask at the end whether all is well"


async def test_what_is_stale_already_is_counted_once(city: SimulatedCity, tmp_path: Path) -> None:
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        findings = await work(settings, city)
        store = sqlite3.connect(settings.data / "philadelphia.db")
        store.execute("update lookup set answered_at = '2020-01-01T00:00:00Z' where source <> 'local'")
        store.commit()
        store.close()
        await work(settings, replace(city, until=city.since + timedelta(days=60)), download)
        found = await planned(settings, city)
    assert found.ais_calls == found.due == findings.lookups.by_source["ais"]
