"""The first pass over the City's own pairs: the same report for far fewer calls, or none of it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.runs import Finished, finished_run, rows, settings_for, whole, work
from support.truth import truth

from li_perf.analysis.findings import Findings
from li_perf.cities import CITIES
from li_perf.cities.city import City
from li_perf.errors import UserError
from li_perf.session import Which
from li_perf.settings import Settings
from li_perf.simulator.city import SimulatedCity, build
from li_perf.simulator.faults import Faults
from li_perf.simulator.server import serve
from li_perf.simulator.simulation import Simulation
from li_perf.simulator.tables import PROPERTIES
from li_perf.steps.download import download
from li_perf.steps.job import Job, Progress
from li_perf.steps.prefill import _is_trusted
from li_perf.steps.run import rematch

KNOWN_GOOD = "1234 MARKET ST"
AUDIT = 20


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return build(tickets=300, seed=7, unanswerable=False)


def small_pages() -> City:
    """Philadelphia, its property table in many pages."""
    place = CITIES["philadelphia"]
    assert place.inspections
    assert place.inspections.pairs
    pairs = replace(
        place.inspections.pairs, properties=replace(place.inspections.pairs.properties, page_size=40, floor=0)
    )
    return replace(place, inspections=replace(place.inspections, pairs=pairs))


def asked_of(simulation: Simulation, before: Iterable[str] = ()) -> Counter[str]:
    asked = Counter(simulation.asked) - Counter(before)
    del asked[KNOWN_GOOD]
    return asked


def is_true(findings: Findings, settings: Settings, city: SimulatedCity) -> None:
    """The report, and each request's outcome and accounts, are the generator's."""
    real = truth(city)
    levels = findings.match_levels | findings.background
    assert {name: levels[name].matched for name in real.levels} == {k: len(v) for k, v in real.levels.items()}
    found = rows(settings, "select service_request_id, address_outcome, accounts from ticket")
    assert {n: (outcome, tuple(json.loads(accounts))) for n, outcome, accounts in found} == {
        number: (real.outcomes[number], real.accounts[number]) for number in real.requests
    }
    assert all(check.passed for check in findings.checks if check.is_certain)


def sources(settings: Settings) -> dict[str, int]:
    return dict(rows(settings, "select source, count(*) from lookup where state = 'answered' group by source"))


@pytest.fixture(scope="module")
def finished(city: SimulatedCity, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return finished_run(city, tmp_path_factory.mktemp("finished"), prefill=True, audit=AUDIT)


def test_a_run_with_prefill_is_true_and_asks_about_the_rest_and_the_sample_once(
    city: SimulatedCity, finished: Finished
) -> None:
    settings, findings = finished.settings, finished.findings
    asked = {question: count for question, count in finished.asked.items() if question != KNOWN_GOOD}
    is_true(findings, settings, city)
    told = findings.prefill
    assert told is not None
    assert (told.status, told.sampled, told.audited, told.agreed, told.agreement) == ("applied", AUDIT, AUDIT, AUDIT, 1)
    assert told.interval is not None
    assert 0.8 < told.interval[0] < told.interval[1] == 1
    assert told.prefilled == findings.lookups.by_source["opa"] == told.matched - AUDIT > 60
    assert set(asked.values()) == {1}
    not_asked = {question for (question,) in rows(settings, "select question from lookup where source <> 'ais'")}
    assert not_asked.isdisjoint(asked)
    assert len(asked) == findings.lookups.by_source["ais"] == findings.lookups.asked - len(not_asked)
    sampled = {question for (question,) in rows(settings, "select question from audit")}
    assert sampled <= set(asked)


def test_an_answer_of_the_table_says_where_it_is_from(city: SimulatedCity, finished: Finished) -> None:
    settings, findings = finished.settings, finished.findings
    kept = rows(
        settings, "select distinct state, outcome, attempts, status, match_type from lookup where source = 'opa'"
    )
    assert kept == [("answered", "parcel_exact", 0, None, None)]
    assert rows(settings, "select count(*) from lookup where source = 'opa' and body is null") == [(0,)]
    source = next(source for source in findings.sources if source.table == PROPERTIES)
    assert source.received == source.kept == source.counted_after == len(city.properties)
    assert {check.name for check in findings.checks if "pre-filled" in check.name}


async def test_a_table_that_lies_is_not_believed_and_ais_is_asked_about_all(
    city: SimulatedCity, tmp_path: Path
) -> None:
    async with serve(city, faults=Faults.parse("prefill_lies=0.3")) as simulation:
        settings = settings_for(simulation, tmp_path, prefill=True, audit=AUDIT)
        findings = await work(settings, city)
        asked = asked_of(simulation)
    is_true(findings, settings, city)
    assert findings.prefill
    assert (findings.prefill.status, findings.prefill.prefilled) == ("refused", 0)
    assert findings.prefill.agreed < AUDIT
    assert "opa" not in sources(settings)
    assert set(asked.values()) == {1}, "the sample's answers are not asked for again"


@pytest.mark.parametrize(
    ("sampled", "audited", "agreed", "expected"),
    [
        (200, 200, 200, True),
        (200, 200, 198, True),
        (200, 200, 197, False),
        (200, 100, 100, True),
        (200, 99, 99, False),
        (20, 20, 19, False),
        (0, 0, 0, False),
        (200, 0, 0, False),
    ],
)
def test_the_pairs_are_taken_where_99_percent_of_the_audited_agree(
    sampled: int, audited: int, agreed: int, expected: bool
) -> None:
    assert _is_trusted(sampled, audited, agreed) is expected


@pytest.mark.parametrize("faults", ["drop=location", "drop=parcel_number", f"drop_table={PROPERTIES}"])
async def test_without_the_table_the_run_says_so_in_one_line_and_goes_on(
    faults: str, city: SimulatedCity, tmp_path: Path
) -> None:
    said: list[Progress] = []

    async def listening(job: Job) -> Findings:
        return await whole(replace(job, tell=said.append))

    async with serve(city, faults=Faults.parse(faults)) as simulation:
        settings = settings_for(simulation, tmp_path, prefill=True, audit=AUDIT)
        findings = await work(settings, city, listening)
    is_true(findings, settings, city)
    (line,) = [progress.note for progress in said if progress.step == "prefill"]
    assert PROPERTIES in line
    assert "\n" not in line
    assert findings.prefill
    assert findings.prefill.status == "skipped"
    assert PROPERTIES not in {source.table for source in findings.sources}
    assert rows(settings, f"select count(*) from page where dataset = '{PROPERTIES}'") == [(0,)]


async def test_a_run_with_no_more_questions_than_the_audit_asks_them_and_downloads_nothing(
    city: SimulatedCity, tmp_path: Path
) -> None:
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path, prefill=True, audit=5_000)
        findings = await work(settings, city)
        assert not any(PROPERTIES in wire.what for wire in simulation.log)
    assert findings.prefill
    assert "no more than the audit" in str(findings.prefill.reason)
    is_true(findings, settings, city)


def row_of(account: Any, location: str | None, unit: str | None = None, **others: Any) -> dict[str, Any]:
    plain = {"the_geom": None, "the_geom_webmercator": None, "owner_1": "", "owner_2": None, "category_code": "1"}
    rest = {"cartodb_id": 1, "objectid": 1, "category_code_description": "", "market_value": 1, "pin": 1}
    return plain | rest | {"parcel_number": account, "location": location, "unit": unit, "zip_code": "19107"} | others


async def prefilled(city: SimulatedCity, properties: list[dict[str, Any]], tmp_path: Path) -> dict[str, str]:
    """What a run takes from these rows; a sample of one."""
    async with serve(replace(city, properties=properties)) as simulation:
        settings = settings_for(simulation, tmp_path, prefill=True, audit=1)
        await work(settings, city)
    taken = rows(settings, "select question, accounts from lookup where source = 'opa'")
    sampled = rows(settings, "select question, account from audit")
    return {question: json.loads(accounts)[0] for question, accounts in taken} | dict(sampled)


async def test_only_what_stands_there_once_and_beyond_doubt_is_taken(city: SimulatedCity, tmp_path: Path) -> None:
    exact = sorted(q for q, a in city.addresses.items() if a.kind == "exact")[:9]
    account = {question: city.addresses[question].accounts[0] for question in exact}
    twice, zips, units, mixed, odd, missing, blank, small, plain = exact
    properties = [
        row_of(account[twice], twice),
        row_of(account[twice], twice),  # the same row again: no other account
        row_of(account[zips], zips),
        row_of("999999998", zips, zip_code="19148"),
        row_of(account[units], units, "4"),  # a unit only: the building's text does not mean it
        row_of(account[mixed], mixed),
        row_of("999999997", mixed, "APT 2"),  # the building, and a unit with an account of its own
        row_of("12345", odd),
        row_of("", missing),
        row_of(account[blank], f"  {blank.lower().replace(' ', '   ')} ", " "),
        row_of(account[small], small.replace(" ST", " STREET")),  # nothing cleverer than white space and capitals
        row_of(account[plain], plain),
    ]
    assert await prefilled(city, properties, tmp_path) == {
        question: account[question] for question in (twice, blank, plain)
    }


async def test_a_text_with_a_unit_matches_only_that_units_row(city: SimulatedCity, tmp_path: Path) -> None:
    with_unit = [q for q, a in city.addresses.items() if a.kind == "unit"][:3]
    bases = [question.partition(" APT ")[0] for question in with_unit]
    units = [question.partition(" APT ")[2] for question in with_unit]
    account = [city.addresses[question].accounts[0] for question in with_unit]
    properties = [
        row_of(account[0], bases[0], f"APT {units[0]}"),
        row_of(account[1], bases[1], f"APT {units[1]}0"),
        row_of(account[2], bases[2]),
    ]
    assert await prefilled(city, properties, tmp_path) == {with_unit[0]: account[0]}


async def test_the_violations_of_the_run_before_speak_for_and_against(city: SimulatedCity, tmp_path: Path) -> None:
    """A violation's own address answers where it stands alone, and takes away what two accounts stand beside."""
    async with serve(replace(city, properties=[])) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, city)
    at: dict[str, set[str]] = {}
    for row in city.violations:
        if row["opa_account_num"] in city.addresses.get(row["address"], next(iter(city.addresses.values()))).accounts:
            at.setdefault(row["address"], set()).add(row["opa_account_num"])
    alone = {q: min(a) for q, a in at.items() if len(a) == 1 and city.addresses[q].kind == "exact"}
    assert len(alone) > 20
    denied = next(iter(alone))
    async with serve(replace(city, properties=[row_of("999999996", denied)])) as simulation:
        again = settings_for(simulation, tmp_path, prefill=True, audit=1, max_age=0)
        date_back(settings, "true")
        findings = await work(again, city)
    taken = dict(rows(again, "select question, accounts from lookup where source = 'opa'"))
    sampled = {question for (question,) in rows(again, "select question from audit")}
    assert set(alone) - {denied} <= set(taken) | sampled
    assert denied not in set(taken) | sampled
    is_true(findings, again, city)


def date_back(settings: Settings, which: str) -> None:
    store = sqlite3.connect(settings.data / "philadelphia.db")
    store.execute(f"update lookup set answered_at = '2020-01-01T00:00:00Z' where {which}")
    store.commit()
    store.close()


class Killed(Exception):
    """The run ends here, with whatever is committed."""


async def ended_behind(step: str, tells: int, settings: Settings, city: SimulatedCity) -> bool:
    """Work until a step has told its progress so many times; whether it came to that."""
    told = Counter[str]()

    def telling(progress: Progress) -> None:
        told[progress.step] += 1
        if progress.step == step and told[step] == tells:
            raise Killed

    async def act(job: Job) -> Findings:
        return await whole(replace(job, tell=telling))

    try:
        await work(settings, city, act, place=small_pages())
    except Killed:
        return True
    return False


@pytest.mark.parametrize("faults", ["", "prefill_lies=0.3"])
async def test_a_run_that_ends_at_any_moment_of_the_first_pass_comes_to_the_same(
    faults: str, city: SimulatedCity, tmp_path: Path
) -> None:
    async with serve(city, faults=Faults.parse(faults)) as simulation:
        straight = settings_for(simulation, tmp_path / "straight", prefill=True, audit=AUDIT, ais_concurrency=2)
        expected = await work(straight, city)
        before = Counter(simulation.asked)
        broken = settings_for(simulation, tmp_path / "broken", prefill=True, audit=AUDIT, ais_concurrency=2)
        page, ended = f"download {PROPERTIES}", 0
        for step, tells in ((page, 1), (page, 3), ("audit", 1), ("audit", 5), ("audit", 6), ("prefill", 1)):
            ended += await ended_behind(step, tells, broken, city)
            taken = rows(broken, "select count(*) from lookup where source = 'opa'")
            assert taken == [(0,)] or rows(broken, "select prefill is not null from run") == [(1,)]
        findings = await work(broken, city, place=small_pages())
        asked = asked_of(simulation, before)
    assert ended == 6
    assert findings.prefill == expected.prefill
    assert sources(broken) == sources(straight)
    assert rows(broken, "select * from audit order by 2") == rows(straight, "select * from audit order by 2")
    assert sum(times - 1 for times in asked.values()) <= 2 * ended, "no more than what was in flight is asked again"
    is_true(findings, broken, city)


async def test_another_prefill_setting_in_the_middle_is_refused_with_the_difference(
    city: SimulatedCity, tmp_path: Path
) -> None:
    async def interrupted(job: Job) -> None:
        await download(job)
        raise Killed

    async with serve(city) as simulation:
        with pytest.raises(Killed):
            await work(settings_for(simulation, tmp_path), city, interrupted)
        with pytest.raises(UserError, match="LI_PERF_PREFILL: began with False, now True"):
            await work(settings_for(simulation, tmp_path, prefill=True), city)
        settings = settings_for(simulation, tmp_path)
        assert (await work(settings, city)).prefill is None


async def test_a_later_run_with_prefill_keeps_what_was_taken_and_one_without_asks_ais(
    city: SimulatedCity, tmp_path: Path
) -> None:
    async with serve(city) as simulation:
        with_pairs = settings_for(simulation, tmp_path, prefill=True, audit=AUDIT)
        await work(with_pairs, city)
        taken = {question for (question,) in rows(with_pairs, "select question from lookup where source = 'opa'")}
        before = Counter(simulation.asked)
        again = await work(with_pairs, city)
        assert not asked_of(simulation, before)
        assert again.lookups.by_source["opa"] == len(taken)
        assert await work(with_pairs, city, rematch, which=Which.LAST) == again
        before = Counter(simulation.asked)
        findings = await work(settings_for(simulation, tmp_path, prefill=False), city)
        assert asked_of(simulation, before) == Counter(taken)
    assert "opa" not in findings.lookups.by_source
    assert findings.prefill is None
    is_true(findings, with_pairs, city)


async def test_an_audit_that_fails_takes_back_what_an_earlier_run_took(city: SimulatedCity, tmp_path: Path) -> None:
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path, prefill=True, audit=AUDIT)
        await work(settings, city)
    assert sources(settings)["opa"] > 60
    date_back(settings, "source = 'opa' and id % 3 > 0")
    async with serve(city, faults=Faults.parse("prefill_lies=0.4")) as simulation:
        findings = await work(settings_for(simulation, tmp_path, prefill=True, audit=AUDIT), city)
    assert findings.prefill
    assert findings.prefill.status == "refused"
    assert "opa" not in findings.lookups.by_source
    is_true(findings, settings, city)


async def test_the_faults_of_the_servers_change_nothing(city: SimulatedCity, tmp_path: Path) -> None:
    faults = Faults.parse("errors=0.01,partial=0.05,timeout_rows=150")
    async with serve(city, faults=faults) as simulation:
        settings = settings_for(simulation, tmp_path, prefill=True, audit=AUDIT)
        findings = await work(settings, city)
    assert findings.prefill
    assert findings.prefill.status == "applied"
    is_true(findings, settings, city)
