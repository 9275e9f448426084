"""Carto's SQL API as a client sees it: parameters in, status and body out. No socket."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from urllib.parse import parse_qsl

import duckdb
import msgspec

from li_perf.simulator import tables
from li_perf.simulator.city import SimulatedCity
from li_perf.simulator.faults import Faults
from li_perf.simulator.reply import Reply
from li_perf.simulator.sql import Refused, Table, longest_list, run

_TYPE = "application/json; charset=utf-8"
# Documented for enterprise accounts: https://github.com/CartoDB/CartoDB-SQL-API
_STATEMENT_SECONDS = 25.0
_OVER_LIMITS = "You are over platform's limits"
_TOO_MANY = f"{_OVER_LIMITS}. Please contact us to know more details"
_TOO_SLOW = (
    f"{_OVER_LIMITS}: SQL query timeout error. "
    "Refactor your query before running again or contact CARTO support for more details."
)
_MISSING_FOR = 2
_PAGE = re.compile(rf"{tables.REQUESTS}.*\blimit\s+[1-9]", re.IGNORECASE | re.DOTALL)


def parameters(query_string: str, body: bytes, content_type: str) -> dict[str, str]:
    """The body beats the query; a raw "&" in a literal cuts q short, as everywhere."""
    found = dict(parse_qsl(query_string, keep_blank_values=True))
    if "json" in content_type:
        with suppress(ValueError, AttributeError):
            found |= {str(name): str(value) for name, value in json.loads(body).items()}
    else:
        found |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return found


def failure(status: int, text: str, **more: str) -> Reply:
    """`{"error": ["…"]}`, with context and detail where a limit was met."""
    return Reply(status=status, body=msgspec.json.encode({"error": [text], **more}), content_type=_TYPE)


def too_many_requests() -> Reply:
    return failure(429, _TOO_MANY, context="limit", detail="rate-limit")


def too_slow() -> Reply:
    """429 without Retry-After: the same statement will never do (CartoDB-SQL-API error codes)."""
    return failure(429, _TOO_SLOW, context="limit", detail="datasource")


class Carto:
    """The tables, and the daily swap of one of them."""

    def __init__(self, city: SimulatedCity, faults: Faults) -> None:
        self._tables = tables.open_tables(city)
        self.change(faults)

    def change(self, faults: Faults) -> None:
        """Takes the faults that concern tables; the count of pages before a swap starts anew."""
        self._faults = faults
        self._pages = self._missing = 0
        self._is_swapped = False
        tables.show(self._tables, faults)

    def close(self) -> None:
        self._tables.close()

    async def answer(self, asked: dict[str, str], *, partial: bool = False) -> Reply:
        statement = asked.get("q", "")
        if not statement.strip():
            return failure(400, "You must indicate a sql query")
        if asked.get("format", "json") != "json":
            return failure(400, f"Invalid format: {asked['format']}")
        limit = self._faults.carto_timeout_rows
        if limit is not None and longest_list(statement) > limit:
            return too_slow()
        if self._is_missing(statement):
            return failure(400, f'relation "{tables.REQUESTS}" does not exist')
        return await self._run(statement, partial=partial)

    async def _run(self, statement: str, *, partial: bool) -> Reply:
        cursor = self._tables.cursor()
        stop = asyncio.get_running_loop().call_later(_STATEMENT_SECONDS, cursor.interrupt)
        try:
            reply = await asyncio.to_thread(self._reply, cursor, statement, partial)
            self._pages += bool(_PAGE.search(statement))
            return reply
        except Refused as refused:
            return failure(refused.status, str(refused))
        except duckdb.InterruptException:
            return too_slow()
        finally:
            stop.cancel()

    def _reply(self, cursor: duckdb.DuckDBPyConnection, statement: str, partial: bool) -> Reply:
        with cursor:
            table = run(cursor, statement)
        limit = self._faults.carto_timeout_rows
        if limit is not None and len(table.rows) > limit:
            return too_slow()
        return _partial(table) if partial else _whole(table)

    def _is_missing(self, statement: str) -> bool:
        """After the pages asked for, two requests find no table; the next one finds another numbering."""
        after = self._faults.swap_after_pages
        if after is None or self._is_swapped or self._pages < after or tables.REQUESTS not in statement:
            return False
        self._missing += 1
        if self._missing > _MISSING_FOR:
            tables.swap(self._tables)
            self._is_swapped = True
        return not self._is_swapped


def _whole(table: Table) -> Reply:
    body = {"rows": table.rows, "time": table.seconds, "fields": table.fields, "total_rows": len(table.rows)}
    return Reply(status=200, body=msgspec.json.encode(body), content_type=_TYPE)


def _partial(table: Table) -> Reply:
    """An error after streaming began is a 200: some of the rows, and "error" behind them (Carto's own tests)."""
    some = table.rows[: len(table.rows) // 2]
    body = {
        "rows": some,
        "time": table.seconds,
        "fields": table.fields,
        "total_rows": len(some),
        "error": ["canceling statement due to statement timeout"],
    }
    return Reply(status=200, body=msgspec.json.encode(body), content_type=_TYPE)
