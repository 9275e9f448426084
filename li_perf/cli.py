"""The command line: arguments to acts, outcomes to exit codes."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from typer.exceptions import TyperException

from li_perf import __version__, acts
from li_perf.analysis.findings import Findings
from li_perf.cities import CITIES
from li_perf.cities.city import City
from li_perf.engine.halt import Halt
from li_perf.errors import ServerError, UserError
from li_perf.faces.evidence import evidence_text
from li_perf.faces.status import plan_text, status_text
from li_perf.faces.verify import verify_text
from li_perf.session import Interrupted, NothingToResume, Order, Which, planning, store_path, until_told
from li_perf.settings import Settings, load, period
from li_perf.steps import clean as clean_step
from li_perf.steps import download as download_step
from li_perf.steps import run as run_step
from li_perf.steps.explain import explain
from li_perf.steps.job import Job
from li_perf.steps.retry import put_back
from li_perf.steps.simulate import FULL, Addresses, Simulation
from li_perf.steps.simulate import simulate as serve_simulation
from li_perf.steps.status import status
from li_perf.steps.verify import Verification, verify
from li_perf.store import runs
from li_perf.store.opening import open_ledger

app = typer.Typer(
    help="A city's 311 service requests, turned into answers that survive a fact check.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

CityName = Annotated[str, typer.Argument(help="The city.")]
Since = Annotated[str | None, typer.Option(help="First local day, 2025-01-01 by default.")]
Until = Annotated[
    str | None, typer.Option(help="First local day that is not part of the period, the next 1 January by default.")
]
Data = Annotated[Path | None, typer.Option(help="Folder of the store (LI_PERF_DATA).")]
Output = Annotated[Path | None, typer.Option(help="Folder of the report (LI_PERF_OUTPUT).")]
Rate = Annotated[float | None, typer.Option("--ais-rate", help="Questions a second to AIS (LI_PERF_AIS_RATE).")]
MaxAge = Annotated[
    int | None, typer.Option("--max-age", help="Days that an answer of an earlier run counts (LI_PERF_MAX_AGE).")
]
Prefill = Annotated[
    bool | None,
    typer.Option(
        "--prefill/--no-prefill", help="Answer what the City's own table says beyond doubt first (LI_PERF_PREFILL)."
    ),
]
Audit = Annotated[int | None, typer.Option(help="Pre-filled questions that AIS is asked all the same (LI_PERF_AUDIT).")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.callback(invoke_without_command=True)
def about(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """A city's 311 service requests, turned into answers that survive a fact check."""
    if version:
        print(__version__)
        raise typer.Exit


@app.command()
def run(
    city: CityName = "philadelphia",
    since: Since = None,
    until: Until = None,
    data: Data = None,
    output: Output = None,
    rate: Rate = None,
    prefill: Prefill = None,
    audit: Audit = None,
    max_age: MaxAge = None,
) -> int:
    """All of it for the period: download, clean, enrich, match, report. Goes on where an unfinished run stopped."""
    flags = {"data": data, "output": output, "ais_rate": rate, "prefill": prefill, "audit": audit, "max_age": max_age}
    settings, order = _order(city, Which.NEW_OR_UNFINISHED, since, until, **flags)
    return acts.whole(settings, order)


@app.command()
def resume(city: CityName = "philadelphia", data: Data = None, output: Output = None, rate: Rate = None) -> int:
    """The last unfinished run, with the servers it began with."""
    settings = load(data=data, output=output, ais_rate=rate)
    order = Order(city=_city(city), settings=settings, which=Which.UNFINISHED)
    if not order.path.exists():
        print("There is nothing to resume.")
        return 0
    return acts.whole(settings, order)


@app.command()
def retry(city: CityName = "philadelphia", data: Data = None, output: Output = None, rate: Rate = None) -> int:
    """Put failed questions back and ask them again."""
    settings = load(data=data, output=output, ais_rate=rate)

    async def again(job: Job) -> Findings:
        print(f"{await put_back(job):,} failed questions are asked again.", file=sys.stderr)
        return await run_step.run(job)

    return acts.whole(settings, Order(city=_city(city), settings=settings, which=Which.LAST), again)


@app.command()
def report(city: CityName = "philadelphia", data: Data = None, output: Output = None) -> int:
    """Rebuild the report from the store, without network."""
    settings = load(data=data, output=output)
    order = Order(city=_city(city), settings=settings, which=Which.LAST, with_servers=False)
    _must_exist(order)
    return acts.whole(settings, order, run_step.rematch)


@app.command()
def download(city: CityName = "philadelphia", since: Since = None, until: Until = None, data: Data = None) -> int:
    """Single step: the pages of the period's requests and complaints."""
    _, order = _order(city, Which.NEW_OR_UNFINISHED, since, until, data=data)
    return acts.step(order, download_step.download)


@app.command()
def clean(city: CityName = "philadelphia", data: Data = None) -> int:
    """Single step: typed tickets and complaints from the pages."""
    return acts.step(_last(city, data, with_servers=False), clean_step.clean)


@app.command()
def enrich(city: CityName = "philadelphia", data: Data = None, rate: Rate = None) -> int:
    """Single step: addresses to parcels, parcels to violations."""
    return acts.step(_last(city, data, ais_rate=rate), run_step.look_up)


@app.command()
def match(city: CityName = "philadelphia", data: Data = None) -> int:
    """Single step: outcomes and matches from what is in the store."""
    return acts.step(_last(city, data, with_servers=False), run_step.rematch)


@app.command(name="plan")
def plan_verb(
    city: CityName = "philadelphia",
    since: Since = None,
    until: Until = None,
    data: Data = None,
    rate: Rate = None,
    audit: Audit = None,
    max_age: MaxAge = None,
    as_json: Json = False,
) -> int:
    """How many calls a run would make, and how long it takes, with prefill and without; asks AIS nothing."""
    flags = {"data": data, "ais_rate": rate, "audit": audit, "max_age": max_age}
    _, order = _order(city, Which.NEW_OR_UNFINISHED, since, until, **flags)

    async def look(halt: Halt) -> str:
        found = await planning(order, halt)
        return msgspec.json.encode(found).decode() if as_json else plan_text(found)

    print(until_told(look))
    return 0


@app.command(name="status")
def status_verb(city: CityName = "philadelphia", data: Data = None, as_json: Json = False) -> int:
    """Steps, states, failures by reason, rate and time left; also while a run is going on."""
    settings = load(data=data)
    path = store_path(settings, _city(city))

    async def look(_: Halt) -> str:
        async with open_ledger(path, read_only=True) as ledger:
            found = await status(ledger)
        return msgspec.json.encode(found).decode() if as_json else status_text(found)

    print(until_told(look))
    return 0


@app.command(name="explain")
def explain_verb(
    what: Annotated[str, typer.Argument(metavar="ADDRESS|REQUEST_ID", help="An address, or a request's number.")],
    city: Annotated[str, typer.Option(help="The city.")] = "philadelphia",
    data: Data = None,
    as_json: Json = False,
) -> int:
    """Everything known of one address or request: look-up, parcels, violations, match levels and why."""
    path = store_path(load(data=data), _city(city))

    async def look(_: Halt) -> str:
        async with open_ledger(path, read_only=True) as ledger:
            found = await explain(ledger, what)
        return msgspec.json.encode(found).decode() if as_json else evidence_text(found)

    print(until_told(look))
    return 0


@app.command(name="verify")
def verify_verb(city: CityName = "philadelphia", data: Data = None, as_json: Json = False) -> int:
    """Whether the store holds what was received, and its sums add up; also while a run is going on."""
    place = _city(city)
    path = store_path(load(data=data), place)

    async def look(_: Halt) -> Verification:
        async with open_ledger(path, read_only=True) as ledger:
            return await verify(ledger, place)

    found = until_told(look)
    print(msgspec.json.encode(found).decode() if as_json else verify_text(found))
    return 0 if found.is_sound else 2


@app.command(hidden=True)
def health(data: Data = None) -> int:
    """For the container: 0 while every store in the data folder can be read, also before there is one."""
    stores = sorted(load(data=data).data.rglob("*.db"))

    async def look(_: Halt) -> None:
        for path in stores:
            async with open_ledger(path, read_only=True) as ledger:
                await runs.latest(ledger)

    until_told(look)
    return 0


@app.command()
def demo(
    full: Annotated[bool, typer.Option("--full", help="As many requests as 2025 had: 45,656.")] = False,
    faults: Annotated[str, typer.Option(help="How badly the servers behave; see `li-perf simulate --help`.")] = "",
    seed: Annotated[int, typer.Option(help="Which city is made up.")] = 311,
    data: Data = None,
    output: Output = None,
    rate: Rate = None,
    prefill: Prefill = None,
    audit: Audit = None,
) -> int:
    """The whole run against the built-in simulated city: offline, in under a minute."""
    here = "http://127.0.0.1"  # whatever the environment says of the City's servers: a demo asks none of them
    flags = {"data": data, "output": output, "ais_rate": rate, "prefill": prefill, "audit": audit}
    settings = load(**flags, ais_url=here, carto_url=here)
    asked = period(None, None, today=datetime.now(UTC).date())
    simulation = Simulation(period=asked, tickets=FULL if full else 2_000, seed=seed, faults=faults, unanswerable=False)
    return acts.demo(settings, simulation)


@app.command()
def simulate(
    since: Since = None,
    until: Until = None,
    tickets: Annotated[int, typer.Option(min=1, help="Requests in the period.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Which city is made up.")] = 311,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one.")] = 8311,
    faults: Annotated[str, typer.Option(help="For example latency=0.05,errors=0.02,outage=5-20:db_down.")] = "",
    key: Annotated[str | None, typer.Option(help="The key that AIS asks for.")] = None,
    unanswerable: Annotated[bool, typer.Option(help="With addresses that make AIS fail each time.")] = True,
    child: Annotated[bool, typer.Option("--child", hidden=True)] = False,
) -> int:
    """Serve the simulated city on this machine, with faults on demand."""
    asked = period(since, until, today=datetime.now(UTC).date())
    simulation = Simulation(
        period=asked, tickets=tickets, seed=seed, faults=faults, port=port, unanswerable=unanswerable
    )

    def announce(addresses: Addresses) -> None:
        line = msgspec.json.encode(addresses).decode() if child else _how_to_use(addresses)
        print(line, flush=True)

    async def serve(halt: Halt) -> None:
        await serve_simulation(simulation, key=key, halt=halt, announce=announce, is_child=child)

    until_told(serve)
    return 0


def main() -> None:
    """The entry point: every outcome has its exit code, every expected error is one sentence."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    sys.exit(exit_code())


def exit_code(arguments: list[str] | None = None) -> int:
    """Do what the arguments say (those of the process by default) and return the exit code."""
    try:
        return app(arguments, standalone_mode=False) or 0
    except TyperException as error:
        if said := error.format_message():
            print(f"li-perf: {said} `li-perf --help` lists what there is.", file=sys.stderr)
        return 2
    except NothingToResume as nothing:
        print(nothing)
        return 0
    except Interrupted as stopped:
        print(stopped, file=sys.stderr)
        return stopped.exit_code
    except (UserError, ServerError) as error:
        print(f"li-perf: {error}", file=sys.stderr)
        return 2 if isinstance(error, UserError) else 1
    except typer.Abort:
        return 130


def _how_to_use(addresses: Addresses) -> str:
    return (
        f"A made-up Philadelphia is being served. In another terminal:\n"
        f"  export LI_PERF_AIS_URL={addresses.ais_url} LI_PERF_CARTO_URL={addresses.carto_url}\n"
        "  export LI_PERF_AIS_RATE=0 LI_PERF_CARTO_RATE=0 LI_PERF_DATA=data/simulated LI_PERF_OUTPUT=output/simulated\n"
        "  li-perf run\nControl-C ends it."
    )


def _order(city: str, which: Which, since: str | None, until: str | None, **flags: Any) -> tuple[Settings, Order]:
    settings, place = load(**flags), _city(city)
    asked = period(since, until, today=datetime.now(UTC).astimezone(place.zone).date())
    return settings, Order(city=place, settings=settings, which=which, period=asked)


def _last(city: str, data: Path | None, *, with_servers: bool = True, **flags: Any) -> Order:
    order = Order(city=_city(city), settings=load(data=data, **flags), which=Which.LAST, with_servers=with_servers)
    _must_exist(order)
    return order


def _must_exist(order: Order) -> None:
    if not order.path.exists():
        raise UserError(f"There is no store at {order.path} yet. Begin with `li-perf run` or `li-perf demo`.")


def _city(name: str) -> City:
    if name not in CITIES:
        raise UserError(f"There is no city {name!r} here. There are: {', '.join(sorted(CITIES))}.")
    return CITIES[name]
