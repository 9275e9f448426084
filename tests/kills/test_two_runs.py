"""Two runs on one store, as their users start them: the second is refused, the first goes on and can be looked at."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from chaos.checks import rows
from support.processes import li_perf, simulated, start


def test_a_second_run_on_the_same_store_is_refused_and_the_first_is_stopped_in_peace(tmp_path: Path) -> None:
    with simulated(tickets=1_200) as city:
        environment = city.environment(tmp_path, LI_PERF_AIS_RATE="4")  # minutes of work
        first = start(["run"], environment, tmp_path)
        _wait_for_answers(tmp_path, first)
        second = li_perf(["run"], environment, tmp_path)
        shown = li_perf(["status", "--json"], environment, tmp_path)
        first.send_signal(signal.SIGTERM)
        _, said = first.communicate(timeout=30)
    assert second.returncode == 2
    assert "Another run is using" in second.stderr
    assert json.loads(shown.stdout)["questions"]["answered"] > 0
    assert first.returncode == 143
    assert "li-perf resume" in said
    assert "Traceback" not in said


def _wait_for_answers(folder: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
        with suppress(Exception):
            if rows(folder, "select count(*) from lookup where state = 'answered'") > [(1,)]:
                return
    raise AssertionError(process.communicate(timeout=10))
