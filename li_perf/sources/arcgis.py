"""A layer of an ArcGIS feature service, page by page behind the last object id.

Interface: developers.arcgis.com/rest/services-reference, Query (Feature Service/Layer).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import msgspec

from li_perf.errors import Denied, Drifted, Fault, Garbled
from li_perf.sources import layer_sql
from li_perf.sources.address import address, parameters_of
from li_perf.sources.arcgis_reply import page_of
from li_perf.sources.portal import Census, Page
from li_perf.wire import Reply, Request

LIMIT = "resultRecordCount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`table` is the service's name below the base address; `opened_in` and `changed_in` are fields of times (UTC).

    A change is a time in any of the fields `changed_in`. The id field orders one download; it is no lasting name of a
    row. What a layer calls it is learnt from its description, but for the census, which counts `key`.
    """

    table: str
    layer: int = 0
    opened_in: str | None = None
    changed_in: tuple[str, ...] = ()
    key: tuple[str, ...] = ("OBJECTID",)
    has_geometry: bool = False
    title: str = "ArcGIS"

    def request(self, statement: str) -> Request:
        return Request(path=statement)

    def read(self, reply: Reply) -> Page:
        return page_of(reply)

    def rows(self, body: bytes) -> list[Any]:
        try:
            return list(page_of(Reply(status=200, body=body)).rows)
        except (Denied, Fault) as fault:
            raise AssertionError(f"a stored page is damaged: {fault}") from fault

    def look(self) -> str:
        return address(self._layer, {"f": "json"})

    def census(self, where: Sequence[str]) -> str:
        """A count alone, or statistics where the newest change is wanted too: not every layer has those."""
        asked = {"returnCountOnly": "true"}
        if self.changed_in:
            asked = {"outStatistics": msgspec.json.encode(self._statistics()).decode()}
        return address(f"{self._layer}/query", {"f": "json", "where": _joined(where)} | asked)

    def _statistics(self) -> list[dict[str, str]]:
        wanted = [("count", self.key[0], "n")]
        wanted += [("max", layer_sql.name(field), f"newest_{number}") for number, field in enumerate(self.changed_in)]
        names = ("statisticType", "onStatisticField", "outStatisticFieldName")
        return [dict(zip(names, one, strict=True)) for one in wanted]

    def counted(self, page: Page) -> Census:
        """The names of statistics may come back in capitals."""
        try:
            row = {name.lower(): value for name, value in page.rows[0].items()}
            times = [int(value) for name, value in row.items() if name.startswith("newest_") and value is not None]
            newest = str(max(times)) if times and layer_sql.moment(str(max(times))) else None
            return Census(count=int(row["n"]), newest=newest)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError):
            raise Garbled(f"ArcGIS does not count the rows of {self.table}.", status=200) from None

    def opened(self, since: datetime, until: datetime) -> list[str]:
        if not self.opened_in:
            return []
        return [layer_sql.compare(self.opened_in, ">=", since), layer_sql.compare(self.opened_in, "<", until)]

    def changed(self, newest: str) -> list[str] | None:
        """Also those of this very second: others may have come with it since. Raises ValueError for no time."""
        if not self.changed_in:
            return None
        since = layer_sql.moment(newest)
        return [layer_sql.any_of([layer_sql.compare(field, ">=", since) for field in self.changed_in])]

    def first(self, where: Sequence[str], columns: Sequence[str], *, size: int, look: Page) -> str:
        return self._page(where, columns, size, key=look.columns[0] if look.columns else self.key[0])

    def following(self, statement: str, page: Page, *, where: Sequence[str], columns: Sequence[str]) -> str | None:
        """None behind a page that is shorter than asked for and is not said to be cut off."""
        asked = parameters_of(statement)
        limit = int(asked[LIMIT])
        if not page.has_more and len(page.rows) < limit:
            return None
        last = self._last(page, asked["orderByFields"])
        behind = [*where, layer_sql.compare(asked["orderByFields"], ">", last)]
        return self._page(behind, columns, limit, key=asked["orderByFields"])

    def _last(self, page: Page, key: str) -> int:
        """The last row's id; ids that do not increase say nothing about what lies behind them."""
        ids = [row[key] for row in page.rows if type(row.get(key)) is int]
        if ids and len(ids) == len(page.rows) and all(one < other for one, other in pairwise(ids)):
            return int(ids[-1])
        raise Drifted(f"ArcGIS does not order the rows of {self.table} by {key}: it cannot be read page by page.")

    def _page(self, where: Sequence[str], columns: Sequence[str], limit: int, *, key: str) -> str:
        fields = [key, *(column for column in columns if column != key)]
        parameters = {
            "f": "json",
            "where": _joined(where),
            "outFields": ",".join(map(layer_sql.name, fields)),
            "returnGeometry": "true" if self.has_geometry else "false",
            **({"outSR": "4326"} if self.has_geometry else {}),
            "orderByFields": layer_sql.name(key),
            LIMIT: str(limit),
        }
        return address(f"{self._layer}/query", parameters)

    def halved(self, statement: str) -> str | None:
        asked = parameters_of(statement)
        limit = int(asked.get(LIMIT, 1))
        return address(f"{self._layer}/query", asked | {LIMIT: str(limit // 2)}) if limit > 1 else None

    def repeated(self, rows: Sequence[Any]) -> int:
        return 0

    @property
    def _layer(self) -> str:
        return f"/{quote(self.table, safe='')}/FeatureServer/{int(self.layer)}"


def _joined(where: Sequence[str]) -> str:
    return " AND ".join(where) or "1=1"
