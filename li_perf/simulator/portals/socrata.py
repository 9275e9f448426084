"""A Socrata portal: SODA 2.1 by GET, SODA 3 by POST with a token.

Quirks: no order unless asked for, 1,000 rows unless asked for more, nulls left out, numbers as text, and 202 while an
answer is in the making (dev.socrata.com/docs).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from li_perf.simulator.faults import Faults
from li_perf.simulator.portals.columns import Column, Kind, Query, quoted, rendered
from li_perf.simulator.portals.language import Unknown, condition
from li_perf.simulator.portals.rows import Rows
from li_perf.simulator.portals.stand_in import Asked, as_body
from li_perf.simulator.portals.tokens import SOQL, Malformed
from li_perf.simulator.reply import Reply

DEFAULT_LIMIT = 1_000
_HEADER_LIMIT = 4_096
_WHOLE = re.compile(
    r"SELECT (?P<select>.*?)(?: WHERE (?P<where>.*?))?(?: ORDER BY (?P<order>[^']*?))?(?: LIMIT (?P<limit>\d+))?",
    re.DOTALL,
)
_AGGREGATE = re.compile(r"count\(\*\) as (?P<count>\w+)(?:, ?max\((?P<of>:?\w+)\) as (?P<largest>\w+))?")
SYSTEM = (
    Column(name=":id", kind=Kind.TEXT, sql="'row-' || printf('%09d', n)"),
    Column(name=":created_at", kind=Kind.INSTANT, sql="timestamp '2020-01-01 00:00:00'"),
    Column(name=":updated_at", kind=Kind.INSTANT, sql="changed_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Socrata:
    """The data set `table`; the first `unready` times that a statement comes, its answer is still in the making."""

    rows: Rows
    table: str
    unready: int = 0
    seen: Counter[str] = field(default_factory=Counter)

    def kind(self, asked: Asked) -> str:
        select = _clauses(asked).get("$select", "")
        if select.startswith("count("):
            return "census"
        return "look" if select.startswith(":*") else "page"

    def answer(self, asked: Asked, faults: Faults) -> Reply:
        is_soda_3 = asked.path == f"/api/v3/views/{self.table}/query.json"
        if not is_soda_3 and asked.path != f"/resource/{self.table}.json":
            return _error(404, "dataset.missing", "Not found")
        if is_soda_3 and "X-App-Token" not in asked.headers:
            return _error(403, "permission_denied", "You must be logged in or send an app_token")
        clauses = _clauses(asked)
        self.seen[str(clauses)] += 1
        if self.seen[str(clauses)] <= self.unready:
            return as_body(202, {"message": "Request processing"})
        try:
            reply = self._found(clauses, faults)
        except Unknown as error:
            return _error(400, "query.soql.no-such-column", f"No such column: {error}")
        except (Malformed, ValueError) as error:
            return _error(400, "query.compiler.malformed", f"Could not parse SoQL: {error}")
        return replace(reply, headers={}) if is_soda_3 else reply

    def _found(self, clauses: Mapping[str, str], faults: Faults) -> Reply:
        columns = self.rows.columns
        where, values = condition(clauses["$where"], columns, SOQL) if "$where" in clauses else ("true", [])
        aggregate = _AGGREGATE.fullmatch(clauses.get("$select", ""))
        if aggregate:
            return as_body(200, [self._counted(aggregate, Query(where=where, values=values))])
        chosen = self._chosen(clauses.get("$select", "*"))
        query = Query(
            where=where,
            values=values,
            order=[_known(columns, name.strip()) for name in clauses.get("$order", "").split(",") if name.strip()],
            limit=int(clauses.get("$limit", DEFAULT_LIMIT)),
            offset=int(clauses.get("$offset", 0)),
        )
        if faults.carto_timeout_rows is not None and (query.limit or 0) > faults.carto_timeout_rows:
            return _error(500, "query.execution.queryTimeout", "Query timed out")
        body = "[" + "\n,".join(self.rows.texts(rendered(chosen, _shown, has_nulls=False), query)) + "]"
        return Reply(status=200, body=body.encode(), headers=_headers(chosen))

    def _chosen(self, select: str) -> list[Column]:
        found: list[Column] = []
        for name in (part.strip() for part in select.split(",")):
            if name in ("*", ":*"):
                found += [one for one in self.rows.columns.values() if one.name.startswith(":") == (name == ":*")]
            elif name not in self.rows.columns:
                raise Unknown(name)
            else:
                found.append(self.rows.columns[name])
        return found

    def _counted(self, aggregate: re.Match[str], query: Query) -> dict[str, str]:
        found = {aggregate["count"]: str(self.rows.count(query))}
        if aggregate["of"]:
            column = self.rows.columns.get(aggregate["of"])
            if column is None:
                raise Unknown(aggregate["of"])
            largest = self.rows.largest(column, query)
            found |= {aggregate["largest"]: f"{largest.isoformat(timespec='milliseconds')}Z"} if largest else {}
        return found

    def busy(self, wait: float) -> Reply:
        return _error(429, "throttled", "Too many requests from this address")

    def denied(self) -> Reply:
        """As a portal words it, without a code."""
        return as_body(403, {"message": "You must be logged in to access this resource", "error": True})

    def failed(self) -> Reply:
        return _error(500, "internal-error", "Internal error")

    def cut(self, reply: Reply) -> Reply:
        return replace(reply, body=reply.body[: len(reply.body) // 2])


def _clauses(asked: Asked) -> Mapping[str, str]:
    if not isinstance(asked.json, dict):
        return asked.parameters
    parts = _WHOLE.fullmatch(str(asked.json.get("query")))
    return {f"${name}": text for name, text in parts.groupdict().items() if text} if parts else {"$where": "?"}


def _known(columns: Mapping[str, Column], name: str) -> str:
    """What to order by: ids are as old as their rows."""
    if name not in columns:
        raise Unknown(name)
    return "n" if name == ":id" else columns[name].sql


def _shown(column: Column) -> str:
    """Everything is text, but what is an object."""
    return {
        Kind.TEXT: f"cast(to_json({column.sql}) as varchar)",
        Kind.JSON: f"cast({column.sql} as varchar)",
        Kind.INSTANT: f"strftime({column.sql}, '\"%Y-%m-%dT%H:%M:%S.%gZ\"')",
        Kind.FLOATING: f"strftime({column.sql}, '\"%Y-%m-%dT%H:%M:%S.%g\"')",
        Kind.DAY: f"strftime({column.sql}, '\"%Y-%m-%dT00:00:00.000\"')",
    }.get(column.kind, f"'\"' || cast({column.sql} as varchar) || '\"'")


def _headers(columns: list[Column]) -> dict[str, str]:
    """Left out where they would be too long."""
    names = "[" + ",".join(quoted(column.name) for column in columns) + "]"
    return {"X-SODA2-Fields": names, "X-Socrata-RequestId": "1"} if len(names) < _HEADER_LIMIT else {}


def _error(status: int, code: str, message: str) -> Reply:
    body: dict[str, Any] = {"code": code, "error": True, "message": message, "data": {}}
    return as_body(status, body)
