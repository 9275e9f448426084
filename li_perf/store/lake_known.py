"""What the lake knows of the moments at which a page's requests were opened: for portals that number nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from li_perf.model import Point, Ticket
from li_perf.store.lake_shape import OUTSIDE_POINT, POINT, TICKET, sql_type
from li_perf.store.query import Tables

MOMENT = {"requested_at": "timestamp"}


def known_of(tables: Tables, tickets: Iterable[Ticket]) -> list[Ticket]:
    """The tickets of the view `lake` that were opened at the same moments as these."""
    moments = {(ticket.requested_at, f"{ticket.requested_on:%Y-%m}") for ticket in tickets}
    if not moments:
        return []
    tables.run("drop table if exists moment")
    tables.load("moment", MOMENT, [(at,) for at, _ in moments])
    naive = ", ".join(f'cast("{name}" as {sql_type(kind, naive=True)})' for name, kind in TICKET.items())
    first, last = min(month for _, month in moments), max(month for _, month in moments)
    rows = tables.rows(
        f"select {naive} from lake where month between '{first}' and '{last}' "
        "and cast(requested_at as timestamp) in (select requested_at from moment)"
    )
    return [_ticket(dict(zip(TICKET, row, strict=True))) for row in rows]


def _ticket(row: Mapping[str, Any]) -> Ticket:
    place = {name: row[name] for name in POINT}
    values = {name: _aware(row[name]) for name in OUTSIDE_POINT}
    return Ticket(**values, point=None if None in place.values() else Point(**place))


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
