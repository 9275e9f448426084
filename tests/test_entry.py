"""The process as a whole, from its first moment on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_during_the_start_ends_it_without_a_traceback(number: signal.Signals, code: int) -> None:
    slow = "import li_perf.__main__ as entry, sys; print(flush=True); sys.argv = ['li-perf', '--help']; entry.main()"
    with subprocess.Popen([sys.executable, "-c", slow], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.05)  # the imports take longer
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == code
    assert said == b""
