"""The HTTP client: paced, bounded, and bound to its host. The only file that knows aiohttp's client."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextvars import ContextVar
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from yarl import URL

from li_perf.engine.halt import Halt
from li_perf.engine.limit import Limit
from li_perf.engine.pace import Pace
from li_perf.engine.server import Server
from li_perf.errors import Misdirected, TooHeavy, Unreachable
from li_perf.wire import Reply, Request, retry_after

_paid: ContextVar[list[bool]] = ContextVar("paid")  # whether this call's slot has been used by a wire request


class Client:
    """Sends requests to one server. Every wire request, also one that aiohttp repeats by itself, is paced and counted.

    `sent` counts wire requests by status or kind of failure.
    """

    def __init__(self, server: Server, *, halt: Halt) -> None:
        self.server = server
        self.pace = Pace(rate=server.rate, quota=server.quota, halt=halt)
        self.limit = Limit(bound=server.concurrency)
        self.sent: Counter[str] = Counter()
        self._host = URL(server.base_url).origin()

    async def __aenter__(self) -> Self:
        server = self.server
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(
                total=server.timeout, sock_connect=server.patience, sock_read=server.patience
            ),
            headers={"Accept": "application/json", "User-Agent": "li_perf (+city 311 enrichment)"},
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(self._guard,),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(self, request: Request) -> Reply:
        """One call. Raises Unreachable for the transport's failures and TooHeavy for a body over the cap."""
        async with self.limit:
            return await self.send_unlimited(request)

    async def send_unlimited(self, request: Request) -> Reply:
        """One paced call outside the adaptive limit: for probes."""
        await self.pace.take()  # here, not in the middleware: aiohttp's time-out runs there
        _paid.set([True])
        try:
            reply = await self._exchange(request)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unreachable(self._say(error)) from None  # its text may hold the URL
        if reply.status == 200 and (wait := retry_after(reply.headers)):
            self.pace.hold(wait)  # Carto says so with the last answer that it allows
        return reply

    async def _exchange(self, request: Request) -> Reply:
        url = URL(self.server.base_url + request.path, encoded=True)
        secret = dict([self.server.secret]) if self.server.secret else {}
        async with self._session.request(
            request.method,
            url,
            data=dict(request.form) if request.form else None,
            headers=secret,
            allow_redirects=False,
        ) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Reply(status=response.status, headers=headers, body=await self._body(response))

    async def _body(self, response: ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(65_536):
            body += chunk
            if len(body) > self.server.body_cap:
                response.close()
                raise TooHeavy(
                    f"{self.server.name} sent more than {self.server.body_cap:,} bytes.", status=response.status
                )
        return bytes(body)

    async def _guard(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        if request.url.origin() != self._host:
            raise Misdirected(f"{self.server.name} led to {request.url.host}, which is not the host it was given.")
        if paid := _paid.get():
            paid.pop()
        else:
            await self.pace.take()
        start = asyncio.get_running_loop().time()
        try:
            response = await handler(request)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.sent[type(error).__name__] += 1
            raise
        self.sent[str(response.status)] += 1
        self.limit.answered(asyncio.get_running_loop().time() - start)
        return response

    def _say(self, error: BaseException) -> str:
        kinds = {
            aiohttp.ClientConnectorDNSError: "its name is not known here; is this machine online?",
            aiohttp.ClientConnectorCertificateError: "its certificate is not trusted",
            aiohttp.ClientConnectorError: "no connection",
            aiohttp.ServerDisconnectedError: "it hung up without an answer",
            aiohttp.ClientPayloadError: "its answer broke off",
            TimeoutError: f"no answer within {self.server.timeout:.0f} s",
        }
        text = next((text for kind, text in kinds.items() if isinstance(error, kind)), type(error).__name__)
        return f"{self.server.name} at {self._host}: {text}"
