"""One check of a store, and what there is to be done where it finds something."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

REBUILD = "`li-perf clean --afresh`, then `li-perf retry`, rebuild them from pages and answers."


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what was looked at, what was found wrong, and what to do about that."""

    name: str
    detail: str
    findings: list[str] = []
    remedy: str | None = None

    @property
    def is_sound(self) -> bool:
        return not self.findings


def restore(path: Path) -> str:
    return (
        f"Restore a copy; or save what can be read, `sqlite3 {path} .recover | sqlite3 saved.db`, "
        "and look at that with `verify`."
    )


def forget(path: Path, runs: Iterable[object]) -> str:
    which = ", ".join(map(str, runs))
    return (
        f'Restore a copy; or forget the download, sqlite3 {path} "DELETE FROM page WHERE run_id IN ({which}); '
        f"DELETE FROM download WHERE run_id IN ({which}); DELETE FROM fetch WHERE run_id IN ({which}); "
        f'DELETE FROM run WHERE id IN ({which})", '
        "then `li-perf run` with its dates: answers are kept."
    )
