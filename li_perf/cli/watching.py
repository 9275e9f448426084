"""The verb that keeps cities fresh."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from li_perf import acts, servers
from li_perf.cities import CITIES
from li_perf.cli.app import app
from li_perf.cli.dates import day
from li_perf.cli.options import Data, LogFormat, Output, city_named
from li_perf.errors import UserError
from li_perf.model import Period
from li_perf.settings import load

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
SPAN = re.compile(r"([0-9]{1,6})([smhd])")
LEAST = 60.0  # seconds between two turns: no portal changes oftener

Cities = Annotated[list[str] | None, typer.Argument(metavar="[CITY]…", help="The cities; all of them without.")]


@app.command()
def watch(
    cities: Cities = None,
    every: Annotated[str, typer.Option(help="Between two turns of a city: 90s, 50m, 6h, 1d.")] = "50m",
    since: Annotated[str | None, typer.Option(help="First local day, 1 January of last year by default.")] = None,
    data: Data = None,
    output: Output = None,
    log_format: LogFormat = None,
) -> int:
    """Refresh cities again and again, each by itself, until told to stop; how it goes stands in data/watch.json."""
    places = [city_named(name) for name in cities or CITIES]
    today = datetime.now(UTC).date()
    asked = Period(
        since=day(since, "--since") if since else date(today.year - 1, 1, 1), until=date(today.year + 1, 1, 1)
    )
    settings = load(data=data, output=output, log_format=log_format)
    for place in places:
        servers.check(place, settings)
    return acts.keep_fresh(places, settings, period=asked, every=seconds(every))


def seconds(text: str) -> float:
    """The span that was written. Raises UserError."""
    found = SPAN.fullmatch(text)
    span = float(int(found[1]) * UNITS[found[2]]) if found else 0.0
    if span < LEAST:
        raise UserError(f"--every {text!r} is no span of a minute or more; write it as 90s, 50m, 6h or 1d.")
    return span
