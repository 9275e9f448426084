"""The ledger against a model of it, killed at any moment: never half a step, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, true
from support.chaos import bounded, note
from support.kept import STORES, Kept, KeptWithoutItsLog
from support.stores import add_lookups, tickets
from support.world import World, queued, read_world

from li_perf.model import State
from li_perf.store import fetches, pages, questions, runs
from li_perf.store.changes import Change
from li_perf.store.ledger import Ledger
from li_perf.store.seeding import seed_questions
from li_perf.store.tables import ticket

NAMES = [f"{number} MARKET ST" for number in range(8)]
ACCOUNTS = [f"{number:09d}" for number in range(8)]
KILL = st.none() | st.sampled_from([0.5, 0.7, 0.3, 0.8, 0.1, 0.9, 1.0])  # the share of the step's writing that is done
WHICH = st.integers(0, 7)
Work = Callable[[Ledger], Awaitable[None]]


class LedgerMachine(RuleBasedStateMachine):
    """Each rule is one step of the product; with a kill it must be there whole, or not at all."""

    store: ClassVar[Callable[[], Kept]]

    @initialize()
    def begin(self) -> None:
        self.kept = type(self).store()
        self.model = World()
        begun = runs.begin(self.kept.ledger, city="x", since="2025-01-01", until="2026-01-01", settings={}, version="0")
        self.run_id = self.kept.do(begun).id

    def teardown(self) -> None:
        if hasattr(self, "kept"):
            self.kept.close()

    async def save(self, ledger: Ledger, *changes: Change) -> None:
        await ledger.save(*changes)

    @rule(names=st.lists(st.sampled_from(NAMES), max_size=4), kill=KILL)
    def seed(self, names: list[str], kill: float | None) -> None:
        self.kept.do(self.save(self.kept.ledger, (delete(ticket), [{}]), tickets(names)))
        self._do(seed_questions, self.model.seeded(names), kill)

    @precondition(lambda self: self._pending)
    @rule(which=WHICH, accounts=st.lists(st.sampled_from(ACCOUNTS), max_size=3), kill=KILL)
    def answer(self, which: int, accounts: list[str], kill: float | None) -> None:
        self._step(*self._answer(self._choose(which), accounts, kill))

    @precondition(lambda self: len(self._pending) > 1)
    @rule(which=WHICH, kill=KILL)
    def answer_two_at_once(self, which: int, kill: float | None) -> None:
        """Each of the two is whole or not there, whether or not they share a commit."""
        one, other = self._choose(which), self._choose(which + 1)
        first, _, *first_changes = self._answer(one, ACCOUNTS[:2], None)
        second, _, *second_changes = self._answer(other, ACCOUNTS[1:3], None)
        self.model, before = first, self.model
        both, _, *_ = self._answer(other, ACCOUNTS[1:3], None)
        self.model = before

        async def work(ledger: Ledger) -> None:
            await asyncio.gather(self.save(ledger, *first_changes), self.save(ledger, *second_changes))

        self._do(work, both, kill, or_else=[first, second])

    @precondition(lambda self: self._pending)
    @rule(which=WHICH, kill=KILL)
    def fail(self, which: int, kill: float | None) -> None:
        name = self._choose(which)
        after = self.model.settled(name, state="failed", calls=5, reason="garbled", body=None)
        change = questions.settle_lookup(name, state=State.FAILED, calls=5, source="ais", reason="garbled")
        self._step(after, kill, change)

    @rule(values=st.lists(st.sampled_from(["C-1", "C-2", "C-3"]), max_size=3), kill=KILL)
    def add_cases(self, values: list[str], kill: float | None) -> None:
        after = self.model.with_fetches(("case", value) for value in values)
        self._step(after, kill, fetches.add(self.run_id, "case", values))

    @precondition(lambda self: self._to_fetch)
    @rule(which=WHICH, size=st.integers(1, 4), kill=KILL)
    def settle_a_batch_with_its_page(self, which: int, size: int, kill: float | None) -> None:
        kind, block = self._batch(which, size)
        values = [row.value for row in block]
        body = f"page {len(self.model.pages)} of {values}".encode()
        page = pages.page_change(
            run_id=self.run_id, dataset="violations", request="select", next_request=None, row_count=1, body=body
        )
        done = fetches.settle(self.run_id, kind, block, state=State.ANSWERED, calls=1)
        after = self.model.with_page(body).fetched([(kind, value) for value in values], state="answered")
        self._step(after, kill, page, done)

    @precondition(lambda self: self._to_fetch)
    @rule(which=WHICH, kill=KILL)
    def fail_a_fetch(self, which: int, kill: float | None) -> None:
        kind, block = self._batch(which, 1)
        change = fetches.settle(self.run_id, kind, block, state=State.FAILED, calls=1, reason="busy")
        after = self.model.fetched([(kind, block[0].value)], state="failed", reason="busy")
        self._step(after, kill, change)

    @rule(kill=KILL)
    def put_back_what_failed(self, kill: float | None) -> None:
        async def work(ledger: Ledger) -> None:
            await questions.put_back(ledger, self.run_id, among=true())

        self._do(work, self.model.put_back(), kill)

    @rule(kill=KILL)
    def finish(self, kill: float | None) -> None:
        async def work(ledger: Ledger) -> None:
            await runs.note(ledger, self.run_id, finished_at=runs.now())

        self._do(work, World(**vars(self.model) | {"is_finished": True}), kill)

    @rule(names=st.lists(st.sampled_from(NAMES), max_size=3))
    def give_and_be_cancelled(self, names: list[str]) -> None:
        """Whoever gives something and is cancelled has given it."""
        ledger = self.kept.ledger

        async def work() -> None:
            giving = asyncio.create_task(self.save(ledger, add_lookups(names)))
            await asyncio.sleep(0)
            giving.cancel()
            await asyncio.gather(giving, return_exceptions=True)
            await ledger.save()  # behind it in the queue

        self.kept.do(work())
        self.model = self.model.seeded(names)

    @rule()
    def kill(self) -> None:
        self.kept.kill()

    @rule()
    def stop_and_resume(self) -> None:
        self.kept.reopen()

    @invariant()
    def store_equals_model(self) -> None:
        if not hasattr(self, "kept"):
            return
        assert self._read() == self.model

    @rule()
    def look_for_work(self) -> None:
        """What a run would go on with."""
        unfinished = self.kept.do(runs.unfinished(self.kept.ledger))
        assert (unfinished is None) == self.model.is_finished
        assert self.kept.do(queued(self.kept.ledger, self.run_id)) == (set(self._pending), set(self._to_fetch))

    def _step(self, after: World, kill: float | None, *changes: Change) -> None:
        async def work(ledger: Ledger) -> None:
            await self.save(ledger, *changes)

        self._do(work, after, kill)

    def _do(self, work: Work, after: World, kill: float | None, *, or_else: Sequence[World] = ()) -> None:
        if kill is None:
            self.kept.do(work(self.kept.ledger))  # type: ignore[arg-type]
            self.model = after
            return
        self.kept.kill_within(work, kill)
        found = self._read()
        assert found in (self.model, after, *or_else), "half a step survived the kill"
        self.model = found

    def _answer(self, name: str, accounts: list[str], kill: float | None) -> tuple:
        body = f"answer to {name}".encode()
        settled = questions.settle_lookup(
            name, state=State.ANSWERED, calls=1, source="ais", status=200, body=body, accounts="[]"
        )
        to_fetch = fetches.add(self.run_id, "account", accounts)
        after = self.model.settled(name, state="answered", calls=1, reason=None, body=body)
        after = after.with_fetches(("account", value) for value in accounts).sent("200")
        return after, kill, settled, to_fetch, runs.Tally(self.run_id, "AIS", Counter({"200": 1})).change()

    def _read(self) -> World:
        return self.kept.do(read_world(self.kept.ledger, self.run_id))

    @property
    def _pending(self) -> list[str]:
        return [name for name, one in self.model.lookups.items() if one.state == "pending"]

    @property
    def _to_fetch(self) -> list[tuple[str, str]]:
        return [key for key, one in self.model.fetches.items() if one.state == "pending"]

    def _choose(self, which: int) -> str:
        return self._pending[which % len(self._pending)]

    def _batch(self, which: int, size: int) -> tuple[str, Sequence[Any]]:
        """Some that are pending, one behind the other, from the first or from the middle, as a run takes them."""
        kind, _ = self._to_fetch[which % len(self._to_fetch)]
        pending = self.kept.do(fetches.following(self.kept.ledger, self.run_id, kind, behind=0, size=100))
        begin = which % len(pending)
        return kind, pending[begin : begin + size]


class TwoTransactions(LedgerMachine):
    """Broken on purpose: an answer and what belongs to it are committed one behind the other."""

    async def save(self, ledger: Ledger, *changes: Change) -> None:
        for change in changes:
            await ledger.save(change)


def _tried(machine: type[LedgerMachine], store: Callable[[], Kept], examples: int) -> None:
    """At every commit the same examples; a failing one is printed as a program. With CHAOS=1 others, and shrunk."""
    is_chaos = "CHAOS" in os.environ
    shrinking = (Phase.shrink,) if is_chaos else ()
    run_state_machine_as_test(
        type(machine.__name__, (machine,), {"store": staticmethod(store)}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            database=None,
            derandomize=not is_chaos,
            phases=(Phase.generate, *shrinking),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(bounded(120, 3_600))
@pytest.mark.parametrize("store", STORES)
def test_a_store_is_its_model_whenever_it_is_killed(store: str) -> None:
    _tried(LedgerMachine, STORES[store], examples := bounded(8, 500))
    note("lives of a ledger, killed at any byte", {"lives of 20 steps": examples})


@pytest.mark.timeout(bounded(120, 3_600))
@pytest.mark.parametrize("store", STORES)
def test_two_transactions_for_one_step_would_be_found(store: str) -> None:
    with pytest.raises(AssertionError, match="half a step survived the kill"):
        _tried(TwoTransactions, STORES[store], 200)


@pytest.mark.timeout(bounded(120, 3_600))
def test_a_store_that_loses_what_it_acknowledged_would_be_found() -> None:
    with pytest.raises(AssertionError):
        _tried(LedgerMachine, KeptWithoutItsLog, 200)
