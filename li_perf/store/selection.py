"""Queries over the ledger that steps share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, cast, distinct, func, select

from li_perf.model import TO_ASK, WITH_ANSWER, State
from li_perf.store.tables import complaint, fetch, lookup, reject, ticket, violation


def asked() -> Select[Any]:
    """The questions of the tickets at hand."""
    return select(ticket.c.question).where(ticket.c.question.is_not(None))


def is_asked() -> ColumnElement[bool]:
    """Whether a question is one of the tickets at hand: looked up row by row, for queries that end early."""
    return select(ticket.c.question).where(ticket.c.question == lookup.c.question).correlate(lookup).exists()


def count_questions() -> Select[Any]:
    return select(func.count(distinct(ticket.c.question)))


def to_ask() -> Select[Any]:
    """The questions of the tickets at hand that have no answer, or too old a one."""
    return select(lookup.c.question).where(lookup.c.state.in_(TO_ASK) & lookup.c.question.in_(asked()))


def count_to_ask() -> Select[Any]:
    return select(func.count()).where(lookup.c.state.in_(TO_ASK) & lookup.c.question.in_(asked()))


def count_pending_accounts(run_id: int) -> Select[Any]:
    """Accounts of a run whose violations are still to be fetched."""
    here = (fetch.c.run_id == run_id) & (fetch.c.kind == "account") & (fetch.c.state == State.PENDING)
    return select(func.count()).select_from(fetch).where(here)


def located(count: int) -> Select[Any]:
    """Some questions of which AIS once named the parcel."""
    named = lookup.c.state.in_(WITH_ANSWER) & (lookup.c.source == "ais") & (lookup.c.accounts != "[]")
    return select(lookup.c.question).where(named).order_by(lookup.c.id.desc()).limit(count)


def recent_outcomes() -> Select[Any]:
    """The outcomes of some of AIS's answers, the last in the order of questions."""
    here = lookup.c.state.in_(WITH_ANSWER) & (lookup.c.source == "ais")
    return select(lookup.c.outcome).where(here).order_by(lookup.c.id.desc()).limit(RECENT)


def answers_by_source() -> Select[Any]:
    """The answers to the questions of the tickets at hand, by who gave them."""
    here = lookup.c.state.in_(WITH_ANSWER) & lookup.c.question.in_(asked())
    return select(lookup.c.source, func.count()).where(here).group_by(lookup.c.source).order_by(lookup.c.source)


def count_asked_again() -> Select[Any]:
    """Questions that took more than one call."""
    return select(func.count()).where((lookup.c.attempts > 1) & lookup.c.question.in_(asked()))


def count_requested_from(instant: str) -> Select[Any]:
    """Tickets requested at or behind an instant in the form of the table."""
    return select(func.count()).where(ticket.c.requested_at >= instant)


def count_tickets() -> Select[Any]:
    return select(func.count()).select_from(ticket)


def count_rejects(dataset: str) -> Select[Any]:
    return select(func.count()).select_from(reject).where(reject.c.dataset == dataset)


def count_violations() -> Select[Any]:
    return select(func.count()).select_from(violation)


def count_complaints() -> Select[Any]:
    return select(func.count()).select_from(complaint)


def count_answered() -> Select[Any]:
    """Answers of the address service, of every run."""
    return select(func.count()).where(lookup.c.state.in_(WITH_ANSWER) & (lookup.c.source == "ais"))


RECENT, RECENT_SECONDS = 1_000, 60


def recent_answers() -> Select[int, int]:
    """Answers of the last minute and the seconds since the first of them, by the wall clock: for the eye only."""
    minute_ago = func.strftime("%Y-%m-%dT%H:%M:%SZ", "now", f"-{RECENT_SECONDS} seconds")
    since = cast(func.strftime("%s", "now"), Integer) - cast(
        func.strftime("%s", func.min(lookup.c.answered_at)), Integer
    )
    here = (lookup.c.answered_at >= minute_ago) & (lookup.c.source == "ais")
    return select(func.count().label("answers"), since.label("seconds")).where(here)
