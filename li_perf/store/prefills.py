"""What a run's first pass over the City's own pairs came to: its sample, its verdict, and the answers it gave.

Nothing is answered before the verdict, and all of it with the verdict, in one transaction: there is no half of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from li_perf.model import WITH_ANSWER, State
from li_perf.store import notes
from li_perf.store.ledger import Ledger
from li_perf.store.questions import SETTLE_LOOKUP
from li_perf.store.selection import asked
from li_perf.store.tables import audit, download, lookup, page, run

SOURCE = "opa"
WHAT = "what became of a first pass over the City's pairs"
LEAST_AGREEMENT = 0.99  # of the sample that AIS answered; below, AIS is asked about all


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`status` is applied, refused or skipped, and `reason` says why; the rest are counts.

    Of `left` questions that a run would have asked, `matched` stand in the City's `rows`; `sampled` of these were asked
    all the same, `audited` of them were answered and `agreed` with the City's pair; `prefilled` were not asked.
    """

    status: str
    reason: str | None = None
    rows: int = 0
    unreadable: int = 0
    left: int = 0
    matched: int = 0
    sampled: int = 0
    audited: int = 0
    agreed: int = 0
    prefilled: int = 0


async def verdict(ledger: Ledger, run_id: int) -> Verdict | None:
    """What became of the run's first pass; None before its end, and where there is none."""
    text = await ledger.scalar(select(run.c.prefill).where(run.c.id == run_id))
    return notes.read(text, Verdict, WHAT) if text else None


async def last_applied(ledger: Ledger) -> Verdict | None:
    """The last verdict by which answers were taken from the City's pairs, of any run."""
    texts = await ledger.rows(select(run.c.prefill).where(run.c.prefill.is_not(None)).order_by(run.c.id.desc()))
    found = (notes.read(row.prefill, Verdict, WHAT) for row in texts)
    return next((each for each in found if each.status == "applied"), None)


async def draw(ledger: Ledger, run_id: int, pairs: Sequence[tuple[str, str]]) -> None:
    """Keep the run's sample: questions, and the accounts that the City writes beside them."""
    rows = [{"run_id": run_id, "question": question, "account": account} for question, account in pairs]
    await ledger.save((insert(audit), rows))


def is_sampled(run_id: int) -> ColumnElement[bool]:
    """Whether a question is one of the run's sample."""
    return lookup.c.question.in_(select(audit.c.question).where(audit.c.run_id == run_id))


async def sample(ledger: Ledger, run_id: int) -> Sequence[Any]:
    """The run's sample, each with what is known of its question."""
    joined = audit.join(lookup, lookup.c.question == audit.c.question)
    columns = (audit.c.question, audit.c.account, lookup.c.state, lookup.c.source, lookup.c.status, lookup.c.body)
    here = audit.c.run_id == run_id
    return await ledger.rows(select(*columns).select_from(joined).where(here).order_by(audit.c.question))


async def skip(ledger: Ledger, run_id: int, said: Verdict, table: str) -> None:
    """Go on without the pairs: what came of their table is forgotten."""

    def write(connection: Connection) -> None:
        for of in (page, download):
            connection.execute(delete(of).where((of.c.run_id == run_id) & (of.c.dataset == table)))
        _conclude(connection, run_id, said)

    await ledger.transact(write)


async def apply(ledger: Ledger, run_id: int, said: Verdict, blocks: Iterable[Sequence[Mapping[str, Any]]]) -> None:
    """Answer every question of the blocks (rows of `questions.settle_lookup`)."""

    def write(connection: Connection) -> None:
        for rows in blocks:
            connection.execute(SETTLE_LOOKUP, list(rows))
        _conclude(connection, run_id, said)

    await ledger.transact(write)


async def refuse(ledger: Ledger, run_id: int, said: Verdict) -> None:
    """Take no answer from the pairs, and put back those that earlier runs took: the address service is asked."""
    taken = lookup.c.state.in_(WITH_ANSWER) & (lookup.c.source == SOURCE) & lookup.c.question.in_(asked())
    nothing = dict.fromkeys(("outcome", "accounts", "match_type", "answered_at", "source", "body", "sha256"))

    def write(connection: Connection) -> None:
        connection.execute(update(lookup).where(taken).values(state=State.PENDING, **nothing))
        _conclude(connection, run_id, said)

    await ledger.transact(write)


def _conclude(connection: Connection, run_id: int, said: Verdict) -> None:
    text = msgspec.json.encode(said).decode()
    connection.execute(update(run).where(run.c.id == run_id).values(prefill=text))
