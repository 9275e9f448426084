"""A whole service that is out, clocks that jump, answers in another order, to another question or in another form."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from catalogue.servers import (
    ACCOUNT,
    BAD,
    GOOD,
    KINDS,
    ask_all,
    asked,
    everybody,
    fine,
    found,
    only,
    sends,
    stopped_by,
)
from engine.virtual import in_virtual_time, now
from sqlalchemy import select
from support.runs import settings_for, work

from li_perf.engine.heartbeat import Heartbeat
from li_perf.engine.verdict import Verdict
from li_perf.errors import Outage
from li_perf.model import Outcome as Address
from li_perf.simulator.city import build
from li_perf.simulator.faults import Faults
from li_perf.simulator.server import serve
from li_perf.sources import ais, parcels
from li_perf.sources.ais_answer import accounts
from li_perf.steps import run as run_step
from li_perf.steps.job import Job
from li_perf.store import gold, tables

MIXED = [*GOOD[:20], BAD, *GOOD[20:]]
DOWN = sends("<html>503</html>", 503)


@pytest.mark.parametrize("kind", KINDS)
def test_ten_minutes_without_the_service_cost_a_probe_every_fifteen_seconds_and_nothing_else(kind: str) -> None:
    @in_virtual_time
    async def run() -> None:
        start = now()
        async with asked(everybody(DOWN, after=2.0, seconds=600.0), kind) as (server, asker):
            results = await ask_all(asker)
        assert results.failed == {}
        meanwhile = [name for at, name in server.asked if start + 2.5 <= at < start + 602]
        assert set(meanwhile[8:]) == {ais.KNOWN_GOOD}, "known good, never a question"
        assert 38 <= len(meanwhile) <= 60

    run()


@in_virtual_time
async def test_longer_than_the_limit_ends_the_run_with_how_to_go_on() -> None:
    start = now()
    async with asked(everybody(DOWN, after=2.0, seconds=9e9)) as (_, asker):
        stop = await stopped_by(asker)
    assert isinstance(stop, Outage)
    assert "has not answered for 30 min" in str(stop)
    assert "li-perf resume" in str(stop)
    assert 1_800 <= now() - start < 1_850
    assert asker.verdicts[Verdict.ITEM] <= 8


@pytest.mark.parametrize("workers", [8, 64])
def test_who_waits_for_a_slot_when_the_service_goes_looks_again_before_calling(workers: int) -> None:
    @in_virtual_time
    async def run() -> None:
        start = now()
        async with asked(everybody(DOWN, after=1.0, seconds=300.0)) as (server, asker):
            results = await ask_all(asker, [f"{n} MARKET ST" for n in range(200)], workers=workers)
        assert results.failed == {}
        late = [name for at, name in server.asked if start + 1 <= at < start + 301 and name != ais.KNOWN_GOOD]
        assert len(late) <= 9, "as many as it takes to doubt the service, however many wait"

    run()


@pytest.mark.parametrize("jump", [-86_400.0, -30.0, 30.0, 86_400.0])
def test_a_wall_clock_that_jumps_changes_no_wait_and_fails_nothing(jump: float) -> None:
    """Daylight saving, a time server, a hand: only the label moves."""

    @in_virtual_time
    async def run() -> None:
        jumps_at = now() + 3
        heartbeat = Heartbeat(wall=lambda: now() + (jump if now() >= jumps_at else 0.0))
        beating = asyncio.create_task(heartbeat.run())
        start = now()
        async with asked(only(BAD, sends(b"", 500)), heartbeat=heartbeat) as (server, asker):
            results = await ask_all(asker, [*MIXED, *(f"{n} ARCH ST" for n in range(100))])
        beating.cancel()
        assert set(results.failed) == {BAD}, "a poisoned question is charged before and behind the jump"
        assert now() - start < 60
        assert server.names.count(BAD) <= 6

    run()


@pytest.mark.parametrize("seed", range(5))
def test_answers_that_come_in_any_order_belong_to_their_questions(seed: int) -> None:
    @in_virtual_time
    async def run() -> None:
        dice = random.Random(seed)
        number = {name: f"{index:09d}" for index, name in enumerate(GOOD)}

        async def behave(name: str) -> web.StreamResponse:
            await asyncio.sleep(dice.uniform(0, 5))
            return web.json_response(found(name, number.get(name, ACCOUNT)))

        async with asked(behave) as (_, asker):
            results = await ask_all(asker, GOOD, workers=20)
        assert {name: accounts(a.value.features[0])[0] for name, a in results.answers.items()} == number

    run()


async def exported(job: Job) -> list[Any]:
    await run_step.run(job)
    matches: list[Any] = []
    await gold.with_match_rows(job.ledger, matches.extend)
    columns = [column for column in tables.violation.c if column.name != "violation_id"]
    violations = await job.ledger.rows(select(*columns))
    return [*map(tuple, matches), *sorted(map(tuple, violations), key=repr)]


async def test_the_export_is_the_same_in_whatever_order_the_answers_came(tmp_path: Path) -> None:
    city = build(tickets=150, seed=3, unanswerable=False)
    exports = []
    for number, weather in enumerate(("jitter=0.02,seed=1", "jitter=0.02,seed=2,timeout_rows=30")):  # many small pages
        async with serve(city, faults=Faults.parse(weather)) as simulation:
            settings = settings_for(simulation, tmp_path / str(number))
            exports.append(await work(settings, city, exported))
    assert exports[0], "there is something to compare"
    assert exports[0] == exports[1]


def swapped(share: float) -> Callable[[str], Awaitable[web.StreamResponse]]:
    """Now and then the answer to the question before."""
    dice, before = random.Random(1), [GOOD[0]]

    async def behave(name: str) -> web.StreamResponse:
        before.append(name)
        return fine(before[-2] if dice.random() < share else name)

    return behave


@in_virtual_time
async def test_an_answer_to_another_question_is_asked_for_again_and_never_kept() -> None:
    async with asked(swapped(0.1), retry_share=1.0) as (_, asker):
        results = await ask_all(asker, [f"{n} MARKET ST" for n in range(300)])
    assert results.failed == {}
    assert all(answer.value.query == name for name, answer in results.answers.items())
    assert results.verdicts[Verdict.ITEM] > 10, "there were some"


@in_virtual_time
async def test_a_cache_that_gives_everybody_the_same_answer_is_an_outage() -> None:
    async with asked(everybody(lambda: fine(GOOD[0]), after=2.0, seconds=300.0)) as (_, asker):
        results = await ask_all(asker, GOOD[1:])
    assert results.failed == {}
    assert results.openings == 1


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("address", Address.PARCEL_EXACT),
        ("street", Address.PARCEL_EXACT),
        ("block", Address.INTERSECTION_OR_BLOCK),
        ("intersection", Address.INTERSECTION_OR_BLOCK),
        ("owner", Address.ADDRESS_UNPARSEABLE),
        ("coordinates", Address.ADDRESS_UNPARSEABLE),
        ("pwd_parcel", Address.ADDRESS_UNPARSEABLE),
        ("dor_parcel", Address.ADDRESS_UNPARSEABLE),
    ],
)
def test_a_parcel_counts_only_where_an_address_was_understood(kind: str, outcome: Address) -> None:
    @in_virtual_time
    async def run() -> None:
        async with asked(only(BAD, sends(found(BAD, search_type=kind)))) as (_, asker):
            results = await ask_all(asker, [BAD], workers=1)
        meaning = parcels.meaning(results.answers[BAD].value, None)
        assert meaning.outcome is outcome
        assert bool(meaning.accounts) == (outcome is Address.PARCEL_EXACT)

    run()


FORMS: list[tuple[Any, tuple[str, ...]]] = [
    ("883309050", ("883309050",)),
    (51133966, ("051133966",)),
    (["883309050"], ("883309050",)),
    ("883309050|051133966", ("051133966", "883309050")),
    ("", ()),
    (None, ()),
]


@pytest.mark.parametrize(("value", "expected"), FORMS, ids=repr)
def test_an_account_in_a_known_form_is_read(value: Any, expected: tuple[str, ...]) -> None:
    @in_virtual_time
    async def run() -> None:
        async with asked(only(BAD, sends(found(BAD, value)))) as (server, asker):
            results = await ask_all(asker, [BAD], workers=1)
        assert accounts(results.answers[BAD].value.features[0]) == expected
        assert server.names == [BAD]

    run()


DRIFTED: list[Any] = [[], {}, True, 883309050.0, "88330905", "8833090500", "N/A", "８８３３０９０５０", [None]]
DRIFTED += [{"value": "883309050"}]


@pytest.mark.parametrize("value", DRIFTED, ids=repr)
def test_an_account_in_an_unknown_form_fails_its_address_alone_and_is_never_no_account(value: Any) -> None:
    @in_virtual_time
    async def run() -> None:
        async with asked(only(BAD, sends(found(BAD, value)))) as (server, asker):
            results = await ask_all(asker, MIXED)
        assert {name: failed.fault.reason for name, failed in results.failed.items()} == {BAD: "drift"}
        assert server.names.count(BAD) == 2

    run()


@in_virtual_time
async def test_an_answer_without_the_account_field_is_drift_too() -> None:
    body = found(BAD)
    del body["features"][0]["properties"]["opa_account_num"]
    async with asked(only(BAD, sends(body))) as (_, asker):
        results = await ask_all(asker, MIXED)
    assert {name: failed.fault.reason for name, failed in results.failed.items()} == {BAD: "drift"}


@pytest.mark.parametrize("minutes", [10, 60])
def test_where_every_account_has_another_form_the_run_pauses_and_names_the_field(minutes: int) -> None:
    @in_virtual_time
    async def run() -> None:
        until = now() + 2 + 60 * minutes

        async def behave(name: str) -> web.StreamResponse:
            return web.json_response(found(name, "N/A" if until - 60 * minutes <= now() < until else ACCOUNT))

        async with asked(behave) as (_, asker):
            if minutes < 30:
                assert (await ask_all(asker)).failed == {}
            else:
                assert "opa_account_num" in str(await stopped_by(asker))

    run()
