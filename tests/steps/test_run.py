"""The whole run against a simulated city, compared with plain counting over the generator's tables."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from support.runs import Finished, finished_run, rows, settings_for, work
from support.truth import truth

from li_perf.simulator.city import SimulatedCity, build
from li_perf.simulator.faults import Faults
from li_perf.simulator.server import serve


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return build(tickets=500, seed=7)


@pytest.fixture(scope="module")
def finished(city: SimulatedCity, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return finished_run(city, tmp_path_factory.mktemp("finished"))


def test_the_report_agrees_with_the_generators_truth(city: SimulatedCity, finished: Finished) -> None:
    findings, real = finished.findings, truth(city)
    assert findings.requests == len(real.requests)
    assert findings.requests_open == sum(row["status"] != "Closed" for row in real.requests.values())
    assert findings.distinct_addresses == len(real.questions)
    assert {k: n for k, n in findings.address_outcomes.items() if n} == Counter(real.outcomes.values())
    levels = findings.match_levels | findings.background
    assert {name: levels[name].matched for name in real.levels} == {k: len(v) for k, v in real.levels.items()}
    assert all(check.passed for check in findings.checks if check.name != "M6 <= M4")


def test_each_requests_outcome_and_accounts_are_the_generators(city: SimulatedCity, finished: Finished) -> None:
    settings, real = finished.settings, truth(city)
    found = rows(settings, "select service_request_id, address_outcome, accounts from ticket")
    assert {n: (outcome, tuple(json.loads(accounts))) for n, outcome, accounts in found} == {
        number: (real.outcomes[number], real.accounts[number]) for number in real.requests
    }
    flags = {"L0": "is_l0", "M1": "is_m1", "M2": "is_m2", "M3(60)": "is_m3", "M4(60)": "is_m4", "M6(60)": "is_m6"}
    for level, flag in flags.items():
        matched = {
            number for (number,) in rows(settings, f"select distinct service_request_id from match where {flag}")
        }
        assert matched == real.levels[level], level


def test_each_address_is_asked_once(city: SimulatedCity, finished: Finished) -> None:
    asked = finished.asked
    again = {question for question, times in asked.items() if times > 1}
    exceptions = {question for question, address in city.addresses.items() if address.outcome == "lookup_failed"}
    assert again - {"1234 MARKET ST"} <= exceptions
    never_asked = truth(city).questions - {" ".join(question.split()).upper() for question in asked}
    assert all(len(question) >= 80 or ";" in question for question in never_asked)


async def test_a_finished_run_asks_nothing_again_when_rebuilt(city: SimulatedCity, tmp_path: Path) -> None:
    from li_perf.session import Which
    from li_perf.steps.run import rematch

    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        first = await work(settings, city)
        calls = len(simulation.log)
        second = await work(settings, city, rematch, which=Which.LAST)
        assert len(simulation.log) == calls
    assert second == first


async def test_a_second_run_asks_the_address_service_nothing_new(city: SimulatedCity, tmp_path: Path) -> None:
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        first = await work(settings, city)
        before = Counter(simulation.asked)
        second = await work(settings, city)
        asked = Counter(simulation.asked) - before
    assert set(asked) <= {"1234 MARKET ST"}
    assert second.match_levels == first.match_levels


@pytest.fixture(scope="module")
def answerable() -> SimulatedCity:
    return build(tickets=200, seed=11, unanswerable=False)


@pytest.mark.parametrize(
    "faults",
    [
        "errors=0.05,resets=0.03,garbage=0.03,invalid=0.03",
        "outage=0.2-1.2:db_down,latency=0.002",
        "outage=0.1-1.0:refuse_503",
        "timeout_rows=120",
        "partial=0.3",
        "swap=1",
        "ais_rate=400,carto_rate=20",
        "mixup=0.1",
        "drop=service_type|lat",
    ],
)
async def test_faults_change_nothing_but_the_number_of_calls(
    faults: str, answerable: SimulatedCity, tmp_path: Path
) -> None:
    city = answerable
    async with serve(city, faults=Faults.parse(faults)) as simulation:
        settings = settings_for(simulation, tmp_path)
        findings = await work(settings, city)
        grown = "swap" in faults
    real = truth(city)
    assert findings.lookups.failed == 0
    assert findings.requests == len(real.requests) + grown
    assert abs(findings.match_levels["M3(60)"].matched - len(real.levels["M3(60)"])) <= grown
    assert findings.failures == {}


async def test_a_poisoned_address_fails_alone_and_retry_asks_it_again(city: SimulatedCity, tmp_path: Path) -> None:
    from li_perf.session import Which
    from li_perf.steps.job import Job
    from li_perf.steps.retry import put_back

    city = build(tickets=120, seed=5, unanswerable=False)
    poison = next(q for q, a in city.addresses.items() if a.outcome == "parcel_exact")
    async with serve(city, faults=Faults(poison=frozenset({poison}))) as simulation:
        settings = settings_for(simulation, tmp_path)
        findings = await work(settings, city)
    assert findings.lookups.failed == 1
    assert rows(settings, "select question, reason from lookup where state = 'failed'") == [(poison, "server_error")]
    assert findings.address_outcomes["lookup_failed"] >= 1

    async def again(job: Job):  # type: ignore[no-untyped-def]
        from li_perf.steps.run import run

        assert await put_back(job) == 1
        return await run(job)

    async with serve(city) as simulation:
        cured = settings_for(simulation, tmp_path, ais_url=simulation.ais_url, carto_url=simulation.carto_url)
        import sqlite3

        store = sqlite3.connect(settings.data / "philadelphia.db")
        store.execute(
            "update run set settings = json_set(settings, '$.ais_url', ?, '$.carto_url', ?)",
            (simulation.ais_url, simulation.carto_url),
        )
        store.commit()
        store.close()
        findings = await work(cured, city, again, which=Which.LAST)
        assert set(simulation.asked) <= {poison, "1234 MARKET ST"}
    assert findings.lookups.failed == 0


async def test_the_key_goes_into_a_header_and_into_nothing_else(tmp_path: Path) -> None:
    city = build(tickets=60, seed=3)
    async with serve(city, key="SENTINEL-KEY") as simulation:
        settings = settings_for(simulation, tmp_path, ais_key="SENTINEL-KEY")
        await work(settings, city)
        assert all(wire.key_in_header and not wire.key_in_url for wire in simulation.log if wire.server == "ais")
        assert not any(wire.key_in_header or wire.key_in_url for wire in simulation.log if wire.server == "carto")
    for file in (tmp_path / "data").iterdir():
        assert b"SENTINEL" not in file.read_bytes()


async def test_complaints_that_say_the_same_twice_are_neither_lost_nor_a_reason_to_stop(tmp_path: Path) -> None:
    """A row a call: several rows may be equal in every column, and a page may end in the middle of them."""
    from dataclasses import replace

    from li_perf.cities import CITIES
    from li_perf.cities.philadelphia import COMPLAINTS

    city = build(tickets=200, seed=13, unanswerable=False)
    again = [row | {"cartodb_id": 10_000 + index} for index, row in enumerate(city.complaints[::2])]
    blank = [row | {"cartodb_id": 20_000 + index, "casenumber": None} for index, row in enumerate(city.complaints[::3])]
    city = replace(city, complaints=[*city.complaints, *again, *blank, *again])
    place = CITIES["philadelphia"]
    assert place.inspections
    small = replace(place.inspections, complaints=replace(COMPLAINTS, page_size=3))
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        findings = await work(settings, city, place=replace(place, inspections=small))
    source = next(source for source in findings.sources if source.table == "complaints")
    assert source.received == source.kept == source.counted_after
    assert source.restarts == 0
    assert findings.match_levels["L0"].matched == len(truth(city).levels["L0"])


async def _stops_after(step, city: SimulatedCity, tmp_path: Path):  # type: ignore[no-untyped-def]
    """Settings of a store whose run ended behind `step`."""
    from li_perf.engine.halt import Stopped

    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)

        async def act(job):  # type: ignore[no-untyped-def]
            await step(job)
            raise Stopped

        with pytest.raises(Stopped):
            await work(settings, city, act)
    return settings


async def test_a_report_before_any_violation_was_fetched_is_refused(tmp_path: Path) -> None:
    from li_perf.errors import UserError
    from li_perf.session import Which
    from li_perf.steps.clean import clean
    from li_perf.steps.download import download
    from li_perf.steps.run import rematch

    async def half(job):  # type: ignore[no-untyped-def]
        await download(job)
        await clean(job)

    city = build(tickets=60, unanswerable=False)
    settings = await _stops_after(half, city, tmp_path)
    with pytest.raises(UserError, match="nothing to report"):
        await work(settings, city, rematch, which=Which.LAST)


async def test_cleaning_half_a_download_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    from li_perf.errors import UserError
    from li_perf.session import Which
    from li_perf.steps.clean import clean

    async def nothing(_job):  # type: ignore[no-untyped-def]
        return

    city = build(tickets=60, unanswerable=False)
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, city)
    await _stops_after(nothing, city, tmp_path)  # a second run, which got no page
    with pytest.raises(UserError, match="is not finished"):
        await work(settings, city, clean, which=Which.LAST)
    assert rows(settings, "select count(*) from ticket") == [(60,)]


async def test_an_interrupted_retry_can_be_resumed(tmp_path: Path) -> None:
    from li_perf.engine.halt import Stopped
    from li_perf.session import Which
    from li_perf.steps.retry import put_back

    city = build(tickets=60, seed=5, unanswerable=False)
    poison = next(q for q, a in city.addresses.items() if a.outcome == "parcel_exact")

    async def interrupted(job):  # type: ignore[no-untyped-def]
        assert await put_back(job) == 1
        raise Stopped

    async with serve(city, faults=Faults(poison=frozenset({poison}))) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, city)
        with pytest.raises(Stopped):
            await work(settings, city, interrupted, which=Which.LAST)
    assert rows(settings, "select count(*) from run where finished_at is null") == [(1,)]
