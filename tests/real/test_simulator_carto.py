"""The simulated tables against real rows of the City's: the same columns, the same forms of values."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from li_perf.simulator.city import build
from li_perf.simulator.tables import COLUMNS, REQUESTS

DATA = Path(__file__).parents[2] / os.environ.get("LI_PERF_REAL_DATA", "../shared/data") / "philadelphia"
pytestmark = pytest.mark.skipif(not (DATA / "violations_real_rows.csv").exists(), reason=f"no real rows in {DATA}")

FORMS = {
    "time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "old number": re.compile(r"\d{9}"),
    "new number": re.compile(r"VI-\d{4}-\d{6}"),
    "old case": re.compile(r"\d{6}"),
    "new case": re.compile(r"CF-\d{4}-\d{6}"),
    "zip": re.compile(r"\d{5}-\d{4}"),
}


def _forms(rows: list[dict[str, Any]], column: str) -> set[str]:
    values = {str(row[column]) for row in rows if row[column]}
    return {next((name for name, form in FORMS.items() if form.fullmatch(value)), value) for value in values}


@pytest.fixture(scope="module")
def violations() -> list[dict[str, Any]]:
    return build(tickets=1000).violations


def _real_violations() -> list[dict[str, Any]]:
    with (DATA / "violations_real_rows.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_real_violations_have_no_column_that_the_simulation_lacks(violations: list[dict[str, Any]]) -> None:
    assert set(_real_violations()[0]) <= set(COLUMNS["violations"])
    assert list(violations[0]) == list(COLUMNS["violations"])


@pytest.mark.parametrize("column", ["violationnumber", "casenumber", "violationdate", "casecreateddate", "zip"])
def test_numbers_and_times_have_the_forms_of_real_ones(violations: list[dict[str, Any]], column: str) -> None:
    assert _forms(violations, column) == _forms(_real_violations(), column)


def test_most_real_and_simulated_violations_are_dated_at_local_midnight(violations: list[dict[str, Any]]) -> None:
    for rows in (violations, _real_violations()):
        midnights = sum(str(row["violationdate"])[11:] in ("05:00:00Z", "04:00:00Z") for row in rows)
        assert midnights / len(rows) > 0.85


def test_a_real_request_of_today_has_the_simulated_columns_and_types() -> None:
    real = json.loads((DATA / "public_cases_fc_real_rows.json").read_text())
    today = next(row for row in real if row.get("_form") == "json")
    columns = {name for name in today if not name.startswith("_")}
    assert columns <= set(COLUMNS[REQUESTS])
    ours = next(
        row for row in build(tickets=300).requests if row["status"] == "Open" and row["service_type"] and row["lat"]
    )
    for name in columns:
        same = type(ours[name]) is type(today[name])
        assert same or None in (ours[name], today[name]), name
    assert ours["agency_responsible"] == today["agency_responsible"]
