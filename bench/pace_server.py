"""python -m bench.pace_server '{"kind": "gcra", …}': a server with a limit, which notes what it sees.

A process of its own: it prints its port, serves until its standard input ends, and prints what it saw by its own clock.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Protocol

Send = Callable[[int, str], None]


@dataclass(kw_only=True)
class Log:
    """Moments in seconds and statuses of the requests in their order."""

    at: list[float] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)


class Rule(Protocol):
    def __call__(self, send: Send) -> None: ...


class Gcra:
    """At most `rate` a second and `burst` at once; a refusal says `advice` seconds of Retry-After, or nothing.

    Every reply takes `latency` (from, to) seconds. It is shut `shut` (from, to) seconds after the
    first request, and says then for how long.
    Source: ITU-T I.371, the virtual scheduling algorithm.
    """

    def __init__(
        self,
        *,
        rate: float,
        burst: int,
        latency: tuple[float, float],
        advice: int | None = None,
        shut: tuple[float, float] = (math.inf, math.inf),
    ) -> None:
        self._spacing, self._tolerance = 1 / rate, (burst - 1) / rate
        self._latency, self._advice, self._shut = latency, advice, shut
        self._first, self._due = math.inf, 0.0
        self._dice = random.Random(5)

    def __call__(self, send: Send) -> None:
        now = time.monotonic()
        self._first = min(self._first, now)
        after = self._dice.uniform(*self._latency)
        asyncio.get_running_loop().call_later(after, send, *self._verdict(now))

    def _verdict(self, now: float) -> tuple[int, str]:
        left = self._first + self._shut[1] - now
        if 0 < left <= self._shut[1] - self._shut[0]:
            return 429, f"Retry-After: {math.ceil(left)}\r\n"
        if now < self._due - self._tolerance:
            return 429, "" if self._advice is None else f"Retry-After: {self._advice}\r\n"
        self._due = max(self._due, now) + self._spacing
        return 200, ""


class Knee:
    """`places` serve in `service` seconds each and `queue` requests wait; one more is refused, which costs work, too.

    Beyond half of the queue everybody slows down, as a server does that swaps, switches and waits for its locks:
    twice as long with a full queue, and so on. A refused request takes a place for half of the usual time.
    """

    def __init__(self, *, places: int, queue: int, service: float) -> None:
        self._free, self._places, self._queue, self._service = places, places, queue, service
        self._waiting: deque[tuple[Send, int]] = deque()
        self._dice = random.Random(5)

    def __call__(self, send: Send) -> None:
        waiting = sum(status == 200 for _, status in self._waiting)
        self._waiting.append((send, 200 if self._free or waiting < self._queue else 503))
        self._serve()

    def _serve(self) -> None:
        while self._free and self._waiting:
            self._free -= 1
            send, status = self._waiting.popleft()
            asyncio.get_running_loop().call_later(self._seconds(status), self._done, send, status)

    def _seconds(self, status: int) -> float:
        strain = max(0.0, len(self._waiting) / self._queue - 0.5) * 2
        usual = self._service * self._dice.uniform(0.8, 1.2) * (1 + strain)
        return usual if status == 200 else usual / 2

    def _done(self, send: Send, status: int) -> None:
        self._free += 1
        send(status, "")
        self._serve()


RULES = {"gcra": Gcra, "knee": Knee}


class Talk(asyncio.Protocol):
    """One connection: HTTP/1.1 without bodies to read, one request after the other."""

    def __init__(self, rule: Rule, log: Log) -> None:
        self._rule, self._log = rule, log
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._wire = transport

    def data_received(self, data: bytes) -> None:
        self._head += data
        while b"\r\n\r\n" in self._head:
            _, _, self._head = self._head.partition(b"\r\n\r\n")
            self._meet()

    def _meet(self) -> None:
        log, number = self._log, len(self._log.at)
        log.at.append(time.monotonic())
        log.status.append(0)
        log.answered_at.append(0.0)

        def send(status: int, extra: str) -> None:
            log.status[number], log.answered_at[number] = status, time.monotonic()
            body = b'{"answer": 1}'
            head = (
                f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
            )
            if not self._wire.is_closing():
                self._wire.write(head.encode() + body)

        self._rule(send)


async def serve(rule: Rule) -> Log:
    """Serve until standard input ends."""
    log = Log()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Talk(rule, log), "127.0.0.1", 0, backlog=1_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    return log


if __name__ == "__main__":
    wish = json.loads(sys.argv[1])
    print(json.dumps(asdict(asyncio.run(serve(RULES[wish.pop("kind")](**wish))))))
