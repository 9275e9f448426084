"""verify: finds what SQLite cannot see, says what to do, changes nothing, and works beside a run."""

from __future__ import annotations

import asyncio
import json
import random
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.chaos import bounded, note
from support.runs import settings_for, work
from support.stores import add_lookups, filled, sql

from li_perf.cities import CITIES
from li_perf.cli import exit_code
from li_perf.errors import StoreError
from li_perf.simulator.city import build
from li_perf.simulator.server import serve
from li_perf.sources import sql as sql_text
from li_perf.steps.verify import Verification, verify
from li_perf.store import questions
from li_perf.store.lake import folder_of
from li_perf.store.opening import open_ledger
from li_perf.store.packing import unpack

PHILADELPHIA = CITIES["philadelphia"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a run that is finished."""
    folder = tmp_path_factory.mktemp("finished")
    city = build(tickets=150, seed=11, unanswerable=False)

    async def run() -> None:
        async with serve(city) as simulation:
            await work(settings_for(simulation, folder), city)

    asyncio.run(run())
    assert exit_code(["measure", "--data", str(folder / "data")]) == 0
    return folder / "data" / "philadelphia.db"


@pytest.fixture
def store(finished: Path, tmp_path: Path) -> Path:
    path = tmp_path / "philadelphia.db"
    shutil.copytree(folder_of(finished), folder_of(path))
    return Path(shutil.copyfile(finished, path))


async def _verify(path: Path) -> Verification:
    async with open_ledger(path, read_only=True) as ledger:
        return await verify(ledger, PHILADELPHIA)


async def _unsound(path: Path) -> set[str]:
    return {check.name for check in (await _verify(path)).checks if check.findings}


async def test_a_finished_run_is_sound(store: Path) -> None:
    found = await _verify(store)
    assert found.is_sound, found
    assert not any("not yet" in check.detail for check in found.checks)


def test_the_verb_says_so_and_exits_with_0_or_2(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = store.read_bytes()
    assert exit_code(["verify", "--data", str(store.parent)]) == 0
    assert capsys.readouterr().out.endswith("Sound.\n")
    assert store.read_bytes() == before
    sql(store, "update page set row_count = row_count + 1 where id = 1")
    assert exit_code(["verify", "--data", str(store.parent)]) == 2
    said = capsys.readouterr().out
    assert "DAMAGE  pages" in said
    assert "What to do: Restore a copy" in said
    assert exit_code(["verify", "--data", str(store.parent), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["is_sound"] is False


def test_a_store_that_is_not_there_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["verify", "--data", str(tmp_path)]) == 2
    assert "Begin with" in capsys.readouterr().err


@pytest.mark.timeout(bounded(120, 1_800))
@pytest.mark.parametrize(("table", "check"), [("lookup", "answers"), ("page", "pages")])
async def test_every_bit_that_flips_in_a_stored_body_is_found_and_sqlite_finds_none_of_them(
    table: str, check: str, store: Path
) -> None:
    sound, dice, seen_by_sqlite, flips = store.read_bytes(), random.Random(71), 0, 0
    bodies = _bodies(store, table)
    while flips < bounded(15, 300):
        start = sound.find(dice.choice(bodies)[:300])  # a longer one is chained over several pages
        damaged = bytearray(sound)
        damaged[start + dice.randrange(300)] ^= 1 << dice.randrange(8)
        store.write_bytes(damaged)
        if _received(_bodies(store, table)) == _received(bodies):
            continue  # it fell into what an earlier version of the row left behind, or into bits that mean nothing
        flips += 1
        seen_by_sqlite += sql(store, "pragma integrity_check") != [("ok",)]
        assert check in await _unsound(store)
    note("bits flipped in stored bodies", {"flips, all found": flips, "seen by SQLite": seen_by_sqlite})
    assert seen_by_sqlite == 0


def _bodies(path: Path, table: str) -> list[bytes]:
    return [body for (body,) in sql(path, f"select body from {table} where length(body) > 300 order by id")]


def _received(bodies: list[bytes]) -> list[bytes | None]:
    def unpacked(body: bytes) -> bytes | None:
        try:
            return unpack(body)
        except StoreError:
            return None

    return [unpacked(body) for body in bodies]


FLAWS = {
    "an answer to another question": (
        "update lookup set (body, sha256) = (select body, sha256 from lookup where id = 2) where id = 1",
        {"answers"},
    ),
    "another question": ("update lookup set question = question || ' X' where id = 1", {"answers", "tickets"}),
    "another status": ("update lookup set status = 404 where id = 1", {"answers"}),
    "another hash": ("update lookup set sha256 = substr(sha256, 2) || 'x' where id = 1", {"answers"}),
    "an answer that is gone": ("update lookup set body = null where id = 1", {"answers"}),
    "text that is not UTF-8": (
        "update lookup set question = cast(x'ff31' as text) where id = 1", {"answers", "tickets"}),
    "a look-up that is gone": ("delete from lookup where id = 1", {"tickets"}),
    "an unknown state": ("update lookup set state = 'answerec' where id = 1", {"questions"}),
    "a state that is not UTF-8": ("update fetch set state = cast(x'ff' as text) where id = 1", {"parcels and cases"}),
    "a failure without a reason": ("update lookup set state = 'failed', reason = null where id = 1", {"questions"}),
    "a page that is gone": (
        "delete from page where dataset = 'public_cases_fc'", {"downloads", "rows", "silver"}),
    "a page of other rows": ("update page set body = (select body from page where dataset = 'complaints') "
                             "where dataset = 'public_cases_fc'", {"pages"}),
    "a download that broke off": (
        "update page set next_request = 'select 1' where dataset = 'complaints'", {"downloads"}),
    "violations that are gone": (
        "delete from page where id = (select max(id) from page where dataset = 'violations')", {"violations"}),
    "a parcel that was never fetched": (
        "update fetch set value = '1' || value where id = (select max(id) from fetch)", {"violations"}),
    "a ticket that is gone": (
        "delete from ticket where rowid = (select min(rowid) from ticket)", {"rows"}),
    "a ticket without an outcome": (
        "update ticket set address_outcome = null where rowid = (select min(rowid) from ticket)", {"tickets"}),
    "an unknown outcome": (
        "update ticket set address_outcome = 'found' where rowid = (select min(rowid) from ticket)", {"tickets"}),
    "a ticket without accounts": (
        "update ticket set accounts = '[' where rowid = (select min(rowid) from ticket)", {"tickets"}),
    "a reject too many": ("insert into reject (dataset, reason, row) values ('complaints', 'x', 'y')", {"rows"}),
}  # fmt: skip


async def test_a_silver_that_lacks_rows_is_found_and_one_of_other_downloads_is_not(store: Path) -> None:
    sql(store, "update page set row_count = row_count + 1 where dataset = 'public_cases_fc'")  # as if rows were lost
    assert "silver" in await _unsound(store)
    sql(store, "update page set row_count = row_count - 1 where dataset = 'public_cases_fc'")
    sql(store, "delete from page where dataset = 'public_cases_fc'", "delete from download")
    assert "silver" not in await _unsound(store), "a silver of downloads that are gone is made anew, not blamed"


@pytest.mark.parametrize(("statement", "found"), FLAWS.values(), ids=FLAWS.keys())
async def test_each_flaw_is_found_by_its_check(statement: str, found: set[str], store: Path) -> None:
    sql(store, statement)
    assert await _unsound(store) == found
    for check in (await _verify(store)).checks:
        assert (check.remedy is not None) == (check.name in found)


async def test_a_damaged_page_of_the_file_is_a_finding_and_not_the_end(store: Path) -> None:
    (root,) = sql(store, "select rootpage from sqlite_master where name = 'ticket'")[0]
    content = bytearray(store.read_bytes())
    content[(root - 1) * 4_096 : root * 4_096] = b"\xff" * 4_096
    store.write_bytes(content)
    found = {check.name: check for check in (await _verify(store)).checks}
    assert found["file"].findings
    assert "It is damaged" in found["tickets"].findings[0]
    assert not found["pages"].findings


async def test_answers_of_before_there_were_hashes_are_counted_apart(store: Path) -> None:
    sql(store, "update lookup set sha256 = null where id < 4 and body is not null")
    answers = next(check for check in (await _verify(store)).checks if check.name == "answers")
    assert not answers.findings
    assert "3 of them kept without a hash" in answers.detail
    sql(store, "update lookup set body = x'00' where id = 2")
    assert await _unsound(store) == {"answers"}


async def test_the_remedy_for_an_answer_is_a_command_that_works(store: Path) -> None:
    sql(store, "update lookup set status = 404 where id in (1, 5)")
    answers = next(check for check in (await _verify(store)).checks if check.findings)
    command = re.search(r'"(UPDATE[^"]*)"', answers.remedy or "")
    assert command
    sql(store, command[1])
    assert sql(store, "select id, reason from lookup where state = 'failed'") == [(1, "damaged"), (5, "damaged")]
    assert (await _verify(store)).is_sound


async def test_the_remedy_for_a_page_is_a_command_that_works(store: Path) -> None:
    sql(store, "update page set sha256 = 'x' where id = 1")
    check = next(check for check in (await _verify(store)).checks if check.findings)
    command = re.search(r'"(DELETE[^"]*)"', check.remedy or "")
    assert command
    with closing(sqlite3.connect(store)) as connection:
        connection.executescript(command[1])
    found = await _verify(store)
    assert found.is_sound
    assert sql(store, "select count(*) from lookup where state = 'answered'")[0][0] > 50


async def test_a_store_can_be_verified_while_a_run_writes_to_it(tmp_path: Path) -> None:
    path = await filled(tmp_path / "city.db", 100)

    async def write(until: asyncio.Event) -> int:
        async with open_ledger(path) as ledger:
            for number in range(10_000):
                if until.is_set():
                    return number
                question = f"{number} WALNUT ST"
                await ledger.save(add_lookups([question]))
                await ledger.save(
                    questions.settle_lookup(question, state="failed", calls=1, source="ais", reason="busy")
                )  # type: ignore[arg-type]
        raise AssertionError("verify did not end")

    done = asyncio.Event()
    writing = asyncio.create_task(write(done))
    try:
        for _ in range(3):
            found = {check.name: check.findings for check in (await _verify(path)).checks}
            assert not any(findings for name, findings in found.items() if name != "answers")
    finally:
        done.set()
        assert await writing > 0


async def test_what_verify_says_to_do_about_a_state_mends_it_and_touches_no_other(store: Path) -> None:
    old = "update lookup set state = 'stale' where id = 2"
    failed = "update lookup set state = 'failed', reason = 'garbled' where id = 3"
    sql(store, old, failed, "update lookup set state = 'answerec' where id = 1")
    sql(store, "update lookup set state = 'failed', reason = null where id = 4")
    (check,) = [check for check in (await _verify(store)).checks if check.name == "questions"]
    assert check.remedy
    sql(store, check.remedy.split('"')[1])
    assert "questions" not in await _unsound(store)
    assert sql(store, "select state, reason from lookup where id <= 4 order by id") == [
        ("failed", "damaged"),
        ("stale", None),
        ("failed", "garbled"),
        ("failed", "damaged"),
    ]


async def test_what_verify_says_to_do_about_lost_violations_has_them_asked_for_again(store: Path) -> None:
    sql(store, "delete from page where id = (select max(id) from page where dataset = 'violations')")
    (check,) = [check for check in (await _verify(store)).checks if check.name == "violations"]
    assert check.findings
    assert check.remedy
    sql(store, check.remedy.split('"')[1])
    assert sql(store, "select count(*) from fetch where state = 'failed' and reason = 'damaged'") == [
        (len(check.findings),)
    ]
    assert "violations" not in await _unsound(store)


async def test_a_case_with_a_quote_and_a_backslash_in_it_is_found_in_its_statement(store: Path) -> None:
    odd = "CF-'\\ 1''"
    statement = sql_text.within("casenumber", [odd, "else"])
    sql(store, f"update fetch set value = {_as_sqlite(odd)} where id = (select max(id) from fetch)")
    assert "violations" in await _unsound(store)
    last = "where id = (select max(id) from page where dataset = 'violations')"
    sql(store, f"update page set request = request || {_as_sqlite(statement)} {last}")
    assert "violations" not in await _unsound(store)


def _as_sqlite(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


SPOILT = [
    ("update run set settings = substr(settings, 1, 9)", ["report"], "the settings of run 1"),
    ("update run set settings = cast(x'ff' as blob)", ["status"], "the settings of run 1"),
    ("update run set prefill = '{'", ["plan"], "what became of a first pass"),
    ("update ticket set accounts = '[\"1'", ["explain", "{request}"], "a ticket"),
    ("update metric set excluded = '{\"a\": ' where excluded is not null", ["metrics"], "a measure"),
]


@pytest.mark.parametrize(("statement", "words", "what"), SPOILT)
def test_a_note_that_is_cut_short_is_a_sentence(
    statement: str, words: list[str], what: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ((request,),) = sql(store, "select min(service_request_id) from ticket where accounts <> '[]'")
    sql(store, statement)
    typed = [word.format(request=request) for word in words]
    assert exit_code([*typed, "--data", str(store.parent)]) == 2
    said = capsys.readouterr().err
    assert f"In the store {what}" in said
    assert "Restore a copy" in said
