"""A GeoReport v2 server (Open311), a window in time after the other.

Interface: wiki.open311.org/GeoReport_v2. It has no pages, no count and no word for what changed: an answer as long as
the server's limit may have been cut, so that its window is asked for by halves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from li_perf.errors import Astray, Broken, Denied, Garbled, Rejected, TooHeavy
from li_perf.sources.address import address, parameters_of
from li_perf.sources.body import decode
from li_perf.sources.portal import Census, Page
from li_perf.sources.status import raise_for
from li_perf.sources.windows import Window, read, written
from li_perf.wire import Reply, Request

SETTING = "LI_PERF_PORTAL_URL"
START, END = "start_date", "end_date"
LONGEST = timedelta(days=90)
SHORTEST = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
IDENTIFIERS = ("service_request_id", "service_code", "address_id", "zipcode")


class Error(msgspec.Struct, frozen=True):
    """One of the errors in a body."""

    code: Any = None
    description: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Windows begin with `days` (90 at most); an answer of `cap` rows counts as cut.

    A condition is a parameter, as in `service_code=006`. Whether `end_date` itself is meant is not in the
    specification: as a rule it is, and a window ends a second before the next begins. Of a server that leaves it out
    (`is_end_exclusive`) the window is asked for up to the next one's beginning; where that is wrong, rows of that
    second come twice, with the same id.
    """

    table: str = "requests"
    days: int = 7
    cap: int = 1_000
    jurisdiction: str | None = None
    has_extensions: bool = False
    is_end_exclusive: bool = False
    key: tuple[str, ...] = ()
    title: str = "Open311"

    def request(self, statement: str) -> Request:
        return Request(path=statement)

    def read(self, reply: Reply) -> Page:
        """Columns are left open: a server may leave out what is empty."""
        if reply.status != 200:
            _refuse(reply)
        rows = _rows(reply.body)
        if sum("service_request_id" in row for row in rows if isinstance(row, dict)) >= self.cap:
            raise TooHeavy(
                f"Open311 sent {len(rows):,} rows, as many as it ever does: others may be missing.", status=200
            )
        return Page(rows=rows)

    def rows(self, body: bytes) -> list[Any]:
        try:
            return _rows(body)
        except (Broken, Garbled) as fault:
            raise AssertionError(f"a stored page is damaged: {fault}") from fault

    def look(self) -> str:
        return address("/services.json", self._always())

    def census(self, where: Sequence[str]) -> None:
        return None

    def counted(self, page: Page) -> Census:
        raise Garbled("Open311 does not count.", status=200)

    def opened(self, since: datetime, until: datetime) -> list[str]:
        return [f"{START}={written(since)}", f"{END}={written(until)}"]

    def changed(self, newest: str) -> None:
        return None

    def first(self, where: Sequence[str], columns: Sequence[str], *, size: int, look: Page) -> str:
        conditions = dict(condition.split("=", 1) for condition in where)
        if START not in conditions or END not in conditions:
            return self._statement(conditions)
        period = Window(since=read(conditions[START]), until=read(conditions[END]))
        return self._statement(conditions, period.beginning(period.since + self._longest))

    def following(self, statement: str, page: Page, *, where: Sequence[str], columns: Sequence[str]) -> str | None:
        """A window up to twice as long, as it may have been halved for rows that lie behind us."""
        conditions = dict(condition.split("=", 1) for condition in where)
        before = self._window(statement)
        if before is None or END not in conditions or before.until >= (end := read(conditions[END])):
            return None
        until = before.until + min(2 * before.length, self._longest)
        return self._statement(conditions, Window(since=before.until, until=min(until, end)))

    def halved(self, statement: str) -> str | None:
        window = self._window(statement)
        half = window.halved(least=SHORTEST) if window else None
        return self._statement(parameters_of(statement), half) if half else None

    def repeated(self, rows: Sequence[Any]) -> int:
        return 0

    @property
    def _longest(self) -> timedelta:
        return min(timedelta(days=self.days), LONGEST)

    @property
    def _gap(self) -> timedelta:
        return timedelta() if self.is_end_exclusive else SECOND

    def _window(self, statement: str) -> Window | None:
        asked = parameters_of(statement)
        if START not in asked or END not in asked:
            return None
        return Window(since=read(asked[START]), until=read(asked[END]) + self._gap)

    def _statement(self, conditions: Mapping[str, str], window: Window | None = None) -> str:
        dates = {START: written(window.since), END: written(window.until - self._gap)} if window else {}
        return address("/requests.json", {**self._always(), **conditions, **dates})

    def _always(self) -> dict[str, str]:
        jurisdiction = {"jurisdiction_id": self.jurisdiction} if self.jurisdiction else {}
        return jurisdiction | ({"extensions": "true"} if self.has_extensions else {})


def _rows(body: bytes) -> list[Any]:
    try:
        rows = decode(body, list[Any])
    except ValueError as error:
        raise Garbled(f"Open311 sent something that is not an answer: {str(error)[:200]}", status=200) from None
    if rows and isinstance(rows[0], dict) and {"code", "description"} <= rows[0].keys() <= {"code", "description"}:
        raise Broken(f"Open311 failed in its answer ({_said(body)}).", status=200)
    return [_with_texts(row) if isinstance(row, dict) else row for row in rows]


def _with_texts(row: dict[str, Any]) -> dict[str, Any]:
    """Identifiers are text; some servers write them as numbers."""
    numbers = {name: str(row[name]) for name in IDENTIFIERS if type(row.get(name)) is int}
    return row | numbers if numbers else row


def _said(body: bytes) -> str:
    try:
        errors = decode(body, list[Error])
    except ValueError:
        return "without a reason"
    return "; ".join(f"{error.code}: {error.description}" for error in errors)[:300]


def _refuse(reply: Reply) -> None:
    said = _said(reply.body)
    if reply.status == 400:
        raise Rejected(f"Open311 refused the request ({said}).", status=400)
    if reply.status == 403 and said != "without a reason":
        raise Denied(f"Open311 does not let us read this ({said}). Check {SETTING}.")
    if reply.status == 404:
        raise Astray(f"Open311 does not know this address or jurisdiction (404, {said}).", status=404)
    raise_for(reply, "Open311", setting=SETTING)
    raise Garbled(f"Open311 answered {reply.status}.", status=reply.status)
