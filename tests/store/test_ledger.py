"""The ledger: one writer, natural group commit, nothing undone by a cancelled caller, one run at a time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, func, insert, select, true
from support.stores import OLDER, add_lookups, make_older, tickets

from li_perf.errors import StoreError
from li_perf.model import State
from li_perf.store import fetches, questions, runs, schema, seeding
from li_perf.store import ledger as ledgers
from li_perf.store.ledger import Ledger
from li_perf.store.opening import locked, open_ledger
from li_perf.store.seeding import seed_fetches, seed_questions
from li_perf.store.tables import complaint, fetch, lookup, run


def _answered(question: str) -> Any:
    return questions.settle_lookup(
        question, state=State.ANSWERED, calls=1, source="ais", status=200, body=b'{"a": 1}', accounts='["051133966"]'
    )


async def _add(ledger: Ledger, *names: str) -> None:
    await ledger.save(add_lookups(names))


async def test_writers_that_come_together_share_a_commit(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "city.db") as ledger:
        before = ledger.commits
        await asyncio.gather(*(_add(ledger, f"{number} MARKET ST") for number in range(200)))
        assert await ledger.scalar(select(func.count()).select_from(lookup)) == 200
        assert ledger.commits - before < 20


async def test_an_answer_and_its_accounts_are_durable_together(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    async with open_ledger(path) as ledger:
        await _add(ledger, "1 MARKET ST")
        await ledger.save(_answered("1 MARKET ST"), fetches.add(1, "account", ["051133966"]))
        elsewhere = sqlite3.connect(path)  # what another process sees at this moment
        assert elsewhere.execute("select state, attempts, accounts from lookup").fetchall() == [
            ("answered", 1, '["051133966"]')
        ]
        assert elsewhere.execute("select value, state from fetch").fetchall() == [("051133966", "pending")]
        elsewhere.close()


async def test_a_change_that_fails_leaves_nothing_of_its_transaction(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "city.db") as ledger:
        bad = (
            fetches.ADD,
            [{"run_id": None, "kind": "account", "value": "x", "state": "pending", "attempts": 0}],
        )
        with pytest.raises(StoreError, match="cannot be used"):
            await ledger.save(add_lookups(["1 MARKET ST"]), bad)
        assert await ledger.scalar(select(func.count()).select_from(lookup)) == 0
        await _add(ledger, "2 MARKET ST")
        assert await ledger.scalar(select(func.count()).select_from(lookup)) == 1


async def test_a_caller_that_is_cancelled_loses_nothing_that_it_gave(tmp_path: Path) -> None:
    path, given = tmp_path / "city.db", asyncio.Event()

    async def at_work() -> None:
        async with open_ledger(path) as ledger:
            writing = asyncio.gather(*(_add(ledger, f"{number} MARKET ST") for number in range(500)))
            await asyncio.sleep(0)  # every change is with the keeper now, and none is committed
            given.set()
            await writing

    async def started() -> None:
        task = asyncio.create_task(at_work())
        await asyncio.wait_for(given.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    await started()
    async with open_ledger(path) as ledger:
        assert await ledger.scalar(select(func.count()).select_from(lookup)) == 500


async def test_who_gives_goes_on_and_is_told_behind_the_commit(tmp_path: Path) -> None:
    path, seen = tmp_path / "city.db", []
    async with open_ledger(path) as ledger:
        elsewhere = sqlite3.connect(path)

        def then() -> None:
            seen.append(elsewhere.execute("select count(*) from lookup").fetchone()[0])

        before = ledger.commits
        for number in range(20):
            await ledger.give(add_lookups([f"{number} MARKET ST"]), then=then, ahead=20)
        assert (ledger.commits, seen) == (before, [])
        await ledger.given()
        assert (ledger.commits, seen) == (before + 1, [20] * 20)
        elsewhere.close()


async def test_no_more_is_owed_than_a_kill_may_cost(tmp_path: Path) -> None:
    owed = most = 0

    def then() -> None:
        nonlocal owed
        owed -= 1

    async with open_ledger(tmp_path / "city.db") as ledger:
        for number in range(200):
            owed += 1
            await ledger.give(add_lookups([f"{number} MARKET ST"]), then=then, ahead=7)
            most = max(most, owed)
        await ledger.given()
    assert (owed, most) == (0, 7)


async def test_whose_gift_is_near_goes_on_while_others_wait(tmp_path: Path) -> None:
    """Of nine that give at once four go on, then each whose gift has less than four before it."""
    kept, gone_on, most = 0, 0, 0

    def then() -> None:
        nonlocal kept
        kept += 1

    async def one(ledger: Ledger) -> None:
        nonlocal gone_on, most
        for number in range(30):
            name = f"{number} {id(asyncio.current_task())} ST"
            await ledger.give(add_lookups([name]), then=then, ahead=4)
            gone_on += 1
            most = max(most, gone_on - kept)

    async with open_ledger(tmp_path / "city.db") as ledger:
        await asyncio.gather(*(one(ledger) for _ in range(9)))
        await ledger.given()
    assert (kept, gone_on, most) == (270, 270, 4)


async def test_who_waits_for_a_commit_does_not_wait_for_others_to_join_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "GATHER", 3_600.0)
    async with open_ledger(tmp_path / "city.db") as ledger:
        await ledger.give(add_lookups(["1 MARKET ST"]), then=lambda: None, ahead=5)
        await asyncio.wait_for(_add(ledger, "2 MARKET ST"), 30)
        assert await ledger.scalar(select(func.count()).select_from(lookup)) == 2


async def test_readers_that_are_cancelled_leave_their_connections_behind(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "city.db") as ledger:
        await ledger.save(add_lookups([f"{number} MARKET ST" for number in range(2_000)]))

        async def read() -> None:
            async with ledger.stream(select(lookup), size=10) as blocks:
                async for _ in blocks:
                    await ledger.rows(select(lookup).limit(50))

        for turns in range(60):  # more than the pool has
            reading = asyncio.create_task(read())
            for _ in range(turns):
                await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        async with ledger.stream(select(lookup.c.id).order_by(lookup.c.id), size=300) as streamed:
            blocks = [block async for block in streamed]
        assert [len(block) for block in blocks] == [300] * 6 + [200]


async def test_what_was_given_and_could_not_be_kept_is_told_to_whoever_comes_next(tmp_path: Path) -> None:
    told: list[int] = []
    row = {"run_id": None, "kind": "account", "value": "x", "state": "pending", "attempts": 0}
    async with open_ledger(tmp_path / "city.db") as ledger:
        await ledger.give((fetches.ADD, [row]), then=lambda: told.append(1), ahead=5)
        for _ in range(2):
            with pytest.raises(StoreError, match="cannot be used"):
                await ledger.given()
        with pytest.raises(StoreError, match="cannot be used"):
            await ledger.give(add_lookups(["1 MARKET ST"]), then=lambda: told.append(2), ahead=5)
    assert told == []


async def test_every_address_of_the_tickets_becomes_one_question_in_the_order_of_the_tickets(tmp_path: Path) -> None:
    names = [f"{number // 2} MARKET ST" if number % 5 else None for number in range(2_500)]  # some twice, some of none
    async with open_ledger(tmp_path / "city.db") as ledger:
        await _add(ledger, "3 MARKET ST")
        await ledger.save(_answered("3 MARKET ST"))
        await ledger.save(tickets(names))
        for _ in range(2):
            await seed_questions(ledger)
            rows = await ledger.rows(select(lookup.c.question, lookup.c.state).order_by(lookup.c.id))
            others = [name for name in dict.fromkeys(names) if name and name != "3 MARKET ST"]
            assert rows == [("3 MARKET ST", "answered"), *((name, "pending") for name in others)]


async def test_a_question_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "city.db") as ledger:
        await _add(ledger, "1 MARKET ST")
        await ledger.save(_answered("1 MARKET ST"))
        await _add(ledger, "1 MARKET ST", "2 MARKET ST")
        states = dict(await ledger.rows(select(lookup.c.question, lookup.c.state)))
    assert states == {"1 MARKET ST": "answered", "2 MARKET ST": "pending"}


async def test_pending_work_is_read_in_blocks_oldest_first(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "city.db") as ledger:
        await ledger.save(fetches.add(1, "account", [f"{n:09d}" for n in range(1, 8)]))
        second = (await fetches.following(ledger, 1, "account", behind=0, size=2))[1:]
        await ledger.save(fetches.settle(1, "account", second, state=State.ANSWERED, calls=1))
        blocks = [[row.value for row in block] async for block in fetches.pending(ledger, 1, "account", size=3)]
        assert blocks == [["000000001", "000000003", "000000004"], ["000000005", "000000006", "000000007"]]


async def test_a_range_that_is_settled_leaves_other_runs_kinds_and_failures_alone(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "city.db") as ledger:
        for run_id, kind, value in [(1, "case", "A"), (2, "case", "B"), (1, "account", "C"), (1, "case", "D")]:
            await ledger.save(fetches.add(run_id, kind, [value]))
        await ledger.save(fetches.add(1, "case", ["E", "F"]))
        pending = await fetches.following(ledger, 1, "case", behind=0, size=9)
        failed = fetches.settle(1, "case", pending[1:2], state=State.FAILED, calls=5, reason="busy")
        await ledger.save(failed)
        await ledger.save(fetches.settle(1, "case", pending[:3], state=State.ANSWERED, calls=1))
        states = {row.value: row.state for row in await ledger.rows(select(fetch.c.value, fetch.c.state))}
    expected = {"A": "answered", "B": "pending", "C": "pending", "D": "failed", "E": "answered", "F": "pending"}
    assert states == expected


async def test_what_failed_can_be_put_back(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "city.db") as ledger:
        await _add(ledger, "1 MARKET ST")
        failed = questions.settle_lookup("1 MARKET ST", state=State.FAILED, calls=5, source="ais", reason="garbled")
        await ledger.save(failed, fetches.add(1, "case", ["CF-1"]))
        block = await fetches.following(ledger, 1, "case", behind=0, size=1)
        await ledger.save(fetches.settle(1, "case", block, state=State.FAILED, calls=5, reason="busy"))
        assert await questions.put_back(ledger, 1, among=true()) == 2
        assert await ledger.rows(select(lookup.c.state, lookup.c.attempts)) == [("pending", 5)]
        assert await ledger.scalar(select(fetch.c.state)) == "pending"


async def test_requests_are_tallied_over_many_commits_and_none_is_forgotten_by_one_that_fails(tmp_path: Path) -> None:
    sent: Counter[str] = Counter()
    bad = (fetches.ADD, [{"run_id": None, "kind": "account", "value": "x", "state": "pending", "attempts": 0}])
    async with open_ledger(tmp_path / "city.db") as ledger:
        ledger.along(runs.Tally(1, "AIS", sent))
        for _ in range(3):
            sent += Counter({"200": 4, "503": 1})
            await ledger.save()
            sent["200"] += 2
            with pytest.raises(StoreError):
                await ledger.save(bad)
        await ledger.save()
        assert await runs.requests_sent(ledger, 1) == {"AIS": {"200": 18, "503": 3}}


async def test_what_could_not_be_kept_and_nobody_waits_for_is_told_at_the_end(tmp_path: Path) -> None:
    bad = (fetches.ADD, [{"run_id": None, "kind": "account", "value": "x", "state": "pending", "attempts": 0}])
    with pytest.raises(StoreError, match="cannot be used"):
        async with open_ledger(tmp_path / "given.db") as ledger:
            await ledger.give(bad, then=lambda: None, ahead=5)


async def test_who_is_cancelled_and_could_not_be_kept_is_told_of_at_the_end(tmp_path: Path) -> None:
    bad = (fetches.ADD, [{"run_id": None, "kind": "account", "value": "x", "state": "pending", "attempts": 0}])

    async def cancelled() -> None:
        async with open_ledger(tmp_path / "saved.db") as ledger:
            saving = asyncio.create_task(ledger.save(bad))
            await asyncio.sleep(0)
            saving.cancel()

    with pytest.raises(StoreError, match="cannot be used"):
        await cancelled()


async def test_what_is_at_hand_is_seeded_as_fetches_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeding, "BLOCK", 3)
    named = {"service_request_id": "00000001", "casenumber": None, "opa_account_num": None}
    cases = [named | {"casenumber": f"CF-{number % 7}"} for number in range(20)]
    accounts = [named | {"opa_account_num": f"{number:09d}"} for number in range(5)]
    others = [{"service_request_id": "nobody's", "casenumber": "CF-99", "opa_account_num": "000000099"}]
    async with open_ledger(tmp_path / "city.db") as ledger:
        await ledger.save(tickets([f"{number} MARKET ST" for number in range(10)]))
        await seed_questions(ledger)
        await _add(ledger, "not at hand")
        for number, name in enumerate([*(f"{n} MARKET ST" for n in range(8)), "not at hand"]):
            listed = [] if number == 3 else [f"{number:09d}", "000000100"]
            known = msgspec.json.encode(listed).decode()
            await ledger.save(
                questions.settle_lookup(name, state=State.ANSWERED, calls=1, source="ais", accounts=known)
            )
        await ledger.save((insert(complaint), [*cases, *accounts, *others]))
        for _ in range(2):
            await seed_fetches(ledger, 5)
            rows = await ledger.rows(select(fetch.c.run_id, fetch.c.kind, fetch.c.value, fetch.c.state))
            expected = [(5, "case", f"CF-{number}", "pending") for number in range(7)]
            of_answers = [0, 1, 2, 4, 5, 6, 7, 100]
            expected += [(5, "account", f"{number:09d}", "pending") for number in sorted({*range(5), *of_answers})]
            assert sorted(rows) == sorted(expected)


async def test_a_store_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    async with open_ledger(path) as writer, open_ledger(path, read_only=True) as reader:
        await _add(writer, "1 MARKET ST")
        assert await reader.scalar(select(func.count()).select_from(lookup)) == 1
        with pytest.raises(StoreError, match="cannot be written"):
            await _add(reader, "2 MARKET ST")


def test_a_second_run_is_refused_and_the_lock_is_free_behind_the_first(tmp_path: Path) -> None:
    path = tmp_path / "data" / "city.db"
    with locked(path), pytest.raises(StoreError, match="Another run is using"), locked(path):
        pass
    with locked(path):
        pass


async def test_a_missing_store_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Begin with"):
        async with open_ledger(tmp_path / "city.db", read_only=True):
            pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("version", OLDER)
async def test_an_older_store_is_brought_up_to_date_and_keeps_its_answers(version: int, tmp_path: Path) -> None:
    path = tmp_path / "city.db"
    async with open_ledger(path) as ledger:
        await _add(ledger, "1 MARKET ST")
        await ledger.save(_answered("1 MARKET ST"))
    store = sqlite3.connect(path)
    layout = "select name, sql from sqlite_master where name not like 'sqlite_%' order by name"
    new = dict(store.execute(layout).fetchall())
    store.close()
    make_older(path, version)
    async with open_ledger(path) as ledger:
        assert await ledger.rows(select(lookup.c.question, lookup.c.state)) == [("1 MARKET ST", "answered")]
    store = sqlite3.connect(path)
    assert store.execute("pragma user_version").fetchone() == (schema.VERSION,)
    assert dict(store.execute(layout).fetchall()).keys() == new.keys()
    assert store.execute("select prefill from run").fetchall() == []
    store.close()


async def test_a_run_inherits_nothing_of_one_that_was_forgotten_by_hand(tmp_path: Path) -> None:
    """SQLite gives its number again; what was fetched for it is not fetched for the new one."""
    async with open_ledger(tmp_path / "city.db") as ledger:
        how: Any = {"city": "x", "since": "2025-01-01", "until": "2026-01-01", "settings": {}, "version": "0"}
        first = await runs.begin(ledger, **how)
        await ledger.save(fetches.add(first.id, "account", ["051133966"]))
        block = await fetches.following(ledger, first.id, "account", behind=0, size=9)
        await ledger.save(fetches.settle(first.id, "account", block, state=State.ANSWERED, calls=1))
        await ledger.save((delete(run), [{}]))
        second = await runs.begin(ledger, **how)
        assert second.id == first.id
        assert await fetches.states(ledger, second.id) == {}
