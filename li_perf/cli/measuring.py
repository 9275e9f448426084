"""Verbs that measure a city's requests, show the measures, and keep both fresh."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
import typer

from li_perf import acts
from li_perf.analysis.dictionary import BY_NAME, made, never_made
from li_perf.analysis.metrics import PERIODS
from li_perf.cities.city import City
from li_perf.cli.app import app
from li_perf.cli.dates import day
from li_perf.cli.options import CityName, Data, here, last_run
from li_perf.engine.halt import Halt
from li_perf.errors import UserError
from li_perf.faces import figures as face
from li_perf.faces.again import command, completing
from li_perf.faces.words import made_up_city
from li_perf.signals import until_told
from li_perf.steps.measure import between
from li_perf.steps.measure import measure as measure_step
from li_perf.steps.servers import is_of_made_up
from li_perf.store import measures
from li_perf.store.columns import parquet
from li_perf.store.opening import open_ledger

log = logging.getLogger(__name__)
Format = Literal["table", "csv", "json", "parquet"]
LEVELS = {"": "city", "area": "area", "type": "type", "area,type": "area_type", "type,area": "area_type"}
By = Annotated[str, typer.Option(help="By what the requests are grouped: area, type, or area,type; the city without.")]
Period = Annotated[str, typer.Option(help=f"{', '.join(PERIODS)}.")]
Names = Annotated[str | None, typer.Option("--name", help="Measures, with commas between them; all but for the table.")]
First = Annotated[
    str | None,
    typer.Option("--since", help="Requests opened from this local day on; with --period, periods."),
]
Last = Annotated[str | None, typer.Option("--until", help="The first local day that counts no more.")]


@app.command()
def measure(city: CityName = "philadelphia", data: Data = None) -> int:
    """Single step: the measures of what was downloaded, by area, type and period."""
    return acts.step(last_run(city, data, with_servers=False), measure_step)


@app.command(name="metrics")
def metrics_verb(
    city: CityName = "philadelphia",
    by: By = "",
    period: Period = "all",
    names: Names = None,
    since: First = None,
    until: Last = None,
    form: Annotated[Format, typer.Option("--format", help="How they are printed.")] = "table",
    data: Data = None,
) -> int:
    """The measures of a city's requests, each with its definition, and how many requests it is taken over."""
    order = here(city, data)
    place, path = order.city, order.path
    level, kind = LEVELS[_one_of("--by", by, LEVELS)], _one_of("--period", period, PERIODS)
    if said := never_made(asked := _names(names), level=level, period=kind):
        raise UserError(said)
    wanted = asked or [one.name for one in made(kind) if one.name in face.SHOWN or form != "table"]
    span = {"since": day(since, "--since") if since else None, "until": day(until, "--until") if until else None}
    bounds: dict[str, Any] = {} if kind == "all" else span
    query = measures.selection(period=kind, level=level, names=wanted, **bounds)

    async def looking(_: Halt) -> tuple[measures.Measurement | None, list[measures.Figure], bool]:
        async with open_ledger(path, read_only=True) as ledger:
            is_false = await is_of_made_up(ledger, place)
            return await measures.measured(ledger), await measures.figures(ledger, query), is_false

    with completing(order.place):
        about, found, is_false = until_told(looking)
    if about is None:
        raise UserError(f"{place.title} is not measured yet. `{command('measure', order.place)}` does it.")
    total = about.requests
    if kind == "all" and any(span.values()):  # days that are no period of their own are measured now
        requests, found = between(place, path, level=level, as_of=about.as_of, **span)
        about = msgspec.structs.replace(about, requests=requests)
        found = [one for one in found if one.name in wanted]
    if is_false and form != "json":
        print(made_up_city(place.title), file=sys.stdout if form == "table" else sys.stderr)
    if not found:
        without = f" Without --since and --until there are {total:,}." if any(span.values()) else ""
        log.warning(f"{place.title} has no such requests.{without}")
        if form == "table":
            return 0
    _print(form, place, about, sorted(found, key=face.order), is_false)
    return 0


def _print(
    form: Format, place: City, about: measures.Measurement, found: list[measures.Figure], is_false: bool
) -> None:
    if form == "parquet":
        sys.stdout.buffer.write(parquet(face.SCHEMA, face.rows(place.name, about, found)))
    elif form == "csv":
        sys.stdout.write(face.as_csv(place.name, about, found))
    elif form == "json":
        print(face.as_json(place.name, about, found, is_made_up=is_false))
    else:
        print(face.as_table(place.title, about, found))


def _names(text: str | None) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()] if text else []
    return [_one_of("--name", name, BY_NAME) for name in names]


def _one_of(flag: str, word: str, words: Iterable[str]) -> str:
    if (plain := word.replace(" ", "")) not in words:
        raise UserError(f"{flag} {word!r} is none of: {', '.join(filter(None, words))}.")
    return plain
