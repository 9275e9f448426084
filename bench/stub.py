"""aiohttp's session replaced by one that makes its answers itself: what remains is the cost of everything around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from bench.answers import ais, carto


def install() -> None:
    """From here on no request leaves the process."""
    aiohttp.ClientSession = Session  # type: ignore[assignment,misc]


class Session:
    """The part of a session that a client uses, middlewares included; each exchange waits for one turn of the loop."""

    def __init__(self, *, middlewares: Sequence[Any] = (), **_: Any) -> None:
        self._middlewares = middlewares

    def request(self, method: str, url: URL | str, *, data: Any = None, **_: Any) -> Exchange:
        return Exchange(self._middlewares, SimpleNamespace(method=method, url=URL(url, encoded=True), body=data))

    def get(self, url: URL | str, **others: Any) -> Exchange:
        return self.request("GET", url, **others)

    def post(self, url: URL | str, **others: Any) -> Exchange:
        return self.request("POST", url, **others)

    async def close(self) -> None:
        return None


class Exchange:
    """A request on its way, as a context manager or awaited."""

    def __init__(self, middlewares: Sequence[Any], request: Any) -> None:
        self._request = request
        self._call: Any = _answer
        for middleware in reversed(middlewares):
            self._call = partial(middleware, handler=self._call)

    async def __aenter__(self) -> Response:
        return await self._call(self._request)

    async def __aexit__(self, *_: object) -> None:
        return None

    def __await__(self) -> Any:
        return self._call(self._request).__await__()


class Content:
    """A body that has arrived whole, as the stream that it is read from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self, _: int = -1) -> bytes:
        body, self._body = self._body, b""
        return body

    readany = read

    def at_eof(self) -> bool:
        return not self._body

    async def iter_chunked(self, _: int) -> AsyncIterator[bytes]:
        yield await self.read()

    def iter_any(self) -> AsyncIterator[bytes]:
        return self.iter_chunked(0)


class Response:
    """An answer that is all there."""

    status = 200
    headers = CIMultiDictProxy(CIMultiDict({"Content-Type": "application/json; charset=utf-8"}))

    def __init__(self, body: bytes) -> None:
        self.content = Content(body)
        self.read = self.content.read

    def close(self) -> None:
        return None

    release = close


async def _answer(request: Any) -> Response:
    await asyncio.sleep(0)
    if request.method == "POST":
        return Response(carto(request.body["q"].encode())[1])
    return Response(ais(request.url.raw_path.rpartition("/")[2].encode())[1])
