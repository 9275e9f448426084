"""Routes for whoever runs the service: whether it lives, whether it can answer, and its figures for Prometheus."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from li_perf.errors import StoreError
from li_perf.faces.api.answers import Health, Ready
from li_perf.faces.api.asking import only_known, served
from li_perf.faces.api.cities import look
from li_perf.faces.api.documents import answered
from li_perf.faces.api.problems import problem
from li_perf.faces.api.sending import UNDATED, made_at, send
from li_perf.faces.api.serving import Held, Served

router = APIRouter(dependencies=[Depends(only_known)], tags=["service"])
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Counts:
    """Requests by route and status, how long each took, and how old each city's data are."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "li_perf_api_requests", "Requests answered", ["route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "li_perf_api_seconds", "Seconds until an answer", ["route"], buckets=BUCKETS, registry=self.registry
        )
        self._age = Gauge("li_perf_api_as_of_age_seconds", "Age of a city's data", ["city"], registry=self.registry)

    def count(self, route: str, status: int, seconds: float) -> None:
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def exposed(self, ages: dict[str, float]) -> bytes:
        """The text that Prometheus reads."""
        self._age.clear()
        for city, seconds in ages.items():
            self._age.labels(city).set(seconds)
        return generate_latest(self.registry)


@router.get("/health", **answered(Health))
async def health(request: Request) -> Response:
    """The process lives."""
    return send(request, Health(status="lives"), UNDATED)


@router.get("/ready", **answered(Ready, 503))
async def ready(request: Request) -> Response:
    """Every store can be read and has measures."""
    found = served(request)
    states = {held.city.name: await _state(held) for held in _expected(found)}
    wrong = [f"{city}: {why}" for city, (as_of, why) in states.items() if as_of is None]
    if not states:
        wrong = ["no city has a store; `li-perf download CITY` begins one"]
    if wrong:
        return problem(503, f"Not ready: {'; '.join(wrong)}.")
    return send(
        request, Ready(status="ready", cities={city: as_of or "" for city, (as_of, _) in states.items()}), UNDATED
    )


@router.get("/metrics", include_in_schema=False)
async def exposition(request: Request) -> Response:
    """For Prometheus."""
    ages = {}
    for held in served(request).cities.values():
        as_of, _ = await _state(held)
        if as_of and (at := made_at(as_of)):
            ages[held.city.name] = time.time() - at.timestamp()
    counts: Counts = request.app.state.counts
    return Response(counts.exposed(ages), headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


def _expected(found: Served) -> list[Held]:
    return [held for held in found.cities.values() if found.all_must_be or held.exists]


async def _state(held: Held) -> tuple[str | None, str]:
    """As of when the city's measures are; None, and why there are none."""
    name = held.city.name
    try:
        measurement = await look(held)
    except StoreError:
        return None, "its store cannot be read, see this server's log"
    if measurement:
        return measurement.as_of, ""
    return None, f"no measures yet, `li-perf measure {name}` makes them" if held.exists else "no store yet"
