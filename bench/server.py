"""The benchmark's server: answers like AIS and Carto as fast as Python can, and counts what it was asked.

`python -m bench.server --latency 0.1` prints its addresses as JSON and ends when its standard input closes.
GET /ais/v2/search/QUESTION, GET or POST /api/v2/sql (`q`), GET /stats.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from bench.answers import ais, carto

SEARCH, SQL, STATS = b"/ais/v2/search/", b"/api/v2/sql", b"/stats"
HEAD = b"HTTP/1.1 %d OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(slots=True)
class Seen:
    """What was asked, as it arrives; `first_at` and `last_at` are of the questions, in seconds."""

    questions: Counter[bytes] = field(default_factory=Counter)
    accounts: Counter[bytes] = field(default_factory=Counter)
    statements: int = 0
    others: int = 0
    unknown: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    first_at: float = 0.0
    last_at: float = 0.0

    def stats(self) -> dict[str, Any]:
        """`search` and `statements` are the calls of the two stages; `repeats` are calls beyond a question's first."""
        search = self.questions.total()
        return {
            "search": search,
            "distinct": len(self.questions),
            "repeats": search - len(self.questions),
            "repeated_most": max(self.questions.values(), default=0),
            "statements": self.statements,
            "accounts": self.accounts.total(),
            "accounts_repeats": self.accounts.total() - len(self.accounts),
            "others": self.others,
            "unknown": self.unknown,
            "in_flight": self.in_flight,
            "most_in_flight": self.most_in_flight,
            "seconds": self.last_at - self.first_at,
        }

    def search(self, segment: bytes) -> bytes:
        question, body = ais(segment)
        self.questions[question] += 1
        self.last_at = time.monotonic()
        self.first_at = self.first_at or self.last_at
        return body

    def statement(self, text: bytes) -> bytes:
        asked, body = carto(text)
        self.accounts.update(asked)
        self.statements += bool(asked)
        self.others += not asked
        return body


class Connection(asyncio.Protocol):
    """One connection that is kept open; requests may arrive in pieces or several at once."""

    def __init__(self, seen: Seen, latency: float) -> None:
        self._seen = seen
        self._latency = latency
        self._rest = b""
        self._later = asyncio.get_running_loop().call_later

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            size = _body_size(data[:end]) if data.startswith(b"POST") else 0
            if len(data) < end + 4 + size:
                break
            self._answer(data[: data.index(b"\r")], data[end + 4 : end + 4 + size])
            data = data[end + 4 + size :]
        self._rest = data

    def _answer(self, line: bytes, form: bytes) -> None:
        target = line.split(b" ", 2)[1]
        if target.startswith(SEARCH):
            self._send(self._seen.search(target[len(SEARCH) :].partition(b"?")[0]))
        elif target.startswith(SQL):
            self._send(self._seen.statement(_statement(form or target.partition(b"?")[2])))
        elif target == STATS:
            self._write(_reply(200, json.dumps(self._seen.stats()).encode()))
        else:
            self._seen.unknown += 1
            self._write(_reply(404, b'{"message": "no such route"}'))

    def _send(self, body: bytes) -> None:
        seen = self._seen
        if not self._latency:
            self._transport.write(_reply(200, body))
            return
        seen.in_flight += 1
        seen.most_in_flight = max(seen.most_in_flight, seen.in_flight)
        self._later(self._latency, self._send_late, _reply(200, body))

    def _send_late(self, reply: bytes) -> None:
        self._seen.in_flight -= 1
        self._write(reply)

    def _write(self, reply: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(reply)


def _reply(status: int, body: bytes) -> bytes:
    return HEAD % (status, len(body)) + body


def _body_size(head: bytes) -> int:
    lower = head.lower()
    start = lower.find(LENGTH)
    return int(lower[start + len(LENGTH) :].partition(b"\r")[0]) if start >= 0 else 0


def _statement(form: bytes) -> bytes:
    for pair in form.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name == b"q":
            return unquote_to_bytes(value.replace(b"+", b" "))
    return b""


async def serve(latency: float) -> None:
    seen, loop = Seen(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(seen, latency), "127.0.0.1", 0, backlog=2_048)
    root = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    addresses = {"root": root, "ais_url": f"{root}/ais/v2", "carto_url": f"{root}/api/v2/sql"}
    print(json.dumps(addresses), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.server", description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    wish = parser.parse_args()
    gc.disable()  # nothing here makes cycles, and a pause would be charged to the contestants
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        runner.run(serve(wish.latency))


def _fast_loop() -> Any:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    main()
