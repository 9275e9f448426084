"""The simulated city on a loopback socket: which server is meant, what is logged, what goes over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web

from li_perf.simulator.ais import Ais, Asked
from li_perf.simulator.carto import Carto, parameters
from li_perf.simulator.city import SimulatedCity
from li_perf.simulator.desks import AisDesk, CartoDesk
from li_perf.simulator.faults import Faults
from li_perf.simulator.mishaps import Gate
from li_perf.simulator.reply import Reply, as_json
from li_perf.simulator.sending import GRACE_SECONDS, is_loopback, send
from li_perf.simulator.simulation import Simulation, WireRequest
from li_perf.simulator.weather import Weather

AIS_BASE = "/ais/v2"
CARTO_BASE = "/carto/api/v2/sql"


@asynccontextmanager
async def serve(
    city: SimulatedCity,
    *,
    faults: Faults = Faults(),
    host: str = "127.0.0.1",
    port: int = 0,
    key: str | None = None,
) -> AsyncIterator[Simulation]:
    """Serves the city until the block ends; port 0 takes a free one.

    With a `key`, AIS wants it as `?gatekeeperKey=` or `Authorization: Gatekeeper-Key …`.
    Raises ValueError for a host that is not loopback: nobody else should take the simulation for the City.
    """
    if not is_loopback(host):
        raise ValueError(f"The simulation serves loopback addresses only, not {host!r}: use 127.0.0.1.")
    carto = await asyncio.to_thread(Carto, city, faults)
    town = _Town(city, carto, Weather(faults, asyncio.get_running_loop().time), key)
    runner = web.ServerRunner(web.Server(town.respond, access_log=None), shutdown_timeout=GRACE_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield town.open_at(host, runner.addresses[0][1])
    finally:
        town.closing.set()
        await runner.cleanup()
        carto.close()


class _Town:
    """Both servers, the log, and the desk of the simulation itself."""

    def __init__(self, city: SimulatedCity, carto: Carto, weather: Weather, key: str | None) -> None:
        self.closing = asyncio.Event()
        self._weather = weather
        self._carto = carto
        self._ais = Ais(city.addresses)
        gate = Gate(weather, self.closing)
        self._ais_desk = AisDesk(ais=self._ais, gate=gate, key=key)
        self._carto_desk = CartoDesk(carto=carto, gate=gate)
        self._simulation = Simulation(ais_url="", carto_url="")

    def open_at(self, host: str, port: int) -> Simulation:
        root = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._simulation.ais_url, self._simulation.carto_url = root + AIS_BASE, root + CARTO_BASE
        return self._simulation

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.raw_path
        if path.startswith(AIS_BASE + "/"):
            return await send(request, await self._at_ais(request, path.removeprefix(AIS_BASE)))
        if path.partition("?")[0] == CARTO_BASE:
            return await send(request, await self._at_carto(request))
        return await send(request, await self._at_simulator(request))

    async def _at_ais(self, request: web.BaseRequest, path: str) -> Reply:
        at, read = self._weather.clock(), self._ais.read(path)
        what = read.query if isinstance(read, Asked) else path
        if isinstance(read, Asked):
            self._simulation.asked[read.query] += 1
        reply = await self._ais_desk.reply(read, request.headers.get("Authorization", ""))
        self._log(request, "ais", what, at, reply)
        if "Location" in reply.headers:
            return _moved(reply, self._simulation.ais_url)
        return reply

    async def _at_carto(self, request: web.BaseRequest) -> Reply:
        at = self._weather.clock()
        body = await request.read()
        asked = parameters(request.raw_path.partition("?")[2], body, request.headers.get("Content-Type", ""))
        reply = await self._carto_desk.reply(asked)
        self._log(request, "carto", asked.get("q", ""), at, reply)
        return reply

    def _log(self, request: web.BaseRequest, server: str, what: str, at: float, reply: Reply) -> None:
        entry = WireRequest(
            at=at,
            server=server,
            what=what,
            status=0 if reply.cut is not None else reply.status,
            key_in_header="Authorization" in request.headers,
            key_in_url="gatekeeperKey=" in request.raw_path or "api_key=" in request.raw_path,
        )
        self._simulation.log.append(entry)

    async def _at_simulator(self, request: web.BaseRequest) -> Reply:
        asked = (request.method, request.raw_path)
        if asked == ("GET", "/simulator/stats"):
            return Reply(status=200, body=msgspec.json.encode(self._simulation.stats()))
        if asked != ("POST", "/simulator/faults"):
            return as_json(404, {"error": "There are /ais/v2, /carto/api/v2/sql, /simulator/stats, /simulator/faults."})
        try:
            faults = Faults.parse((await request.read()).decode())
        except ValueError as error:
            return as_json(400, {"error": str(error)})
        self._weather.change(faults)
        await asyncio.to_thread(self._carto.change, faults)
        age = self._weather.clock() - self._weather.started  # outages count from the start
        return as_json(200, {"faults": str(faults), "age_s": round(age, 3)})


def _moved(reply: Reply, base: str) -> Reply:
    headers = {**reply.headers, "Location": base + reply.headers["Location"]}
    return Reply(status=reply.status, body=reply.body, headers=headers, content_type=reply.content_type)
