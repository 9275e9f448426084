"""The verb that serves the stores to other programs."""

from __future__ import annotations

from typing import Annotated

import typer

from li_perf.cities import CITIES
from li_perf.cli.app import app
from li_perf.cli.options import Data, LogFormat, Output, city_named
from li_perf.engine.halt import Halt
from li_perf.errors import UserError
from li_perf.faces import messages
from li_perf.session import store_path
from li_perf.settings import Settings, load
from li_perf.signals import until_told

OURS = ("fastapi", "starlette", "uvicorn")


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at (LI_PERF_API_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one (LI_PERF_API_PORT).")] = None,
    city: Annotated[list[str] | None, typer.Option(help="A city to serve; all by default.")] = None,
    data: Data = None,
    output: Output = None,
    log_format: LogFormat = None,
) -> int:
    """Serve what the stores hold as a JSON API, read only; documentation at /docs."""
    settings = load(api_host=host, api_port=port, data=data, output=output, log_format=log_format)
    messages.set_up(as_json=settings.log_format == "json")
    until_told(lambda halt: _serve(settings, city or [], halt))
    return 0


async def _serve(settings: Settings, names: list[str], halt: Halt) -> None:
    try:
        from li_perf.faces.api import server
        from li_perf.faces.api.serving import Held, Served
        from li_perf.store.reading import Shelf
    except ModuleNotFoundError as error:
        if error.name not in OURS:
            raise
        raise UserError(f"The API needs {error.name}, which is not here: pip install 'li-perf[web]'.") from None
    cities = [city_named(name) for name in names] or list(CITIES.values())
    held = {city.name: Held(city=city, shelf=Shelf(store_path(settings, city))) for city in cities}
    served = Served(cities=held, output=settings.output, all_must_be=bool(names), origins=settings.origins)
    await server.serve(
        served,
        halt,
        host=settings.api_host,
        port=settings.api_port,
        announce=lambda address: print(
            f"Serving at {address}, documentation at {address}/docs. Control-C ends it.", flush=True
        ),
    )
