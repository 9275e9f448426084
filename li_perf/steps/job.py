"""What every step is given: the city, the period, the store, the two servers, and the wish to stop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from li_perf.cities.city import City, LicensesAndInspections
from li_perf.engine.ask import Asker, Question
from li_perf.engine.client import Client
from li_perf.engine.halt import Halt
from li_perf.engine.heartbeat import Heartbeat
from li_perf.engine.server import Server
from li_perf.engine.vitals import Vitals, vitals
from li_perf.errors import UserError
from li_perf.model import Period
from li_perf.sources import ais, carto, sql
from li_perf.store.ledger import Ledger
from li_perf.store.runs import Run, counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
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
    """The two servers of a city with inspections."""

    ais: Asker
    carto: Asker


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run at work."""

    city: City
    period: Period
    run: Run
    ledger: Ledger
    servers: Servers | None = None
    halt: Halt = field(default_factory=Halt)
    tell: Tell = field(default=lambda _: None)

    @property
    def inspections(self) -> LicensesAndInspections:
        return inspections_of(self.city)

    @property
    def ais(self) -> Asker:
        return self._servers.ais

    @property
    def carto(self) -> Asker:
        return self._servers.carto

    def vitals(self) -> list[Vitals]:
        """How each server is being asked now."""
        return [*self.vitals_of_ais(), *self.vitals_of_carto()]

    def vitals_of_ais(self) -> list[Vitals]:
        return [vitals(self.ais)]

    def vitals_of_carto(self) -> list[Vitals]:
        return [vitals(self.carto)]

    def count_requests(self) -> None:
        """From now on every commit adds what was sent to the servers since the last one to the run's tally."""
        for client in (self.ais.client, self.carto.client):
            self.ledger.along(partial(counted, self.run.id, client.server.name, client.sent))

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
    *, ais_server: Server, carto_server: Server, table: str, halt: Halt, heartbeat: Heartbeat
) -> AsyncIterator[Servers]:
    """Both servers, ready to be asked; `table` is one that Carto surely has."""
    known_address: Question[object] = Question(
        key="known good", request=ais.request(ais.KNOWN_GOOD), read=partial(ais.read, ais.KNOWN_GOOD)
    )
    known_table: Question[object] = Question(key="known good", request=carto.request(sql.look(table)), read=carto.read)
    async with Client(ais_server, halt=halt) as to_ais, Client(carto_server, halt=halt) as to_carto:
        yield Servers(
            ais=Asker(to_ais, known_good=known_address, halt=halt, heartbeat=heartbeat),
            carto=Asker(to_carto, known_good=known_table, halt=halt, heartbeat=heartbeat),
        )
