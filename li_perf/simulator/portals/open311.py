"""An Open311 server (GeoReport v2): the newest `cap` requests of at most 90 days, no pages, no count.

Interface: wiki.open311.org/GeoReport_v2. Ids are numbers here, as on some real servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from li_perf.simulator.faults import Faults
from li_perf.simulator.portals.columns import Column, Kind, Query, rendered
from li_perf.simulator.portals.rows import Rows
from li_perf.simulator.portals.stand_in import Asked, as_body
from li_perf.simulator.reply import Reply

LONGEST = timedelta(days=90)
_FILTERS = ("service_code", "status", "service_request_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Open311:
    """Requests with the columns of the specification; `end_date` itself is meant too."""

    rows: Rows
    cap: int = 1_000
    jurisdiction: str | None = None
    opened: str = "requested_datetime"

    def kind(self, asked: Asked) -> str:
        return {"/requests.json": "page", "/services.json": "look"}.get(asked.path, "other")

    def answer(self, asked: Asked, faults: Faults) -> Reply:
        if self.kind(asked) == "other":
            return _error(404, "there is no such resource")
        if self.jurisdiction and asked.parameters.get("jurisdiction_id") != self.jurisdiction:
            return _error(404, "jurisdiction_id provided was not found")
        if asked.path == "/services.json":
            return as_body(
                200, [{"service_code": "006", "service_name": "Pothole", "metadata": False, "type": "realtime"}]
            )
        try:
            query = self._query(asked.parameters)
        except ValueError as error:
            return _error(400, str(error))
        texts = self.rows.texts(rendered(list(self.rows.columns.values()), _shown, has_nulls=True), query)
        return Reply(status=200, body=f"[{','.join(texts)}]".encode())

    def _query(self, asked: Mapping[str, str]) -> Query:
        opened = self.rows.columns[self.opened].sql
        end = (
            _moment(asked["end_date"])
            if "end_date" in asked
            else self.rows.largest(self.rows.columns[self.opened], Query())
        )
        end = end or datetime(2025, 1, 1)  # noqa: DTZ001
        start = _moment(asked["start_date"]) if "start_date" in asked else end - LONGEST
        if end - start > LONGEST:
            raise ValueError("start_date and end_date may lie 90 days apart at most")
        where: list[str] = [f"{opened} between ? and ?"]
        values: list[Any] = [start, end]
        for name in _FILTERS:
            if name in asked:
                where.append(f"list_contains(?, cast({self.rows.columns[name].sql} as varchar))")
                values.append(asked[name].split(","))
        return Query(where=" and ".join(where), values=values, order=[f"{opened} desc"], limit=self.cap)

    def busy(self, wait: float) -> Reply:
        return _error(429, "rate limit exceeded")

    def denied(self) -> Reply:
        return _error(403, "Missing or Invalid API Key")

    def failed(self) -> Reply:
        return _error(500, "internal server error")

    def cut(self, reply: Reply) -> Reply:
        return replace(reply, body=reply.body[: len(reply.body) // 2])


def _moment(text: str) -> datetime:
    """A date-time with its zone, which is mandatory."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return moment.astimezone(UTC).replace(tzinfo=None)


def _shown(column: Column) -> str:
    return {
        Kind.TEXT: f"cast(to_json({column.sql}) as varchar)",
        Kind.INSTANT: f"strftime({column.sql}, '\"%Y-%m-%dT%H:%M:%SZ\"')",
    }.get(column.kind, f"cast({column.sql} as varchar)")


def _error(code: int, description: str) -> Reply:
    return as_body(code, [{"code": code, "description": description}])
