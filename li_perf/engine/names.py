"""Names to addresses, each in a thread that nobody waits for: a look-up may hang for longer than a stop may take."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from threading import Thread
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class Names(AbstractResolver):
    """The machine's own resolver. aiohttp's uses the loop's threads, which the process joins before it ends."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[Any]] = loop.create_future()

        def look_up() -> None:
            try:
                infos = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to who asked
                told: Any = (found.set_exception, error)
            else:
                told = (found.set_result, infos)
            with suppress(RuntimeError):  # the loop is closed: nobody asks any more
                loop.call_soon_threadsafe(_tell, found, *told)

        Thread(target=look_up, name="names", daemon=True).start()
        return [_result(host, family, proto, address) for family, _, proto, _, address in await found]

    async def close(self) -> None:
        """Nothing is held."""


def _tell(found: asyncio.Future[list[Any]], tell: Any, what: Any) -> None:
    if not found.done():
        tell(what)


def _result(name: str, family: int, proto: int, address: tuple[Any, ...]) -> ResolveResult:
    scope = f"%{address[3]}" if len(address) > 3 and address[3] else ""  # of a link-local address
    return ResolveResult(
        hostname=name, host=f"{address[0]}{scope}", port=address[1], family=family, proto=proto, flags=NUMERIC
    )
