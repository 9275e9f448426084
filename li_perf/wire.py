"""Wire nouns: what is asked of a server and what came back."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

LONGEST_WAIT = 1e9  # seconds: a number without end is one too


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One call: `path` is appended, already percent-encoded, to the base URL; `form` or `json` make it a POST."""

    path: str = ""
    form: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None

    @property
    def method(self) -> str:
        return "GET" if self.form is None and self.json is None else "POST"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: status, headers whose names may be written in either case, and the decompressed body."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine itself."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks us to wait, None where it does not say.

    Both forms of RFC 9110 section 10.2.3; a date is read against the response's own Date, so that a wrong local
    clock does no harm. Anything else, a negative number included (Carto sends -1 while it allows), counts as absent.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    until, sent_at = _moment(text), _moment(headers.get("date", ""))
    if until is None or sent_at is None:
        return None
    return min(max(0.0, (until - sent_at).total_seconds()), LONGEST_WAIT)


def _moment(text: str) -> datetime | None:
    """An HTTP date in any of its three forms; all are in GMT, though one does not say so."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
