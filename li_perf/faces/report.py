"""Writes the report's four files into a folder: all of them, or none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from li_perf.analysis.findings import Findings
from li_perf.errors import UserError
from li_perf.faces.report_html import html
from li_perf.faces.report_json import json
from li_perf.faces.report_text import text
from li_perf.faces.spreadsheet import write_csv

Writer = Callable[[IO[str]], object]


def write(
    findings: Findings, match_rows: Iterable[Sequence[object]], match_header: Sequence[str], folder: Path
) -> None:
    """Writes report.txt, report.html, report.json and matches.csv.

    Each file appears whole or not at all, and none is replaced before all are written. The same findings and rows give
    the same bytes. Raises UserError if the folder cannot be written.
    """
    contents: dict[str, Writer] = {
        "report.txt": lambda file: file.write(text(findings)),
        "report.html": lambda file: file.write(html(findings)),
        "report.json": lambda file: file.write(json(findings).decode()),
        "matches.csv": lambda file: write_csv(file, match_header, match_rows),
    }
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder, contents)


def _replace(folder: Path, contents: dict[str, Writer]) -> None:
    for name in contents:
        _sweep(folder, name)
    with ExitStack() as leftovers:
        for name, fill in contents.items():
            part = _part(folder, name)
            leftovers.callback(_remove, part)
            with part.open("w", encoding="utf-8", newline="") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
        for name in contents:
            os.replace(_part(folder, name), folder / name)
        _sync(folder)


def _part(folder: Path, name: str) -> Path:
    return folder / f".{name}.{os.getpid()}.part"


def _sweep(folder: Path, name: str) -> None:
    """Remove what a process that was killed while it wrote has left."""
    for part in folder.glob(f".{name}.*.part"):
        number = part.suffixes[-2][1:]
        if number.isdigit() and not _is_alive(int(number)):
            _remove(part)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    # Windows cannot open a folder; there the names are durable when the system says so.
    with suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"The report cannot be written to {folder}: {error.strerror or error}. "
            "Make the folder writable and free some space there, or name another with LI_PERF_OUTPUT; "
            "then run `li-perf report`."
        ) from error
