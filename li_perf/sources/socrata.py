"""A data set on Socrata, page by page behind the last row's key.

SODA 2.1 by GET without a key, or SODA 3 by POST with a token; interface: dev.socrata.com/docs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from li_perf.errors import Broken, Drifted, Garbled
from li_perf.sources import soql
from li_perf.sources.portal import Census, Page
from li_perf.sources.socrata_reply import page_of
from li_perf.wire import Reply, Request

CAP_STEP = 1_000  # where a server caps its pages in silence, it does so at a multiple of this


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`table` is the data set's four-by-four name; `opened_in` a column of floating timestamps in `zone`.

    The order is by change, so that rows which change during the download come again at its end rather than being
    skipped. A publisher who replaces the data set makes every row a changed one.
    """

    table: str
    zone: ZoneInfo
    opened_in: str | None = None
    key: tuple[str, ...] = (":updated_at", ":id")
    changed_in: str = ":updated_at"
    dialect: Literal["soda2", "soda3"] = "soda2"
    title: str = "Socrata"

    def request(self, statement: str) -> Request:
        if self.dialect == "soda2":
            return Request(path=statement)
        return Request(path=f"/api/v3/views/{self.table}/query.json", json={"query": statement})

    def read(self, reply: Reply) -> Page:
        return page_of(reply)

    def rows(self, body: bytes) -> list[Any]:
        try:
            return list(page_of(Reply(status=200, body=body)).rows)
        except (Broken, Garbled) as fault:
            raise AssertionError(f"a stored page is damaged: {fault}") from fault

    def look(self) -> str:
        return self._select(":*,*", limit=1)

    def census(self, where: Sequence[str]) -> str:
        return self._select(f"count(*) as n,max({soql.name(self.changed_in)}) as newest", where=where)

    def counted(self, page: Page) -> Census:
        try:
            row = page.rows[0]
            return Census(count=int(row["n"]), newest=_newest(row))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            raise Garbled(f"Socrata does not count the rows of {self.table}.", status=200) from None

    def opened(self, since: datetime, until: datetime) -> list[str]:
        return soql.between(self.opened_in, since, until, self.zone) if self.opened_in else []

    def changed(self, newest: str) -> list[str] | None:
        """Also those that changed at this very instant: others may have come with it since."""
        return [soql.compare(self.changed_in, ">=", newest)]

    def first(self, where: Sequence[str], columns: Sequence[str], *, size: int, look: Page) -> str:
        return self._page(where, columns, size)

    def following(self, statement: str, page: Page, *, where: Sequence[str], columns: Sequence[str]) -> str | None:
        limit = soql.limit_of(statement)
        if limit is None or not page.rows or (len(page.rows) < limit and len(page.rows) % CAP_STEP):
            return None
        following = self._page([*where, soql.behind(self.key, self._key_of(page.rows[-1]))], columns, limit)
        if following == statement:
            raise Drifted(f"Socrata's data set {self.table} gives the same page again: {self.key[0]} is too coarse.")
        return following

    def _key_of(self, row: Any) -> list[str]:
        values = [row.get(column) if isinstance(row, dict) else None for column in self.key]
        texts = [value for value in values if isinstance(value, str) and value and not soql.UNWRITABLE.search(value)]
        if len(texts) < len(self.key):
            raise Drifted(
                f"Socrata sent a row without {', '.join(self.key)}. "
                f"The data set {self.table} cannot be read page by page any more."
            )
        return texts

    def _page(self, where: Sequence[str], columns: Sequence[str], limit: int) -> str:
        wanted = [*sorted(self.key), *(column for column in columns if column not in self.key)]
        return self._select(",".join(map(soql.name, wanted)), where=where, order=self.key, limit=limit)

    def _select(
        self, columns: str, *, where: Sequence[str] = (), order: Sequence[str] = (), limit: int | None = None
    ) -> str:
        if self.dialect == "soda3":
            return soql.whole(columns, where=where, order=order, limit=limit)
        return soql.by_address(self.table, columns, where=where, order=order, limit=limit)

    def halved(self, statement: str) -> str | None:
        return soql.halved(statement)

    def repeated(self, rows: Sequence[Any]) -> int:
        return 0


def _newest(row: Any) -> str | None:
    """Nulls are left out."""
    newest = row.get("newest")
    if newest is None or isinstance(newest, str):
        return newest
    raise ValueError(newest)
