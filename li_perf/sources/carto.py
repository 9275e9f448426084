"""Carto's SQL API: how a statement is sent, and which replies are answers; statements are written in `sql`.

Behaviour: CartoDB/CartoDB-SQL-API, its documentation and error-handler-factory.js.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from li_perf.errors import Astray, Broken, ColumnGone, Denied, Garbled, Rejected, TooHeavy
from li_perf.sources.body import decode
from li_perf.sources.status import raise_for
from li_perf.wire import Reply, Request, retry_after

MISSING_TABLE = re.compile(r'relation "[^"]*" does not exist')
MISSING_COLUMN = re.compile(r"column .* does not exist")


class Result(msgspec.Struct, frozen=True):
    """A JSON answer: `fields` lists the columns also where there is no row."""

    rows: list[Any] | None = None
    fields: dict[str, Any] = {}
    total_rows: int | None = None
    error: Any = None


class Refusal(msgspec.Struct, frozen=True):
    """An error body."""

    error: Any = None
    context: str | None = None
    detail: Any = None

    @property
    def text(self) -> str:
        said = self.error if isinstance(self.error, list) else [self.error]
        return "; ".join(str(part) for part in said)[:300]


def request(sql: str) -> Request:
    """The statement by POST: no limit on length, and never repeated by the HTTP client behind our back."""
    return Request(form={"q": sql})


def read(reply: Reply) -> Result:
    """The answer. Raises Denied where we may not read, else a Fault."""
    if reply.status == 200:
        return _result(reply)
    said = _refusal(reply)
    if reply.status == 400 and said:
        _raise_for_statement(said)
    if reply.status == 404:
        raise Astray(f"Carto does not know this address (404{': ' + said.text if said else ''}).", status=404)
    if reply.status == 403 and said and "permission denied" in said.text:
        raise Denied(f"Carto does not let us read this ({said.text}). Check LI_PERF_CARTO_URL.")
    if reply.status == 429 and said and _is_too_heavy(reply, said):
        raise TooHeavy(f"Carto cut the statement short ({said.text}).", status=429)
    raise_for(reply, "Carto", setting="LI_PERF_CARTO_URL")
    raise Garbled(f"Carto answered {reply.status}.", status=reply.status)


def rows_of(page: bytes) -> list[Any]:
    """The rows of a page that was kept. Raises AssertionError for one that was read when it came and cannot be now."""
    try:
        return _result(Reply(status=200, body=page)).rows or []
    except (Broken, Garbled) as fault:
        raise AssertionError(f"a stored page is damaged: {fault}") from fault


def _result(reply: Reply) -> Result:
    try:
        result = decode(reply.body, Result)
    except ValueError as error:
        raise Garbled(f"Carto sent something that is not an answer: {str(error)[:200]}", status=200) from None
    if result.error:
        raise Broken(f"Carto failed in the middle of its answer ({Refusal(error=result.error).text}).", status=200)
    if result.rows is None or (result.total_rows is not None and result.total_rows != len(result.rows)):
        raise Garbled("Carto's answer is not complete.", status=200)
    return result


def _refusal(reply: Reply) -> Refusal | None:
    try:
        return decode(reply.body, Refusal)
    except ValueError:
        return None


def _raise_for_statement(said: Refusal) -> None:
    if MISSING_TABLE.search(said.text):  # tables are replaced daily: load, rename, drop
        raise Broken(f"Carto is replacing a table ({said.text}).", status=400)
    if MISSING_COLUMN.search(said.text):
        raise ColumnGone(f"Carto lost a column ({said.text}).", status=400)
    raise Rejected(f"Carto refused the statement ({said.text}).", status=400)


def _is_too_heavy(reply: Reply, said: Refusal) -> bool:
    """Whether it is the statement's time-out, which shares its status with "slow down" and has no Retry-After.

    The SQL API's own errors are lists; a gateway in front of it writes others.
    """
    is_its_own = isinstance(said.error, list) and said.detail != "rate-limit"
    return said.detail == "datasource" or (is_its_own and retry_after(reply.headers) is None)
