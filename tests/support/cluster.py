"""Spark's own master and worker on this machine, from the package: two processes, ended by their numbers."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

PATIENCE = 120.0
# One machine's worth: few partitions, and no look at what a big cluster would need.
DEFAULTS = (
    "spark.sql.shuffle.partitions 2\nspark.default.parallelism 2\nspark.executor.memory 1g\nspark.ui.enabled false\n"
)


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """The master's address, once its worker is there. Spark is told by the environment where its settings are."""
    found = find_spec("pyspark")
    assert found
    assert found.submodule_search_locations
    home = Path(found.submodule_search_locations[0])
    (folder / "spark-defaults.conf").write_text(DEFAULTS)
    given = {"SPARK_HOME": str(home), "SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": "127.0.0.1"}
    os.environ.update(given)  # the driver, which is this process's child, reads them too
    port, here = _free(), ["--host", "127.0.0.1", "--webui-port", "0"]
    url = f"spark://127.0.0.1:{port}"
    worker = [*here, "--cores", "2", "--memory", "2g", "--work-dir", str(folder / "work"), url]
    with (
        _running(home, folder / "master.log", "master.Master", [*here, "--port", str(port)], until="ALIVE"),
        _running(home, folder / "worker.log", "worker.Worker", worker, until="Successfully registered with master"),
    ):
        yield url


@contextmanager
def _running(home: Path, log: Path, role: str, arguments: list[str], *, until: str) -> Iterator[None]:
    command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{role}", *arguments]
    with log.open("w") as said, subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT) as process:
        try:
            _wait(process, log, until)
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _wait(process: subprocess.Popen[bytes], log: Path, until: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while until not in log.read_text():
        assert process.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < deadline, f"{until!r} was not said within {PATIENCE:g} s"
        time.sleep(0.2)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
