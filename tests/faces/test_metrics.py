"""Metrics: what Prometheus is told of a run, from a thread of its own; the port is free behind it."""

from __future__ import annotations

import asyncio
import socket
import struct
import urllib.request
from contextlib import ExitStack

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from li_perf.engine.vitals import Vitals
from li_perf.errors import UserError
from li_perf.faces import metrics
from li_perf.steps.job import Progress

AIS = Vitals(
    server="AIS", rate=9.85, held=2.5, in_flight=3, limit=5, is_paused=True, openings=1, retries=4,
    calls={"ok": 9, "service": 2},
)  # fmt: skip
CARTO = msgspec.structs.replace(AIS, server="Carto", rate=None, is_paused=False, openings=0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read(port: int) -> dict[tuple[str, ...], float]:
    """Every sample: name and labels' values → value. A sample that comes twice is an error."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
        text = reply.read().decode()
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, *sample.labels.values())
            assert key not in found
            found[key] = sample.value
    return found


async def test_the_figures_are_those_that_were_told_last() -> None:
    """Vitals can be had in the engine's thread alone; asking there is what the test's own do, too."""

    def in_the_loop() -> list[Vitals]:
        asyncio.get_running_loop()
        return [AIS, CARTO]

    told: list[Progress] = []
    port = free_port()
    with metrics.serving(told.append, host="127.0.0.1", port=port) as tell:
        assert await asyncio.to_thread(read, port) == {}
        tell(Progress(step="download", done=5, vitals=in_the_loop))
        tell(Progress(step="enrich", done=7, total=20, vitals=in_the_loop))
        found = await asyncio.to_thread(read, port)
    assert [progress.step for progress in told] == ["download", "enrich"]
    assert found == {
        ("li_perf_step_done", "download"): 5.0,
        ("li_perf_step_done", "enrich"): 7.0,
        ("li_perf_step_total", "enrich"): 20.0,
        **{("li_perf_in_flight", server): 3.0 for server in ("AIS", "Carto")},
        **{("li_perf_limit", server): 5.0 for server in ("AIS", "Carto")},
        ("li_perf_paused", "AIS"): 1.0,
        ("li_perf_paused", "Carto"): 0.0,
        **{("li_perf_held_seconds", server): 2.5 for server in ("AIS", "Carto")},
        ("li_perf_rate", "AIS"): 9.85,
        **{("li_perf_calls_total", server, "ok"): 9.0 for server in ("AIS", "Carto")},
        **{("li_perf_calls_total", server, "service"): 2.0 for server in ("AIS", "Carto")},
        **{("li_perf_retries_total", server): 4.0 for server in ("AIS", "Carto")},
        ("li_perf_outages_total", "AIS"): 1.0,
        ("li_perf_outages_total", "Carto"): 0.0,
    }


def test_the_servers_are_looked_at_once_a_second_and_at_a_steps_ends() -> None:
    looks: list[int] = []
    now = [0.0]
    latest = metrics.Latest(clock=lambda: now[0])

    def look() -> list[Vitals]:
        looks.append(1)
        return [AIS]

    for done in range(1, 101):
        now[0] += 0.05
        latest.told(Progress(step="enrich", done=done, total=100, vitals=look))
    assert 5 <= len(looks) <= 7


def test_a_port_that_is_taken_is_said_and_a_port_is_free_behind_the_block() -> None:
    port = free_port()
    with ExitStack() as stack:
        stack.enter_context(metrics.serving(print, host="127.0.0.1", port=port))
        with pytest.raises(UserError, match=f"127.0.0.1:{port} .* Choose another port"):
            stack.enter_context(metrics.serving(print, host="127.0.0.1", port=port))
    with metrics.serving(print, host="127.0.0.1", port=port):
        assert read(port) == {}


def test_without_a_port_nothing_is_served_and_nothing_is_in_between() -> None:
    with metrics.serving(print, host="127.0.0.1", port=None) as tell:
        assert tell is print


def test_a_client_that_hangs_up_in_the_middle_leaves_no_word(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with metrics.serving(lambda _: None, host="127.0.0.1", port=port):
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert answer.status == 200
    assert "Traceback" not in capfd.readouterr().err
