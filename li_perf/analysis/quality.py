"""How good a city's rows are: figures over the tables `tickets`, `midnight` and `named`, each with its definition.

Each figure counts tickets for which `is_so` holds among those for which `counts` does; the texts are plain SQL.
`midnight` says of each local day at which UTC time it began; `named` has the types that the city's own tables name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SCHEMAS = {
    "midnight": {"on_day": "date", "began_at": "timestamp"},
    "named": {"service_name": "varchar"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure: a share of tickets."""

    name: str
    is_so: str
    counts: str = "true"
    definition: str


CLOSED = "closed_on is not null"
FIGURES = (
    Figure(
        name="closed_before_opened",
        is_so="case when closed_at is null then closed_on < requested_on else closed_at < requested_at end",
        counts=CLOSED,
        definition="Closings before the opening: by the time where it is known, else by the local day.",
    ),
    Figure(
        name="closed_at_midnight",
        is_so="closed_at is null or closed_at = began_at",
        counts=CLOSED,
        definition="Closings of which only the day is known, or whose time is exactly the local midnight.",
    ),
    Figure(
        name="closed_without_time",
        is_so="closed_on is null",
        counts="not is_open",
        definition="Requests that are over by their status, without a time of closing.",
    ),
    Figure(
        name="open_with_closing",
        is_so=CLOSED,
        counts="is_open",
        definition="Requests that are open by their status, with a time of closing.",
    ),
    Figure(
        name="opened_after_received",
        is_so="requested_at > seen_at",
        definition="Requests whose opening is later than when their row was received.",
    ),
    Figure(name="no_area", is_so="area is null", definition="Requests without the city's own division."),
    Figure(name="no_point", is_so="lon is null or lat is null", definition="Requests without a position."),
    Figure(
        name="no_place",
        is_so="area is null and address is null and (lon is null or lat is null)",
        definition="Requests with neither division nor address nor position.",
    ),
)
UNNAMED = Figure(
    name="unnamed_type",
    is_so="service_name not in (select service_name from named)",
    counts="service_name is not null",
    definition="Requests whose type none of the city's tables of types names: older names, targets, rules of matching.",
)


def far(west: float, south: float, east: float, north: float) -> Figure:
    """Positions outside a box, in degrees."""
    return Figure(
        name="far_away",
        is_so=f"not (lon between {west} and {east} and lat between {south} and {north})",
        counts="lon is not null and lat is not null",
        definition="Positions outside the box around the city.",
    )


def nulls(columns: Iterable[str]) -> list[Figure]:
    """A figure a column: how often nothing stands in it."""
    return [Figure(name=name, is_so=f"{name} is null", definition=f"Requests without {name}.") for name in columns]


def statement(figures: Sequence[Figure]) -> str:
    """One row: of each figure for how many tickets it is so, and for how many it counts."""
    counts = (
        f"count(*) filter (where ({each.counts}) and ({each.is_so})), count(*) filter (where {each.counts})"
        for each in figures
    )
    return f"select {', '.join(counts)} from tickets left join midnight on closed_on = on_day"


DAYS = "select min(closed_on), max(closed_on) from tickets"
SPAN = "select count(*), min(requested_at), max(requested_at), max(updated_at) from tickets"
REJECTS = "select reason, count(*) from rejects group by reason order by 2 desc, 1"
UNNAMED_TYPES = """
select service_name, count(*) from tickets
where service_name is not null and service_name not in (select service_name from named)
group by service_name order by 2 desc, 1 limit 20
"""
