"""simulate: serves the simulated city on loopback; and the same as a neighbour process, for the demo."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from li_perf.engine.halt import Halt
from li_perf.errors import UserError
from li_perf.model import Period

if TYPE_CHECKING:
    from li_perf.simulator.faults import Faults

FULL = 45_656  # L&I requests of 2025, as three public analyses counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Which city is simulated, and how badly it behaves."""

    period: Period
    tickets: int = 2_000
    seed: int = 311
    faults: str = ""
    port: int = 0
    unanswerable: bool = True

    @property
    def arguments(self) -> list[str]:
        return [
            *("--since", str(self.period.since), "--until", str(self.period.until)),
            *("--tickets", str(self.tickets), "--seed", str(self.seed), "--port", str(self.port)),
            *(("--faults", self.faults) if self.faults else ()),
            *(() if self.unanswerable else ("--no-unanswerable",)),
        ]


class Addresses(msgspec.Struct, frozen=True):
    """Where the two servers are."""

    ais_url: str
    carto_url: str


async def simulate(
    simulation: Simulation, *, key: str | None, halt: Halt, announce: Callable[[Addresses], None], is_child: bool
) -> None:
    """Serve until the run is stopped or, as a child, until the parent is gone. Raises UserError for unknown faults."""
    from li_perf.simulator.city import build  # here, so that no other verb waits for servers and DuckDB to be imported
    from li_perf.simulator.server import serve

    faults, period = _faults(simulation), simulation.period
    city = build(
        tickets=simulation.tickets,
        seed=simulation.seed,
        since=period.since,
        until=period.until,
        unanswerable=simulation.unanswerable,
    )
    with _port_told(simulation):
        async with serve(city, faults=faults, port=simulation.port, key=key) as served:
            announce(Addresses(ais_url=served.ais_url, carto_url=served.carto_url))
            await (_parent_gone() if is_child else halt.wait())


async def simulate_portal(city: str, simulation: Simulation, *, halt: Halt, announce: Callable[[str], None]) -> None:
    """Serve the portal of a city without inspections until the run is stopped; `announce` is given its address.

    Raises UserError for unknown faults, and for a city that nobody made up.
    """
    from li_perf.simulator.portals.cities import CITIES, serve_city

    if city not in CITIES:
        raise UserError(f"There is no made-up {city}. There are: philadelphia, {', '.join(sorted(CITIES))}.")
    serving = serve_city(
        city,
        rows=simulation.tickets,
        faults=_faults(simulation),
        since=simulation.period.since,
        until=simulation.period.until,
        port=simulation.port,
        seed=simulation.seed,
    )
    with _port_told(simulation):
        async with serving as served:
            announce(served.url)
            await halt.wait()


def _faults(simulation: Simulation) -> Faults:
    from li_perf.simulator.faults import Faults

    try:
        return Faults.parse(simulation.faults)
    except ValueError as error:
        raise UserError(f"--faults: {error}") from None


@contextmanager
def _port_told(simulation: Simulation) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"Port {simulation.port} cannot be served ({error.strerror}). Choose another --port.") from None


@asynccontextmanager
async def neighbour(simulation: Simulation) -> AsyncIterator[Addresses]:
    """The simulated city in a process of its own, which ends with this one. Raises UserError for unknown faults."""
    _faults(simulation)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "li_perf", "simulate", "--child", *simulation.arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # an interrupt from the keyboard is for the run, not for the city
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        line = await child.stdout.readline()
        if not line:
            raise UserError("The simulated city did not start; what it said stands above.")
        yield msgspec.json.decode(line, type=Addresses)
    finally:
        child.stdin.close()
        await asyncio.shield(child.wait())


async def _parent_gone() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
