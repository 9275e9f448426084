"""aiohttp's parser, and what it has of the present answer: head, body as far as it came, and whether that is all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import aiohttp
from aiohttp import http

CHUNK = 2**20  # bytes: after twice as many the parser stops until they are taken; any one read has fewer
SWITCHED = 101  # the one status below 200 behind which no other comes


class Parsing:
    """`feed` it until it `is_over`; of the body `cap` bytes are wished.

    One answer and no other: half of a second one, which nobody asked for, must not become the next one's beginning.
    The parser takes it for its connection, of which it wants no more than to be told to wait.
    """

    connected, _reading_paused = True, False

    def __init__(self, loop: asyncio.AbstractEventLoop, *, cap: int) -> None:
        self._parser: Any = http.HttpResponseParser(
            self,  # type: ignore[arg-type]
            loop,
            CHUNK,
            payload_exception=aiohttp.ClientPayloadError,
            read_until_eof=True,
        )
        self._cap = cap
        self._payload: Any = None
        self._parts: list[bytes] = []
        self._size = 0
        self._is_full = False
        self.head: Any = None
        self.is_over = False
        self.is_last = False  # nothing can be asked behind it

    @property
    def body(self) -> bytes:
        body = b"".join(self._parts)
        return body[: self._cap] if self.is_cut else body

    @property
    def is_cut(self) -> bool:
        return self._size > self._cap

    def feed(self, data: bytes) -> None:
        """What came. Raises HttpProcessingError or ClientPayloadError where it is no answer."""
        self._take(self._parser.feed_data(data)[0])
        while self._is_full and not self.is_over:
            before, self._is_full = self._size, False
            self._take(self._parser.feed_data(b"")[0])
            self._is_full |= self._size > before

    def end(self) -> None:
        """Nothing more comes. Raises ClientPayloadError where the answer is not over now."""
        try:
            self._parser.feed_eof()
            self._take(())
            if self._is_full:
                self.feed(b"")
        except http.HttpProcessingError as error:
            raise aiohttp.ClientPayloadError(str(error)) from None
        if not self.is_over:
            raise aiohttp.ClientPayloadError

    def close(self) -> None:
        """Let go of the parser, which holds this: both go at once, and not when the garbage is collected."""
        self._parser = self._payload = None
        self._parts.clear()

    def pause_reading(self) -> None:
        """The parser's payload is full."""
        self._is_full = True
        self._parser.pause_reading()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """The payload has room again, or ended: `feed` sees to that."""

    def _take(self, messages: Iterable[tuple[Any, Any]]) -> None:
        for message, payload in messages:
            if self.head:
                self.is_last = True  # a second answer, that nobody asked for
            elif message.code >= 200 or message.code == SWITCHED:
                self.head, self._payload = message, payload
        if not self.head:
            return
        if part := self._payload.read_nowait():
            self._parts.append(part)
            self._size += len(part)
        self.is_over = self._payload.is_eof() or self.is_cut
        self.is_last |= self.head.should_close or self.head.upgrade or self.is_cut
