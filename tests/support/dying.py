"""Cleans a town's store again and again, each time in a process that is killed one passage later than the last.

A line of JSON a try: the passage at which it died, null at the end, and a digest of what the lake has then.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any

from li_perf.errors import StoreError
from li_perf.store import delta, lake_files
from li_perf.store.batch import Batch
from support.town import everything, filled

PASSAGES = ((Batch, "stage"), (lake_files, "write"), (delta, "commit"))


def main(path: Path) -> None:
    for die_at in count(1):
        reading, writing = os.pipe()
        code = _forked(lambda: _clean(path, die_at, writing))  # noqa: B023 - it is called at once
        os.close(writing)
        where = os.read(reading, 1_000).decode() or None
        os.close(reading)
        assert code == (-signal.SIGKILL if where else 0), code
        print(json.dumps({"died": where}), flush=True)
        _forked(lambda: print(json.dumps({"lake": digest(path)}), flush=True))
        if where is None:
            return


def digest(path: Path) -> str | None:
    """Of all that the lake has; None before there is one."""
    try:
        return hashlib.sha256(repr(everything(path)).encode()).hexdigest()
    except StoreError:
        return None


def _forked(work: Callable[[], Any]) -> int:
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        work()
        code = 0
    finally:
        if code:
            sys.excepthook(*sys.exc_info())
        os._exit(code)


def _clean(path: Path, die_at: int, telling: int) -> None:
    passed = count(1)

    def passage(name: str) -> None:
        if next(passed) == die_at:
            os.write(telling, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    for owner, name in PASSAGES:
        _wrap(owner, name, passage)
    asyncio.run(filled(path))


def _wrap(owner: Any, name: str, passage: Callable[[str], None]) -> None:
    real = getattr(owner, name)

    @wraps(real)
    def passing(*arguments: Any, **named: Any) -> Any:
        passage(f"before {name}")
        result = real(*arguments, **named)
        if name == "commit":
            passage(f"after {name}")
        return result

    setattr(owner, name, passing)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
