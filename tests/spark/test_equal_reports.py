"""A whole store's report, and a whole city's measures, made on DuckDB and on the other engine from the same rows."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support import town
from support.runs import finished_run, rows
from support.sameness import same

from li_perf.cli import exit_code
from li_perf.simulator.city import build
from li_perf.steps.measure import measure
from li_perf.store import tables
from li_perf.store.engines import DUCKDB, Engine


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LI_PERF_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


MATCHES = "select * from match order by service_request_id, violation_id"


def test_the_report_of_a_city_is_the_same(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = finished_run(build(tickets=120, unanswerable=False), tmp_path).settings
    report = ["report", "--data", str(settings.data), "--output", str(settings.output)]
    found: list[Any] = []
    for engine in ("duckdb", address):
        monkeypatch.setenv("LI_PERF_ENGINE", engine)
        assert exit_code(report) == 0
        document = json.loads((settings.output / "report.json").read_text())
        found.append((document, rows(settings, MATCHES), (settings.output / "matches.csv").read_text()))
    (here, here_matches, here_csv), (there, there_matches, there_csv) = found
    assert here["requests"] == 120
    assert same(here, there, within=1e-3), [key for key in here if not same(here[key], there[key], within=1e-3)]
    assert here_matches == there_matches != []
    assert here_csv == there_csv


def test_without_its_engine_a_report_ends_in_a_sentence_and_the_old_one_stays(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = finished_run(build(tickets=5, unanswerable=False), tmp_path).settings
    report = ["report", "--data", str(settings.data), "--output", str(settings.output)]
    assert exit_code(report) == 0
    before = (settings.output / "report.json").read_bytes()
    monkeypatch.setenv("LI_PERF_ENGINE", "sc://127.0.0.1:1/;token=very-secret")
    assert exit_code(report) == 1
    said = capsys.readouterr().err
    assert "li-perf: Nobody listens at sc://127.0.0.1:1 (LI_PERF_ENGINE)." in said
    assert "very-secret" not in said
    assert (settings.output / "report.json").read_bytes() == before


async def test_the_measures_of_a_city_are_the_same(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "town.db"
    opened = [f"2025-0{1 + n % 3}-{1 + n % 28:02}T{n % 24:02}:00:00.250Z" for n in range(60)]
    closed = [f"2025-04-{1 + n % 28:02}T{n % 24:02}:30:00Z" if n % 4 else None for n in range(60)]
    kinds, areas = ("Graffiti", "Pothole", None), ("North", None)
    await town.receive(
        path,
        [
            town.row(
                n, "Closed" if closed[n] else "Open", opened[n], closed=closed[n], type=kinds[n % 3], area=areas[n % 2]
            )
            for n in range(60)
        ],
    )
    await town.filled(path)
    found = [await _measured(path, one) for one in (DUCKDB, engine)]
    (here_figures, here_days), (there_figures, there_days) = found
    assert len(here_figures) == len(there_figures) > 500
    for a, b in zip(here_figures, there_figures, strict=True):
        assert same(a, b, within=3e-3), f"{a} and {b}"
    assert here_days == there_days != []


async def _measured(path: Path, engine: Engine) -> tuple[list[Any], list[Any]]:
    """The figures and days that the store has then, in an order of their own."""
    async with town.job(path) as job:
        await measure(replace(job, engine=engine))
        metric, rolling = tables.metric.c, tables.rolling.c
        figures = await job.ledger.rows(select(*[column for column in metric if column.name != "id"]))
        days = await job.ledger.rows(select(rolling.type, rolling.day, rolling.volume, rolling.volume_7d))
        return sorted(map(tuple, figures), key=lambda row: repr(row[:6])), sorted(map(tuple, days))
