"""The app: its routes, its errors, its description."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from li_perf.faces.api import cities, documents, metrics, pages, problems, reports, requests, watching
from li_perf.faces.api.guard import Guard
from li_perf.faces.api.serving import Served
from li_perf.faces.api.watching import Counts
from li_perf.store.query import interrupt_all

BETWEEN = 0.05  # seconds
SEEN = ("ETag", "Last-Modified", "Link")  # headers that a page of another origin may read


def app_of(served: Served) -> ASGIApp:
    """What a server serves; the shelves are closed when it ends."""

    @asynccontextmanager
    async def open_until_the_end(_: FastAPI) -> AsyncIterator[None]:
        yield
        while served.at_work:
            interrupt_all()  # what only reads may be cut off, and nothing else ends it in time
            await asyncio.sleep(BETWEEN)
        for held in served.cities.values():
            await held.shelf.close()

    app = FastAPI(openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None, lifespan=open_until_the_end)
    app.router.redirect_slashes = False
    app.state.served, app.state.counts = served, Counts()
    for part in (cities, metrics, requests, reports, watching, pages):
        app.router.routes.extend(part.router.routes)  # as they are: included, each would be made anew for each app
    problems.install(app)
    app.openapi = lambda: documents.describe(app, list(served.cities))  # type: ignore[method-assign]
    if served.origins:
        app.add_middleware(CORSMiddleware, allow_origins=served.origins, allow_methods=["GET"], expose_headers=SEEN)
    return Guard(app, count=app.state.counts.count)
