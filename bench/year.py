"""A year of New York: download -> silver -> measures, beside plain DuckDB and pandas on the pages that were saved.

Every step is a process of its own, one after the other in one run; all three must come to the same figures.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from math import isclose
from pathlib import Path
from typing import Any

from bench.contestants import PEERS, THEIRS
from bench.process import ROOT, Usage, measured
from bench.tables import Page, say

CITY = "new-york"
STEPS = ("download", "clean", "measure")
PEER_STEPS = {"plain DuckDB": "year_duckdb", "pandas on pyarrow": "year_pandas"}
NAMES = ("volume", "open_requests", "closed_requests", "mean_ttr", "median_ttr", "p90_ttr", "on_time_pct")
CLOSE = 0.001  # relative: whoever takes the hour that clocks repeat for its second pass is this far off at most
BEGIN, END = "<!-- year -->", "<!-- end of year -->"
Figures = Mapping[tuple[Any, ...], Any]


def show(rows: int, into: Path | None) -> None:
    """One run with so many requests, and its table."""
    page = Page()
    page.line(f"{rows:,} requests, {os.cpu_count()} cores. Load before: {os.getloadavg()[0]:.1f}.")
    page.line()
    with _served(rows) as url, tempfile.TemporaryDirectory() as folder:
        _show(page, _all(url, Path(folder), rows))
    page.line(f"Load after: {os.getloadavg()[0]:.1f}.")
    page.line()
    if into:
        page.put_into(into, BEGIN, END)


def _all(url: str, folder: Path, rows: int) -> dict[str, Usage]:
    """Each step's usage by name. Raises AssertionError where two do not come to the same figures."""
    environment = {"LI_PERF_PORTAL_URL": url, "LI_PERF_PORTAL_RATE": "0", "LI_PERF_DATA": str(folder / "data")}
    environment |= {"LI_PERF_OUTPUT": str(folder / "output"), "PYTHONPATH": str(ROOT)}
    used: dict[str, Usage] = {}

    def ours(name: str, step: str) -> None:
        say(name)
        used[name] = measured([sys.executable, "-m", "li_perf", step, CITY], folder, environment)

    for step in STEPS:
        ours(f"li_perf {step}", step)
    store = folder / "data" / f"{CITY}.db"
    as_of, expected = _ours(store)
    _save(store, folder / "pages")
    for name, script in PEER_STEPS.items():
        say(name)
        (place := folder / script).mkdir()
        call = [str(THEIRS), str(PEERS / f"{script}.py"), str(folder / "pages"), str(place), as_of]
        used[name] = measured(call, place, {})
        _compare(name, expected, _theirs(place))
    for step in STEPS[:2]:
        ours(f"li_perf {step}, again", step)
    assert expected["all", None, None, None, "volume"] == rows
    return used


def _show(page: Page, used: Mapping[str, Usage]) -> None:
    ours = [used[f"li_perf {step}"] for step in STEPS]
    both = Usage(
        wall=sum(u.wall for u in ours[1:]), cpu=sum(u.cpu for u in ours[1:]), peak=max(u.peak for u in ours[1:])
    )
    shown = {**used, "li_perf clean + measure": both}
    rows = [[name, f"{u.wall:.1f}", f"{u.cpu:.1f}", f"{u.peak:,.0f}", *_ratios(u, both)] for name, u in shown.items()]
    head = ["", "wall s", "CPU s", "peak MB", "wall ÷", "CPU ÷", "peak ÷"]
    page.table(head, rows)
    page.line("The last three columns are divided by what li_perf's clean and measure take together.")


def _ratios(one: Usage, other: Usage) -> list[str]:
    return [f"{one.wall / other.wall:.2f}", f"{one.cpu / other.cpu:.2f}", f"{one.peak / other.peak:.2f}"]


def _ours(store: Path) -> tuple[str, Figures]:
    """When the download ended, and the measures."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        ((as_of,),) = connection.execute("SELECT as_of FROM measurement")
        query = f"SELECT period, starts_on, area, type, name, value FROM metric WHERE name IN {NAMES}"
        return as_of, {tuple(row[:-1]): row[-1] for row in connection.execute(query)}


def _theirs(folder: Path) -> Figures:
    found = json.loads((folder / "figures.json").read_text())
    return {
        (period, starts_on and starts_on[:10], area, kind, name): value
        for period, starts_on, area, kind, *values in found
        for name, value in zip(NAMES, values, strict=True)
    }


def _compare(name: str, expected: Figures, found: Figures) -> None:
    groups = {key[:-1] for key in found}
    assert groups == {key[:-1] for key in expected}, f"{name} has {len(groups)} groups"
    odd = [(key, value, found[key]) for key, value in expected.items() if not _same(value, found[key])]
    assert not odd, f"{name} differs in {len(odd)} of {len(expected)} figures: {odd[:5]}"


def _same(one: Any, other: Any) -> bool:
    return one is other or (None not in (one, other) and isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE))


def _save(store: Path, folder: Path) -> None:
    """The pages as received, each in a file of its own."""
    folder.mkdir()
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        for number, body in connection.execute("SELECT id, body FROM page ORDER BY id"):
            (folder / f"{number:05}.json").write_bytes(zlib.decompress(body))


@contextmanager
def _served(rows: int) -> Iterator[str]:
    call = [sys.executable, "-m", "bench.year_city", str(rows)]
    with subprocess.Popen(call, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as city:
        assert city.stdin
        assert city.stdout
        try:
            yield city.stdout.readline().strip()
        finally:
            city.stdin.close()
