"""An Opendatasoft portal (Explore 2.1): /records of 100 rows at most and 10,000 in all, /exports without an end.

Times are UTC; an export can break off in its middle with status 200 (the vendor's OpenAPI; its users' reports).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from li_perf.simulator.faults import Faults
from li_perf.simulator.portals.columns import Column, Kind, Query, rendered
from li_perf.simulator.portals.language import Unknown, condition
from li_perf.simulator.portals.rows import Rows
from li_perf.simulator.portals.stand_in import Asked, as_body
from li_perf.simulator.portals.tokens import ODSQL
from li_perf.simulator.reply import Reply

RECORDS_DEFAULT, RECORDS_MOST, RECORDS_CAP = 10, 100, 10_000
_KNOWN = frozenset(("select", "where", "order_by", "limit", "offset", "timezone"))
_AGGREGATE = re.compile(r"count\(\*\) as (?P<count>\w+)(?:, ?max\((?P<of>\w+)\) as (?P<largest>\w+))?")
_INTERRUPTED = b"Streaming interrupted due to the following error: the search backend did not answer in time"
_NOW = datetime(2026, 1, 2, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opendatasoft:
    """The data set `table`."""

    rows: Rows
    table: str

    def kind(self, asked: Asked) -> str:
        if "/exports/" in asked.path:
            return "page"
        return "census" if asked.parameters.get("select", "").startswith("count(") else "look"

    def answer(self, asked: Asked, faults: Faults) -> Reply:
        base = f"/catalog/datasets/{self.table}/"
        what = asked.path.removeprefix(base)
        if what not in ("records", "exports/json") or not asked.path.startswith(base):
            return _error(404, "DatasetNotFoundError", "The requested dataset does not exist.")
        if strange := asked.parameters.keys() - _KNOWN:
            return _error(400, "InvalidRESTParameterError", f"Unknown parameter {sorted(strange)[0]}")
        try:
            return self._found(what == "records", asked.parameters, faults)
        except Unknown as error:
            return _error(400, "ODSQLError", f"ODSQL query is malformed: Unknown field: {error}.")
        except ValueError as error:
            return _error(400, "ODSQLError", f"ODSQL query is malformed: {error}.")

    def _found(self, is_records: bool, parameters: Mapping[str, str], faults: Faults) -> Reply:
        limit, offset = (
            int(parameters.get("limit", RECORDS_DEFAULT if is_records else -1)),
            parameters.get("offset", "0"),
        )
        if refusal := _refused(is_records, limit, int(offset)):
            return refusal
        columns = self.rows.columns
        where, values = condition(parameters["where"], columns, ODSQL) if parameters.get("where") else ("true", [])
        query = Query(where=where, values=values, limit=limit if limit >= 0 else None, offset=int(offset))
        aggregate = _AGGREGATE.fullmatch(parameters.get("select", ""))
        if aggregate:
            return as_body(200, {"total_count": self.rows.count(query), "results": [self._counted(aggregate, query)]})
        order = [
            _known(columns, name.strip()).sql for name in parameters.get("order_by", "").split(",") if name.strip()
        ]
        texts = self.rows.texts(rendered(self._chosen(parameters), _shown, has_nulls=True), replace(query, order=order))
        if not is_records:
            body = "[" + ",".join(texts) + "]"
            reply = Reply(status=200, body=body.encode())
            heavy = faults.carto_timeout_rows is not None and len(texts) > faults.carto_timeout_rows
            return _error(500, "Timeout", "Query timed out") if heavy else reply
        body = f'{{"total_count": {self.rows.count(query)}, "results": [{", ".join(texts)}]}}'
        return Reply(status=200, body=body.encode())

    def _chosen(self, parameters: Mapping[str, str]) -> list[Column]:
        names = [name.strip() for name in parameters.get("select", "*").split(",")]
        return [
            column
            for name in names
            for column in (self.rows.columns.values() if name == "*" else [_known(self.rows.columns, name)])
        ]

    def _counted(self, aggregate: re.Match[str], query: Query) -> dict[str, Any]:
        found: dict[str, Any] = {aggregate["count"]: self.rows.count(query)}
        if aggregate["of"]:
            largest = self.rows.largest(_known(self.rows.columns, aggregate["of"]), query)
            found[aggregate["largest"]] = f"{largest.isoformat(timespec='seconds')}+00:00" if largest else None
        return found

    def busy(self, wait: float) -> Reply:
        """The allowance is renewed at `reset_time`; the body is of a shape of its own."""
        now = _NOW.replace(microsecond=0)
        body = {
            "errorcode": 10002,
            "reset_time": (now + timedelta(seconds=wait)).isoformat().replace("+00:00", "Z"),
            "limit_time_unit": "second",
            "call_limit": 10,
            "error": "Too many requests on the domain. Please contact the domain administrator.",
        }
        return as_body(429, body, {"Date": format_datetime(now, usegmt=True)})

    def denied(self) -> Reply:
        return _error(403, "ForbiddenError", "You do not have the permission to read this dataset.")

    def failed(self) -> Reply:
        return Reply(status=500, body=b"")

    def cut(self, reply: Reply) -> Reply:
        """The array does not close, and says why in its middle."""
        return replace(reply, body=reply.body[: len(reply.body) // 2] + _INTERRUPTED)


def _refused(is_records: bool, limit: int, offset: int) -> Reply | None:
    most = RECORDS_MOST if is_records else None
    if limit < -1 or (most is not None and not 0 <= limit <= most):
        return _error(400, "InvalidRESTParameterError", f"Invalid value for limit API parameter: {limit} was found")
    total = offset + max(limit, 0)
    if (is_records or offset) and total > RECORDS_CAP:
        text = f"Invalid value for sum of offset + limit API parameter: {total} was found but <= 10000 is expected"
        return _error(400, "InvalidRESTParameterError", text)
    return None


def _known(columns: Mapping[str, Column], name: str) -> Column:
    if name not in columns:
        raise Unknown(name)
    return columns[name]


def _shown(column: Column) -> str:
    return {
        Kind.TEXT: f"cast(to_json({column.sql}) as varchar)",
        Kind.INSTANT: f"strftime({column.sql}, '\"%Y-%m-%dT%H:%M:%S+00:00\"')",
        Kind.DAY: f"strftime({column.sql}, '\"%Y-%m-%d\"')",
    }.get(column.kind, f"cast({column.sql} as varchar)")


def _error(status: int, code: str, message: str) -> Reply:
    return as_body(status, {"message": message, "error_code": code})
