"""Figures of a run at work for Prometheus, while it works. The only file that knows prometheus_client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from li_perf.engine.vitals import Vitals
from li_perf.errors import UserError
from li_perf.steps.job import Progress, Tell


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
    except OSError as error:
        raise UserError(f"Metrics cannot be served at {host}:{port} ({error.strerror}). Choose another port.") from None

    def both(progress: Progress) -> None:
        latest.steps[progress.step] = progress
        tell(progress)

    try:
        yield both
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Latest(Collector):
    """The last progress of each step, read when Prometheus asks."""

    def __init__(self) -> None:
        self.steps: dict[str, Progress] = {}

    def collect(self) -> Iterable[Metric]:
        steps = list(self.steps.values())
        done = GaugeMetricFamily("li_perf_step_done", "Things done in a step", labels=["step"])
        total = GaugeMetricFamily("li_perf_step_total", "Things to do in a step", labels=["step"])
        for progress in steps:
            done.add_metric([progress.step], progress.done)
            if progress.total is not None:
                total.add_metric([progress.step], progress.total)
        yield from (done, total)
        servers = [each for progress in steps for each in progress.vitals()]
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
