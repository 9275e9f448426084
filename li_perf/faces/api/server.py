"""Serves the app until it is told to stop. The only file that knows uvicorn."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from li_perf.engine.halt import Halt
from li_perf.errors import UserError
from li_perf.faces.api.app import app_of
from li_perf.faces.api.serving import Served

PATIENCE = 6  # seconds for answers on their way, once it is told to stop


class _Told(uvicorn.Server):
    """Leaves signals to whoever started it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(served: Served, halt: Halt, *, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve at the host and port (0: any); `announce` is told the address.

    Raises Stopped once it is told to stop and has stopped, UserError where it cannot listen.
    """
    listening = _listening(host, port)
    logging.getLogger("uvicorn.access").disabled = True  # its lines have the queries; the guard writes its own
    app = app_of(served)
    server = _Told(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=PATIENCE,
        )
    )
    serving = asyncio.create_task(server.serve([listening]), name="uvicorn")
    announce(_address(host, listening))
    stopping = asyncio.create_task(halt.wait(), name="halt")
    try:
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        server.should_exit = True
        await serving
    halt.check()


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1_024)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise UserError(f"{host}:{port} cannot be listened at ({why}). Choose another --host or --port.") from None


def _address(host: str, listening: socket.socket) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}"
