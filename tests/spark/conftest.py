"""The other engine: Sail, which speaks Spark Connect, or with SPARK_TESTS=spark a cluster of Spark on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support.cluster import cluster

from li_perf.store.engines import Engine, named
from li_perf.store.query import Tables
from li_perf.store.spark import SparkTables
from li_perf.store.spark_session import connected

IS_CLUSTER = os.environ.get("SPARK_TESTS") == "spark"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Others' code warns of its own future; a cluster's first statements take their time."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("default"))
            item.add_marker(pytest.mark.timeout(600 if IS_CLUSTER else 120))


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the engine listens, as LI_PERF_ENGINE names it; one for all tests."""
    if find_spec("pyspark.core" if IS_CLUSTER else "pysail") is None:
        pytest.skip(f"the engine is not installed here; `make test-{'spark' if IS_CLUSTER else 'sail'}` installs it")
    folder = tmp_path_factory.mktemp("engine")
    if IS_CLUSTER:
        with cluster(folder) as url:
            yield url
        return
    yield from _sail(folder)


def _sail(folder: Path) -> Iterator[str]:
    os.environ |= {"SAIL_EXECUTION__CHECKPOINT__PATH": f"file://{folder}", "RUST_LOG": "error"}
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    try:
        yield f"sc://127.0.0.1:{server.listening_address[1]}"
    finally:
        server.stop()


@pytest.fixture(scope="session")
def engine(address: str) -> Engine:
    return named(address)


@pytest.fixture(scope="module")
def session(engine: Engine) -> Iterator[Any]:
    with connected(engine) as opened:
        yield opened


@pytest.fixture
def there(session: Any, engine: Engine) -> Iterator[SparkTables]:
    """An empty workbench on the other engine."""
    with SparkTables(session, engine) as tables:
        yield tables


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Tables]:
    """An empty workbench on this machine."""
    with Tables(spill=tmp_path / "spill") as tables:
        yield tables
