"""Made-up rows have the columns and the shapes of real ones."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from li_perf.simulator.faults import Faults
from li_perf.simulator.portals.cities import speaker_of
from li_perf.simulator.portals.stand_in import Asked

REAL = Path(__file__).parents[2] / os.environ.get("LI_PERF_REAL_DATA", "../shared/data")
NEW_YORK = REAL / "nyc" / "soda_erm2-nwe9_records_1000_2026-08.json"
GAINESVILLE = REAL / "gainesville" / "311_clean_scrubbed.csv"
EXACT = ("unique_key", "created_date", "closed_date", "incident_zip", "due_date", "community_board", "council_district")


def shape(text: str) -> str:
    """Its letters and digits as one of each."""
    return re.sub(r"[A-Za-z ]+", "a", re.sub(r"\d", "9", text))


def shapes(rows: Iterable[Mapping[str, Any]], column: str) -> set[str]:
    return {shape(row[column]) for row in rows if row.get(column)}


def made(city: str, table: str) -> list[dict[str, Any]]:
    asked = Asked(path=f"/resource/{table}.json", parameters={"$limit": "1500"}, headers={})
    rows: list[dict[str, Any]] = json.loads(speaker_of(city, rows=1_500).answer(asked, Faults()).body)
    return rows


@pytest.mark.skipif(not NEW_YORK.exists(), reason=f"no real rows in {REAL}")
def test_new_yorks_columns_and_shapes_are_the_portals() -> None:
    real, ours = json.loads(NEW_YORK.read_text()), made("new-york", "erm2-nwe9")
    assert {name for row in ours for name in row} - {":id", ":created_at", ":updated_at"} <= {
        n for row in real for n in row
    }
    assert {name for row in real for name in row} <= set(speaker_of("new-york", rows=1).rows.columns)
    assert all(type(value) is str for row in ours for name, value in row.items() if name != "location")
    for column in EXACT:
        assert shapes(ours, column) <= shapes(real, column), column


@pytest.mark.skipif(not GAINESVILLE.exists(), reason=f"no real rows in {REAL}")
def test_gainesvilles_texts_have_the_portals_two_forms() -> None:
    with GAINESVILLE.open(newline="") as file:
        real = list(csv.DictReader(file))
    ours = made("gainesville", "78uv-94ar")
    for column in ("created", "closed", "last_updated", "acknowledged", "commission_district", "status"):
        assert shapes(ours, column) <= shapes(real, column), column
    assert len(shapes(ours, "closed")) == 2
    of_types = {row["request_type"] for row in ours}
    assert of_types <= {row["request_type"] for row in real}
