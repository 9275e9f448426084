"""The contestants: how each is started, what it does, and how many questions it is given."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from bench.process import ROOT, Stand, measured
from bench.questions import questions

PEERS = ROOT / "bench" / "peers"
THEIRS = ROOT / ".venv-bench" / "bin" / "python"
OURS = Path(sys.executable)


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """`count` is the number of questions of a full measurement: as many as it answers in a few seconds.

    `is_resumable` where it claims to go on after it was killed.
    """

    name: str
    title: str
    count: int
    script: str = ""
    more: tuple[str, ...] = ()
    python: Path = THEIRS
    keeps: bool = True
    is_resumable: bool = True

    def prepare(self, folder: Path, count: int) -> None:
        """Everything that is not measured: the questions in the form in which it takes them."""
        (folder / "questions.txt").write_text("\n".join(questions(count)))

    def arguments(self, folder: Path, stand: Stand) -> list[str]:
        script = str(PEERS / f"{self.script}.py")
        given = ["--questions", str(folder / "questions.txt"), "--folder", str(folder), *self.more]
        return [str(self.python), script, *given, "--ais", stand.ais_url, "--carto", stand.carto_url]

    def environment(self) -> dict[str, str]:
        return {}

    def answered(self, folder: Path) -> int:
        return _scalar(folder / "answers.db", "SELECT count(DISTINCT question) FROM answer")


@dataclass(frozen=True, kw_only=True)
class Ours(Contestant):
    """li_perf: its store is its list of questions."""

    python: Path = OURS

    def prepare(self, folder: Path, count: int) -> None:
        measured(self._call("seed", str(folder), str(count)), folder, self.environment())

    def arguments(self, folder: Path, stand: Stand) -> list[str]:
        return self._call("run", str(folder), "--ais", stand.ais_url, "--carto", stand.carto_url)

    def stubbed(self, folder: Path) -> list[str]:
        return self._call("run", str(folder), "--stubbed")

    def engine(self, count: int) -> list[str]:
        return [str(self.python), "-m", "bench.engine", str(count)]

    def libraries(self, count: int) -> list[str]:
        return [str(self.python), "-m", "bench.libraries", str(count)]

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(ROOT)}

    def answered(self, folder: Path) -> int:
        return _scalar(folder / "philadelphia.db", "SELECT count(*) FROM lookup WHERE state = 'answered'")

    def _call(self, *words: str) -> list[str]:
        return [str(self.python), "-m", "bench.ours", *words]


def _scalar(path: Path, query: str) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        return int(store.execute(query).fetchone()[0])


@dataclass(frozen=True, kw_only=True)
class Dlt(Contestant):
    """dlt keeps its answers in DuckDB, which the standard library cannot read."""

    is_resumable: bool = False

    def answered(self, folder: Path) -> int:
        query = "SELECT count(DISTINCT question) FROM bench.answer"
        program = f"import duckdb; print(duckdb.connect('answers.duckdb').execute('{query}').fetchone()[0])"
        said = subprocess.run([self.python, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
        return int(said.stdout) if said.returncode == 0 else 0  # before its first load there is no such table


FLOOR = Contestant(
    name="floor",
    title="bare aiohttp loop (the floor)",
    count=20_000,
    script="floor",
    python=OURS,
    keeps=False,
    is_resumable=False,
)
OUR = Ours(name="ours", title="li_perf", count=20_000)
NAIVE = Contestant(name="naive", title="naive asyncio script", count=3_000, script="naive")
THREADS = Contestant(name="requests", title="requests, 100 threads", count=3_000, script="threads")
SCRAPY = Contestant(name="scrapy", title="Scrapy, JOBDIR → SQLite", count=1_500, script="scrapy_jobdir")
CRAWLEE = Contestant(name="crawlee", title="Crawlee, queue on disk → SQLite", count=1_500, script="crawlee_queue")
CRAWLEE_IN_MEMORY = Contestant(
    name="crawlee-memory",
    title="Crawlee, queue in memory → SQLite",
    count=3_000,
    script="crawlee_queue",
    more=("--variant", "memory"),
    is_resumable=False,
)
DLT = Dlt(name="dlt", title="dlt, own asynchronous transformer → DuckDB", count=5_000, script="dlt_transformer")
DLT_REST = Dlt(name="dlt-rest", title="dlt, its REST source → DuckDB", count=1_500, script="dlt_rest")
CONTESTANTS: Sequence[Contestant] = (
    *(FLOOR, OUR, NAIVE, THREADS, CRAWLEE_IN_MEMORY, CRAWLEE, SCRAPY),
    *(DLT, DLT_REST),
)
BY_NAME = {contestant.name: contestant for contestant in CONTESTANTS}

# Killed with an answer a commit, the safest that each can be told to do.
EACH = ("--every", "1")
KILLED: Sequence[Contestant] = (
    OUR,
    NAIVE,
    replace(THREADS, title="requests, 100 threads, a commit an answer", more=EACH),
    replace(SCRAPY, title="Scrapy, JOBDIR, a commit an answer", more=EACH),
    replace(SCRAPY, title="Scrapy, JOBDIR, a commit per 500"),
    replace(CRAWLEE, title="Crawlee, queue on disk, a commit an answer", more=EACH),
    DLT,
)
