"""Fetches: the accounts and cases of a run that the second server is asked about; the queue is "state is not final"."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from li_perf.model import State
from li_perf.store.changes import Change
from li_perf.store.ledger import Ledger
from li_perf.store.tables import fetch

ACCOUNT, CASE = "account", "case"  # kinds of fetches
PENDING = str(State.PENDING)  # plain text in rows: the driver looks for an adapter of any other type, row by row
ADD = upsert(fetch).on_conflict_do_nothing(index_elements=["run_id", "kind", "value"])
SETTLE = (
    update(fetch)
    .where(
        (fetch.c.run_id == bindparam("of_run"))
        & (fetch.c.kind == bindparam("of_kind"))
        & (fetch.c.state == PENDING)
        & fetch.c.id.between(bindparam("first"), bindparam("last"))
    )
    .values(state=bindparam("new_state"), attempts=fetch.c.attempts + bindparam("calls"), reason=bindparam("why"))
)


def add(run_id: int, kind: str, values: Iterable[str]) -> Change:
    """New accounts or cases to fetch, pending; those that are there stay as they are."""
    rows = [{"run_id": run_id, "kind": kind, "value": value, "state": PENDING, "attempts": 0} for value in values]
    return ADD, rows


def settle(
    run_id: int, kind: str, block: Sequence[Any], *, state: State, calls: int, reason: str | None = None
) -> Change:
    """The change that settles what `following` gave, or a part of it without a gap: a range, not row by row."""
    row = {"of_run": run_id, "of_kind": kind, "first": block[0].id, "last": block[-1].id}
    return SETTLE, [row | {"new_state": str(state), "calls": calls, "why": reason}]


async def pending(ledger: Ledger, run_id: int, kind: str, *, size: int = 500) -> AsyncIterator[Sequence[Any]]:
    """Pending accounts or cases in blocks, oldest first."""
    behind = 0
    while block := await following(ledger, run_id, kind, behind=behind, size=size):
        behind = block[-1].id
        yield block


async def following(ledger: Ledger, run_id: int, kind: str, *, behind: int, size: int) -> Sequence[Any]:
    """The first pending accounts or cases whose `id` is above `behind`, each with its `value`."""
    here = (fetch.c.run_id == run_id) & (fetch.c.kind == kind) & (fetch.c.state == State.PENDING)
    query = select(fetch.c.id, fetch.c.value).where(here & (fetch.c.id > behind)).order_by(fetch.c.id).limit(size)
    return await ledger.rows(query)


async def states(ledger: Ledger, run_id: int) -> dict[str, int]:
    """Accounts and cases of a run by state."""
    query = select(fetch.c.state, func.count()).where(fetch.c.run_id == run_id).group_by(fetch.c.state)
    return dict(await ledger.rows(query))
