"""Where an analysis is done: rows go in, plain SQL makes more tables, rows come out. Here, or elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from li_perf.store.engines import Engine
from li_perf.store.query import Tables


class Workbench(Protocol):
    """What `Tables` and `SparkTables` both do, in the same words."""

    def create(self, name: str, schema: Mapping[str, str]) -> None: ...

    def fill(self, name: str, schema: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> int: ...

    def load(self, name: str, schema: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> int: ...

    def take(self, name: str, schema: Mapping[str, str], select: str, kept: Tables) -> None: ...

    def make(self, name: str, select: str) -> None: ...

    def rows(self, sql: str) -> list[tuple[Any, ...]]: ...

    def blocks(self, sql: str) -> Iterator[list[tuple[Any, ...]]]: ...

    def interrupt(self) -> None: ...


@contextmanager
def workbench(engine: Engine, *, spill: Path) -> Iterator[Workbench]:
    """An empty one; what was made on it is gone when closed. DuckDB puts what memory does not hold into `spill`.

    Raises UserError where the engine's client is not installed, ServerError where the engine does not answer.
    """
    if engine.is_embedded:
        with Tables(spill=spill) as tables:
            yield tables
        return
    with _elsewhere(engine) as tables:
        yield tables


@contextmanager
def beside(kept: Tables, engine: Engine) -> Iterator[Workbench]:
    """A workbench that takes tables of `kept`: that one itself where the engine is DuckDB. Raises as `workbench`."""
    if engine.is_embedded:
        yield kept
        return
    with _elsewhere(engine) as tables:
        yield tables


@contextmanager
def _elsewhere(engine: Engine) -> Iterator[Workbench]:
    from li_perf.store.spark import SparkTables  # only here: who stays on one machine has no use for it
    from li_perf.store.spark_session import connected

    with connected(engine) as session, SparkTables(session, engine) as tables:
        yield tables
