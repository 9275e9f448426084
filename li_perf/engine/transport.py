"""HTTP to one server: aiohttp's connections, TLS, names and parser, without its session, which costs more than they do.

The only file that knows aiohttp's client, beside `mishap`. What a session would do besides is not wanted here: it
follows redirects, keeps cookies, heeds proxies of the environment, and repeats a GET by itself when the server hangs up
(aiohttp issue 10790). What it would refuse is refused here: a path or a secret that is not one line.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
import msgspec
from yarl import URL

from li_perf.engine.server import Server
from li_perf.wire import Request

CONNECTIONS = 3  # looked at for one request, before the fault is the server's
SWITCHED = 101  # the one status below 200 behind which no other comes
_ONE_LINE = re.compile(r"[\t -~\x80-\U0010ffff]*")
_TARGET = re.compile(r"[!-~]*")
_WISHES = "Accept: application/json\r\nUser-Agent: li_perf (+city 311 enrichment)\r\nAccept-Encoding: gzip, deflate\r\n"


class Transport:
    """Opened with `async with`; `send` is one request on one connection, new or kept alive."""

    def __init__(self, server: Server) -> None:
        self._base = URL(server.base_url)
        self._root = self._base.raw_path if self._base.raw_path != "/" else ""
        self._head = _head(self._base, server.secret)
        self._patience = server.patience
        self._connecting = aiohttp.ClientTimeout(sock_connect=server.patience)

    async def __aenter__(self) -> Self:
        self._route = aiohttp.ClientRequest("GET", self._base, loop=asyncio.get_running_loop())
        self._connector = aiohttp.TCPConnector(limit=0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self._connector.close()

    @property
    def host(self) -> URL:
        """The server's scheme, name and port."""
        return self._base.origin()

    async def send(self, request: Request) -> Arrival:
        """Send the request and wait for the answer's head. Raises one of `mishap.ERRORS`."""
        written, time = self._written(request), asyncio.get_running_loop().time
        connection = await self._connected()
        try:
            protocol, transport = connection.protocol, connection.transport
            if protocol is None or transport is None:
                raise aiohttp.ServerDisconnectedError
            protocol.set_response_params(read_until_eof=True, read_timeout=self._patience)
            protocol.start_timeout()
            sent_at = time()
            transport.write(written)
            head, payload = await protocol.read()
            while head.code < 200 and head.code != SWITCHED:
                head, payload = await protocol.read()
        except BaseException:
            connection.close()
            raise
        return Arrival(connection, head.code, head.headers, payload, time() - sent_at)

    async def _connected(self) -> Any:
        """A connection on which nothing has come that nobody asked for. Raises ServerDisconnectedError."""
        for _ in range(CONNECTIONS):
            connection = await self._connector.connect(self._route, [], self._connecting)
            if connection.protocol is not None and not connection.protocol.should_close:
                return connection
            connection.close()
        raise aiohttp.ServerDisconnectedError

    def _written(self, request: Request) -> bytes:
        if not _TARGET.fullmatch(request.path):
            raise ValueError("a path with what must be encoded")
        target = f"{self._root}/{request.path.removeprefix('/')}" if request.path else self._base.raw_path_qs
        if request.method == "GET":
            return f"GET {target}{self._head}\r\n".encode()
        kind, body = _body(request)
        return f"POST {target}{self._head}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Arrival:
    """An answer whose head came `seconds` after the request left: `read` its body, and the connection is free again."""

    __slots__ = ("_connection", "_payload", "headers", "seconds", "status")

    def __init__(
        self,
        connection: Any,
        status: int,
        headers: Mapping[str, str],
        payload: aiohttp.StreamReader,
        seconds: float,
    ) -> None:
        self._connection = connection
        self._payload = payload
        self.seconds = seconds
        self.status = status
        self.headers = headers

    async def read(self, cap: int) -> tuple[bytes, bool]:
        """The decompressed body, and whether there is more of it than `cap` bytes. Raises one of `mishap.ERRORS`."""
        body = bytearray()
        try:
            while len(body) <= cap and (chunk := await self._payload.readany()):
                body += chunk
        except BaseException:
            self._connection.close()
            raise
        self._connection.release()  # which closes it where more is to come
        return bytes(body), len(body) > cap


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
