"""The columns of silver: those of a ticket as the model has them, and what the lake adds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, get_args, get_type_hints

from li_perf.model import Point, Ticket
from li_perf.store.delta import Shape

KINDS = {str: "varchar", bool: "boolean", datetime: "timestamptz", date: "date", float: "double"}
HISTORY: Mapping[str, str] = {
    "status": "varchar",
    "closed_on": "date",
    "closed_at": "timestamptz",
    "updated_at": "timestamptz",
    "seen_at": "timestamptz",
}


def _flat(model: type) -> Iterator[tuple[str, str]]:
    for name, hint in get_type_hints(model).items():
        kind = next((part for part in get_args(hint) if part is not type(None)), hint)
        if kind is Point:
            yield from _flat(Point)
        else:
            yield name, KINDS[kind]


POINT: Mapping[str, str] = dict(_flat(Point))
TICKET: Mapping[str, str] = dict(_flat(Ticket))  # a ticket's own columns; a point is `lon` and `lat`
OUTSIDE_POINT: Mapping[str, str] = {name: kind for name, kind in TICKET.items() if name not in POINT}
# What tells two versions of a ticket apart: a portal that loads its table anew gives every row another time of change.
CONTENT = tuple(name for name in TICKET if name not in ("service_request_id", "updated_at"))

TICKETS: Shape = {
    **TICKET,
    "history": HISTORY,  # the versions that differed in status from the one before, oldest first
    "seen_at": "timestamptz",  # when the page came that brought this version
    "page": "bigint",  # which page that was
    "content": "bigint",  # hash of CONTENT
    "month": "varchar",  # of opening, local: YYYY-MM
}
REJECTS: Shape = {
    "dataset": "varchar",
    "reason": "varchar",
    "row": "varchar",
    "page": "bigint",  # that first brought it
    "seen_at": "timestamptz",
    "batch": "bigint",  # the commit of tickets that it belongs to
}


def sql_type(kind: Any, *, naive: bool = False) -> str:
    """A column's type in SQL; `naive` has times without a zone, in UTC: what can be read into Python without pytz."""
    if not isinstance(kind, str):
        return f"struct({columns(kind, naive=naive)})[]"
    return "timestamp" if naive and kind == "timestamptz" else kind


def columns(shape: Shape, *, naive: bool = False) -> str:
    """The columns and their types, as in `create table`."""
    return ", ".join(f'"{name}" {sql_type(kind, naive=naive)}' for name, kind in shape.items())


def names(shape: Iterable[str], *, prefix: str = "") -> str:
    """The columns' names, as in `select`."""
    return ", ".join(f'{prefix}"{name}"' for name in shape)
