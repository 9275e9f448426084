"""An index that was emptied on AIS's side is noticed, and its false answers are not kept."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from catalogue.servers import asked, found, missing
from engine.local import Local
from support import truth as simulated
from support.runs import Brisk, rows, settings_for, work
from support.stores import add_lookups, copy_of

from li_perf.engine.halt import Stopped
from li_perf.errors import Emptied
from li_perf.model import Outcome, State
from li_perf.session import Which
from li_perf.simulator.city import SimulatedCity, build
from li_perf.simulator.server import serve
from li_perf.simulator.simulation import Simulation
from li_perf.sources import ais
from li_perf.sources.parcels import Meaning
from li_perf.steps.job import Job
from li_perf.steps.vigil import FEW, IN_A_ROW, SAMPLE, WAVES, Gift, Vigil
from li_perf.store.opening import open_ledger
from li_perf.store.questions import settle_lookup

LOCATED = Meaning(outcome=Outcome.PARCEL_EXACT, accounts=("883309050",), match_type="exact")
WITHOUT = (
    "select question, outcome from lookup where state = 'answered' and outcome in ('parcel_not_found', 'no_account')"
)
NOT_FOUND = Meaning(outcome=Outcome.PARCEL_NOT_FOUND)


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return build(tickets=700, seed=4, unanswerable=False)


async def asked_of(simulation: Simulation, answers: int) -> None:
    """Return once so many questions were asked."""
    while sum(simulation.asked.values()) < answers:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.002)


async def emptied_behind(simulation: Simulation, answers: int) -> None:
    """Empty the index once so many questions were asked."""
    await asked_of(simulation, answers)
    await change(simulation, "outage=0-9999:empty")


async def change(simulation: Simulation, faults: str) -> None:
    url = simulation.ais_url.replace("/ais/v2", "/simulator/faults")
    async with aiohttp.ClientSession() as session, session.post(url, data=faults) as reply:
        assert reply.status == 200


@pytest.mark.parametrize("answers", [1, 200])
async def test_a_run_stops_where_the_index_is_emptied_and_is_resumed_without_a_trace(
    city: SimulatedCity, answers: int, tmp_path: Path
) -> None:
    real = simulated.truth(city)
    truth = {question: address.outcome for question, address in city.addresses.items()}
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        emptying = asyncio.create_task(emptied_behind(simulation, answers))
        with pytest.raises(Emptied, match="finds no parcel any more"):
            await work(settings, city)
        await emptying
        assert sum(simulation.asked.values()) < answers + IN_A_ROW + 200, "it stopped soon"
        assert dict(rows(settings, WITHOUT)).items() <= truth.items(), "no false answer was kept"

        await change(simulation, "")
        findings = await work(settings, city, which=Which.UNFINISHED)
        assert findings.lookups.failed == 0
        assert dict(rows(settings, WITHOUT)).items() <= truth.items()
        assert {k: n for k, n in findings.address_outcomes.items() if n} == Counter(real.outcomes.values())


async def test_an_index_that_is_empty_for_a_while_leaves_no_trace(
    city: SimulatedCity, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Too short a while to end the run, and longer than what may be chance."""
    real = simulated.truth(city)
    truth = {question: address.outcome for question, address in city.addresses.items()}

    async def empty_for_a_while(simulation: Simulation) -> None:
        await emptied_behind(simulation, 200)
        await asked_of(simulation, 260)
        await change(simulation, "")

    async with serve(city) as simulation:
        emptying = asyncio.create_task(empty_for_a_while(simulation))
        settings = settings_for(simulation, tmp_path, ais_rate=300.0)
        findings = await work(settings, city)
        await emptying
    assert "addresses are asked again" in caplog.text
    assert findings.lookups.failed == 0
    assert dict(rows(settings, WITHOUT)).items() <= truth.items()
    assert {k: n for k, n in findings.address_outcomes.items() if n} == Counter(real.outcomes.values())


async def test_a_run_that_is_stopped_while_the_index_is_empty_keeps_nothing_false(
    city: SimulatedCity, tmp_path: Path
) -> None:
    truth = {question: address.outcome for question, address in city.addresses.items()}
    halt = Brisk()

    async def stop(simulation: Simulation) -> None:
        await emptied_behind(simulation, 200)
        await asked_of(simulation, 260)
        halt.set()

    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path, ais_rate=300.0)
        stopping = asyncio.create_task(stop(simulation))
        with pytest.raises(Stopped):
            await work(settings, city, halt=halt)
        await stopping
        await change(simulation, "")
        findings = await work(settings, city, which=Which.UNFINISHED)
    assert (findings.lookups.failed, findings.lookups.pending) == (0, 0)
    assert dict(rows(settings, WITHOUT)).items() <= truth.items()


async def test_a_run_that_is_killed_while_the_index_is_empty_keeps_nothing_false(
    city: SimulatedCity, tmp_path: Path
) -> None:
    """What was answered before the kill is doubted by whoever goes on."""
    truth = {question: address.outcome for question, address in city.addresses.items()}
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path, ais_rate=300.0)
        killed = settings_for(simulation, tmp_path / "killed", ais_rate=300.0)
        running = asyncio.create_task(work(settings, city))
        await emptied_behind(simulation, 200)
        await asked_of(simulation, 260)
        killed.data.mkdir(parents=True)
        copy_of(settings.data / "philadelphia.db", killed.data / "philadelphia.db")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert rows(killed, "select count(*) from lookup where reason = 'doubted'") > [(FEW,)], (
            "false answers were there"
        )
        await change(simulation, "")
        findings = await work(killed, city, which=Which.UNFINISHED)
    assert (findings.lookups.failed, findings.lookups.pending) == (0, 0)
    assert dict(rows(killed, WITHOUT)).items() <= truth.items()


async def test_old_answers_outlive_an_index_that_is_emptied(city: SimulatedCity, tmp_path: Path) -> None:
    kept = "select question, accounts, body from lookup where accounts <> '[]'"
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path)
        await work(settings, city)
        before = rows(settings, kept)
        with closing(sqlite3.connect(settings.data / "philadelphia.db", isolation_level=None)) as store:
            store.execute("update lookup set answered_at = '2020-01-01T00:00:00Z'")
        await change(simulation, "outage=0-9999:empty")
        with pytest.raises(Emptied):
            await work(settings, city)
        assert rows(settings, kept) == before


@asynccontextmanager
async def watching(
    folder: Path, *, without: Collection[str] = (), old: Collection[str] = (), is_empty: bool = False
) -> AsyncIterator[tuple[Vigil, Local]]:
    """A vigil over a server that has every address but some, or none; and what that is asked. Some answers are old."""

    async def behave(name: str) -> web.StreamResponse:
        has_it = not is_empty and name not in without
        return web.json_response(found(name)) if has_it else web.json_response(missing(name), status=404)

    async with asked(behave) as (server, asker), open_ledger(folder / "store.db") as ledger:
        await ledger.save(add_lookups(old))
        answers = (settle_lookup(each, state=State.STALE, calls=1, source="ais", accounts='["1"]') for each in old)
        await ledger.save(*answers)
        vigil = Vigil(cast(Job, SimpleNamespace(ais=asker, ledger=ledger)))
        await vigil.begin()
        yield vigil, server


async def see(vigil: Vigil, name: str, meaning: Meaning, *, asked_at: float | None = None) -> list[str]:
    """The addresses whose answers are settled when this is seen; of those that are only doubted, none."""

    def settle(*, is_doubted: bool = False, calls: int | None = None) -> Any:
        return [] if is_doubted else [name]

    at = asyncio.get_running_loop().time() if asked_at is None else asked_at
    gifts = [*await vigil.see(name, meaning, settle, asked_at=at), *await vigil.make_sure()]
    return settled(gifts)


def settled(gifts: Iterable[Gift]) -> list[str]:
    return [cast(str, change) for gift in gifts for change in gift.changes]


async def canaries(answers: Iterable[Meaning], folder: Path, *, is_empty: bool = False) -> list[str]:
    """The addresses with a parcel that a vigil over these answers asks about; of others it asks about a few each."""
    meanings = {f"{number} MARKET ST": meaning for number, meaning in enumerate(answers)}
    without = {name for name, meaning in meanings.items() if not meaning.accounts} - {ais.KNOWN_GOOD}
    async with watching(folder, without=without, is_empty=is_empty) as (vigil, server):
        for name, meaning in meanings.items():
            await see(vigil, name, meaning)
    known = [name for name in server.names if name not in without]
    assert len(server.names) - len(known) <= SAMPLE * len(known)
    return known


@pytest.mark.parametrize("share", [0.08, 0.6])
async def test_a_list_with_many_addresses_that_nobody_knows_asks_nothing_more(share: float, tmp_path: Path) -> None:
    dice = random.Random(311)
    answers = [NOT_FOUND if dice.random() < share else LOCATED for _ in range(30_000)]
    assert await canaries(answers, tmp_path) == []


async def test_a_list_of_nothing_else_goes_on_for_a_handful_of_calls(tmp_path: Path) -> None:
    assert await canaries([NOT_FOUND] * 10_000, tmp_path) == [ais.KNOWN_GOOD] * 6


@pytest.mark.parametrize("outcome", [Outcome.PARCEL_NOT_FOUND, Outcome.NO_ACCOUNT])
async def test_the_last_address_with_a_parcel_is_asked_about(outcome: Outcome, tmp_path: Path) -> None:
    answers = [LOCATED] * 8 + [Meaning(outcome=outcome)] * IN_A_ROW
    assert await canaries(answers, tmp_path) == ["7 MARKET ST"]


async def test_what_is_no_address_says_nothing_of_the_index(tmp_path: Path) -> None:
    assert await canaries([Meaning(outcome=Outcome.ADDRESS_UNPARSEABLE)] * 1_000, tmp_path, is_empty=True) == []


async def test_an_index_that_was_empty_from_the_start_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(Emptied, match=r"none for 100 addresses in a row, and none for 1234 MARKET ST\."):
        await canaries([NOT_FOUND] * IN_A_ROW, tmp_path, is_empty=True)


async def test_nothing_is_believed_before_another_parcel_is_found_that_was_asked_for_behind_it(tmp_path: Path) -> None:
    """One that is on its way while the index is emptied says nothing of what comes before it."""
    async with watching(tmp_path, old=["1 MARKET ST", "4 MARKET ST"]) as (vigil, server):
        before = asyncio.get_running_loop().time()
        assert await see(vigil, "0 MARKET ST", NOT_FOUND, asked_at=before) == []
        assert await see(vigil, "1 MARKET ST", NOT_FOUND, asked_at=before) == []
        assert await see(vigil, "2 MARKET ST", LOCATED, asked_at=before) == ["2 MARKET ST"]
        await asyncio.sleep(0.001)
        assert await see(vigil, "3 MARKET ST", LOCATED) == ["0 MARKET ST", "1 MARKET ST", "3 MARKET ST"]
        assert await see(vigil, "4 MARKET ST", NOT_FOUND) == []
        assert server.names == []
        await asyncio.sleep(0.001)
        assert settled(await vigil.end()) == ["4 MARKET ST"]
        assert server.names == [ais.KNOWN_GOOD]


async def test_parcels_that_come_and_go_end_the_run_in_the_end(tmp_path: Path) -> None:
    async with watching(tmp_path) as (vigil, _):
        for wave in range(WAVES + 1):
            lost = [f"{wave}{number} MARKET ST" for number in range(FEW + 1)]
            for name in lost:
                await see(vigil, name, NOT_FOUND)
            await asyncio.sleep(0.001)
            seeing = see(vigil, "1 MARKET ST", LOCATED)
            if wave < WAVES:
                assert await seeing == ["1 MARKET ST"]
                assert vigil.put_back() == lost
        with pytest.raises(Emptied, match="come and go"):
            await seeing


@pytest.mark.parametrize("count", [1, FEW + 1])
@pytest.mark.parametrize("is_empty", [True, False])
async def test_what_is_doubted_at_the_end_is_believed_where_the_index_is_sound(
    *, count: int, is_empty: bool, tmp_path: Path
) -> None:
    names = [f"{number} CHESTNUT ST" for number in range(count)]
    async with watching(tmp_path, without=names, is_empty=is_empty) as (vigil, _):
        for name in names:
            assert await see(vigil, name, NOT_FOUND) == []
        await asyncio.sleep(0.001)
        if is_empty:
            with pytest.raises(Emptied):
                await vigil.end()
        else:
            assert settled(await vigil.end()) == names
