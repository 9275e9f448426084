"""Names are looked up by the machine's own resolver, and nobody waits for one that hangs."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest
from engine.local import ok, sending, serving

from li_perf.engine.names import Names
from li_perf.errors import Unreachable
from li_perf.wire import Request


async def test_a_name_is_found_and_asked() -> None:
    async def behave(_: str) -> Any:
        return ok()

    async with serving(behave) as server, sending(server.url.replace("127.0.0.1", "localhost")) as client:
        assert (await client.send(Request(path="/a"))).body == b"fine"


async def test_a_name_that_nobody_knows_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with sending("http://nowhere.invalid") as client:
        with pytest.raises(Unreachable):
            await client.send(Request(path="/a"))


def test_a_look_up_that_hangs_holds_no_end_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(*_: Any, **__: Any) -> Any:
        over.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    async def stopped() -> None:
        looking = asyncio.create_task(Names().resolve("nowhere.invalid", 80))
        await asyncio.sleep(0.01)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    asyncio.run(stopped())
    hanging = [thread for thread in threading.enumerate() if thread.name == "names"]
    assert all(thread.daemon for thread in hanging)
    assert hanging, "the end came before the look-up's"
    over.set()
