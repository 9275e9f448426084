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
from engine.virtual import in_virtual_time
from support import truth as simulated
from support.runs import Brisk, rows, settings_for, work
from support.stores import copy_of

from li_perf.engine.halt import Halt, Stopped
from li_perf.errors import Emptied, Unanswered
from li_perf.model import Outcome
from li_perf.session import Which
from li_perf.settings import Settings
from li_perf.simulator import desks
from li_perf.simulator.ais import Ais, Asked
from li_perf.simulator.city import SimulatedCity, build
from li_perf.simulator.server import serve
from li_perf.simulator.simulation import Simulation
from li_perf.sources import ais
from li_perf.sources.parcels import Meaning
from li_perf.steps.job import Job
from li_perf.steps.shortfall import WINDOW
from li_perf.steps.vigil import LONGEST, PATIENCE, SAMPLE, WAVES, Gift, Vigil
from li_perf.store.opening import open_ledger

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
        assert sum(simulation.asked.values()) < answers + PATIENCE + 200, "it stopped soon"
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


@pytest.mark.parametrize("behind", [12, 24, 60])
async def test_a_run_that_is_stopped_while_the_index_is_empty_keeps_nothing_false(
    behind: int, city: SimulatedCity, tmp_path: Path
) -> None:
    halt = Brisk()

    async def stop(simulation: Simulation) -> None:
        await emptied_behind(simulation, 200)
        await asked_of(simulation, 200 + behind)
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
    assert false_of(settings, city) == set()


async def test_a_run_that_is_stopped_while_all_is_well_asks_nothing_again(city: SimulatedCity, tmp_path: Path) -> None:
    halt = Brisk()
    async with serve(city) as simulation:
        settings = settings_for(simulation, tmp_path, ais_rate=300.0)
        stopping = asyncio.create_task(asked_of(simulation, 150))
        stopping.add_done_callback(lambda _: halt.set())
        with pytest.raises(Stopped):
            await work(settings, city, halt=halt)
        asked = dict(simulation.asked)
        await work(settings, city, which=Which.UNFINISHED)
        again = {name for name, count in simulation.asked.items() if count > 1 and name in asked}
    assert again == {ais.KNOWN_GOOD}


async def test_a_run_that_is_killed_while_the_index_is_empty_keeps_nothing_false(
    city: SimulatedCity, tmp_path: Path
) -> None:
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
        await change(simulation, "")
        findings = await work(killed, city, which=Which.UNFINISHED)
    assert (findings.lookups.failed, findings.lookups.pending) == (0, 0)
    assert false_of(killed, city) == set()


@pytest.mark.parametrize("share", [0.7, 0.9, 1.0])
async def test_a_run_ends_where_most_of_the_index_is_gone(
    share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while it is loaded anew: what is found in between says nothing of what is not."""
    large, dice = build(tickets=2_000, seed=4, unanswerable=False), random.Random(1)
    gone = {question for question in large.addresses if dice.random() < share} - {ais.KNOWN_GOOD}
    answers, real = 0, Ais.answer

    def answer(self: Ais, asked: Asked) -> Any:
        nonlocal answers
        answers += 1
        is_gone = answers > 300 and asked.query in gone and asked.query in has_one
        return self.broken(asked, desks.NO_ADDRESSES) if is_gone else real(self, asked)

    has_one = {question for question, address in large.addresses.items() if address.accounts}
    monkeypatch.setattr(Ais, "answer", answer)
    async with serve(large) as simulation:
        settings = settings_for(simulation, tmp_path)
        with pytest.raises(Emptied, match="none where it found one before"):
            await work(settings, large)
    assert answers < 900, "it stopped soon"
    assert len(false_of(settings, large)) <= 2, "one that is lost among those that were always without one"


def false_of(settings: Settings, city: SimulatedCity) -> set[str]:
    """Addresses that the store says are without a parcel, and are not."""
    truth = {question: address.outcome for question, address in city.addresses.items()}
    return {question for question, outcome in rows(settings, WITHOUT) if truth[question] != outcome}


async def test_old_answers_outlive_an_index_that_is_emptied(city: SimulatedCity, tmp_path: Path) -> None:
    kept = "select question, outcome, accounts, body from lookup where source = 'ais'"
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
    folder: Path,
    *,
    without: Collection[str] = (),
    is_empty: bool = False,
    broken: Collection[str] = (),
    halt: Halt | None = None,
) -> AsyncIterator[tuple[Vigil, Local]]:
    """A vigil over a server that has every address but some, or none, and fails for the `broken`; and what that is
    asked."""

    async def behave(name: str) -> web.StreamResponse:
        if name in broken:
            return web.Response(status=500)
        has_it = not is_empty and name not in without
        return web.json_response(found(name)) if has_it else web.json_response(missing(name), status=404)

    async with asked(behave) as (server, asker), open_ledger(folder / "store.db") as ledger:
        vigil = Vigil(cast(Job, SimpleNamespace(ais=asker, ledger=ledger, halt=halt or Halt())))
        await vigil.begin()
        yield vigil, server


async def see(vigil: Vigil, name: str, meaning: Meaning, *, asked_at: float | None = None) -> list[str]:
    """The addresses whose answers are settled when this is seen."""
    at = asyncio.get_running_loop().time() if asked_at is None else asked_at
    return settled([*await vigil.see(name, meaning, given(name), asked_at=at), *await vigil.make_sure()])


def given(name: str) -> Gift:
    return Gift(cast(Any, [name]))


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
async def test_a_list_with_many_addresses_that_nobody_knows_asks_next_to_nothing_more(
    share: float, tmp_path: Path
) -> None:
    dice = random.Random(311)
    meanings = {f"{number} CHESTNUT ST": NOT_FOUND if dice.random() < share else LOCATED for number in range(30_000)}
    async with watching(tmp_path, without={name for name, each in meanings.items() if each is NOT_FOUND}) as watch:
        vigil, server = watch
        for name, meaning in meanings.items():
            await see(vigil, name, meaning)
    assert len(server.names) <= 30, "one call a thousand"


async def test_a_list_of_nothing_else_goes_on_for_a_few_calls_and_little_memory(tmp_path: Path) -> None:
    names = [f"{number} CHESTNUT ST" for number in range(5_000)]
    held = most = 0
    async with watching(tmp_path, without=names) as (vigil, server):
        for name in names:
            held += 1 - len(await see(vigil, name, NOT_FOUND))
            most = max(most, held)
        assert len(server.names) <= (SAMPLE + 1) * (5_000 / LONGEST + 3)
        assert most <= LONGEST


@pytest.mark.parametrize("outcome", [Outcome.PARCEL_NOT_FOUND, Outcome.NO_ACCOUNT])
async def test_addresses_that_had_a_parcel_before_are_asked_about(outcome: Outcome, tmp_path: Path) -> None:
    answers = [LOCATED] * 80 + [Meaning(outcome=outcome)] * PATIENCE
    assert await canaries(answers, tmp_path) == [f"{number} MARKET ST" for number in (45, 46, 47, 48)]


async def test_what_is_no_address_says_nothing_of_the_index(tmp_path: Path) -> None:
    assert await canaries([Meaning(outcome=Outcome.ADDRESS_UNPARSEABLE)] * 1_000, tmp_path, is_empty=True) == []


async def test_an_index_that_was_empty_from_the_start_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(Emptied, match="none for 100 addresses, and none where it found one"):
        await canaries([NOT_FOUND] * PATIENCE, tmp_path, is_empty=True)


async def test_nothing_is_believed_before_another_parcel_is_found_that_was_asked_for_behind_it(tmp_path: Path) -> None:
    """One that is on its way while the index is emptied says nothing of what comes before it."""
    async with watching(tmp_path) as (vigil, server):
        before = asyncio.get_running_loop().time()
        assert await see(vigil, "doubted", NOT_FOUND) == []
        for number in range(2 * WINDOW):
            assert await see(vigil, f"{number}", LOCATED, asked_at=before) == [f"{number}"]
        await asyncio.sleep(0.001)
        assert await see(vigil, "behind it", LOCATED) == ["doubted", "behind it"]
        assert server.names == []


async def test_nothing_is_believed_before_as_many_have_come_as_it_takes_to_see_that_all_is_as_usual(
    tmp_path: Path,
) -> None:
    async with watching(tmp_path) as (vigil, _):
        assert await see(vigil, "doubted", NOT_FOUND) == []
        await asyncio.sleep(0.001)
        for number in range(WINDOW - 1):
            assert await see(vigil, f"{number}", LOCATED) == [f"{number}"]
        assert await see(vigil, "the last", LOCATED) == ["doubted", "the last"]


async def test_what_comes_while_others_are_asked_about_is_not_believed_with_them(tmp_path: Path) -> None:
    """Parcels found meanwhile settle nothing that is being looked into, and it settles none of what comes then."""
    early = [f"{number} MARKET ST" for number in range(PATIENCE)]
    async with watching(tmp_path, without={*early} - {ais.KNOWN_GOOD}) as (vigil, server):
        for name in early[:-1]:
            await see(vigil, name, NOT_FOUND)
        looking = asyncio.create_task(see(vigil, early[-1], NOT_FOUND))
        while not server.names:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0)
        assert await vigil.see("late", NOT_FOUND, given("late"), asked_at=0.0) == []
        assert await vigil.see("found", LOCATED, given("found"), asked_at=1e12) == [given("found")]
        assert await looking == early


async def test_one_address_that_comes_and_goes_does_not_end_the_run(tmp_path: Path) -> None:
    """It has a parcel at every second look; the others never had one."""
    others = [f"{number} CHESTNUT ST" for number in range(PATIENCE)]
    async with watching(tmp_path, without=others) as (vigil, _):
        left, rounds = ["flaps", *others], 0
        while left:
            rounds += 1
            kept = {name for each in left for name in await see(vigil, each, NOT_FOUND)}
            kept |= {*settled(await vigil.end())}
            left = vigil.put_back()
            assert not kept & {*left}
    assert rounds <= 3


async def test_parcels_that_come_and_go_end_the_run_in_the_end(tmp_path: Path) -> None:
    async def some_found(vigil: Vigil) -> set[str]:
        return {name for number in range(WINDOW) for name in await see(vigil, f"{number}", LOCATED)}

    async with watching(tmp_path) as (vigil, _):
        for wave in range(WAVES + 1):
            lost = [f"{wave}{number} MARKET ST" for number in range(WINDOW + 10)]
            for name in lost:
                await see(vigil, name, NOT_FOUND)
            await asyncio.sleep(0.001)
            if wave < WAVES:
                assert not await some_found(vigil) & {*lost}
                assert vigil.put_back() == lost
        with pytest.raises(Emptied, match="come and go"):
            await some_found(vigil)


@pytest.mark.parametrize("count", [1, WINDOW + 1])
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


@in_virtual_time
async def test_a_failure_is_no_answer_to_whether_parcels_are_still_there(tmp_path: Path) -> None:
    """Of the parcels that it had AIS says nothing at all: the run ends, and does not say that the index was emptied."""
    known = [f"{number} MARKET ST" for number in range(2 * WINDOW)]
    names = [f"{number} CHESTNUT ST" for number in range(PATIENCE)]
    async with watching(tmp_path, without=names, broken=known) as (vigil, server):
        for name in known:
            await see(vigil, name, LOCATED)
        for name in names[:-1]:
            assert await see(vigil, name, NOT_FOUND) == []
        with pytest.raises(Unanswered, match="would not say whether"):
            await see(vigil, names[-1], NOT_FOUND)
    assert ais.KNOWN_GOOD in server.names
