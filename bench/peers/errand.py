"""What every peer is told on its command line, and the SQLite file in which it keeps its answers."""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

CREATE = "CREATE TABLE IF NOT EXISTS answer (question TEXT PRIMARY KEY, account TEXT, body BLOB, violations BLOB)"


@dataclass(frozen=True, kw_only=True)
class Errand:
    """The questions; the two servers; where to keep the answers; calls at a time; answers a commit; a variant of the
    peer."""

    questions: list[str]
    ais: str
    carto: str
    folder: Path
    concurrency: int
    every: int
    variant: str

    @property
    def store(self) -> Path:
        return self.folder / "answers.db"

    def url(self, question: str) -> str:
        return f"{self.ais}/search/{quote(question, safe='')}"


def errand() -> Errand:
    parser = argparse.ArgumentParser()
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--ais", required=True)
    parser.add_argument("--carto", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--every", type=int, default=500)
    parser.add_argument("--variant", default="")
    wish = parser.parse_args()
    return Errand(
        questions=wish.questions.read_text().splitlines(),
        ais=wish.ais,
        carto=wish.carto,
        folder=wish.folder,
        concurrency=wish.concurrency,
        every=wish.every,
        variant=wish.variant,
    )


def opened(path: Path) -> sqlite3.Connection:
    """The store, with its table, in the journal mode that suits one writer at a time, of whatever thread."""
    store = sqlite3.connect(path, check_same_thread=False)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("PRAGMA synchronous = NORMAL")
    store.execute(CREATE)
    store.commit()
    return store


def unanswered(store: sqlite3.Connection, questions: Iterable[str]) -> list[str]:
    """Those that have no answer yet: how a restarted peer goes on."""
    there = {question for (question,) in store.execute("SELECT question FROM answer")}
    return [question for question in questions if question not in there]


class Keeping:
    """Writes answers, so many a transaction."""

    def __init__(self, store: sqlite3.Connection, *, every: int) -> None:
        self._store = store
        self._every = every
        self._waiting: list[tuple[str, str, bytes]] = []

    def add(self, question: str, account: str, body: bytes) -> None:
        self._waiting.append((question, account, body))
        if len(self._waiting) >= self._every:
            self.commit()

    def commit(self) -> None:
        with self._store:
            self._store.executemany("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, NULL)", self._waiting)
        self._waiting.clear()
