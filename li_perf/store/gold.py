"""Gold: tickets' outcomes, violations and matches, each rebuilt in a transaction; and what analysis loads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, case, delete, func, insert, select, update

from li_perf.model import State
from li_perf.store.ledger import Ledger
from li_perf.store.questions import EXPLAIN_LOOKUP
from li_perf.store.silver import Part, refill
from li_perf.store.tables import complaint, fetch, lookup, match, reject, ticket, violation

QUESTIONS = 500  # whose tickets are read at once
Explain = Callable[[Sequence[Any]], tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]]

# A violation's number is not unique (13 of two million are there twice); with case and code it is. The last one counts.
DROP_REPEATED = delete(violation).where(
    violation.c.violation_id.not_in(
        select(func.max(violation.c.violation_id)).group_by(
            violation.c.violationnumber,
            func.coalesce(violation.c.casenumber, ""),
            func.coalesce(violation.c.violationcode, ""),
        )
    )
)
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


async def accounts_by_crosswalk(ledger: Ledger) -> dict[str, list[str]]:
    """The accounts that complaints name for a request, by request."""
    here = complaint.c.service_request_id.is_not(None) & complaint.c.opa_account_num.is_not(None)
    named: dict[str, list[str]] = {}
    for row in await ledger.rows(select(complaint.c.service_request_id, complaint.c.opa_account_num).where(here)):
        named.setdefault(row.service_request_id, []).append(row.opa_account_num)
    return named


async def rebuild(ledger: Ledger, run_id: int, violations: Part, explain: Explain) -> None:
    """Write what the answers mean, and put the run's violations in the place of the old ones."""

    def write(connection: Connection) -> None:
        connection.execute(delete(match))
        refill(connection, run_id, violations)
        connection.execute(DROP_REPEATED)
        for rows in _tickets_with_answers(connection):
            tickets, lookups = explain(rows)
            _all(connection, EXPLAIN_TICKET, tickets)
            _all(connection, EXPLAIN_LOOKUP, lookups)

    await ledger.transact(write)


def _tickets_with_answers(connection: Connection) -> Iterator[Sequence[Any]]:
    """Blocks of tickets with their question's state, status and answer as received; a question's are together."""
    answer = (lookup.c.state, lookup.c.status.label("http_status"), lookup.c.source, lookup.c.body)
    query = select(ticket.c.service_request_id, ticket.c.question, ticket.c.address, ticket.c.zipcode, *answer)
    joined = query.select_from(ticket.outerjoin(lookup, lookup.c.question == ticket.c.question))
    yield connection.execute(joined.where(ticket.c.question.is_(None))).all()
    behind = ""
    while True:
        following = select(ticket.c.question).where(ticket.c.question > behind).distinct().order_by(ticket.c.question)
        block = connection.execute(following.limit(QUESTIONS)).scalars().all()
        if not block:
            return
        here = (ticket.c.question > behind) & (ticket.c.question <= block[-1])
        yield connection.execute(joined.where(here).order_by(ticket.c.question, ticket.c.service_request_id)).all()
        behind = block[-1]


async def keep_matches(ledger: Ledger, blocks: Iterable[Sequence[tuple[Any, ...]]]) -> int:
    """Put these pairs, each in the order of the table's columns, in the place of the old ones; how many they are."""
    names = [column.name for column in match.c]
    kept = 0

    def write(connection: Connection) -> None:
        nonlocal kept
        connection.execute(delete(match))
        for rows in blocks:
            _all(connection, insert(match), [dict(zip(names, row, strict=True)) for row in rows])
            kept += len(rows)

    await ledger.transact(write)
    return kept


def _all(connection: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(statement, list(rows))


def tickets() -> Select[Any]:
    """Tickets in the columns that matching reads, and their accounts as JSON."""
    t = ticket.c
    columns = (t.service_request_id, t.service_name, t.is_open, t.requested_at, t.requested_on, t.closed_on)
    closed = case((t.closed_at.is_not(None), 1), else_=0).label("has_closed_at")
    rest = (t.address, t.address_outcome, t.is_building_level, t.accounts)
    return select(*columns, closed, *rest).order_by(t.service_request_id)


def violations() -> Select[Any]:
    """Violations in the columns that matching reads."""
    v = violation.c
    columns = (v.violation_id, v.violationnumber, v.casenumber, v.opa_account_num, v.violation_on, v.casestatus)
    return select(*columns, v.family).order_by(v.violation_id)


def complaints() -> Select[Any]:
    """Complaints in the columns that matching reads."""
    c = complaint.c
    inspected = case((c.initialinvestigation_on.is_not(None), 1), else_=0)
    return select(c.casenumber, c.service_request_id, inspected).order_by(c.id)


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


MATCH_COLUMNS = (
    *(match.c.service_request_id, ticket.c.requested_on, ticket.c.closed_on, ticket.c.status, ticket.c.service_name),
    *(ticket.c.address, ticket.c.zipcode, ticket.c.address_outcome, match.c.violationnumber, match.c.casenumber),
    *(violation.c.opa_account_num, violation.c.violation_on, match.c.lag_days, violation.c.violationcode),
    *(violation.c.violationcodetitle, violation.c.violationstatus, match.c.family, match.c.is_l0, match.c.is_m1),
    *(match.c.is_m2, match.c.is_m3, match.c.is_m4, match.c.is_m5, match.c.is_m6, match.c.is_background),
    *(ticket.c.lon, ticket.c.lat),
)
MATCH_HEADER = tuple(column.name for column in MATCH_COLUMNS)


async def with_match_rows(ledger: Ledger, use: Callable[[Iterator[Any]], None]) -> None:
    """Call `use`, in the keeper's thread, with the matches and what a reader wants beside them, in a stable order."""
    m, v = match.c, violation.c
    source = match.join(ticket, ticket.c.service_request_id == m.service_request_id)
    query = select(*MATCH_COLUMNS).select_from(source.join(violation, v.violation_id == m.violation_id))
    stable = (m.service_request_id, m.lag_days, m.violationnumber, m.casenumber, v.violationcode, m.violation_id)

    def read(connection: Connection) -> None:
        rows = connection.execution_options(yield_per=1_000).execute(query.order_by(*stable))
        use(iter(rows))

    await ledger.transact(read)
