"""Gold: tickets' outcomes, violations and matches, each rebuilt in a transaction; and what analysis loads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, insert, select, update

from li_perf.model import State
from li_perf.store.ledger import Ledger
from li_perf.store.questions import EXPLAIN_LOOKUP
from li_perf.store.tables import complaint, fetch, lookup, match, reject, ticket, violation

BLOCK = 5_000
EXPLAIN_TICKET = (
    update(ticket)
    .where(ticket.c.service_request_id == bindparam("of_request"))
    .values(
        address_outcome=bindparam("outcome"),
        accounts=bindparam("named"),
        match_type=bindparam("kind"),
        is_building_level=bindparam("building"),
    )
)


async def tickets_with_answers(ledger: Ledger) -> AsyncIterator[Sequence[Any]]:
    """Every ticket with its question's state, status and answer as received."""
    answer = (lookup.c.state, lookup.c.status.label("http_status"), lookup.c.source, lookup.c.body)
    query = select(ticket.c.service_request_id, ticket.c.question, ticket.c.address, ticket.c.zipcode, *answer)
    joined = query.select_from(ticket.outerjoin(lookup, lookup.c.question == ticket.c.question))
    async for block in ledger.stream(joined.order_by(ticket.c.question), size=1_000):
        yield block


async def accounts_by_crosswalk(ledger: Ledger) -> dict[str, list[str]]:
    """The accounts that complaints name for a request, by request."""
    here = complaint.c.service_request_id.is_not(None) & complaint.c.opa_account_num.is_not(None)
    named: dict[str, list[str]] = {}
    for row in await ledger.rows(select(complaint.c.service_request_id, complaint.c.opa_account_num).where(here)):
        named.setdefault(row.service_request_id, []).append(row.opa_account_num)
    return named


async def keep_outcomes(
    ledger: Ledger,
    tickets: Sequence[Mapping[str, Any]],
    lookups: Sequence[Mapping[str, Any]],
    violations: Sequence[Mapping[str, Any]],
) -> None:
    """Write what the answers mean, and put these violations in the place of the old ones."""

    def write(connection: Connection) -> None:
        connection.execute(delete(match))
        connection.execute(delete(violation))
        for statement, rows in ((EXPLAIN_TICKET, tickets), (EXPLAIN_LOOKUP, lookups), (insert(violation), violations)):
            _in_blocks(connection, statement, rows)

    await ledger.transact(write)


async def keep_matches(ledger: Ledger, rows: Sequence[tuple[Any, ...]]) -> None:
    """Put these pairs in the place of the old ones; each in the order of the table's columns."""
    names = [column.name for column in match.c]

    def write(connection: Connection) -> None:
        connection.execute(delete(match))
        _in_blocks(connection, insert(match), [dict(zip(names, row, strict=True)) for row in rows])

    await ledger.transact(write)


def _in_blocks(connection: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), BLOCK):
        connection.execute(statement, list(rows[start : start + BLOCK]))


async def load_tickets(ledger: Ledger) -> Sequence[Any]:
    """Tickets in the columns that matching reads, and their accounts as JSON."""
    t = ticket.c
    columns = (t.service_request_id, t.service_name, t.is_open, t.requested_at, t.requested_on, t.closed_on)
    closed = case((t.closed_at.is_not(None), 1), else_=0).label("has_closed_at")
    rest = (t.address, t.address_outcome, t.is_building_level, t.accounts)
    return await ledger.rows(select(*columns, closed, *rest).order_by(t.service_request_id))


async def load_violations(ledger: Ledger) -> Sequence[Any]:
    v = violation.c
    columns = (
        v.violation_id,
        v.violationnumber,
        v.casenumber,
        v.opa_account_num,
        v.violation_on,
        v.casestatus,
        v.family,
    )
    return await ledger.rows(select(*columns).order_by(v.violation_id))


async def load_complaints(ledger: Ledger) -> Sequence[Any]:
    c = complaint.c
    inspected = case((c.initialinvestigation_on.is_not(None), 1), else_=0)
    return await ledger.rows(select(c.casenumber, c.service_request_id, inspected).order_by(c.id))


async def rejects(ledger: Ledger) -> Sequence[Any]:
    """Rejected rows: data set, reason, rows."""
    query = select(reject.c.dataset, reject.c.reason, func.count().label("rows"))
    return await ledger.rows(
        query.group_by(reject.c.dataset, reject.c.reason).order_by(reject.c.dataset, reject.c.reason)
    )


async def unfetched(ledger: Ledger, run_id: int) -> Sequence[Any]:
    """Accounts and cases whose violations are missing: kind, state, reason, value."""
    here = (fetch.c.run_id == run_id) & (fetch.c.state != State.ANSWERED)
    return await ledger.rows(
        select(fetch.c.kind, fetch.c.state, fetch.c.reason, fetch.c.value).where(here).order_by(fetch.c.id)
    )


async def match_rows(ledger: Ledger) -> tuple[list[str], Sequence[Any]]:
    """Header and rows of the matches with what a reader wants beside them, in a stable order."""
    m, t, v = match.c, ticket.c, violation.c
    columns = (
        *(m.service_request_id, t.requested_on, t.closed_on, t.status, t.service_name, t.address, t.zipcode),
        *(t.address_outcome, m.violationnumber, m.casenumber, v.opa_account_num, v.violation_on, m.lag_days),
        *(v.violationcode, v.violationcodetitle, v.violationstatus, m.family),
        *(m.is_l0, m.is_m1, m.is_m2, m.is_m3, m.is_m4, m.is_m5, m.is_m6, m.is_background),
    )
    source = match.join(ticket, t.service_request_id == m.service_request_id).join(
        violation, v.violation_id == m.violation_id
    )
    query = select(*columns).select_from(source).order_by(m.service_request_id, m.lag_days, m.violation_id)
    return [column.name for column in columns], await ledger.rows(query)
