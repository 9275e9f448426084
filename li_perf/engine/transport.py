"""HTTP to one server: aiohttp's names, connections and TLS, without its session, which costs more than they do.

What a session would do besides is not wanted here: it follows redirects, keeps cookies, heeds proxies of the
environment, and repeats a GET by itself when the server hangs up (aiohttp issue 10790). What it would refuse is refused
here: a path or a secret that is not one line.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import aiohttp
import msgspec
from yarl import URL

from li_perf.engine.line import Arrival, Line
from li_perf.engine.names import Names
from li_perf.engine.server import Server
from li_perf.wire import Request

LONGEST_IDLE = 15.0  # seconds: a connection that nobody used for so long is not used again
LEAST_UNKEPT, MOST_UNKEPT = 8, 64
LONGEST_WAIT = 15.0  # seconds: the same of one that waited for its slot
_ONE_LINE = re.compile(r"[\t -~\x80-\U0010ffff]*")
_TARGET = re.compile(r"[!-~]*")
_WISHES = "Accept: application/json\r\nUser-Agent: li_perf (+city 311 enrichment)\r\nAccept-Encoding: gzip, deflate\r\n"


class KeptLineLost(aiohttp.ServerDisconnectedError):
    """It hung up before a byte of the answer, on a line that had carried others: it may not have seen the request."""


class Transport:
    """Opened with `async with`; `line` is a connection, new or kept alive, and `exchange` one request over it."""

    def __init__(self, server: Server) -> None:
        self._base = URL(server.base_url)
        self._root = self._base.raw_path if self._base.raw_path != "/" else ""
        self._head = _head(self._base, server.secret)
        self._server = server
        self._idle: deque[Line] = deque()  # the longest idle first
        self._doubt = self._unkept = 0  # answers behind which the line is not kept: so many at the last loss, and still

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._route = aiohttp.ClientRequest("GET", self._base, loop=self._loop)
        self._connector = aiohttp.TCPConnector(limit=0, resolver=Names())
        self._connecting = aiohttp.ClientTimeout(sock_connect=self._server.patience)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self._connector.close()

    @property
    def host(self) -> URL:
        """The server's scheme, name and port."""
        return self._base.origin()

    async def line(self) -> Line:
        """The connection that was used last, if that is not long ago, or a new one. Raises one of `mishap.ERRORS`."""
        return self._kept() or await self.opened()

    async def opened(self) -> Line:
        """A new connection. Raises one of `mishap.ERRORS`."""
        async with asyncio.timeout(self._server.timeout):
            connection = await self._connector.connect(self._route, [], self._connecting)
        return Line(connection, patience=self._server.patience)

    def keep(self, line: Line) -> None:
        """It is used by nobody now. Where kept lines were lost lately, some are not kept."""
        if line.is_open and line.is_used and self._unkept:
            self._unkept -= 1
            line.close()
        elif line.is_open:
            self._idle.append(line)

    async def exchange(self, request: Request, line: Line) -> Arrival:
        """Send the request and wait for its answer. Raises one of `mishap.ERRORS`, KeptLineLost among them."""
        written, deadline = self._written(request), self._loop.time() + self._server.timeout
        if not line.is_open or line.idle_since < self._loop.time() - LONGEST_WAIT:
            line.close()
            line = await self.line()
        is_kept = line.is_used
        try:
            arrival = await line.ask(written, cap=self._server.body_cap, deadline=deadline)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            if not (is_kept and line.is_silent):
                raise
            self._doubt = self._unkept = min(MOST_UNKEPT, max(LEAST_UNKEPT, 2 * self._doubt))
        else:
            self._doubt //= 1 + is_kept
            self.keep(line)
            return arrival
        raise KeptLineLost

    def _is_usable(self, line: Line) -> bool:
        return line.is_open and line.idle_since >= self._loop.time() - LONGEST_IDLE

    def _kept(self) -> Line | None:
        """Those that are too old are closed."""
        while self._idle and not self._is_usable(self._idle[0]):
            self._idle.popleft().close()
        while self._idle:
            if (line := self._idle.pop()).is_open:
                return line
        return None

    def _written(self, request: Request) -> bytes:
        if not _TARGET.fullmatch(request.path):
            raise ValueError("a path with what must be encoded")
        target = f"{self._root}/{request.path.removeprefix('/')}" if request.path else self._base.raw_path_qs
        if request.method == "GET":
            return f"GET {target}{self._head}\r\n".encode()
        kind, body = _body(request)
        return f"POST {target}{self._head}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _head(base: URL, secret: tuple[str, str] | None) -> str:
    """All that follows a request's target and is the same in each."""
    more = ": ".join(secret) + "\r\n" if secret else ""
    if not _ONE_LINE.fullmatch(more[:-2]):
        raise ValueError("a secret with a line's end")
    return f" HTTP/1.1\r\nHost: {base.host_port_subcomponent}\r\n{_WISHES}{more}"


def _body(request: Request) -> tuple[str, bytes]:
    if request.form is not None:
        return "application/x-www-form-urlencoded", urlencode(request.form).encode()
    return "application/json", msgspec.json.encode(request.json)
