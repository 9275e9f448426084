"""What a store and a report must be when a run is over, whatever happened on the way."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.truth import Truth

KNOWN_GOOD = "1234 MARKET ST"


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a query of the run's store answers."""
    store = sqlite3.connect(f"file:{folder / 'data' / 'philadelphia.db'}?mode=ro", uri=True)
    try:
        return store.execute(sql).fetchall()
    finally:
        store.close()


def begun(folder: Path) -> bool:
    """Whether the store has a run."""
    try:
        return rows(folder, "select count(*) from run") != [(0,)]
    except sqlite3.OperationalError:
        return False


def is_whole(folder: Path, real: Truth) -> None:
    """Nothing lost, nothing twice, no half step, and the report says what plain counting says."""
    _every_request_is_there_once(folder, real)
    _every_question_has_its_answer(folder, real)
    _every_page_is_there_once(folder)
    _the_report_is_true(folder, real)
    assert rows(folder, "pragma integrity_check") == [("ok",)]
    assert rows(folder, "select count(*), count(finished_at) from run") == [(1, 1)]


def _every_request_is_there_once(folder: Path, real: Truth) -> None:
    found = rows(folder, "select service_request_id, address_outcome, accounts from ticket")
    assert len(found) == len(real.requests)
    assert {number: (outcome, tuple(json.loads(accounts))) for number, outcome, accounts in found} == {
        number: (real.outcomes[number], real.accounts[number]) for number in real.requests
    }


def _every_question_has_its_answer(folder: Path, real: Truth) -> None:
    assert {question for (question,) in rows(folder, "select question from lookup")} == real.questions
    assert rows(folder, "select * from lookup where state != 'answered' or (body is null and source != 'local')") == []
    assert rows(folder, "select * from fetch where state != 'answered'") == []
    named = {
        account for _, accounts in rows(folder, "select 1, accounts from lookup") for account in json.loads(accounts)
    }
    assert named <= {value for (value,) in rows(folder, "select value from fetch where kind = 'account'")}


def _every_page_is_there_once(folder: Path) -> None:
    assert rows(folder, "select request from page group by request having count(*) > 1") == []
    assert (
        rows(folder, "select 1 from violation group by violationnumber, casenumber, violationcode having count(*) > 1")
        == []
    )


def _the_report_is_true(folder: Path, real: Truth) -> None:
    report = json.loads((folder / "output" / "report.json").read_text())
    levels = report["match_levels"] | report["background"]
    assert {name: levels[name]["matched"] for name in real.levels} == {k: len(v) for k, v in real.levels.items()}
    assert report["requests"] == sum(report["address_outcomes"].values()) == len(real.requests)
    lookups = report["lookups"]
    assert lookups["asked"] == lookups["answered"] + lookups["failed"] + lookups["pending"] == len(real.questions)
    assert all(check["passed"] for check in report["checks"] if check["is_certain"])


def left_over(folder: Path) -> list[str]:
    """Files of the output folder that are no part of the report."""
    report = {"report.txt", "report.html", "report.json", "matches.csv"}
    return sorted({file.name for file in (folder / "output").iterdir()} - report)


def gold(folder: Path) -> str:
    """One hash of what the run found out: tickets, complaints, violations and matches, and the file of matches."""
    found = hashlib.sha256((folder / "output" / "matches.csv").read_bytes())
    for table in ("ticket", "complaint", "violation", "match"):
        found.update(repr(sorted(rows(folder, f'select * from "{table}"'), key=repr)).encode())
    return found.hexdigest()


def asked_again(before: Mapping[str, int], after: Mapping[str, int], *, times: int = 1) -> int:
    """How often the server counts a question more than `times` between two moments, the known-good one aside."""
    more = Counter(after) - Counter(before)
    return sum(max(0, count - times) for question, count in more.items() if question != KNOWN_GOOD)
