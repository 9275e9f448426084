"""The API on a real port of this machine, over stores of made-up measures."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from li_perf.cities import CITIES
from li_perf.engine.halt import Halt, Stopped
from li_perf.faces.api import server
from li_perf.faces.api.serving import Held, Served
from li_perf.store import measures
from li_perf.store.measures import Figure
from li_perf.store.opening import open_ledger
from li_perf.store.reading import Shelf

AS_OF, MADE_AT = "2026-01-05T06:00:00Z", "2026-01-05T07:30:00Z"
AREAS, TYPES = ("Hill", "=1+1", ""), ("Noise", "Pothole")
MONTHS = tuple(date(2025, month, 1) for month in range(1, 13))


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


Get = Callable[..., Awaitable[Reply]]


def figures() -> Iterator[Figure]:
    """Volume, unplaced volume and mean days for every group, for all time and by month."""
    for name in ("volume", "volume_unplaced", "avg_ttr"):
        for period, starts in (("all", (None,)), ("month", MONTHS)):
            for starts_on in starts:
                for area in (None, *AREAS):
                    for kind in (None, *TYPES):
                        yield figure(name, period, starts_on, area, kind)


def figure(name: str, period: str, starts_on: date | None, area: str | None, kind: str | None) -> Figure:
    return Figure(
        name=name,
        period=period,
        starts_on=starts_on,
        area=area,
        type=kind,
        value=2.5,
        n=12,
        excluded={"still open": 3} if name == "avg_ttr" else {},
    )


async def make(path: Path, given: Iterable[Figure]) -> None:
    """A store with these measures, made some time ago."""
    days = [("Noise", date(2025, 1, day), day, day * 2) for day in range(1, 8)]
    async with open_ledger(path) as ledger:
        await measures.replace(ledger, as_of=AS_OF, requests=144, figures=given, days=days)
    age(path)


def age(path: Path) -> None:
    """Let the measures have been made some time ago."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update measurement set made_at = ?", (MADE_AT,))


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with measures; a test that changes it takes a copy."""
    path = tmp_path_factory.mktemp("measured") / "philadelphia.db"
    asyncio.run(make(path, figures()))
    return path


@pytest.fixture
def data(measured: Path, tmp_path: Path) -> Path:
    """A data folder of the test's own."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copyfile(measured, folder / measured.name)
    return folder


@asynccontextmanager
async def serving(data: Path, *, cities: Iterable[str] = CITIES, **others: Any) -> AsyncIterator[Get]:
    """The API at work; a function that gets an address."""
    held = {name: Held(city=CITIES[name], shelf=Shelf(data / f"{name}.db")) for name in cities}
    served = Served(cities=held, output=data.parent / "output", **others)
    halt, address = Halt(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(server.serve(served, halt, host="127.0.0.1", port=0, announce=address.set_result))
    try:
        async with aiohttp.ClientSession(base_url=await address) as client:
            yield lambda path, **given: get(client, path, **given)
    finally:
        halt.set()
        with suppress(Stopped):
            await task


async def get(client: aiohttp.ClientSession, path: str, *, method: str = "GET", **headers: str) -> Reply:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.request(method, path, headers=sent) as reply:
        return Reply(status=reply.status, headers=reply.headers, body=await reply.read())


@pytest.fixture
async def api(data: Path) -> AsyncIterator[Get]:
    """The API over the data folder."""
    async with serving(data) as found:
        yield found
