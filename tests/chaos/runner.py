"""Starts the product again and again, each time as a process of its own: imported once, then forked.

A line of JSON in starts a process and answers its id; the next line out is its exit code.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from chaos.guards import switch_off
from chaos.passages import Plan, wrap

from li_perf.cli import main as product

LATE = ("aiosqlite", "sqlalchemy.dialects.sqlite.aiosqlite", "duckdb", "uvloop", "_strptime", "ctypes")  # it imports


def main() -> None:
    """Serve until the input ends."""
    switch_off(os.environ.get("GUARD_OFF"))
    for name in LATE:  # here once, so that it need not be in each process
        with suppress(ImportError):
            import_module(name)
    for line in sys.stdin:
        job = json.loads(line)
        if not (child := os.fork()):
            _be(job)
            return
        print(json.dumps({"pid": child}), flush=True)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)


def _be(job: dict[str, Any]) -> None:
    """Become the product; interpreter and threads end as they do in any process."""
    folder = Path(job["folder"])
    os.setsid()
    os.chdir(folder)
    for number, name in enumerate(("/dev/null", "out", "err")):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644), number)
    os.environ.clear()
    os.environ.update(job["environment"])
    sys.argv = ["li-perf", *job["verb"]]
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    wrap(Plan(**job["plan"]), os.open("passages", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644))
    product()


if __name__ == "__main__":
    main()
