"""explain says of a request what the store says, in words that a person can act upon."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from support.runs import rows, settings_for, whole, work
from support.truth import Truth, truth

from li_perf.cities import CITIES
from li_perf.cities.city import City
from li_perf.cli import exit_code
from li_perf.errors import StoreError, UserError
from li_perf.faces.evidence import WHY, evidence_text
from li_perf.model import Outcome
from li_perf.settings import Settings
from li_perf.simulator.city import SimulatedCity, build
from li_perf.simulator.server import serve
from li_perf.steps.clean import clean
from li_perf.steps.download import download
from li_perf.steps.explain import LEVELS, Evidence, explain
from li_perf.steps.job import Job
from li_perf.store.ledger import Ledger
from li_perf.store.opening import open_ledger
from li_perf.store.tables import match


@dataclass(frozen=True, kw_only=True)
class Place:
    """A city's store behind a run, and what is true of it."""

    settings: Settings
    city: SimulatedCity
    truth: Truth

    @property
    def path(self) -> Path:
        return self.settings.data / "philadelphia.db"

    def explain(self, text: str) -> Evidence:
        return self.read(lambda ledger: explain(ledger, text))

    def read(self, look: Callable[[Ledger], Awaitable[Any]]) -> Any:
        async def looking() -> Any:
            async with open_ledger(self.path, read_only=True) as ledger:
                return await look(ledger)

        return asyncio.run(looking())

    def a_request(self, outcome: str) -> str:
        return next(number for number, found in self.truth.outcomes.items() if found == outcome)


def with_rare_requests(city: SimulatedCity) -> SimulatedCity:
    """The City's own complaint names the parcel of a request whose address names none; another's address is a dash."""
    known = truth(city)
    unfound = next(number for number, outcome in known.outcomes.items() if outcome == "parcel_not_found")
    account = next(accounts[0] for accounts in known.accounts.values() if accounts)
    spare = next(row for row in city.complaints if not row["ticket_num_311"])
    said = {**spare, "ticket_num_311": unfound, "opa_account_num": account}
    null = next(row for row in city.requests if known.outcomes.get(str(row["service_request_id"])) == "address_null")
    return replace(
        city,
        complaints=[said if row is spare else row for row in city.complaints],
        requests=[{**row, "address": "-"} if row is null else row for row in city.requests],
    )


def with_small_table() -> City:
    """Philadelphia, whose table of properties may be a small one."""
    city = CITIES["philadelphia"]
    assert city.inspections
    assert city.inspections.pairs
    pairs = replace(city.inspections.pairs, properties=replace(city.inspections.pairs.properties, floor=0))
    return replace(city, inspections=replace(city.inspections, pairs=pairs))


def settled(folder: Path, city: SimulatedCity, act: Any = whole, **others: Any) -> Place:
    async def running() -> Settings:
        async with serve(city) as simulation:
            settings = settings_for(simulation, folder, **others)
            await work(settings, city, act, place=with_small_table())
        return settings

    return Place(settings=asyncio.run(running()), city=city, truth=truth(city))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    return settled(tmp_path_factory.mktemp("explain"), with_rare_requests(build(tickets=160, seed=7)))


def test_every_requests_levels_outcome_and_parcels_are_those_of_the_store_and_of_the_generator(place: Place) -> None:
    flags = [column.name for column in match.c if column.name in LEVELS]
    assert set(flags) == set(LEVELS)
    kept: dict[str, set[tuple[Any, ...]]] = {}
    columns = f"service_request_id, violationnumber, casenumber, lag_days, {', '.join(flags)}"
    for number, violation, case, lag, *is_met in rows(place.settings, f"select {columns} from match"):
        levels = tuple(sorted(LEVELS[flag] for flag, met in zip(flags, is_met, strict=True) if met))
        kept.setdefault(number, set()).add((violation, case, lag, levels))

    async def all_of_them(ledger: Ledger) -> list[Evidence]:
        return [await explain(ledger, number) for number in place.truth.requests]

    said: dict[str, set[str]] = {level: set() for level in LEVELS.values()}
    for evidence in place.read(all_of_them):
        (told,) = evidence.requests
        number = told.service_request_id
        assert (told.outcome, tuple(told.accounts)) == (place.truth.outcomes[number], place.truth.accounts[number])
        found = {(p.violationnumber, p.casenumber, p.lag_days, tuple(sorted(p.levels))) for p in told.pairs}
        assert found == kept.get(number, set())
        for level in {level for pair in told.pairs for level in pair.levels}:
            said[level].add(number)
    for name, numbers in place.truth.levels.items():
        assert said[name.partition("(")[0]] == numbers, name
    assert kept


@pytest.mark.parametrize("change", [str.lower, str.title, lambda text: f"  {text.replace(' ', '   ')}\t"])
def test_an_address_is_found_however_it_is_written(change: Callable[[str], str], place: Place) -> None:
    number = place.a_request("parcel_exact")
    question = place.explain(number).question
    assert question
    found = place.explain(change(question))
    assert found.question == question
    assert number in [told.service_request_id for told in found.requests]
    assert found.lookup == place.explain(number).lookup


def test_an_address_of_several_requests_tells_all_of_them_in_their_order(place: Place) -> None:
    ((question, count),) = rows(
        place.settings,
        "select question, count(*) from ticket where question is not null group by 1 order by 2 desc limit 1",
    )
    days = [told.requested_on for told in place.explain(question).requests]
    assert len(days) == count > 1
    assert days == sorted(days)


SAID = {
    "parcel_exact": ["answered by AIS at 2", "1 call, status 200", "its violations were fetched"],
    "linked_by_ticket": ["the City's own complaint does", "complaint CM-"],
    "parcel_building_only": ["its parcel stands for all"],
    "parcel_ambiguous": ["the ZIP code does not decide"],
    "parcel_not_found": ["accounts []", "matches: nothing: there is no parcel to look at"],
    "intersection_or_block": ["is an intersection or a block"],
    "address_null": ["question: none: the address is not worth asking", "address: none"],
    "address_placeholder": ["question: none", "the address is a placeholder"],
    "lookup_failed": ["failed (server_error) by AIS", "`li-perf retry` asks again"],
}


@pytest.mark.parametrize("outcome", SAID)
def test_every_outcome_is_explained(outcome: str, place: Place) -> None:
    text = evidence_text(place.explain(place.a_request(outcome)))
    assert f"outcome: {outcome}: {WHY[outcome]}" in text
    for said in SAID[outcome]:
        assert said in text


def test_there_are_words_for_every_outcome() -> None:
    assert set(WHY) == {outcome.value for outcome in Outcome}


def test_a_requests_line_sums_up_the_levels_of_its_violations(place: Place) -> None:
    matched = min(place.truth.levels["M3(60)"])
    (line,) = [line for line in evidence_text(place.explain(matched)).splitlines() if line.startswith("  matches: ")]
    expected = [level.partition("(")[0] for level, numbers in place.truth.levels.items() if matched in numbers]
    assert set(expected) <= set(line.removeprefix("  matches: ").split(", "))
    bare = next(
        number
        for number, accounts in place.truth.accounts.items()
        if accounts and not any(number in numbers for numbers in place.truth.levels.values())
    )
    assert "matches: nothing: no violation is known at its parcels" in evidence_text(place.explain(bare))
    assert place.explain(bare).history == {}, "without a lake nothing is known of earlier statuses"


def test_what_the_citys_table_answered_says_so(tmp_path: Path) -> None:
    place = settled(tmp_path, build(tickets=60, seed=7, unanswerable=False), prefill=True, audit=5)
    (question, *_), *_ = rows(place.settings, "select question from lookup where source = 'opa' limit 1")
    text = evidence_text(place.explain(question))
    assert "answered by the City's table of properties at 2" in text
    assert "0 calls, status –" in text
    (told, *_) = place.explain(question).requests
    assert told.outcome == "parcel_exact"


def test_a_request_that_is_not_asked_about_yet_says_so(tmp_path: Path) -> None:
    async def begun(job: Job) -> None:
        await download(job)
        await clean(job)

    place = settled(tmp_path, build(tickets=60, seed=7, unanswerable=False), begun)
    number = place.a_request("parcel_exact")
    text = evidence_text(place.explain(number))
    assert "outcome: not matched yet" in text
    assert "matches: not matched yet: `li-perf resume` goes on" in text
    (turn,) = place.explain(number).history[number]  # it was cleaned, so that there is a lake
    assert f"  status {turn.status}: seen {turn.seen_at}" in text
    with closing(sqlite3.connect(place.path)) as store, store:
        store.execute(
            "insert into lookup (question, state, attempts) "
            "select question, 'pending', 0 from ticket where service_request_id = ?",
            [number],
        )
    assert "pending: it has no answer yet, `li-perf resume` goes on" in evidence_text(place.explain(number))


@pytest.mark.parametrize("text", ["1 NOWHERE ST", "99999999", "", "  ", "-", "' or 1=1 --", "\x1b[31mred", "%"])
def test_what_the_store_does_not_know_is_a_sentence(text: str, place: Place) -> None:
    with pytest.raises(UserError, match="knows no request and no address") as error:
        place.explain(text)
    assert str(error.value).isprintable()


def test_text_that_is_not_utf_8_is_a_sentence(place: Place) -> None:
    with pytest.raises(UserError, match="is not UTF-8"):
        place.explain("1234 MARKET \udcff")


async def test_a_store_without_a_run_says_how_to_begin(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "philadelphia.db") as ledger:
        with pytest.raises(StoreError, match="Begin with `li-perf run`"):
            await explain(ledger, "1234 MARKET ST")


def test_hostile_text_is_shown_and_does_nothing(place: Place, tmp_path: Path) -> None:
    """Every text that comes from outside, with an escape, a line end and a mark that turns the writing round."""
    evil = "x\x1b[2J\r\n\x9b31m\u202eok"
    copy = tmp_path / "philadelphia.db"
    number = min(place.truth.levels["L0"])
    with closing(sqlite3.connect(place.path)) as source, closing(sqlite3.connect(copy)) as store, store:
        source.backup(store)
        store.execute("update ticket set service_name = ?, address = ?, zipcode = ?", [evil] * 3)
        store.execute("update violation set violationcodetitle = ?, violationstatus = ?", [evil] * 2)
        store.execute("update match set violationnumber = ?, casenumber = ?", [evil] * 2)
        store.execute("update complaint set complaintnumber = ?, casenumber = ?", [evil] * 2)
        store.execute("update lookup set reason = ?, match_type = ?", [evil] * 2)
    hostile = replace(place, settings=place.settings.model_copy(update={"data": tmp_path}))
    text = evidence_text(hostile.explain(number))
    assert text.count("␛[2J␍␊") >= 8
    assert all(line.isprintable() or "␛" in line for line in text.split("\n"))
    assert not set("\x1b\r\x9b\u202e") & set(text)


def test_the_command_line_answers_and_exits_as_it_must(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    number, data = place.a_request("parcel_exact"), ["--data", str(place.settings.data)]
    assert exit_code(["explain", number, *data]) == 0
    assert f"request {number}: " in capsys.readouterr().out
    assert exit_code(["explain", number, *data, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["asked_of"] == number
    assert shown["requests"][0]["outcome"] == "parcel_exact"
    assert "body" not in shown["lookup"]
    assert exit_code(["explain", "1 NOWHERE ST", *data]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "knows no request and no address '1 NOWHERE ST'" in said.err
