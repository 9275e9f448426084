"""What a store and a report must be when a run is over, whatever happened on the way."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from support.truth import Truth

from li_perf.store.questions import digest, received

KNOWN_GOOD = "1234 MARKET ST"
KEYS = {
    "lookup": "question",
    "ticket": "service_request_id",
    "page": "dataset, request",
    "fetch": "kind, value",
    "violation": "violationnumber, casenumber, violationcode",
}


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a query of the run's store answers."""
    with closing(opened(folder / "data" / "philadelphia.db")) as store:
        return store.execute(sql).fetchall()


def opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def begun(folder: Path) -> bool:
    """Whether the store has a run."""
    try:
        return rows(folder, "select count(*) from run") != [(0,)]
    except sqlite3.OperationalError:
        return False


def survived(folder: Path, real: Truth) -> dict[str, int]:
    """Counts of the store: its rows, what is lost, what is there twice, and steps that are half done."""
    with closing(opened(folder / "data" / "philadelphia.db")) as store:
        counted = {name: store.execute(f"select count(*) from {name}").fetchone()[0] for name in KEYS}
        apart = {
            name: store.execute(f"select count(*) from (select distinct {key} from {name})").fetchone()[0]
            for name, key in KEYS.items()
        }
        there = {number for (number,) in store.execute("select service_request_id from ticket")}
        answered = {question for (question,) in store.execute("select question from lookup where state = 'answered'")}
        return {
            "rows": sum(counted.values()),
            "lost": len(set(real.requests) - there) + len(real.questions - answered),
            "twice": sum(counted.values()) - sum(apart.values()),
            "half steps": len(half_steps(store)),
        }


def half_steps(store: sqlite3.Connection) -> list[str]:
    """Answers that are not whole, or whose parcels nobody will fetch, and fetches whose page is not there."""
    half = []
    there = {value for (value,) in store.execute("select value from fetch where kind = 'account'")}
    answers = "select question, state, status, body, sha256, accounts from lookup where source = 'ais'"
    for question, state, status, body, sha256, accounts in store.execute(answers):
        if state != "answered" or not received(body) or digest(question, status, body) != sha256:
            half.append(f"{question} is {state} and its answer is not whole")
        elif lost := set(json.loads(accounts)) - there:
            half.append(f"{question} is answered and {lost} are not to be fetched")
    asked = " ".join(request for (request,) in store.execute("select request from page where dataset = 'violations'"))
    done = store.execute("select kind, value from fetch where state = 'answered'").fetchall()
    half += [f"{kind} {value} is done and no page has it" for kind, value in done if f"'{value}'" not in asked]
    return half


def is_whole(folder: Path, real: Truth) -> dict[str, int]:
    """Nothing lost, nothing twice, no half step, and the report says what plain counting says; the counts."""
    counts = survived(folder, real)
    assert counts == {"rows": counts["rows"], "lost": 0, "twice": 0, "half steps": 0}
    _every_request_is_there(folder, real)
    _every_question_has_its_answer(folder, real)
    _the_report_is_true(folder, real)
    assert rows(folder, "pragma integrity_check") == [("ok",)]
    assert rows(folder, "select count(*), count(finished_at) from run") == [(1, 1)]
    return counts


def _every_request_is_there(folder: Path, real: Truth) -> None:
    found = rows(folder, "select service_request_id, address_outcome, accounts from ticket")
    assert {number: (outcome, tuple(json.loads(accounts))) for number, outcome, accounts in found} == {
        number: (real.outcomes[number], real.accounts[number]) for number in real.requests
    }


def _every_question_has_its_answer(folder: Path, real: Truth) -> None:
    assert {question for (question,) in rows(folder, "select question from lookup")} == real.questions
    assert rows(folder, "select * from lookup where body is null and source != 'local'") == []
    assert rows(folder, "select * from fetch where state != 'answered'") == []


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
    """One hash of what the run found out: tickets, complaints, violations and matches, and the file of matches.

    `violation_id` is left out: it numbers the rows as they came, and is only a join within one store.
    """
    found = hashlib.sha256((folder / "output" / "matches.csv").read_bytes())
    for table in ("ticket", "complaint", "violation", "match"):
        columns = [name for _, name, *_ in rows(folder, f'pragma table_info("{table}")') if name != "violation_id"]
        query = f'select {", ".join(columns)} from "{table}"'
        found.update(repr(sorted(rows(folder, query), key=repr)).encode())
    return found.hexdigest()


def asked_again(before: Mapping[str, int], after: Mapping[str, int], *, times: int = 1) -> int:
    """How often the server counts a question more than `times` between two moments, the known-good one aside."""
    more = Counter(after) - Counter(before)
    return sum(max(0, count - times) for question, count in more.items() if question != KNOWN_GOOD)
