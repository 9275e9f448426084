"""The HTTP client: paced, bounded, and bound to its host. The only file that knows aiohttp's client."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Self
from urllib.parse import quote

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from yarl import URL

from li_perf.engine.halt import Halt
from li_perf.engine.limit import Limit
from li_perf.engine.pace import Pace
from li_perf.engine.server import Server
from li_perf.errors import Misdirected, TooHeavy, Unreachable
from li_perf.wire import Reply, Request, retry_after

SHORTEST_KEY = 8  # characters
_slot: ContextVar[list[bool]] = ContextVar("slot")  # the call's one slot, until a wire request uses it


class Client:
    """Sends requests to one server. Every call is one wire request, paced and counted.

    aiohttp would repeat a GET by itself when the server hangs up; the guard refuses that, so that a repeat is always a
    retry: paced, budgeted and counted (aiohttp issue 10790). `sent` counts wire requests by status or kind of failure.
    """

    def __init__(self, server: Server, *, halt: Halt) -> None:
        self.server = server
        self.pace = Pace(rate=server.rate, quota=server.quota, halt=halt)
        self.limit = Limit(bound=server.concurrency)
        self.sent: Counter[str] = Counter()
        self._base = URL(server.base_url)
        self._host = self._base.origin()  # as yarl writes it: HOST and host are one server
        self._root = self._base.raw_path if self._base.raw_path != "/" else ""
        self._keys = _written(server.secret)
        self._secret = dict([server.secret]) if server.secret else None

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

    async def send(self, request: Request, *, ready: Callable[[], None] = lambda: None) -> Reply:
        """One call. Raises Unreachable for the transport's failures and TooHeavy for a body over the cap.

        `ready` is called just before the request leaves; what it raises calls that off, and costs no slot.
        """
        async with self.limit:
            return await self.send_unlimited(request, ready=ready)

    async def send_unlimited(self, request: Request, *, ready: Callable[[], None] = lambda: None) -> Reply:
        """One paced call outside the adaptive limit: for probes."""
        await self.pace.take(ready)  # here, not in the middleware: aiohttp's time-out runs there
        await asyncio.sleep(0)  # a turn of the loop, which sees that a server hung up behind its last answer
        _slot.set([True])
        reply = await self._exchange(request)
        if isinstance(reply, Unreachable):
            raise reply
        if reply.status == 200 and "retry-after" in reply.headers and (wait := retry_after(reply.headers)):
            self.pace.hold(min(wait, self.server.breaker.outage_limit))  # Carto: with the last answer that it allows
        return reply

    async def _exchange(self, request: Request) -> Reply | Unreachable:
        """What came, or what failed: returned, as an error raised here would carry aiohttp's, which shows the key."""
        try:
            async with self._session.request(
                request.method,
                self._url(request.path),
                data=dict(request.form) if request.form else None,
                json=request.json,
                headers=self._secret,
                allow_redirects=False,
            ) as response:
                body = self._without_key(await self._body(response))
                return Reply(status=response.status, headers=response.headers, body=body)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Unreachable(self._say(error))

    def _url(self, path: str) -> URL:
        """Made of the base's own parts: to parse the text again costs more than all the rest of it."""
        return self._base.with_path(self._root + path, encoded=True) if path else self._base

    async def _body(self, response: ClientResponse) -> bytes:
        body = bytearray()
        while chunk := await response.content.readany():
            body += chunk
            if len(body) > self.server.body_cap:
                response.close()
                self._refuse_long(response.status)
                break
        return bytes(body)

    def _without_key(self, body: bytes) -> bytes:
        """A server that repeats our key, say on an error page, must not bring it into a message or the store."""
        for key in self._keys:
            body = body.replace(key, b"[key]")
        return body

    def _refuse_long(self, status: int) -> None:
        if status == 200:  # of an error its beginning says enough
            raise TooHeavy(f"{self.server.name} sent more than {self.server.body_cap:,} bytes.", status=status)

    async def _guard(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        if request.url.origin() != self._host:
            raise Misdirected(f"{self.server.name} led to {request.url.host}, which is not the host it was given.")
        if not (slot := _slot.get()):
            raise aiohttp.ServerDisconnectedError
        slot.pop()
        start = asyncio.get_running_loop().time()
        try:
            with self.limit.sending():
                response = await handler(request)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.sent[type(error).__name__] += 1
            raise
        self.sent[str(response.status)] += 1
        if response.status < 400 or response.status == 404:  # a quick refusal says nothing about speed
            self.limit.answered(asyncio.get_running_loop().time() - start)
        return response

    def _say(self, error: BaseException) -> str:
        kinds = {
            aiohttp.ClientConnectorDNSError: "its name is not known here; is this machine online?",
            aiohttp.ClientConnectorCertificateError: f"its certificate is not trusted ({_flaw(error)})",
            aiohttp.ClientConnectorSSLError: "it does not speak TLS (https) there",
            aiohttp.ClientConnectorError: "no connection",
            aiohttp.ServerDisconnectedError: "it hung up without an answer",
            aiohttp.ClientPayloadError: "its answer broke off",
            aiohttp.ClientResponseError: f"what it sends is not HTTP ({type(error).__name__})",
            TimeoutError: f"no answer within {self.server.timeout:.0f} s",
        }
        text = next((text for kind, text in kinds.items() if isinstance(error, kind)), type(error).__name__)
        return f"{self.server.name} at {self._host}: {text}"


def _written(secret: tuple[str, str] | None) -> set[bytes]:
    """How the key in a secret header may be repeated; what is as short as a word of an answer is left alone."""
    key = secret[1].split()[-1] if secret else ""
    return {key.encode(), quote(key, safe="").encode()} if len(key) >= SHORTEST_KEY else set()


def _flaw(error: BaseException) -> str:
    """What is wrong with a certificate, in OpenSSL's words: they name the certificate and its host, nothing else."""
    flaw = error.certificate_error if isinstance(error, aiohttp.ClientConnectorCertificateError) else None
    return flaw.verify_message.rstrip(".") if isinstance(flaw, ssl.SSLCertVerificationError) else type(flaw).__name__
