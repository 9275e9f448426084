"""What every answer goes through, whoever gives it: headers, limits, a line in the log, a count."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from li_perf.faces.api.problems import problem
from li_perf.faces.report_values import visible

LONGEST_QUERY = 10_000  # bytes; the longest names allowed, escaped, come to 8,000
LONGEST_PATH = 1_024  # characters
HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
Count = Callable[[str, int, float], None]
log = logging.getLogger(__name__)


class Guard:
    """The app, guarded. `count` is told the route, the status and the seconds of each request."""

    def __init__(self, app: ASGIApp, *, count: Count) -> None:
        self._app = app
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method, begun, statuses = scope["method"], time.perf_counter(), []

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            if method == "HEAD" and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._answer(scope, receive, sending)
        except Exception:
            log.exception("An answer failed.")
            if not statuses:
                await problem(500, "This server has a fault; its log has the details.")(scope, receive, sending)
        finally:
            self._tell(scope, method, statuses[0] if statuses else 500, time.perf_counter() - begun)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(scope["path"]) > LONGEST_PATH or len(scope["query_string"]) > LONGEST_QUERY:
            await problem(414, "The address is too long. Ask for less at a time.")(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope["method"] = "GET"
        await self._app(scope, receive, send)

    def _tell(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        route: Any = scope.get("route")
        self._count(getattr(route, "path", "none"), status, seconds)
        path = visible(scope["path"][:LONGEST_PATH])
        log.info(f"{method} {path} {status} {seconds * 1000:.1f} ms")
