"""Seeding: the questions and fetches of what is at hand, made in the database itself, block by block.

No reader stays open meanwhile: behind one the write-ahead log would grow, and its index with it, in memory.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    Connection,
    Executable,
    Integer,
    Select,
    bindparam,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from li_perf.model import State
from li_perf.store import selection
from li_perf.store.fetches import ACCOUNT, CASE
from li_perf.store.ledger import Ledger
from li_perf.store.tables import complaint, fetch, lookup, ticket

BLOCK = 1_000  # rows that are gone through in one transaction
BEHIND: BindParameter[Any] = bindparam("behind")
LAST: BindParameter[Any] = bindparam("last")
RUN = bindparam("of_run", type_=Integer)
PENDING = literal(str(State.PENDING))


async def seed_questions(ledger: Ledger) -> None:
    """A question for each address of the tickets at hand, in their order; those that are there stay as they are."""
    await _seed(ledger, _questions(), ticket.c.service_request_id, "", {})


async def seed_fetches(ledger: Ledger, run_id: int) -> None:
    """A fetch for each case and account of the crosswalk, and for each account of an answer; what is there stays."""
    for statement, key in (
        (_of_crosswalk(CASE, complaint.c.casenumber), complaint.c.id),
        (_of_crosswalk(ACCOUNT, complaint.c.opa_account_num), complaint.c.id),
        (_of_answers(), lookup.c.id),
    ):
        await _seed(ledger, statement, key, 0, {"of_run": run_id})


async def _seed(ledger: Ledger, statement: Executable, key: Column[Any], behind: Any, values: dict[str, int]) -> None:
    while (last := await ledger.scalar(_end_of_block(key, behind))) is not None:
        await ledger.transact(partial(_insert, statement, values | {"behind": behind, "last": last}))
        behind = last


def _insert(statement: Executable, values: dict[str, Any], connection: Connection) -> None:
    connection.execute(statement, values)


def _end_of_block(key: Column[Any], behind: Any) -> Select[Any]:
    """The last of the BLOCK keys behind this one; None behind the last of all."""
    block = select(key.label("key")).where(key > behind).order_by(key).limit(BLOCK).subquery()
    return select(func.max(block.c.key))


def _questions() -> Executable:
    key = ticket.c.service_request_id
    here = (key > BEHIND) & (key <= LAST) & ticket.c.question.is_not(None)
    rows = select(ticket.c.question, PENDING, literal(0)).where(here).order_by(key)
    adding = upsert(lookup).from_select(["question", "state", "attempts"], rows)
    return adding.on_conflict_do_nothing(index_elements=["question"])


def _of_crosswalk(kind: str, value: Column[Any]) -> Executable:
    named = complaint.c.service_request_id.in_(select(ticket.c.service_request_id))
    here = (complaint.c.id > BEHIND) & (complaint.c.id <= LAST) & value.is_not(None)
    return _fetches(kind, value, select().select_from(complaint).where(here & named).order_by(complaint.c.id))


def _of_answers() -> Executable:
    account = func.json_each(lookup.c.accounts).table_valued("value")
    here = (lookup.c.id > BEHIND) & (lookup.c.id <= LAST) & (lookup.c.state == State.ANSWERED)
    answers = select().select_from(lookup.join(account, true())).where(here & selection.is_asked())
    return _fetches(ACCOUNT, account.c.value, answers.order_by(lookup.c.id))


def _fetches(kind: str, value: Any, rows: Select[Any]) -> Executable:
    chosen = rows.add_columns(RUN, literal(kind), value, PENDING, literal(0))
    adding = upsert(fetch).from_select(["run_id", "kind", "value", "state", "attempts"], chosen)
    return adding.on_conflict_do_nothing(index_elements=["run_id", "kind", "value"])
