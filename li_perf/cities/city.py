"""What a city is: values and reading functions; what it can do follows from what it has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from li_perf.model import Complaint, Period, Point, Property, Reject, Ticket, Violation
from li_perf.sources.portal import Portal
from li_perf.store.plain import Plain

R = TypeVar("R")
Row = Mapping[str, Any]


def as_numbered(items: Iterable[R | Reject], known: Iterable[R]) -> Iterator[R | Reject]:
    """The items as they are: the portal numbers them."""
    return iter(items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset(Generic[R]):
    """A table of a portal: the columns it must and may have, and how a row reads.

    `floor` is the fewest rows that a download of a whole year may have. `identify` gives the items of a page their
    numbers where rows have none of their own; it drops none. A page must then hold all that was opened at a moment, or
    what changed of it, and beside it goes what is known of those moments (see `twins.numbered`).

    `plain` says the same as `read` of the rows that DuckDB can read by itself: for tables of millions of rows.
    """

    portal: Portal
    required: tuple[str, ...]
    optional: tuple[str, ...]
    read: Callable[[Row], R | Reject]
    page_size: int = 5_000
    floor: int = 0
    identify: Callable[[Iterable[R | Reject], Iterable[R]], Iterator[R | Reject]] = as_numbered
    plain: Plain | None = None

    @property
    def table(self) -> str:
        return self.portal.table


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Where the City itself writes addresses beside accounts: its table of properties, and its violations' rows."""

    properties: Dataset[Property]
    of_violation: Callable[[Row], Property | Reject]


@dataclass(frozen=True, slots=True, kw_only=True)
class LicensesAndInspections:
    """What only a city with an inspection agency has: violations, the crosswalk of complaints, the rules of matching.

    `window_days` is the primary window of M3; `allowed` maps a service name to the violation families it may lead to.
    """

    agency: str
    violations: Dataset[Violation]
    complaints: Dataset[Complaint]
    window_days: int
    allowed: Mapping[str, frozenset[str]]
    pairs: Pairs | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """How long a request may take, as its city says: by type, or for all. A request's own `due_at` comes first."""

    default: timedelta | None = None
    by_type: Mapping[str, timedelta] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """One city. A thing it does not have is None, or empty.

    `area_title` is what the city calls a ticket's `area`. `closed_words` are the statuses, in lower case, that say that
    a request is over. `aliases` maps a type's older name to today's; `first_call` are the types that whoever takes the
    call resolves at once. `is_closed_by_day`: of no closing is more known than the day. `box` is around the city, from
    its south-western corner to its north-eastern one: a position outside is a mistake.
    """

    name: str
    title: str
    zone: ZoneInfo
    portal_url: str
    requests: Dataset[Ticket]
    closed_words: frozenset[str]
    area_title: str | None = None
    targets: Targets | None = None
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    first_call: frozenset[str] = frozenset()
    is_closed_by_day: bool = False
    box: tuple[Point, Point] | None = None
    inspections: LicensesAndInspections | None = None

    @property
    def named_types(self) -> frozenset[str]:
        """The types of requests that any of the city's tables names; empty where there is no such table."""
        targets = self.targets.by_type if self.targets else ()
        allowed = self.inspections.allowed if self.inspections else ()
        return frozenset([*self.aliases, *self.aliases.values(), *targets, *allowed, *self.first_call])

    def instants(self, period: Period) -> tuple[datetime, datetime]:
        """The period's first instant and the first behind it, aware, in the city's zone."""
        midnight = time(0, tzinfo=self.zone)
        return datetime.combine(period.since, midnight), datetime.combine(period.until, midnight)
