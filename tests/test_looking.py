"""status and explain of a city without an inspection agency, as a person meets them on the command line."""

from __future__ import annotations

import json
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.gainesville import portal, request

from li_perf.cli import exit_code
from li_perf.faces.recalled import recalled_text
from li_perf.steps.recall import Recalled, Turn

ROOT = Path(__file__).parents[1]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("LI_PERF_") and name != "LI_PERF_REAL_DATA"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A data folder behind a download, behind a run, and behind a second one that found request 9 closed."""
    folder, found = tmp_path_factory.mktemp("looking"), {}
    with pytest.MonkeyPatch.context() as patch, portal() as stand_in:
        patch.setenv("LI_PERF_PORTAL_URL", stand_in.url)
        patch.setenv("LI_PERF_PORTAL_RATE", "0")
        patch.setenv("LI_PERF_DATA", str(folder / "data"))
        stand_in.rows.amend("status = 'Submitted'", "id = '9'", datetime(2025, 6, 2, tzinfo=UTC))
        for name, verb in (("downloaded", "download"), ("run", "run"), ("changed", "run")):
            if name == "changed":
                stand_in.rows.upsert([request(9), request(20)], datetime(2026, 1, 1, tzinfo=UTC))
            assert exit_code([verb, "gainesville"]) == 0
            found[name] = shutil.copytree(folder / "data", folder / name)
    return found


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert exit_code(list(arguments)) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_status_says_how_many_rows_requests_and_measures_there_are(
    stores: dict[str, Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = said(capsys, "status", "gainesville", "--data", str(stores["downloaded"]))
    assert "78uv-94ar: 11 of 11 rows received" in before
    assert "requests in silver: none yet" in before
    assert "measures: none yet" in before
    behind = said(capsys, "status", "gainesville", "--data", str(stores["run"]))
    assert "requests in silver: 11 of all downloads" in behind
    assert "measures: as of 2" in behind
    for word in ("addresses", "parcels", "answers"):
        assert word not in behind


def test_status_for_programs_has_nothing_where_nothing_is_looked_up(
    stores: dict[str, Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(said(capsys, "status", "gainesville", "--data", str(stores["run"]), "--json"))
    assert (found["silver"], found["questions"], found["fetches"], found["asked_again"]) == (11, None, None, None)
    assert datetime.fromisoformat(found["measured_as_of"]).tzinfo


def test_a_request_is_told_with_its_fields_and_the_statuses_that_it_had(
    stores: dict[str, Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--city", "gainesville", "--data", str(stores["changed"])]
    text = said(capsys, "explain", " 9 ", *data)
    assert text.startswith("request 9: Pothole, Archived, made 2025-03-10, closed 2025-03-12\n")
    assert "  commission district: 1\n" in text
    assert "  is open: no\n" in text
    turns = [line for line in text.splitlines() if line.startswith("  status ")]
    assert [turn.split(":")[0] for turn in turns] == ["  status Submitted", "  status Archived"]
    assert turns[1].endswith("closed 2025-03-12T13:00:00Z, changed 2025-03-12T13:00:00Z")
    found = json.loads(said(capsys, "explain", "9", *data, "--json"))
    assert found["request"]["requested_at"] == "2025-03-10T13:00:00Z"
    assert [turn["status"] for turn in found["history"]] == ["Submitted", "Archived"]
    assert found["history"][0]["closed_on"] is None


@pytest.mark.parametrize("number", ["99", "", "' or 1=1 --", "%", "1416 RACE ST"])
def test_a_request_that_is_not_there_is_a_sentence(
    number: str, stores: dict[str, Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["explain", "--city", "gainesville", "--data", str(stores["run"]), "--", number]) == 2
    caught = capsys.readouterr()
    assert caught.out == ""
    assert "The tickets of Gainesville know no request" in caught.err


def test_nothing_to_look_at_says_what_to_do(
    stores: dict[str, Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["explain", "--city", "gainesville", "--data", str(stores["downloaded"]), "9"]) == 2
    assert f"`li-perf clean gainesville --data {stores['downloaded']}` makes them" in capsys.readouterr().err
    assert exit_code(["explain", "--city", "gainesville", "9"]) == 2
    assert "Begin with `li-perf run gainesville`" in capsys.readouterr().err
    assert exit_code(["explain", "--city", "gainesville", "--data", str(stores["run"]), "9\udcff"]) == 2
    assert "is not UTF-8" in capsys.readouterr().err


def test_other_tools_read_the_lake_as_the_documents_say(
    stores: dict[str, Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/OPERATIONS.md").read_text(), re.DOTALL)
    (here / "data").symlink_to(stores["changed"])
    exec(code, {})
    counts = re.findall(r"│ (\S+) +│ +(\d+) │", capsys.readouterr().out)
    assert dict(counts) == {"1": "10", "2": "1", "NULL": "1"}


def test_hostile_text_is_shown_and_does_nothing() -> None:
    evil = "x\x1b[2J\r\n\x9b31m\u202eok"
    fields: dict[str, Any] = {"service_request_id": evil, "service_name": evil, "status": evil, "address": evil}
    turn = Turn(status=evil, closed_on=evil, closed_at=None, updated_at=None, seen_at=evil)
    request = fields | {"requested_on": evil, "closed_on": None}
    text = recalled_text(Recalled(city="town", request=request, area_title=None, history=[turn]))
    assert not set("\x1b\r\x9b\u202e") & set(text)
    assert len(text.split("\n")) == 3
