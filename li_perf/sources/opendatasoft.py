"""A data set on Opendatasoft, a window in time after the other, each exported whole.

Explore API 2.1. Its /records end at 10,000 rows and its exports know no offset, so that a window is what a page is
elsewhere; rows that come twice or never show in the census.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from li_perf.errors import Broken, Garbled
from li_perf.sources import odsql
from li_perf.sources.address import address, parameters_of
from li_perf.sources.opendatasoft_reply import page_of
from li_perf.sources.portal import Census, Page
from li_perf.sources.windows import Window, next_month
from li_perf.wire import Reply, Request

ALWAYS = Window(since=datetime(2000, 1, 1, tzinfo=UTC), until=datetime(2100, 1, 1, tzinfo=UTC))
LONGEST_MONTH = timedelta(days=32)
SHORTEST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`opened_in` and `changed_in` are columns of times, in which the portal keeps UTC.

    A period is asked for by the months of `zone`. What changed, and conditions without a period, are one statement as
    long as that is not too heavy; only rows with a time in `opened_in` are in a window.
    """

    table: str
    zone: ZoneInfo
    opened_in: str
    changed_in: str | None = None
    key: tuple[str, ...] = ()
    title: str = "Opendatasoft"

    def request(self, statement: str) -> Request:
        return Request(path=statement)

    def read(self, reply: Reply) -> Page:
        return page_of(reply)

    def rows(self, body: bytes) -> list[Any]:
        try:
            return list(page_of(Reply(status=200, body=body)).rows)
        except (Broken, Garbled) as fault:
            raise AssertionError(f"a stored page is damaged: {fault}") from fault

    def look(self) -> str:
        return self._address("records", {"limit": "1", "timezone": "UTC"})

    def census(self, where: Sequence[str]) -> str:
        newest = f", max({odsql.name(self.changed_in)}) as newest" if self.changed_in else ""
        conditions = {"where": " and ".join(where)} if where else {}
        clauses = {"select": f"count(*) as n{newest}"} | conditions | {"limit": "1", "timezone": "UTC"}
        return self._address("records", clauses)

    def counted(self, page: Page) -> Census:
        try:
            row = page.rows[0]
            newest = row.get("newest")
            return Census(count=int(row["n"]), newest=_moment(newest).isoformat() if newest is not None else None)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            raise Garbled(f"Opendatasoft does not count the rows of {self.table}.", status=200) from None

    def opened(self, since: datetime, until: datetime) -> list[str]:
        return odsql.within(self.opened_in, Window(since=since, until=until))

    def changed(self, newest: str) -> list[str] | None:
        """Also those of this very second: others may have come with it since. Raises ValueError for no time."""
        return [odsql.compare(self.changed_in, ">=", _moment(newest))] if self.changed_in else None

    def first(self, where: Sequence[str], columns: Sequence[str], *, size: int, look: Page) -> str:
        period, others = odsql.parted(where, self.opened_in)
        is_part = any(f"{self.changed_in} >= " in condition for condition in others)  # few rows, as a rule
        until = None if is_part or not period else next_month(period.since, self.zone)
        window = period.beginning(until) if period and until else period
        clauses = {"select": ",".join(map(odsql.name, columns)), "order_by": odsql.name(self.opened_in)}
        return self._export(clauses, " and ".join(others), window)

    def following(self, statement: str, page: Page, *, where: Sequence[str], columns: Sequence[str]) -> str | None:
        """Behind a window the rest of its month; behind one that is longer than a month, twice as much."""
        before, others = self._parts(statement)
        period = odsql.parted(where, self.opened_in)[0] or ALWAYS
        rest = period.after(before) if before else None
        if before is None or rest is None:
            return None
        is_long = before.length > LONGEST_MONTH
        until = rest.since + 2 * before.length if is_long else next_month(rest.since, self.zone)
        return self._export(parameters_of(statement), others, rest.beginning(until))

    def halved(self, statement: str) -> str | None:
        before, others = self._parts(statement)
        half = (before or ALWAYS).halved(least=SHORTEST)
        if half is None or "/exports/" not in statement:
            return None
        return self._export(parameters_of(statement), others, half)

    def repeated(self, rows: Sequence[Any]) -> int:
        return 0

    def _parts(self, statement: str) -> tuple[Window | None, str]:
        """A statement's window, and the other conditions before it."""
        text = parameters_of(statement).get("where", "")
        name = re.escape(self.opened_in)
        found = re.search(rf"(?:^| and ){name} >= date'([0-9T:-]+)' and {name} < date'([0-9T:-]+)'$", text)
        if not found:
            return None, text
        return Window(since=odsql.moment_of(found[1]), until=odsql.moment_of(found[2])), text[: found.start()]

    def _export(self, clauses: Mapping[str, str], others: str, window: Window | None) -> str:
        where = [others, *(odsql.within(self.opened_in, window) if window else [])]
        parameters = {name: clauses[name] for name in ("select", "order_by") if clauses.get(name)}
        parameters |= {"where": text} if (text := " and ".join(filter(None, where))) else {}
        return self._address("exports/json", parameters | {"timezone": "UTC", "limit": "-1"})

    def _address(self, what: str, parameters: Mapping[str, str]) -> str:
        return address(f"/catalog/datasets/{quote(self.table, safe='')}/{what}", parameters)


def _moment(text: object) -> datetime:
    moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"not a time with a zone: {str(text)[:50]!r}")
    return moment
