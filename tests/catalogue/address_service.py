"""An address service on loopback that answers like AIS and breaks as told, and askers of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import unquote

from engine.local import Awake, Local, Speak, local_server, speaking

from li_perf.engine.ask import Asker
from li_perf.engine.client import Client
from li_perf.engine.halt import Halt
from li_perf.engine.heartbeat import Heartbeat
from li_perf.engine.question import Answer, Question
from li_perf.errors import Failed
from li_perf.sources import ais
from li_perf.sources.ais_answer import Found, Missing

ACCOUNT = "883309050"
Read = Found | Missing


def body_of(address: str) -> bytes:
    """AIS's answer to an address that it found."""
    feature = {"ais_feature_type": "address", "match_type": "exact", "properties": {"opa_account_num": ACCOUNT}}
    return json.dumps({"search_type": "address", "query": address, "features": [feature]}).encode()


def asked_in(head: bytes) -> str:
    """The address in a request's head."""
    return unquote(head.split()[1].decode().rpartition("/")[2])


def framed(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


@asynccontextmanager
async def answering(breaks: Speak, *, when: Callable[[str], bool], port: int = 0) -> AsyncIterator[Local]:
    """AIS, but `breaks` speaks instead `when` the address is one of those."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = asked_in(server.heads[-1])
        if when(address):
            await breaks(reader, writer)
        else:
            writer.write(framed(body_of(address)))
            await writer.drain()

    async with speaking(speak, port=port) as server:
        yield server


def about(address: str) -> Question[Read]:
    return Question(key=address, request=ais.request(address), read=partial(ais.read, address))


@asynccontextmanager
async def asking_ais(url: str, *, heartbeat: Heartbeat | None = None, **how: Any) -> AsyncIterator[Asker]:
    halt = Halt()
    known: Question[object] = Question(
        key="known", request=about(ais.KNOWN_GOOD).request, read=about(ais.KNOWN_GOOD).read
    )
    async with Client(local_server(url, **how), halt=halt) as client:
        yield Asker(client, known_good=known, halt=halt, heartbeat=heartbeat or Awake())


async def outcomes_of(asker: Asker, addresses: Iterable[str], *, workers: int = 32) -> dict[str, Answer[Read] | Failed]:
    """Each address's answer, or that it failed."""
    outcomes: dict[str, Answer[Read] | Failed] = {}
    left = iter(addresses)

    async def worker() -> None:
        for address in left:
            try:
                outcomes[address] = await asker.ask(about(address))
            except Failed as failed:
                outcomes[address] = failed

    await asyncio.gather(*(worker() for _ in range(workers)))
    return outcomes


def failures(outcomes: dict[str, Answer[Read] | Failed]) -> dict[str, Failed]:
    return {address: outcome for address, outcome in outcomes.items() if isinstance(outcome, Failed)}


def addresses(count: int, street: str = "GOOD ST") -> list[str]:
    return [f"{number} {street}" for number in range(1, count + 1)]
