"""Where a report goes, of which period it is, and what is said of the other runs of a store."""

from __future__ import annotations

import asyncio
import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.processes import City, simulated

from li_perf.cli import exit_code
from li_perf.settings import Settings, output_of
from li_perf.store import runs
from li_perf.store.opening import open_ledger


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[City]:
    """A simulated city, which the environment names; folders are the default ones."""
    monkeypatch.chdir(tmp_path)
    with simulated(tickets=60) as city:
        for name, value in city.environment(tmp_path).items():
            monkeypatch.setenv(name, value)
        for name in ("LI_PERF_DATA", "LI_PERF_OUTPUT"):
            monkeypatch.delenv(name)
        yield city


def test_a_report_made_anew_goes_where_its_run_put_it(asked: City, tmp_path: Path) -> None:
    assert exit_code(["run", "--output", "own"]) == 0
    (tmp_path / "own/report.html").unlink()
    for verb in ("report", "retry"):
        assert exit_code([verb]) == 0
        assert (tmp_path / "own/report.html").exists()
        assert not (tmp_path / "output").exists(), "the place of another run's report"


def test_a_run_that_never_got_an_answer_keeps_where_its_report_goes(
    asked: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("LI_PERF_CARTO_URL", "http://127.0.0.1:9/sql")
        assert exit_code(["run", "--output", "own"]) == 1
        assert exit_code(["report"]) == 2, "there is nothing yet, and no word of where it is"
    assert exit_code(["resume"]) == 0
    assert (tmp_path / "own/report.html").exists()
    assert not (tmp_path / "output").exists()
    report = json.loads((tmp_path / "own/report.json").read_text())
    assert report["servers"]["Carto"] == asked.carto_url, "the address at which it was asked in the end"


def test_a_report_made_anew_goes_where_it_is_told_to(
    asked: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert exit_code(["run", "--output", "own"]) == 0
    assert exit_code(["report", "--output", "flag"]) == 0
    assert (tmp_path / "flag/report.html").exists()
    monkeypatch.setenv("LI_PERF_OUTPUT", "environment")
    assert exit_code(["report"]) == 0
    assert (tmp_path / "environment/report.html").exists()


@pytest.mark.parametrize("kept", [{}, {"in_force": {}}, {"in_force": {"output": "own"}}])
def test_a_run_that_does_not_say_where_its_report_is_has_it_where_reports_go(kept: dict[str, dict[str, str]]) -> None:
    assert output_of(Settings(), kept) == Path("own" if kept.get("in_force") else "output")
    assert output_of(Settings(output=Path("said")), kept) == Path("said")


def test_a_report_that_takes_the_place_of_another_periods_says_so(
    asked: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for since, until in (("2025-01-01", "2026-01-01"), ("2025-06-01", "2025-09-01")):
        capsys.readouterr()
        assert exit_code(["run", "--since", since, "--until", until]) == 0
    said = (
        "2025-06-01 until 2025-09-01 is reported: output holds the report of 2025-01-01 until 2026-01-01, and loses it."
    )
    assert said in capsys.readouterr().err
    assert exit_code(["report"]) == 0
    assert "is reported" not in capsys.readouterr().err, "it is the same period's"
    report = tmp_path / "output/report.json"
    report.write_text(json.dumps(json.loads(report.read_text()) | {"since": "2024-01-01"}))
    assert exit_code(["report"]) == 0
    assert "output holds the report of 2024-01-01 until 2025-09-01, and loses it." in capsys.readouterr().err
    report.write_text("{")
    assert exit_code(["report"]) == 0
    assert "is reported" not in capsys.readouterr().err, "nobody knows what it was"


async def three_runs(path: Path) -> None:
    """A store whose last run is finished, and the two before are not."""
    async with open_ledger(path) as ledger:
        for year in (2024, 2023, 2025):
            about = {"since": f"{year}-01-01", "until": f"{year + 1}-01-01", "settings": {}, "version": "0"}
            begun = await runs.begin(ledger, city="gainesville", **about)
        await runs.note(ledger, begun.id, finished_at=runs.now())


def test_status_names_each_period_that_is_not_at_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    asyncio.run(three_runs(tmp_path / "own/gainesville.db"))
    assert exit_code(["status", "gainesville", "--data", "own"]) == 0
    periods = [["2023-01-01", "2024-01-01"], ["2024-01-01", "2025-01-01"]]
    assert capsys.readouterr().out.splitlines()[-2:] == [
        f"Not finished: {since} until {until}; "
        f"`li-perf run gainesville --data own --since {since} --until {until}` goes on."
        for since, until in periods
    ]
    assert exit_code(["status", "gainesville", "--data", "own", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unfinished"] == periods


def test_a_match_says_where_its_request_is(asked: City, tmp_path: Path) -> None:
    assert exit_code(["run"]) == 0
    with (tmp_path / "output/matches.csv").open(newline="") as file:
        found = {row["service_request_id"]: (row["lon"], row["lat"]) for row in csv.DictReader(file)}
    with closing(sqlite3.connect(tmp_path / "data/philadelphia.db")) as store:
        known = {
            number: (lon, lat) for number, lon, lat in store.execute("select service_request_id, lon, lat from ticket")
        }
    assert found == {number: tuple("" if part is None else str(part) for part in known[number]) for number in found}
    assert any(lon.startswith("-75.") and lat.startswith(("39.", "40.")) for lon, lat in found.values())
