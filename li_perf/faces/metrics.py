"""Figures of a run at work for Prometheus, while it works. Here and in the API prometheus_client is known."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from li_perf.engine.vitals import Vitals
from li_perf.errors import UserError
from li_perf.steps.job import Progress, Tell

EVERY_SECONDS = 1.0  # between two looks at the servers


@contextmanager
def serving(tell: Tell, *, host: str, port: int | None) -> Iterator[Tell]:
    """`tell`, and beside it an endpoint /metrics at the port, if there is one. Raises UserError where it is taken."""
    if port is None:
        yield tell
        return
    latest = Latest()
    registry = CollectorRegistry()
    registry.register(latest)
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise UserError(f"Metrics cannot be served at {host}:{port} ({why}). Choose another port.") from None

    server.handle_error = _unheard  # type: ignore[method-assign, assignment]

    def both(progress: Progress) -> None:
        latest.told(progress)
        tell(progress)

    try:
        yield both
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _unheard(request: object, client: object) -> None:
    """A client that hangs up in the middle of an answer is nobody's problem."""


class Latest(Collector):
    """The last progress of each step and the servers' last vitals, some seconds old.

    They are taken when progress is told, as Prometheus asks in a thread of its own and the engine lives in another.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._steps: dict[str, Progress] = {}
        self._servers: dict[str, Vitals] = {}
        self._clock = clock
        self._looked_at = -math.inf

    def told(self, progress: Progress) -> None:
        now, is_new = self._clock(), progress.step not in self._steps
        self._steps[progress.step] = progress
        if is_new or progress.done == progress.total or now - self._looked_at >= EVERY_SECONDS:
            self._looked_at = now
            self._servers.update((each.server, each) for each in progress.vitals())

    def collect(self) -> Iterable[Metric]:
        steps, servers = list(self._steps.values()), list(self._servers.values())
        done = GaugeMetricFamily("li_perf_step_done", "Things done in a step", labels=["step"])
        total = GaugeMetricFamily("li_perf_step_total", "Things to do in a step", labels=["step"])
        for progress in steps:
            done.add_metric([progress.step], progress.done)
            if progress.total is not None:
                total.add_metric([progress.step], progress.total)
        yield from (done, total)
        yield from _gauges(servers)
        yield from _counters(servers)


def _gauges(servers: list[Vitals]) -> Iterator[Metric]:
    for name, help_, value in (
        ("li_perf_in_flight", "Calls in flight", lambda each: each.in_flight),
        ("li_perf_limit", "Most calls in flight at present", lambda each: each.limit),
        ("li_perf_paused", "1 while the server does not answer", lambda each: int(each.is_paused)),
        ("li_perf_held_seconds", "Seconds until the next call", lambda each: each.held),
        ("li_perf_rate", "Most calls a second at present", lambda each: each.rate),
    ):
        gauge = GaugeMetricFamily(name, help_, labels=["server"])
        for each in servers:
            if (figure := value(each)) is not None:
                gauge.add_metric([each.server], figure)
        yield gauge


def _counters(servers: list[Vitals]) -> Iterator[Metric]:
    calls = CounterMetricFamily("li_perf_calls", "Calls by verdict", labels=["server", "verdict"])
    retries = CounterMetricFamily("li_perf_retries", "Second and further tries", labels=["server"])
    openings = CounterMetricFamily("li_perf_outages", "Times that the breaker paused the run", labels=["server"])
    for each in servers:
        for verdict, count in each.calls.items():
            calls.add_metric([each.server, verdict], count)
        retries.add_metric([each.server], each.retries)
        openings.add_metric([each.server], each.openings)
    yield from (calls, retries, openings)
