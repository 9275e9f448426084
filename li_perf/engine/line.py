"""One connection, one request at a time: who asks waits once, for the whole answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import aiohttp
from aiohttp import http

from li_perf.engine.parsing import Parsing

T = TypeVar("T")


class Arrival(NamedTuple):
    """An answer whose head came `seconds` after the request left; `is_cut` where its body went on."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool
    seconds: float


class Line(asyncio.Protocol):
    """Takes over a connection that aiohttp has opened; `is_open` as long as one more request may go over it.

    `patience` is in seconds, for any two reads. What comes while nobody waits for an answer closes it.
    """

    def __init__(self, connection: Any, *, patience: float) -> None:
        """Raises ServerDisconnectedError for a connection that is closed, or on which something came already."""
        self._connection, self._opener, self._wire = connection, connection.protocol, connection.transport
        if self._wire is None or self._opener.should_close:
            connection.close()
            raise aiohttp.ServerDisconnectedError
        self._wire.set_protocol(self)
        self._loop = asyncio.get_running_loop()
        self._patience = patience
        self._answer: asyncio.Future[Arrival] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self.is_open = True
        self.is_used = False  # an answer came over it
        self.is_silent = True  # nothing came yet behind the latest request
        self.idle_since = self._loop.time()

    async def ask(self, written: bytes, *, cap: int, deadline: float) -> Arrival:
        """The answer to a request; of its body at most `cap` bytes, and `deadline` is in the loop's time.

        Raises one of `mishap.ERRORS`; the line is closed then.
        """
        self._parsing = Parsing(self._loop, cap=cap)
        self._sent_at = self._heard_at = self._loop.time()
        self._head_at, self._deadline = 0.0, deadline
        answer: asyncio.Future[Arrival] = self._loop.create_future()
        self._answer, self.is_silent = answer, True
        if not self._watch:
            self._look()
        self._wire.write(written)
        try:
            return await answer
        except BaseException:
            self.close()
            raise
        finally:
            self._parsing.close()
            self._answer = None
            self.idle_since = self._heard_at

    def close(self) -> None:
        self.is_open = False
        if self._watch:
            self._watch.cancel()
        self._connection.close()

    def data_received(self, data: bytes) -> None:
        if not self._is_waited_for:
            self.close()
            return
        self._heard_at, self.is_silent = self._loop.time(), False
        self._read(self._parsing.feed, data)

    def eof_received(self) -> None:
        if not self._answer:  # a server that hangs up behind its answer: seen before the next request goes out
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._opener.connection_lost(error)
        if self._is_waited_for:
            self._read(self._end, error)
        self.close()

    def _end(self, error: Exception | None) -> None:
        if isinstance(error, OSError) and not self._parsing.head:
            raise aiohttp.ClientOSError(*error.args)
        if not self._parsing.head:
            raise aiohttp.ServerDisconnectedError
        if error:
            raise aiohttp.ClientPayloadError
        self._parsing.end()

    def _read(self, more: Callable[[T], None], what: T) -> None:
        """Wake who asked, once the answer is all there, or cannot be."""
        try:
            more(what)
        except (http.HttpProcessingError, aiohttp.ClientError, OSError) as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - whatever a hostile answer did to the parser, its asker is told
            self._fail(http.HttpProcessingError(message=type(error).__name__))
        else:
            if self._parsing.head:
                self._hand_over()

    def _hand_over(self) -> None:
        parsing = self._parsing
        self._head_at = self._head_at or self._heard_at
        if not parsing.is_over or not self._answer:
            return
        self.is_used = True
        if parsing.is_last:
            self.close()
        head, seconds = parsing.head, self._head_at - self._sent_at
        self._answer.set_result(Arrival(head.code, head.headers, parsing.body, parsing.is_cut, seconds))

    def _look(self) -> None:
        """Whether the answer, or its next part, is overdue. One timer a connection: seldom does one come to it."""
        self._watch = None
        now, end = self._loop.time(), min(self._deadline, self._heard_at + self._patience)
        if self._is_waited_for and now < end:
            self._watch = self._loop.call_at(end, self._look)
        else:
            self._fail(TimeoutError() if now >= self._deadline else aiohttp.SocketTimeoutError())

    def _fail(self, error: Exception) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(error)

    @property
    def _is_waited_for(self) -> bool:
        return self._answer is not None and not self._answer.done()
