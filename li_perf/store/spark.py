"""Analysis on Spark: the same statements on tables that are views of a session, each computed once and kept there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from threading import Thread
from types import TracebackType
from typing import Any, Self

from li_perf.store import arrow
from li_perf.store.dialects import SPARK, SPARK_TYPES, spoken
from li_perf.store.engines import Engine
from li_perf.store.query import CHUNK_ROWS, Tables
from li_perf.store.spark_session import answering

PART_BYTES = 16_000_000  # of rows on their way: far below what one message may hold
INTERRUPT_SECONDS = 1.0


@dataclass(slots=True)
class _Loading:
    """A table whose rows are still coming: `parts` are views of those that were sent."""

    schema: Mapping[str, str]
    batches: list[Any] = field(default_factory=list)
    size: int = 0
    parts: list[str] = field(default_factory=list)


class SparkTables:
    """The tables of one analysis on one session; they are gone when closed. See `Tables` for what each word does."""

    def __init__(self, session: Any, engine: Engine) -> None:
        self._session, self._engine = session, engine
        self._loading: dict[str, _Loading] = {}
        self._kept: dict[str, Any] = {}  # a server forgets what was computed when its client does

    def create(self, name: str, schema: Mapping[str, str]) -> None:
        """An empty table."""
        self._loading[name] = _Loading(schema)

    def fill(self, name: str, schema: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> int:
        """Adds rows to a table and returns their number. Raises ValueError for a row of another length."""
        remaining, count = iter(rows), 0
        while chunk := list(islice(remaining, CHUNK_ROWS)):
            self._add(name, arrow.batch(chunk, schema))
            count += len(chunk)
        return count

    def load(self, name: str, schema: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> int:
        """Makes a table of rows and returns their number."""
        self.create(name, schema)
        return self.fill(name, schema, rows)

    def take(self, name: str, schema: Mapping[str, str], select: str, kept: Tables) -> None:
        """Makes a table of what tables kept here answer; the rows travel in columns."""
        self.create(name, schema)
        for batch in kept.batches(select):
            self._add(name, arrow.shaped(batch, schema))

    def make(self, name: str, select: str) -> None:
        """Makes a table of what a query answers, computed now and once."""
        self._settle()
        with answering(self._engine):
            self._keep(name, self._session.sql(spoken(select, SPARK)))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows that one query answers."""
        return [row for block in self.blocks(sql) for row in block]

    def blocks(self, sql: str) -> Iterator[list[tuple[Any, ...]]]:
        """The rows that one query answers, some thousands at a time; they came as columns, all of them."""
        self._settle()
        with answering(self._engine):
            answer = self._session.sql(spoken(sql, SPARK)).toArrow()
        for batch in answer.to_batches(max_chunksize=CHUNK_ROWS):
            yield arrow.rows(batch)

    def interrupt(self) -> None:
        """End the statement that another thread runs: it raises there. The session is of no use then."""
        stop = Thread(target=self._interrupt, daemon=True)
        stop.start()
        stop.join(INTERRUPT_SECONDS)
        if self._engine.kind == "sc":  # whoever is asked may not listen: hang up
            self._session.client.close()

    def close(self) -> None:
        with suppress(Exception):  # a server that is gone has forgotten them
            for name, frame in self._kept.items():
                self._session.catalog.dropTempView(name)
                frame.unpersist()
        self._kept.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _interrupt(self) -> None:
        with suppress(Exception):  # whoever waits for the answer sees what became of it
            if self._engine.kind == "sc":
                self._session.interruptAll()
            else:
                self._session.sparkContext.cancelAllJobs()

    def _add(self, name: str, batch: Any) -> None:
        loading = self._loading[name]
        loading.batches.append(batch)
        loading.size += batch.nbytes
        if loading.size >= PART_BYTES:
            self._send(name, loading)

    def _send(self, name: str, loading: _Loading) -> None:
        part = f"{name}_part_{len(loading.parts)}"
        columns = ", ".join(f"`{key}` {SPARK_TYPES[kind]}" for key, kind in loading.schema.items())
        table = arrow.table(loading.batches, loading.schema)
        with answering(self._engine):
            self._session.createDataFrame(table, schema=columns).createOrReplaceTempView(part)
        loading.parts.append(part)
        loading.batches, loading.size = [], 0

    def _settle(self) -> None:
        """Make tables of the rows that came since the last statement."""
        for name, loading in list(self._loading.items()):
            if loading.batches or not loading.parts:
                self._send(name, loading)
            with answering(self._engine):
                union = " union all ".join(f"select * from {part}" for part in loading.parts)
                self._keep(name, self._session.sql(union))
            del self._loading[name]

    def _keep(self, name: str, frame: Any) -> None:
        self._kept[name] = self._computed(frame)
        self._kept[name].createOrReplaceTempView(name)

    def _computed(self, frame: Any) -> Any:
        """The table as it is now, where Spark's executors have room. What cannot do that computes it for each reader.

        A checkpoint forgets how the table came about; of a cache, which does not, each query would plan it all anew.
        """
        from pyspark.errors import PySparkException

        try:
            kept = frame.localCheckpoint(eager=True)
        except PySparkException:
            return frame
        if self._engine.kind == "sc":  # its client takes whichever session of this process was opened last
            kept._session = kept._plan._spark_session = self._session
        return kept
