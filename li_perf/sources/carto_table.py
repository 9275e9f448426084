"""A table on Carto, page by page: behind the last row's key, or from its group on where rows share a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from li_perf.errors import Drifted, Garbled
from li_perf.sources import carto, sql
from li_perf.sources.portal import Census, Page
from li_perf.wire import Reply, Request

LARGEST_GROUP = 50_000  # rows with one key, above which something is wrong with the table


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`key` orders the pages; its first column is never null.

    Where the key is not unique (`has_groups`), a page begins with the last group of the page before: rows with equal
    keys are then neither lost nor counted twice. `opened_in` and `changed_in` are columns with UTC times.
    """

    table: str
    key: tuple[str, ...]
    has_groups: bool = False
    opened_in: str | None = None
    changed_in: str | None = None
    title: str = "Carto"

    def request(self, statement: str) -> Request:
        return carto.request(statement)

    def read(self, reply: Reply) -> Page:
        result = carto.read(reply)
        rows = result.rows or []
        return Page(rows=rows, columns=list(result.fields) or (list(rows[0]) if rows else []))

    def rows(self, body: bytes) -> list[Any]:
        return carto.rows_of(body)

    def look(self) -> str:
        return sql.look(self.table)

    def census(self, where: Sequence[str]) -> str:
        return sql.count(self.table, where, newest=self.changed_in)

    def counted(self, page: Page) -> Census:
        try:
            row = page.rows[0]
            return Census(count=int(row["n"]), newest=row.get("newest"))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            raise Garbled(f"Carto does not count the rows of {self.table}.", status=200) from None

    def opened(self, since: datetime, until: datetime) -> list[str]:
        return between(self.opened_in, since, until) if self.opened_in else []

    def changed(self, newest: str) -> list[str] | None:
        return [sql.compare(self.changed_in, ">=", newest)] if self.changed_in else None

    def first(self, where: Sequence[str], columns: Sequence[str], *, size: int, look: Page) -> str:
        return self._select(where, columns, size)

    def following(self, statement: str, page: Page, *, where: Sequence[str], columns: Sequence[str]) -> str | None:
        limit = sql.limit_of(statement)
        if limit is None or len(page.rows) < limit:
            return None
        try:
            behind = [*where, self._behind(page.rows[-1])]
        except Garbled as fault:
            raise Drifted(f"{fault} The table {self.table} cannot be read page by page any more.") from None
        following = self._select(behind, columns, limit)
        if following != statement:
            return following
        if limit <= LARGEST_GROUP:  # the page is one group: ask for more of it
            return self._select(behind, columns, 2 * limit)
        raise Drifted(f"More than {limit:,} rows of {self.table} have the same {self.key[0]}.")

    def _behind(self, row: Any) -> str:
        """Behind this row, or, where the key has groups, from its group on."""
        return sql.compare(self.key[0], ">=" if self.has_groups else ">", sql.key_of(row, self.key[0]))

    def _select(self, where: Sequence[str], columns: Sequence[str], limit: int) -> str:
        order = [*self.key, *(name for name in columns if name not in self.key)] if self.has_groups else self.key
        return sql.select(self.table, columns, where=where, order=order, limit=limit)

    def halved(self, statement: str) -> str | None:
        return sql.halved(statement)

    def repeated(self, rows: Sequence[Any]) -> int:
        return sql.tail(rows, self.key[0]) if self.has_groups else 0


def between(column: str, since: datetime, until: datetime) -> list[str]:
    """The conditions of a column of UTC times."""
    return [sql.compare(column, ">=", _utc(since)), sql.compare(column, "<", _utc(until))]


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
