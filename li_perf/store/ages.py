"""How old an answer may be: at a run's beginning the old ones become stale, and count until a new one comes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select, update

from li_perf.model import WITH_ANSWER, State
from li_perf.store.changes import Change, Write
from li_perf.store.ledger import Ledger
from li_perf.store.tables import lookup

KEEP_OLD = (
    update(lookup)
    .where((lookup.c.question == bindparam("of_question")) & (lookup.c.state == State.STALE))
    .values({lookup.c.state: State.ANSWERED, lookup.c.attempts: lookup.c.attempts + bindparam("calls")})
)


def day_before(instant: str, days: int) -> str:
    """The instant so many days before, in the form of the tables. An answer of the future is never older than it."""
    return (datetime.fromisoformat(instant) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def marking(*, before: str, takes_pairs: bool) -> Write:
    """Make the answers from before that instant stale, and no others; part of the transaction that begins a run.

    A run that does not take the City's own pairs for answers asks about those that an earlier run took.
    """
    is_due = _is_due(before, takes_pairs)

    def write(connection: Connection) -> None:
        connection.execute(
            update(lookup).where((lookup.c.state == State.ANSWERED) & is_due).values(state=State.STALE, attempts=0)
        )
        connection.execute(update(lookup).where((lookup.c.state == State.STALE) & ~is_due).values(state=State.ANSWERED))

    return write


def count_due(among: Any, *, before: str, takes_pairs: bool) -> Select[Any]:
    """Answers, of those that `among` selects, that a run which `marking` begins asks for again."""
    here = lookup.c.state.in_(WITH_ANSWER) & lookup.c.question.in_(among)
    return select(func.count()).where(here & _is_due(before, takes_pairs))


def count_by_source(among: Any) -> Select[Any]:
    """Answers by who gave them: source, answers."""
    here = lookup.c.state.in_(WITH_ANSWER) & lookup.c.question.in_(among)
    return select(lookup.c.source, func.count()).where(here).group_by(lookup.c.source).order_by(lookup.c.source)


def keep_old(question: str, *, calls: int) -> Change:
    """The change that lets a stale answer count on, as no new one could be had."""
    return KEEP_OLD, [{"of_question": question, "calls": calls}]


async def known_accounts(ledger: Ledger, question: str) -> str | None:
    """The accounts of a stale answer, a JSON list; None where the question has no such answer."""
    here = (lookup.c.question == question) & (lookup.c.state == State.STALE)
    found = await ledger.rows(select(lookup.c.accounts).where(here))
    return (found[0].accounts or "[]") if found else None


def _is_due(before: str, takes_pairs: bool) -> ColumnElement[bool]:
    """What was found out without asking anybody never grows old."""
    is_old = (lookup.c.source != "local") & (lookup.c.answered_at < before)
    return is_old if takes_pairs else is_old | (lookup.c.source == "opa")
