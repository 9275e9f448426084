"""Replies as the two servers send them, and how a reply is judged."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from li_perf.errors import LiPerfError
from li_perf.wire import Reply

QUESTION = "1234 MARKET ST"


def reply_of(status: int, body: Any = b"", **headers: str) -> Reply:
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Reply(status=status, headers={name.replace("_", "-"): text for name, text in headers.items()}, body=raw)


def verdict(read: Callable[[], object]) -> tuple[str, LiPerfError | None]:
    """The name of the value's type, or of the error's."""
    try:
        return type(read()).__name__, None
    except LiPerfError as error:
        return type(error).__name__, error


HOSTILE = {
    "empty": b"",
    "white": b" \n",
    "null": b"null",
    "list": b"[]",
    "text": b'"rows"',
    "number": b"1",
    "html": b"<!doctype html><title>Busy</title>",
    "truncated": b'{"rows": [{"a": 1}, {"features": [',
    "NaN": b'{"rows": [{"a": NaN}], "features": [{"properties": {"opa_account_num": NaN}}]}',
    "Infinity": b'{"rows": [{"a": Infinity}], "features": [{"properties": {"opa_account_num": -Infinity}}]}',
    "1e999": b'{"rows": [{"a": 1e999}], "features": [{"properties": {"opa_account_num": 1e999}}]}',
    "5,000 digits": b'{"rows": [%s], "features": [{"properties": {"opa_account_num": %s}}]}' % ((b"1" * 5000,) * 2),
    "200,000 brackets": b'{"rows": %s, "features": %s' % ((b"[" * 200_000,) * 2),
    "200,000 bare brackets": b"[" * 200_000,
    "200,000 closed brackets beside": b'{"more": %s%s, "rows": [], "features": []}' % (b"[" * 200_000, b"]" * 200_000),
    "bad UTF-8": b'{"rows": ["\xff"], "query": "\xff", "features": []}',
    "cut UTF-8": b'{"rows": ["\xe2\x82"], "query": "\xe2\x82", "features": []}',
    "encoded surrogate": b'{"rows": ["\xed\xa0\x80"], "query": "\xed\xa0\x80", "features": []}',
    "lone surrogate": b'{"rows": ["\\ud800"], "query": "\\ud800", "features": []}',
    "UTF-16": '{"rows": [], "features": []}'.encode("utf-16"),
    "trailing": b'{"rows": [], "features": []} {}',
    "raw control": b'{"rows": ["\n"], "query": "\n", "features": []}',
}
