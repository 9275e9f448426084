"""Arguments that several verbs take, and what they come to."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from li_perf import servers
from li_perf.cities import CITIES
from li_perf.cities.city import City
from li_perf.cli.dates import period
from li_perf.errors import UserError
from li_perf.faces.again import completed
from li_perf.session import Order, Which
from li_perf.settings import Settings, load

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
Afresh = Annotated[bool, typer.Option("--afresh", help="Read all pages ever received again.")]
Audit = Annotated[int | None, typer.Option(help="Pre-filled questions that AIS is asked all the same (LI_PERF_AUDIT).")]
Full = Annotated[bool, typer.Option("--full", help="Everything again, not only what changed since last time.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
LogFormat = Annotated[
    str | None, typer.Option("--log-format", help="Progress and messages as text or json (LI_PERF_LOG_FORMAT).")
]
MetricsPort = Annotated[
    int | None, typer.Option("--metrics-port", help="Serve figures for Prometheus there (LI_PERF_METRICS_PORT).")
]


def order_for(
    city: str, which: Which, since: str | None = None, until: str | None = None, **flags: Any
) -> tuple[Settings, Order]:
    """The settings in force, and a run of a period, which asks servers. Raises UserError where it must not."""
    settings, place = load(**flags), city_named(city)
    servers.check(place, settings)
    asked = period(since, until, today=datetime.now(UTC).astimezone(place.zone).date())
    return settings, Order(city=place, settings=settings, which=which, period=asked)


def last_run(city: str, data: Path | None, *, with_servers: bool = True, **flags: Any) -> Order:
    """The last run of a store that there is. Raises UserError."""
    order = here(city, data, with_servers=with_servers, **flags)
    if not order.path.exists():
        said = f"There is no store at {order.path} yet. Begin with `li-perf run` or `li-perf demo`."
        raise UserError(completed(said, order.place))
    return order


def here(city: str, data: Path | None, *, with_servers: bool = False, **flags: Any) -> Order:
    """The last run of a store, whether there is one or not."""
    settings = load(data=data, **flags)
    return Order(city=city_named(city), settings=settings, which=Which.LAST, with_servers=with_servers)


def city_named(name: str) -> City:
    """The city, also where its name is written as people write it. Raises UserError for one that is not here."""
    plain = re.sub(r"[\s_-]+", "-", name.strip().lower())
    if plain in CITIES:
        return CITIES[plain]
    near = difflib.get_close_matches(plain, CITIES, n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    raise UserError(f"There is no city {name!r} here.{meant} There are: {', '.join(sorted(CITIES))}.")
