"""Typed rows rebuilt from the pages, block by block in one transaction: memory does not grow with the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, update

from li_perf.model import Complaint, Reject, Ticket, Violation
from li_perf.store import pages
from li_perf.store.ledger import Ledger
from li_perf.store.runs import now
from li_perf.store.tables import reject, run, ticket

BLOCK = 2_000
Row = Mapping[str, Any]
Read = Callable[[Iterator[bytes]], Iterator[Row | Reject]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A data set's table and how its pages, as received, become rows; a row whose key is there replaces that one."""

    dataset: str
    table: Table
    read: Read


async def rebuild(ledger: Ledger, run_id: int, parts: Sequence[Part]) -> None:
    """Put what the run's pages say in the place of the parts' rows and rejects, and note whose they are."""

    def write(connection: Connection) -> None:
        for part in parts:
            refill(connection, run_id, part)
        connection.execute(update(run).values(cleaned_at=None))
        connection.execute(update(run).where(run.c.id == run_id).values(cleaned_at=now()))

    await ledger.transact(write)


def refill(connection: Connection, run_id: int, part: Part) -> None:
    """One part, in the caller's transaction."""
    connection.execute(delete(part.table))
    connection.execute(delete(reject).where(reject.c.dataset == part.dataset))
    items = part.read(pages.each_body(connection, run_id, part.dataset))
    while block := list(islice(items, BLOCK)):
        rows = [item for item in block if not isinstance(item, Reject)]
        refused = [item for item in block if isinstance(item, Reject)]
        if rows:
            connection.execute(insert(part.table).prefix_with("OR REPLACE"), rows)
        if refused:
            values = [{"dataset": part.dataset, "reason": item.reason, "row": item.row} for item in refused]
            connection.execute(insert(reject), values)


def ticket_row(item: Ticket, question: str | None) -> dict[str, Any]:
    """A row of `ticket`; `question` is what the address service is asked, None where there is nothing to ask."""
    row = plain_row(item)
    position = row.pop("point")
    row["lon"], row["lat"] = (position.lon, position.lat) if position else (None, None)
    row["question"] = question
    return {name: value for name, value in row.items() if name in ticket.c}


def plain_row(item: Ticket | Complaint | Violation) -> dict[str, Any]:
    """A row with a model's own fields."""
    return {field.name: _text(getattr(item, field.name)) for field in fields(item)}


def plain_rows(items: Iterable[Any]) -> Iterator[Row | Reject]:
    return (item if isinstance(item, Reject) else plain_row(item) for item in items)


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else value
