"""What every step is given: city, period, store, servers, the engine of analyses, and the wish to stop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import msgspec

from li_perf.cities.city import City, LicensesAndInspections
from li_perf.engine.ask import Asker
from li_perf.engine.client import Client
from li_perf.engine.halt import Halt
from li_perf.engine.heartbeat import Heartbeat
from li_perf.engine.question import Question
from li_perf.engine.server import Server
from li_perf.engine.vitals import Vitals, vitals
from li_perf.errors import UserError
from li_perf.model import Period
from li_perf.sources import ais
from li_perf.sources.portal import Portal
from li_perf.store.engines import DUCKDB, Engine
from li_perf.store.ledger import Ledger
from li_perf.store.runs import Run, Tally


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a step is: `done` of `total` things, None where the total is not known; `note` is for the eye.

    `vitals` tells how the servers that the step asks are being asked, when it is called in the run's own thread.
    """

    step: str
    done: int
    total: int | None = None
    note: str = ""
    vitals: Callable[[], Sequence[Vitals]] = tuple


Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """The city's portal, and its address service where it has one."""

    portal: Asker
    ais: Asker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run at work."""

    city: City
    period: Period
    run: Run
    ledger: Ledger
    servers: Servers | None = None
    engine: Engine = DUCKDB
    halt: Halt = field(default_factory=Halt)
    tell: Tell = field(default=lambda _: None)

    @property
    def inspections(self) -> LicensesAndInspections:
        return inspections_of(self.city)

    @property
    def ais(self) -> Asker:
        assert self._servers.ais, "this city has no address service"
        return self._servers.ais

    @property
    def portal(self) -> Asker:
        return self._servers.portal

    def vitals(self) -> list[Vitals]:
        """How each server is being asked now."""
        return [vitals(asker) for asker in self._askers()]

    def vitals_of_ais(self) -> list[Vitals]:
        return [vitals(self.ais)]

    def vitals_of_portal(self) -> list[Vitals]:
        return [vitals(self.portal)]

    def count_requests(self) -> None:
        """From now on every commit adds what was sent to the servers since the last one to the run's tally."""
        for client in (asker.client for asker in self._askers()):
            self.ledger.along(Tally(self.run.id, client.server.name, client.sent))

    def _askers(self) -> list[Asker]:
        return [asker for asker in (self._servers.ais, self._servers.portal) if asker]

    @property
    def _servers(self) -> Servers:
        assert self.servers, "this step asks servers, and was given none"
        return self.servers


def inspections_of(city: City) -> LicensesAndInspections:
    """Raises UserError for a city that has none."""
    if city.inspections is None:
        raise UserError(f"{city.title} has no inspection agency's violations to match.")
    return city.inspections


@asynccontextmanager
async def open_servers(
    *, portal: Portal, portal_server: Server, ais_server: Server | None, halt: Halt, heartbeat: Heartbeat
) -> AsyncIterator[Servers]:
    """The portal, and the address service where there is one, ready to be asked."""
    known_table: Question[object] = Question(key="known good", request=portal.request(portal.look()), read=portal.read)
    async with AsyncExitStack() as stack:

        async def asker(server: Server, known_good: Question[object]) -> Asker:
            client = await stack.enter_async_context(Client(server, halt=halt))
            return Asker(client, known_good=known_good, halt=halt, heartbeat=heartbeat)

        to_ais = await asker(ais_server, KNOWN_ADDRESS) if ais_server else None
        yield Servers(ais=to_ais, portal=await asker(portal_server, known_table))


KNOWN_ADDRESS: Question[object] = Question(
    key="known good", request=ais.request(ais.KNOWN_GOOD), read=partial(ais.read, ais.KNOWN_GOOD)
)
