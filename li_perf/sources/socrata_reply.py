"""Which replies of Socrata are answers, and what its failures mean.

Behaviour: dev.socrata.com/docs/response-codes.html; bodies as portals send them (a code may be missing).
"""

from __future__ import annotations

from typing import Any

import msgspec

from li_perf.errors import Astray, Broken, Busy, ColumnGone, Denied, Garbled, Rejected, TooHeavy
from li_perf.sources.body import decode
from li_perf.sources.portal import Page
from li_perf.sources.status import raise_for
from li_perf.wire import Reply, retry_after

SETTING = "LI_PERF_PORTAL_URL and LI_PERF_SOCRATA_TOKEN"
LOGIN = ("logged in", "authentication_required", "permission_denied", "app_token")


class Refusal(msgspec.Struct, frozen=True):
    """An error body; the code has two names."""

    code: object = None
    errorCode: object = None
    message: object = None
    error: object = None

    @property
    def text(self) -> str:
        said = (self.code or self.errorCode, self.message, self.error if isinstance(self.error, str) else None)
        return "; ".join(str(part) for part in said if part)[:300]


def page_of(reply: Reply) -> Page:
    """The rows, and the columns where a header names them. Raises Denied where we may not read, else a Fault."""
    if reply.status == 200:
        return Page(rows=_rows(reply.body), columns=_columns(reply))
    if reply.status == 202:  # "Request processing": the same question is answered later
        raise Busy("Socrata still works on the answer (202).", status=202, wait=retry_after(reply.headers))
    said = refusal(reply.body)
    _raise_for_words(reply.status, said.text if said else "")
    raise_for(reply, "Socrata", setting=SETTING)
    raise Garbled(f"Socrata answered {reply.status}.", status=reply.status)


def _rows(body: bytes) -> list[Any]:
    try:
        return decode(body, list[Any])
    except ValueError as error:
        if (said := refusal(body)) and (said.error or said.text):
            raise Broken(f"Socrata failed in its answer ({said.text}).", status=200) from None
        raise Garbled(f"Socrata sent something that is not an answer: {str(error)[:200]}", status=200) from None


def _columns(reply: Reply) -> list[str]:
    """The names of the columns; the header is left out where it would be longer than 4 kB."""
    try:
        return decode(reply.headers.get("x-soda2-fields", "").encode(), list[str])
    except ValueError:
        return []


def refusal(body: bytes) -> Refusal | None:
    try:
        return decode(body, Refusal)
    except ValueError:
        return None


def _raise_for_words(status: int, text: str) -> None:
    words = text.lower()
    if status == 403 and any(word in words for word in LOGIN):
        raise Denied(f"Socrata does not let us read this ({text}). Check {SETTING}.")
    if status >= 400 and "timeout" in words:
        raise TooHeavy(f"Socrata cut the statement short ({text}).", status=status)
    if status == 400 and "no-such-column" in words:
        raise ColumnGone(f"Socrata lost a column ({text}).", status=400)
    if status == 400:
        raise Rejected(f"Socrata refused the statement ({text}).", status=400)
    if status == 404:
        raise Astray(f"Socrata does not know this data set (404{': ' + text if text else ''}).", status=404)
