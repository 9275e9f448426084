"""Typed rows: tickets, complaints and rejects, rebuilt from the pages in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, insert

from li_perf.model import Complaint, Reject, Ticket, Violation
from li_perf.store.ledger import Ledger
from li_perf.store.tables import reject

BLOCK = 5_000


async def replace_rows(
    ledger: Ledger, tables: Mapping[Table, Sequence[Mapping[str, Any]]], *, rejects: Mapping[str, Sequence[Reject]]
) -> None:
    """Put these rows in the place of what the tables hold, and these rejects in the place of their data sets' ones."""

    def write(connection: Connection) -> None:
        for table, rows in tables.items():
            connection.execute(delete(table))
            for start in range(0, len(rows), BLOCK):
                connection.execute(insert(table), list(rows[start : start + BLOCK]))
        for dataset, refused in rejects.items():
            connection.execute(delete(reject).where(reject.c.dataset == dataset))
            if refused:
                rows = [{"dataset": dataset, "reason": row.reason, "row": row.row} for row in refused]
                connection.execute(insert(reject), rows)

    await ledger.transact(write)


def ticket_rows(tickets: Iterable[Ticket], questions: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """Rows of `ticket`; `questions` gives each request's question to the address service, None where there is none."""
    rows = []
    for item in tickets:
        row = _row(item)
        position = row.pop("point")
        row["lon"], row["lat"] = (position.lon, position.lat) if position else (None, None)
        row["question"] = questions[item.service_request_id]
        rows.append(row)
    return rows


def plain_rows(items: Iterable[Complaint | Violation]) -> list[dict[str, Any]]:
    """Rows of `complaint` or `violation`."""
    return [_row(item) for item in items]


def _row(item: Ticket | Complaint | Violation) -> dict[str, Any]:
    return {field.name: _text(getattr(item, field.name)) for field in fields(item)}


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else value
