"""The guards of the product, each with a way to switch it off from outside and the test that then must fail.

`GUARD_OFF=lock python -m pytest -p chaos.guards …` runs tests without that guard. A loop that cannot fail proves
nothing: `test_guards.py` shows that each named test can. A guard whose name is gone from the product is an error here.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import tenacity
from chaos.passages import DRIVERS

from li_perf.engine import retry
from li_perf.engine.ask import Asker
from li_perf.engine.breaker import Breaker
from li_perf.engine.budget import Budget
from li_perf.engine.client import Client
from li_perf.engine.descent import Descent
from li_perf.engine.heartbeat import Heartbeat
from li_perf.engine.pace import Pace
from li_perf.engine.refusals import Refusals
from li_perf.engine.trail import Trail
from li_perf.errors import Fault
from li_perf.faces import report
from li_perf.sources import ais
from li_perf.steps.canaries import Canaries
from li_perf.store import opening
from li_perf.store.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class Guard:
    """`off` switches it off; `test` is the one that notices."""

    off: Callable[[], None]
    test: str


def _swap(owner: Any, name: str, new: Any) -> Any:
    """Put `new` in the place of what the product, or a library, has; the old one."""
    old = getattr(owner, name)
    setattr(owner, name, new)
    return old


def _one_transaction_off() -> None:
    """What belongs together is written one by one: a mark of what is done, and then what was done."""

    async def one_by_one(self: Ledger, *changes: Any) -> None:
        for change in reversed(changes):
            await save(self, change)

    async def given_one_by_one(self: Ledger, *changes: Any, then: Callable[[], None], ahead: int) -> None:
        await one_by_one(self, *changes)
        then()

    save = _swap(Ledger, "save", one_by_one)
    _swap(Ledger, "give", given_one_by_one)


def _durable_first_off() -> None:
    """Who gave is told before the commit."""

    async def told_at_once(self: Ledger, *changes: Any, then: Callable[[], None], ahead: int) -> None:
        then()
        await give(self, *changes, then=lambda: None, ahead=ahead)

    give = _swap(Ledger, "give", told_at_once)


def _owing_little_off() -> None:
    async def without_end(self: Ledger, *changes: Any, then: Callable[[], None], ahead: int) -> None:
        await give(self, *changes, then=then, ahead=10**9)

    give = _swap(Ledger, "give", without_end)


def _waiting_for_the_keeper_off() -> None:
    wait = opening.through

    async def cut(work: asyncio.Task[Any]) -> Any:
        return work.cancel() if work.get_name() == "keeper" else await wait(work)

    _swap(opening, "through", cut)


def _lock_off() -> None:
    _swap(fcntl, "flock", lambda *_: None)


def _durable_commits_off() -> None:
    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            is_it = sql.upper().startswith("PRAGMA SYNCHRONOUS")
            return super().execute("PRAGMA synchronous = OFF" if is_it else sql, *args)

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(Cursor)

    for module in DRIVERS:
        _swap(module, "connect", partial(module.connect, factory=Connection))


def _body_cap_off() -> None:
    def uncapped(self: Client, server: Any, **how: Any) -> None:
        begin(self, replace(server, body_cap=10**12), **how)

    begin = _swap(Client, "__init__", uncapped)


def _quoting_off() -> None:
    _swap(ais, "quote", lambda text, **_: text)


def _named_retries_off() -> None:
    """A negative predicate, which swallows cancellations too (tenacity issue 529)."""
    _swap(retry, "retry_if_exception_type", lambda _: tenacity.retry_if_not_exception_type(ZeroDivisionError))
    _swap(retry.Retry, "_is_over", lambda self, state: state.attempt_number >= self.tries)


def _known_good_probe_off() -> None:
    """The probe asks what fails."""

    async def mine(self: Asker, question: Any) -> Any:
        assert "_known_good" in vars(self)
        self._known_good = question
        return await ask(self, question)

    ask = _swap(Asker, "ask", mine)


def _breaker_off() -> None:
    async def healthy(*_: Any) -> bool:
        return True

    _swap(Breaker, "open", lambda _: None)
    _swap(Breaker, "failed", lambda *_: False)
    _swap(Breaker, "is_healthy", healthy)


async def _at_once(*_: Any, **__: Any) -> None:
    return None


async def _unpaced(_: Pace, ready: Callable[[], None] = lambda: None) -> None:
    ready()


def _obedience_off() -> None:
    """How long the server asks us to wait is not heard."""
    Fault.wait = property(lambda _: None, lambda *_: None)  # type: ignore[assignment]


def _failures_are_no_answers_off() -> None:
    async def guessed(self: Canaries, address: str) -> bool:
        return bool(await has(self, address))

    has = _swap(Canaries, "_has", guessed)


ASK = "tests/engine/test_ask.py::test_"
LEDGER, KEEPER = "tests/store/test_ledger.py::test_", "tests/store/test_keeper.py::test_"
WINDOWS = "tests/engine/test_windows.py::test_"
GUARDS = {
    "one_transaction": Guard(
        off=_one_transaction_off,
        test="tests/kills/test_half_steps.py::test_no_commit_leaves_half_a_step_and_no_call_goes_ahead_of_its_answer",
    ),
    "durable_first": Guard(off=_durable_first_off, test=f"{LEDGER}who_gives_goes_on_and_is_told_behind_the_commit"),
    "owing_little": Guard(off=_owing_little_off, test=f"{LEDGER}no_more_is_owed_than_a_kill_may_cost"),
    "waiting_for_the_keeper": Guard(
        off=_waiting_for_the_keeper_off,
        test=f"{KEEPER}a_stop_in_the_middle_of_a_commit_keeps_what_was_given_meanwhile",
    ),
    "waiting_for_the_keeper_when_stopped": Guard(
        off=_waiting_for_the_keeper_off,
        test="tests/kills/test_signals.py::test_a_second_signal_in_the_middle_of_a_commit_loses_no_answer_that_came",
    ),
    "lock": Guard(off=_lock_off, test=f"{LEDGER}a_second_run_is_refused_and_the_lock_is_free_behind_the_first"),
    "body_cap": Guard(
        off=_body_cap_off,
        test="tests/engine/test_client.py::test_a_body_over_the_cap_is_too_heavy_and_an_error_page_is_cut",
    ),
    "quoting": Guard(
        off=_quoting_off, test="tests/sources/test_ais_questions.py::test_nothing_of_a_question_is_left_raw_in_the_path"
    ),
    "named_retries": Guard(
        off=_named_retries_off, test="tests/engine/test_retry.py::test_what_is_no_fault_is_never_repeated"
    ),
    "known_good_probe": Guard(off=_known_good_probe_off, test=f"{ASK}poison_items_fail_alone_after_their_tries"),
    "breaker": Guard(off=_breaker_off, test=f"{ASK}an_outage_of_ten_minutes_fails_nothing_and_costs_few_calls"),
    "obedience": Guard(off=_obedience_off, test=f"{ASK}everybody_waits_as_long_as_the_server_asks"),
    "budget": Guard(
        off=lambda: _swap(Budget, "spend", _at_once), test=f"{ASK}retries_are_a_tenth_of_the_traffic_at_most"
    ),
    "heartbeat": Guard(
        off=lambda: _swap(Heartbeat, "slept_since", lambda *_: False),
        test=f"{ASK}what_fails_across_a_sleep_of_the_machine_is_not_charged",
    ),
    "suspicion_of_invalid_query": Guard(
        off=lambda: _swap(ais, "_own_exception", lambda _: None),
        test="tests/sources/test_ais_answers.py::test_invalid_query_is_a_failure_for_what_ais_can_answer",
    ),
    "greeting": Guard(
        off=lambda: _swap(Asker, "greet", _at_once),
        test="tests/engine/test_greet.py::test_what_waiting_cannot_mend_is_said_after_one_call",
    ),
    "pace": Guard(
        off=lambda: _swap(Pace, "take", _unpaced),
        test="tests/engine/test_pace.py::test_the_server_never_sees_more_than_the_rate_and_one_in_a_second",
    ),
    "last_try_in_peace": Guard(
        off=lambda: _swap(Trail, "is_last", lambda *_: False),
        test=f"{ASK}who_met_a_short_outage_at_each_try_is_asked_again_while_the_server_answers",
    ),
    "knocking": Guard(
        off=lambda: _swap(Refusals, "is_shut", False),
        test=f"{WINDOWS}behind_a_second_refusal_in_a_row_one_asks_at_a_time",
    ),
    "speed_behind_503": Guard(
        off=lambda: _swap(Descent, "overloaded", lambda *_: None),
        test=f"{WINDOWS}a_rate_that_is_told_by_a_bare_503_is_found_too",
    ),
    "failures_are_no_answers": Guard(
        off=_failures_are_no_answers_off,
        test="tests/steps/test_vigil.py::test_a_failure_is_no_answer_to_whether_parcels_are_still_there",
    ),
    "sweeping": Guard(
        off=lambda: _swap(report, "_sweep", lambda *_: None),
        test="tests/faces/test_report_leftovers.py::test_parts_of_a_killed_process_are_swept_and_nothing_else",
    ),
}


def switch_off(name: str | None) -> None:
    """Switch off the guard of that name, if any."""
    if name:
        GUARDS[name].off()


def pytest_configure() -> None:
    switch_off(os.environ.get("GUARD_OFF"))
