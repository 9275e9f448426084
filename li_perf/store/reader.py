"""Reads beside the writer, concurrently, over aiosqlite.

What `sqlalchemy.ext.asyncio` does, without it: it brings the ORM along, which nobody here uses and which fills 7 MB.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Executable
from sqlalchemy.util import greenlet_spawn


class Reader:
    """Each read has a connection of the pool to itself; `close` it behind the last."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """All rows of a query, as committed."""
        async with self._connected() as connection:
            return await greenlet_spawn(lambda: connection.execute(statement, values or {}).all())

    async def scalar(self, statement: Executable) -> Any:
        """The first column of the first row, None without one."""
        async with self._connected() as connection:
            return await greenlet_spawn(lambda: connection.execute(statement).scalar())

    async def stream(self, statement: Executable, *, size: int) -> AsyncGenerator[Sequence[Any]]:
        """The rows of a query in blocks, never all at once."""
        async with self._connected() as connection:
            streaming = connection.execution_options(stream_results=True)
            result = await greenlet_spawn(streaming.execute, statement)
            while block := await greenlet_spawn(result.fetchmany, size):
                yield block

    async def close(self) -> None:
        await greenlet_spawn(self._engine.dispose)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        connection = await greenlet_spawn(self._engine.connect)
        try:
            yield connection
        finally:  # to its end, also where the reader is cancelled
            await asyncio.shield(asyncio.ensure_future(greenlet_spawn(connection.close)))
