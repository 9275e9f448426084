"""Questions and answers: the queue is "state is not final"; an answer and its state are one row, written at once."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from li_perf.model import State
from li_perf.store.changes import Change
from li_perf.store.ledger import Ledger
from li_perf.store.packing import pack_answer, unpack
from li_perf.store.runs import now
from li_perf.store.tables import fetch, lookup, run

SETTLE_LOOKUP = (
    update(lookup)
    .where(lookup.c.question == bindparam("of_question"))
    .values(
        {
            lookup.c.state: bindparam("new_state"),
            lookup.c.attempts: lookup.c.attempts + bindparam("calls"),
            lookup.c.reason: bindparam("why"),
            lookup.c.status: bindparam("http_status"),
            lookup.c.body: bindparam("received"),
            lookup.c.sha256: bindparam("digest"),
            lookup.c.source: bindparam("from_source"),
            lookup.c.answered_at: bindparam("at"),
            lookup.c.outcome: bindparam("new_outcome"),
            lookup.c.accounts: bindparam("new_accounts"),
            lookup.c.match_type: bindparam("new_match_type"),
        }
    )
)
EXPLAIN_LOOKUP = (
    update(lookup)
    .where(lookup.c.question == bindparam("of_question"))
    .values(
        outcome=bindparam("new_outcome"), accounts=bindparam("new_accounts"), match_type=bindparam("new_match_type")
    )
)


def settle_lookup(
    question: str,
    *,
    state: State,
    calls: int,
    source: str,
    reason: str | None = None,
    status: int | None = None,
    body: bytes | None = None,
    outcome: str | None = None,
    accounts: str | None = None,
    match_type: str | None = None,
) -> Change:
    """The change that answers or fails a question; `body` is the answer as received, `accounts` a JSON list."""
    row = {
        "of_question": question,
        "new_state": str(state),
        "calls": calls,
        "why": reason,
        "http_status": status,
        "received": body,
        "digest": None,
        "from_source": source,
        "at": now(),
        "new_outcome": outcome and str(outcome),
        "new_accounts": accounts,
        "new_match_type": match_type,
    }
    return SETTLE_LOOKUP, _packed(row)


def _packed(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The row with its body packed, once it is to be written: a hundred in a row cost a third of a hundred by turns."""
    if (body := row["received"]) is not None:
        packed = pack_answer(body)
        row |= {"received": packed, "digest": digest(row["of_question"], row["http_status"], packed)}
    yield row


def digest(question: str, status: int | None, packed: bytes) -> str:
    """SHA-256 of a kept answer with its question: shows whether both are still what was written."""
    return hashlib.sha256(f"{question}\0{status}\0".encode() + packed).hexdigest()


async def pending_lookups(
    ledger: Ledger, among: Any, *, state: State = State.PENDING, size: int = 500
) -> AsyncIterator[Sequence[Any]]:
    """Pending (or stale) questions in blocks, oldest first, where `among` holds of them."""
    behind = 0
    while True:
        here = (lookup.c.state == state) & (lookup.c.id > behind) & among
        block = await ledger.rows(select(lookup.c.id, lookup.c.question).where(here).order_by(lookup.c.id).limit(size))
        if not block:
            return
        behind = block[-1].id
        yield block


async def states(ledger: Ledger, among: Any) -> dict[str, int]:
    """Questions by state, of those that `among` selects."""
    query = select(lookup.c.state, func.count()).where(lookup.c.question.in_(among)).group_by(lookup.c.state)
    return dict(await ledger.rows(query))


async def reasons(ledger: Ledger, among: Any) -> dict[str, int]:
    """Failed questions by reason, of those that `among` selects."""
    here = (lookup.c.state == State.FAILED) & lookup.c.question.in_(among)
    query = select(lookup.c.reason, func.count()).where(here).group_by(lookup.c.reason).order_by(lookup.c.reason)
    return {reason or "unknown": count for reason, count in await ledger.rows(query)}


def received(body: bytes | None) -> bytes:
    """An answer's body as it came."""
    return unpack(body) if body else b""


async def put_back(ledger: Ledger, run_id: int, *, among: Any) -> int:
    """Make failed questions of which `among` holds, and the failed fetches of a run, pending again; how many.

    The run counts as unfinished from then on, so that an interrupted retry can be gone on with.
    """
    is_failed_lookup = (lookup.c.state == State.FAILED) & among
    is_failed_fetch = (fetch.c.run_id == run_id) & (fetch.c.state == State.FAILED)
    failed = sum(
        [
            await ledger.scalar(select(func.count()).select_from(lookup).where(is_failed_lookup)) or 0,
            await ledger.scalar(select(func.count()).select_from(fetch).where(is_failed_fetch)) or 0,
        ]
    )

    def write(connection: Connection) -> None:
        again = update(lookup).where(is_failed_lookup)
        connection.execute(again.values(state=State.PENDING, reason=None, outcome=None, accounts=None))
        connection.execute(update(fetch).where(is_failed_fetch).values(state=State.PENDING, reason=None))
        connection.execute(update(run).where(run.c.id == run_id).values(finished_at=None))

    if failed:
        await ledger.transact(write)
    return failed
