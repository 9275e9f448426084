"""What a city is: values and reading functions; what it can do follows from what it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from li_perf.model import Complaint, Period, Property, Reject, Ticket, Violation
from li_perf.sources.portal import Portal

R = TypeVar("R")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset(Generic[R]):
    """A table of a portal: the columns it must and may have, and how a row reads.

    `floor` is the fewest rows that a download of a whole year may have.
    """

    portal: Portal
    required: tuple[str, ...]
    optional: tuple[str, ...]
    read: Callable[[Row], R | Reject]
    page_size: int = 5_000
    floor: int = 0

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
class City:
    """One city. A thing it does not have is None."""

    name: str
    title: str
    zone: ZoneInfo
    requests: Dataset[Ticket]
    portal_url: str
    inspections: LicensesAndInspections | None = None

    def instants(self, period: Period) -> tuple[datetime, datetime]:
        """The period's first instant and the first behind it, aware, in the city's zone."""
        midnight = time(0, tzinfo=self.zone)
        return datetime.combine(period.since, midnight), datetime.combine(period.until, midnight)
