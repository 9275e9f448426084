"""A city without an inspection agency, from its portal to its numbers, as a person meets it on the command line."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.gainesville import portal, request

from li_perf.cli import exit_code
from li_perf.faces import health
from li_perf.simulator.portals.stand_in import StandIn
from li_perf.steps.watch import Turn

PATIENCE = 30.0
RUN = ["run", "gainesville"]


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("LI_PERF_") and name != "LI_PERF_REAL_DATA"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def city(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The portal, which the environment names."""
    with portal() as stand_in:
        monkeypatch.setenv("LI_PERF_PORTAL_URL", stand_in.url)
        monkeypatch.setenv("LI_PERF_PORTAL_RATE", "0")
        yield stand_in


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a verb prints that succeeds."""
    capsys.readouterr()
    assert exit_code(list(arguments)) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a verb that succeeds tells of its progress."""
    capsys.readouterr()
    assert exit_code(list(arguments)) == 0
    return capsys.readouterr().err


def items(capsys: pytest.CaptureFixture[str], *more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(said(capsys, "metrics", "gainesville", "--format", "json", *more))["items"]
    return found


def test_a_run_ends_with_measures_that_say_what_they_are_of(city: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(RUN) == 0
    document = json.loads(said(capsys, "metrics", "gainesville", "--format", "json"))
    found = {item["name"]: item for item in document["items"]}
    assert found["volume"]["value"] == 11
    assert found["open_requests"]["value"] == 1
    assert found["median_ttr"] | {"value": 2.0} == found["median_ttr"]
    assert (found["median_ttr"]["n"], found["median_ttr"]["excluded"]) == (10, {"still open": 1})
    assert document["definitions"]["median_ttr"]["unit"] == "days"
    assert (found["reopen_pct"]["value"], found["reopen_pct"]["excluded"]) == (None, {"the city does not tell": 11})
    assert datetime.now(UTC) - datetime.fromisoformat(document["as_of"]) < timedelta(minutes=2)


def test_requests_without_a_place_are_a_group_of_their_own(city: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(RUN) == 0
    by_area = {item["area"]: item["value"] for item in items(capsys, "--by", "area", "--name", "volume")}
    assert by_area == {"": 1, "1": 9, "2": 1}
    assert "(none named)" in said(capsys, "metrics", "gainesville", "--by", "area")
    both = items(capsys, "--by", "area,type", "--name", "volume")
    assert {(item["area"], item["type"]): item["value"] for item in both}[("2", "Graffiti")] == 1


def test_periods_are_bounded_by_their_first_day(city: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(RUN) == 0
    weeks = items(capsys, "--period", "week", "--name", "volume", "--since", "2025-03-04", "--until", "2025-03-10")
    assert [week["starts_on"] for week in weeks] == []
    (week,) = items(capsys, "--period", "week", "--name", "volume", "--since", "2025-03-03", "--until", "2025-03-10")
    assert (week["starts_on"], week["value"]) == ("2025-03-03", 7)


def test_requests_since_a_day_are_measured_as_such(city: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(RUN) == 0
    found = {item["name"]: item for item in items(capsys, "--since", "2025-03-05", "--until", "2025-03-11")}
    assert found["volume"]["value"] == 6, "the days from the fifth to the tenth"
    assert found["open_requests"]["value"] == 1
    by_type = items(capsys, "--by", "type", "--since", "2025-03-09", "--name", "volume")
    assert {item["type"]: item["value"] for item in by_type} == {"Pothole": 2, "Graffiti": 2}
    assert "4 requests as of" in said(capsys, "metrics", "gainesville", "--since", "2025-03-09")
    assert items(capsys, "--since", "2025-03-01") == items(capsys), "all of them, by either way"


@pytest.mark.parametrize("more", [["--since", "2030-01-01"], ["--period", "month", "--until", "2020-01-01"]])
def test_days_without_requests_are_said_to_have_none(
    more: list[str], city: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(RUN) == 0
    capsys.readouterr()
    assert exit_code(["metrics", "gainesville", *more]) == 0
    caught = capsys.readouterr()
    assert "Gainesville has no such requests. Without --since and --until there are 11." in caught.err
    assert " as of " not in caught.out
    assert items(capsys, *more) == []


def test_a_table_by_week_has_the_measures_that_there_are(city: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(RUN) == 0
    found = said(capsys, "metrics", "gainesville", "--period", "week")
    assert "volume" in found
    assert "p90_ttr" not in found


def test_a_city_of_which_one_request_was_reopened_tells_of_all(
    city: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    again = request(20, commission_district="2", closed="03/25/2025 09:00", reopened="03/24/2025 09:00:00")
    city.rows.upsert([again], datetime(2026, 1, 1, tzinfo=UTC))
    assert exit_code(RUN) == 0
    found = {item["area"]: item for item in items(capsys, "--by", "area", "--name", "reopen_pct")}
    assert {area: item["value"] for area, item in found.items()} == {"": 0.0, "1": 0.0, "2": 50.0}
    assert found["1"]["excluded"] == {"never closed": 1}
    (early,) = items(capsys, "--until", "2025-03-05", "--name", "reopen_pct")
    assert (early["value"], early["n"]) == (0.0, 3), "also where none of the span was"


def test_a_file_has_a_row_a_number_with_its_definition(
    city: StandIn, capsysbinary: pytest.CaptureFixture[bytes], scratch: Path
) -> None:
    assert exit_code(RUN) == 0
    capsysbinary.readouterr()
    assert exit_code(["metrics", "gainesville", "--by", "type", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsysbinary.readouterr().out.decode())))
    assert {row["city"] for row in rows} == {"gainesville"}
    assert all(row["definition"] and row["unit"] and row["as_of"] and row["n"] for row in rows)
    assert exit_code(["metrics", "gainesville", "--by", "type", "--format", "parquet"]) == 0
    (scratch / "table.parquet").write_bytes(capsysbinary.readouterr().out)
    found = duckdb.sql("select count(*), sum(n) from 'table.parquet'").fetchall()
    assert found == [(len(rows), sum(int(row["n"]) for row in rows))]


def test_the_second_run_asks_for_what_came_and_changed(city: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    city.rows.amend("status = 'Closed'", "id = '1'", datetime(2025, 7, 1, tzinfo=UTC))
    assert exit_code(RUN) == 0
    asked = city.asked["page"]
    city.rows.upsert([request(9), request(20)], datetime(2026, 1, 1, tzinfo=UTC))
    newest_before = 1  # asked for again: others may have changed at that very instant
    assert f"download 78uv-94ar: {2 + newest_before} of 3" in told(capsys, *RUN)
    found = {item["name"]: item["value"] for item in items(capsys)}
    assert (found["volume"], found["open_requests"]) == (12, 0)
    assert city.asked["page"] == asked + 1


def test_a_portal_that_touches_every_row_changes_nothing(city: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(RUN) == 0
    before = items(capsys)
    city.rows.touch(datetime(2026, 2, 1, tzinfo=UTC))
    assert "download 78uv-94ar: 11 of 11" in told(capsys, *RUN)
    assert items(capsys) == before


def test_everything_is_downloaded_again_when_that_is_wished(city: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(RUN) == 0
    assert "download 78uv-94ar: 11 of 11" in told(capsys, "download", "gainesville", "--full")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["metrics", "gainesville"], "Begin with `li-perf run gainesville`"),
        (["metrics", "gainesville", "--by", "colour"], "--by 'colour' is none of: area, type, area,type"),
        (["metrics", "gainesville", "--period", "eon"], "none of: all, year, quarter, month, week"),
        (["metrics", "gainesville", "--name", "beauty"], "none of: volume, "),
        (["metrics", "gainesville", "--since", "soon"], "--since 'soon' is not a date"),
        (["measure", "gainesville"], "Begin with `li-perf run gainesville`"),
        (["report", "gainesville"], "Begin with `li-perf run gainesville`"),
        (
            ["metrics", "gainesville", "--by", "area,type", "--period", "quarter"],
            "figures for these periods only: all, month, year.",
        ),
        (["metrics", "gainesville", "--period", "week", "--name", "p90_ttr"], "By week there is no p90_ttr; there are"),
        (["watch", "--every", "1s"], "no span of a minute or more"),
        (["watch", "--every", "often"], "write it as 90s, 50m, 6h or 1d"),
        (["watch", "atlantis"], "There is no city 'atlantis'"),
    ],
)
def test_wrong_wishes_are_one_sentence(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(arguments) == 2
    assert sentence in capsys.readouterr().err


def test_a_verb_needs_things_and_says_which_are_not_there(city: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["download", "gainesville"]) == 0
    for verb in ("report", "enrich", "match", "retry", "plan"):
        assert exit_code([verb, "gainesville"]) == 2
        assert "Gainesville has no inspection agency's violations to match." in capsys.readouterr().err
    assert exit_code(["metrics", "gainesville"]) == 2
    assert "Gainesville is not measured yet. `li-perf measure gainesville` does it." in capsys.readouterr().err


def test_watching_refreshes_and_ends_in_peace_when_told(city: StandIn, scratch: Path) -> None:
    command = [sys.executable, "-m", "li_perf", "watch", "gainesville", "--since", "2025-01-01"]
    watching = subprocess.Popen(command, cwd=scratch, stderr=subprocess.PIPE)
    try:
        _until(lambda: (told := _told(scratch)) is not None and told.cities["gainesville"].succeeded_at is not None)
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(PATIENCE) == 143
    finally:
        watching.kill()
        watching.communicate()
    assert exit_code(["metrics", "gainesville"]) == 0
    assert exit_code(["health"]) == 0


def _told(folder: Path) -> health.Health | None:
    import msgspec

    path = health.path_of(folder / "data")
    return msgspec.json.decode(path.read_bytes(), type=health.Health) if path.exists() else None


def _until(is_so: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def test_a_made_up_city_is_served_and_run(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-m", "li_perf", "simulate", "vancouver", "--tickets", "300", "--port", "0"]
    serving = subprocess.Popen(command, cwd=scratch, stdout=subprocess.PIPE, text=True)
    try:
        assert serving.stdout
        assert "A made-up Vancouver is being served" in serving.stdout.readline()
        url = serving.stdout.readline().split("LI_PERF_PORTAL_URL=")[1].split()[0]
        monkeypatch.setenv("LI_PERF_PORTAL_URL", url)
        monkeypatch.setenv("LI_PERF_PORTAL_RATE", "0")
        assert exit_code(["run", "vancouver"]) == 0
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(PATIENCE) == 0, "to be told to stop is how serving ends"
    finally:
        serving.kill()
        serving.communicate()


def test_a_city_that_misses_three_turns_is_not_healthy(tmp_path: Path) -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    turns = {"up": Turn(succeeded_at="2026-01-01T03:00:00Z"), "down": Turn(said="It is down.", failures=4)}
    health.write(tmp_path, health.Health(began_at=began.isoformat(), every=3_000, cities=turns))
    assert health.late(tmp_path, now=began + timedelta(hours=2)) == []
    assert health.late(tmp_path, now=began + timedelta(hours=4)) == ["down was last refreshed never: It is down."]
