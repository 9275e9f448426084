"""Verbs of the simulated city."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import msgspec
import typer

from li_perf import acts
from li_perf.cities.city import City
from li_perf.cli.app import app
from li_perf.cli.dates import period
from li_perf.cli.options import (
    Audit,
    CityName,
    Data,
    LogFormat,
    MetricsPort,
    Output,
    Prefill,
    Rate,
    Since,
    Until,
    city_named,
)
from li_perf.engine.halt import Halt
from li_perf.model import Period
from li_perf.settings import PREFIX, load
from li_perf.signals import until_told
from li_perf.steps.simulate import FULL, Addresses, Simulation, simulate_portal
from li_perf.steps.simulate import simulate as serve_simulation

SEED = 311
Seed = Annotated[int, typer.Option(help="Which city is made up.")]


@app.command()
def demo(
    full: Annotated[bool, typer.Option("--full", help="As many requests as 2025 had: 45,656.")] = False,
    faults: Annotated[str, typer.Option(help="How badly the servers behave; see `li-perf simulate --help`.")] = "",
    seed: Seed = SEED,
    data: Data = None,
    output: Output = None,
    ais_rate: Rate = None,
    prefill: Prefill = None,
    audit: Audit = None,
    log_format: LogFormat = None,
    metrics_port: MetricsPort = None,
) -> int:
    """The whole run against the built-in simulated city: offline, in under a minute."""
    here = "http://127.0.0.1"  # whatever the environment says of the City's servers: a demo asks none of them
    flags = {"data": data, "output": output, "ais_rate": ais_rate, "prefill": prefill, "audit": audit}
    settings = load(**flags, log_format=log_format, metrics_port=metrics_port, ais_url=here, carto_url=here)
    asked = period(None, None, today=datetime.now(UTC).date())
    simulation = Simulation(period=asked, tickets=FULL if full else 2_000, seed=seed, faults=faults, unanswerable=False)
    said = {"--full": full or None, "--seed": None if seed == SEED else seed, "--faults": faults or None}
    return acts.demo(settings, simulation, again=_again(said | {"--data": data, "--output": output}))


def _again(flags: Mapping[str, Any]) -> str:
    """The same command: each flag that was said, with its value unless that is only that it was."""
    said = {flag: value for flag, value in flags.items() if value is not None}
    words = [flag if value is True else f"{flag} {shlex.quote(str(value))}" for flag, value in said.items()]
    return " ".join(("li-perf demo", *words))


@app.command()
def simulate(
    city: CityName = "philadelphia",
    since: Since = None,
    until: Until = None,
    tickets: Annotated[int, typer.Option(min=1, help="Requests in the period.")] = 2_000,
    seed: Seed = SEED,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one.")] = 8310,
    faults: Annotated[str, typer.Option(help="For example latency=0.05,errors=0.02,outage=5-20:db_down.")] = "",
    key: Annotated[str | None, typer.Option(help="The key that AIS asks for.")] = None,
    unanswerable: Annotated[bool, typer.Option(help="With addresses that make AIS fail each time.")] = True,
    child: Annotated[bool, typer.Option("--child", hidden=True)] = False,
) -> int:
    """Serve a made-up city on this machine, with faults on demand."""
    place, asked = city_named(city), period(since, until, today=datetime.now(UTC).date())
    simulation = Simulation(
        period=asked, tickets=tickets, seed=seed, faults=faults, port=port, unanswerable=unanswerable
    )

    if place.inspections is None:
        until_told(
            lambda halt: simulate_portal(place.name, simulation, halt=halt, announce=partial(_tell, place, asked))
        )
        return 0

    def announce(addresses: Addresses) -> None:
        line = msgspec.json.encode(addresses).decode() if child else _of_the_first(addresses)
        print(line, flush=True)

    async def serve(halt: Halt) -> None:
        await serve_simulation(simulation, key=key, halt=halt, announce=announce, is_child=child)

    until_told(serve)
    return 0


def _tell(city: City, asked: Period, url: str) -> None:
    settings = {"PORTAL_URL": url, "PORTAL_RATE": "0", "DATA": "data/simulated"}
    command = f"li-perf run {city.name} --since {asked.since} --until {asked.until}"
    print(_how_to_use(city.title, settings, command), flush=True)


def _of_the_first(addresses: Addresses) -> str:
    settings = {"AIS_URL": addresses.ais_url, "CARTO_URL": addresses.carto_url, "AIS_RATE": "0", "CARTO_RATE": "0"}
    folders = {"DATA": "data/simulated", "OUTPUT": "output/simulated"}
    return _how_to_use("Philadelphia", settings | folders, "li-perf run")


def _how_to_use(title: str, settings: Mapping[str, str], command: str) -> str:
    """What to type to ask the made-up city, and then the real one again; two settings a line."""
    exports = [f"{PREFIX}{name}={value}" for name, value in settings.items()]
    pairs = [" ".join(exports[first : first + 2]) for first in range(0, len(exports), 2)]
    return "\n".join(
        [
            f"A made-up {title} is being served. In another terminal:",
            *(f"  export {pair}" for pair in pairs),
            f"  {command}",
            "And there afterwards, so that the real one is asked again:",
            f"  unset {' '.join(f'{PREFIX}{name}' for name in settings)}",
            "Control-C ends it.",
        ]
    )
