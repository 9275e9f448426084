"""A run as its operator watches it: JSON lines, metrics while it works, a port that is taken."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.processes import simulated, start

from li_perf.cli import exit_code


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def metrics(port: int) -> dict[str, float]:
    """The endpoint's samples of now; none before it is there."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
            families = list(text_string_to_metric_families(reply.read().decode()))
    except (ConnectionError, urllib.error.URLError):
        return {}
    return {" ".join((s.name, *s.labels.values())): s.value for family in families for s in family.samples}


def watched(port: int, process: subprocess.Popen[str]) -> list[dict[str, float]]:
    """What the endpoint says until the look-ups are well begun."""
    seen: list[dict[str, float]] = []
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if found := metrics(port):
            seen.append(found)
            if found.get("li_perf_calls_total AIS ok", 0) >= 30:
                break
        time.sleep(0.1)
    return seen


def test_a_run_serves_metrics_while_it_works_and_speaks_json(tmp_path: Path) -> None:
    port = free_port()
    with simulated(tickets=100) as city:
        environment = city.environment(tmp_path, LI_PERF_AIS_RATE="40", LI_PERF_METRICS_PORT=str(port))
        with start(["run", "--log-format", "json"], environment, tmp_path) as process:
            seen = watched(port, process)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    last = seen[-1]
    assert 30 <= last["li_perf_calls_total AIS ok"] < last["li_perf_step_total enrich"]
    assert last["li_perf_step_done clean"] == last["li_perf_step_total clean"] == 100
    assert 0 < last["li_perf_rate AIS"] <= 40
    assert "li_perf_rate Carto" not in last
    assert last["li_perf_paused AIS"] == 0
    counters = [found.get("li_perf_calls_total AIS ok", 0) for found in seen]
    assert counters == sorted(counters)
    lines = [json.loads(line) for line in err.splitlines()]
    assert all("at" in line for line in lines)
    steps = [line["step"] for line in lines if "step" in line]
    assert list(dict.fromkeys(steps)) == [
        "download public_cases_fc", "download complaints", "clean", "enrich", "match",
    ]  # fmt: skip
    enrich = [line for line in lines if line.get("step") == "enrich"]
    assert (enrich[0]["done"], enrich[-1]["done"]) == (0, enrich[-1]["total"])
    assert {server["server"] for server in enrich[0]["servers"]} == {"AIS", "Carto"}
    assert "The report: " in out
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


@pytest.mark.parametrize("as_json", [False, True])
def test_a_port_that_is_taken_is_one_sentence_before_anything_is_asked(
    as_json: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("LI_PERF_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    for server in ("AIS", "CARTO"):
        monkeypatch.setenv(f"LI_PERF_{server}_URL", "http://127.0.0.1:9/nobody")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        log_format = ["--log-format", "json"] if as_json else []
        assert exit_code(["run", "--metrics-port", str(port), *log_format]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)["message"] if as_json else line
    assert said.startswith(f"li-perf: Metrics cannot be served at 127.0.0.1:{port} (")
    assert said.endswith("Choose another port.")
    assert not list(tmp_path.rglob("*.db"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--metrics-port", "0"], "LI_PERF_METRICS_PORT is 0"),
        (["run", "--metrics-port", "70000"], "LI_PERF_METRICS_PORT is 70000"),
        (["run", "--log-format", "xml"], "LI_PERF_LOG_FORMAT is 'xml'"),
    ],
)
def test_a_wrong_port_or_format_is_one_sentence(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
