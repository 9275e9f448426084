"""The contestants: how each is started, what it does, and how many questions it is given."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
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
    python: Path = THEIRS
    is_resumable: bool = True

    def prepare(self, folder: Path, count: int) -> None:
        """Everything that is not measured: the questions in the form in which it takes them."""
        (folder / "questions.txt").write_text("\n".join(questions(count)))

    def arguments(self, folder: Path, stand: Stand) -> list[str]:
        script = str(PEERS / f"{self.name.replace('-', '_')}.py")
        given = ["--questions", str(folder / "questions.txt"), "--folder", str(folder)]
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

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(ROOT)}

    def answered(self, folder: Path) -> int:
        return _scalar(folder / "philadelphia.db", "SELECT count(*) FROM lookup WHERE state = 'answered'")

    def _call(self, *words: str) -> list[str]:
        return [str(self.python), "-m", "bench.ours", *words]


def _scalar(path: Path, query: str) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        return int(store.execute(query).fetchone()[0])


OUR = Ours(name="ours", title="li_perf", count=10_000)
FLOOR = Contestant(name="floor", title="bare aiohttp loop (the floor)", count=10_000, python=OURS, is_resumable=False)
CONTESTANTS: Sequence[Contestant] = (FLOOR, OUR)
BY_NAME = {contestant.name: contestant for contestant in CONTESTANTS}
