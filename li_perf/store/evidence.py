"""What the store knows of one address or request."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from li_perf.store.tables import complaint, fetch, lookup, match, ticket, violation


def look_up(question: str) -> Select[Any]:
    """The question's row, without the answer's body but with its length."""
    columns = [column for column in lookup.c if column.name not in ("body", "sha256", "id")]
    return select(*columns, func.length(lookup.c.body).label("bytes_kept")).where(lookup.c.question == question)


def requests_by_id(number: str) -> Select[Any]:
    return select(ticket).where(ticket.c.service_request_id == number)


def requests_of(question: str) -> Select[Any]:
    """Every request that asks the question, the earliest first."""
    here = ticket.c.question == question
    return select(ticket).where(here).order_by(ticket.c.requested_at, ticket.c.service_request_id)


def complaints_of(number: str) -> Select[Any]:
    """The City's own complaints that name a request."""
    columns = (complaint.c.complaintnumber, complaint.c.casenumber, complaint.c.complaint_on)
    return select(*columns).where(complaint.c.service_request_id == number).order_by(complaint.c.id)


def pairs_of(number: str) -> Select[Any]:
    """The violations that are paired with a request, with the levels at which they match."""
    v, m = violation.c, match.c
    columns = (m.violationnumber, m.casenumber, v.violation_on, v.violationcodetitle, v.violationstatus, m.lag_days)
    flags = (m.is_l0, m.is_m1, m.is_m2, m.is_m3, m.is_m4, m.is_m5, m.is_m6, m.is_background)
    source = match.join(violation, v.violation_id == m.violation_id)
    here = m.service_request_id == number
    return select(*columns, *flags).select_from(source).where(here).order_by(v.violation_on, m.violation_id)


def fetches_of(run_id: int, accounts: list[str]) -> Select[Any]:
    """How far the fetching of these accounts' violations is."""
    here = (fetch.c.run_id == run_id) & (fetch.c.kind == "account") & fetch.c.value.in_(accounts)
    return select(fetch.c.value, fetch.c.state, fetch.c.reason).where(here).order_by(fetch.c.value)
