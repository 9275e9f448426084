"""The benchmark's own parts: its server speaks as the City's do, counts truly, and its figures come from real work."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest

from bench.contestants import OUR
from bench.kills import Killed
from bench.own import Memory, Overhead
from bench.process import Usage, measured, standing
from bench.questions import questions
from bench.speed import once
from bench.targets import of_kills, of_memory, of_overhead
from li_perf.cities.philadelphia import VIOLATIONS
from li_perf.model import Outcome, Violation
from li_perf.sources import ais, carto, parcels, sql
from li_perf.wire import Reply


def fetched(url: str, form: dict[str, str] | None = None) -> Reply:
    with urllib.request.urlopen(url, data=urlencode(form).encode() if form else None, timeout=10) as reply:
        return Reply(status=reply.status, body=reply.read())


def test_the_server_answers_each_question_with_an_account_of_its_own() -> None:
    asked = [*questions(3), '7 O\'NEIL "B" ST #2/3']
    with standing() as stand:
        replies = {one: fetched(stand.ais_url + ais.request(one).path) for one in asked}
    meanings = [parcels.meaning(ais.read(one, reply), None) for one, reply in replies.items()]
    assert {meaning.outcome for meaning in meanings} == {Outcome.PARCEL_EXACT}
    assert [meaning.accounts for meaning in meanings] == [
        ("000000001",),
        ("000000002",),
        ("000000003",),
        ("000000007",),
    ]
    assert all(3_000 <= len(reply.body) <= 4_000 for reply in replies.values())


def test_the_server_has_violations_of_the_accounts_asked_for_and_no_others() -> None:
    columns = [*VIOLATIONS.required, *VIOLATIONS.optional]
    accounts = ["000000003", "000000004", "000000005"]
    statement = sql.select(VIOLATIONS.table, columns, where=[sql.within("opa_account_num", accounts)])
    with standing() as stand:
        result = carto.read(fetched(stand.carto_url, {"q": statement}))
    violations = [VIOLATIONS.read(row) for row in result.rows or []]
    assert list(result.fields) == columns
    found = [one.opa_account_num for one in violations if isinstance(one, Violation)]
    assert found == ["000000004", "000000005", "000000005"]


def test_the_server_counts_calls_and_repeats() -> None:
    with standing() as stand:
        for one in ("1 MARKET ST", "2 MARKET ST", "1 MARKET ST"):
            fetched(stand.ais_url + ais.request(one).path)
        fetched(stand.carto_url, {"q": "SELECT * FROM violations WHERE opa_account_num IN ('000000001', '000000002')"})
        fetched(stand.carto_url, {"q": sql.look("violations")})
        stats = stand.stats()
    assert (stats["search"], stats["distinct"], stats["repeats"]) == (3, 2, 1)
    assert (stats["statements"], stats["accounts"], stats["others"]) == (1, 2, 1)


def test_the_engine_under_measurement_makes_both_calls_and_keeps_every_answer() -> None:
    _, stats = once(OUR, 40, 0.0)  # raises where an answer is missing from the store
    assert (stats["search"], stats["repeats"], stats["accounts"]) == (40, 0, 40)


def test_a_stubbed_run_keeps_every_answer_as_well(tmp_path: Path) -> None:
    OUR.prepare(tmp_path, 40)
    measured(OUR.stubbed(tmp_path), tmp_path, OUR.environment())
    assert OUR.answered(tmp_path) == 40


@pytest.mark.parametrize("part", [OUR.engine, OUR.libraries])
def test_each_part_of_the_overhead_is_measured(part: Callable[[int], list[str]], tmp_path: Path) -> None:
    assert measured(part(250), tmp_path, OUR.environment()).cpu > 0


@pytest.mark.parametrize(("asked", "is_met"), [(25.0, True), (25.1, False)])
def test_a_target_is_met_up_to_its_bound(asked: float, is_met: bool) -> None:
    overhead, answered = of_overhead([Overhead(asked=asked, engine=12.0, libraries=9.0, answered=30.0)])
    assert overhead.is_met == is_met
    assert answered.is_met


def test_a_lost_answer_and_growing_memory_are_misses() -> None:
    sizes = {50_000: 60.0, 500_000: 64.0}
    memory = [Memory(questions=n, how="stubbed", usage=Usage(wall=1, cpu=1, peak=mb)) for n, mb in sizes.items()]
    killed = Killed(
        title=OUR.title,
        questions=10,
        seen=5,
        in_flight=3,
        kept=2,
        repeats=3,
        second_repeats=0,
        lost=1,
        resume_seconds=1.0,
    )
    assert [target.is_met for target in of_memory(memory)] == [True, False]
    assert [target.is_met for target in of_kills([killed])] == [False, True]
