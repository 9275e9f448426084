"""An index that was emptied on AIS's side is noticed, and its false answers are not kept."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import aiohttp
import pytest
from aiohttp import web
from catalogue.servers import asked, found, missing
from support import truth as simulated
from support.runs import rows, settings_for, work

from li_perf.errors import Emptied
from li_perf.model import Outcome
from li_perf.session import Which
from li_perf.simulator.city import SimulatedCity, build
from li_perf.simulator.server import serve
from li_perf.simulator.simulation import Simulation
from li_perf.sources import ais
from li_perf.sources.parcels import Meaning
from li_perf.steps.job import Job
from li_perf.steps.vigil import IN_A_ROW, Vigil
from li_perf.store.opening import open_ledger

LOCATED = Meaning(outcome=Outcome.PARCEL_EXACT, accounts=("883309050",), match_type="exact")
WITHOUT = (
    "select question, outcome from lookup where state = 'answered' and outcome in ('parcel_not_found', 'no_account')"
)
NOT_FOUND = Meaning(outcome=Outcome.PARCEL_NOT_FOUND)


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return build(tickets=700, seed=4, unanswerable=False)


async def emptied_behind(simulation: Simulation, answers: int) -> None:
    """Empty the index once so many questions were asked."""
    while sum(simulation.asked.values()) < answers:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.002)
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


async def canaries(answers: Iterable[Meaning], folder: Path, *, is_empty: bool = False) -> list[str]:
    """What a vigil over these answers asks the server, which has every address, or none."""

    async def behave(name: str) -> web.StreamResponse:
        return web.json_response(missing(name), status=404) if is_empty else web.json_response(found(name))

    async with asked(behave) as (server, asker), open_ledger(folder / "store.db") as ledger:
        vigil = Vigil(cast(Job, SimpleNamespace(ais=asker, ledger=ledger)))
        for number, meaning in enumerate(answers):
            await vigil.see(f"{number} MARKET ST", meaning)
    return server.names


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
