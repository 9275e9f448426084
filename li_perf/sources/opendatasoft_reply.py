"""Which replies of Opendatasoft are answers, and what its failures mean.

Behaviour: the vendor's OpenAPI of Explore 2.1. A refused statement says `{message, error_code}`, a used-up allowance
`{errorcode, error, reset_time}`; an export that fails in its middle was begun with 200 and does not close.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import msgspec

from li_perf.errors import Astray, Broken, Busy, ColumnGone, Denied, Garbled, Rejected, TooHeavy
from li_perf.sources.body import BYTE_ORDER_MARK, decode
from li_perf.sources.portal import Page
from li_perf.sources.status import raise_for
from li_perf.wire import Reply, retry_after

SETTING = "LI_PERF_PORTAL_URL and LI_PERF_OPENDATASOFT_KEY"
INTERRUPTED = b"Streaming interrupted"


class Records(msgspec.Struct, frozen=True):
    """An answer of /records: a few rows, or aggregates."""

    results: list[dict[str, Any]]


class Refusal(msgspec.Struct, frozen=True):
    """An error body, in either of its shapes."""

    message: object = None
    error_code: object = None
    error: object = None
    reset_time: object = None

    @property
    def text(self) -> str:
        return "; ".join(str(part) for part in (self.error_code, self.message, self.error) if part)[:300]


def page_of(reply: Reply) -> Page:
    """The rows of an export or of /records. Raises Denied where we may not read, else a Fault."""
    if reply.status == 200:
        return _page(reply.body)
    said = _refusal(reply.body)
    if reply.status == 429:
        raise Busy(f"Opendatasoft asks for a pause ({said.text}).", status=429, wait=_wait(reply, said))
    _raise_for_words(reply.status, said.text)
    raise_for(reply, "Opendatasoft", setting=SETTING)
    raise Garbled(f"Opendatasoft answered {reply.status}.", status=reply.status)


def _page(body: bytes) -> Page:
    try:
        is_export = body.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"[")
        rows = decode(body, list[dict[str, Any]]) if is_export else decode(body, Records).results
    except ValueError as error:
        if INTERRUPTED in body[-2_000:]:
            raise Garbled("Opendatasoft interrupted its answer.", status=200) from None
        if (said := _refusal(body)).text:
            raise Broken(f"Opendatasoft failed in its answer ({said.text}).", status=200) from None
        raise Garbled(f"Opendatasoft sent something that is not an answer: {str(error)[:200]}", status=200) from None
    return Page(rows=rows, columns=list(rows[0]) if rows else [])


def _refusal(body: bytes) -> Refusal:
    try:
        return decode(body, Refusal)
    except ValueError:
        return Refusal()


def _wait(reply: Reply, said: Refusal) -> float | None:
    """Seconds until `reset_time`, against the answer's own Date; None where neither it nor Retry-After says."""
    try:
        reset = datetime.fromisoformat(str(said.reset_time))
        until = format_datetime(reset.astimezone(UTC), usegmt=True)
    except (ValueError, OverflowError):
        return retry_after(reply.headers)
    return retry_after({"retry-after": until, "date": reply.headers.get("date", "")})


def _raise_for_words(status: int, text: str) -> None:
    words = text.lower()
    if status == 403 and words:
        raise Denied(f"Opendatasoft does not let us read this ({text}). Check {SETTING}.")
    if status >= 400 and ("timeout" in words or "timed out" in words):
        raise TooHeavy(f"Opendatasoft cut the statement short ({text}).", status=status)
    if status == 400 and "unknown field" in words:
        raise ColumnGone(f"Opendatasoft lost a column ({text}).", status=400)
    if status == 400:
        raise Rejected(f"Opendatasoft refused the statement ({text}).", status=400)
    if status == 404:
        raise Astray(f"Opendatasoft does not know this data set (404{': ' + text if text else ''}).", status=404)
