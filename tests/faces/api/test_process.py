"""`li-perf serve` as its users start and stop it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from support.processes import start

from li_perf.cli import exit_code


def environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LI_PERF_")}
    return kept | {"LI_PERF_DATA": str(data), "LI_PERF_API_PORT": "0"}


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().split()[2].rstrip(",")


def test_it_serves_this_machine_alone_until_it_is_told_to_stop(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with start(["serve"], environment(data), tmp_path) as process:
        here = address(process)
        assert here.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{here}/ready", timeout=10) as reply:
            assert reply.status == 200
        assert exit_code(["serve", "--data", str(data), "--port", here.rpartition(":")[2]]) == 2
        assert "Choose another --host or --port." in caplog.text
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert time.monotonic() - told < 8
    assert process.returncode == 143
    assert "GET /ready 200" in err
    assert err.endswith("Stopped.\n")


def test_without_the_extra_it_says_what_to_install(
    data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from li_perf.faces import api

    monkeypatch.setattr("li_perf.faces.api", api)  # so that the package as it was is there again afterwards
    for name in [name for name in sys.modules if name.startswith("li_perf.faces.api")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert exit_code(["serve", "--data", str(data)]) == 2
    assert "pip install 'li-perf[web]'" in caplog.text


@pytest.mark.parametrize("origin", ["*", "a.example", "https://a.example/path", "ftp://a.example"])
def test_an_origin_that_is_none_is_refused(
    origin: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LI_PERF_API_ORIGINS", f"https://b.example, {origin}")
    assert exit_code(["serve"]) == 2
    assert "LI_PERF_API_ORIGINS" in caplog.text
