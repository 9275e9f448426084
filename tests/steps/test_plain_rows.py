"""Plain rows that DuckDB reads by itself come to the same as those that the city's function reads, one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support.town import Lists, everything, filled, receive

from li_perf.cities.new_york import NEW_YORK
from li_perf.engine.halt import Halt, Stopped
from li_perf.steps import stage
from li_perf.store.lake import Counts, State, folder_of, look
from li_perf.store.plain_pages import PlainPages
from li_perf.store.steady import steady_days

CITY = replace(NEW_YORK, requests=replace(NEW_YORK.requests, portal=Lists()))  # type: ignore[arg-type]
NUMBERS = count(70_000_000)

TIMES = (
    *("2025-03-09T01:59:59.000", "2025-03-09T02:30:00.000", "2025-03-09T12:00:00.000", "2025-03-08T23:59:59.999"),
    *("2025-11-02T00:30:00.000", "2025-11-02T01:30:00.000", "2025-11-03T00:00:00.000", "2025-01-15T00:00:00.000"),
    *("2025-02-30T00:00:00.000", "2025-01-15T24:00:00.000", "2025-01-15T10:60:00.000", "2025-13-01T10:00:00.000"),
    *("2025-01-15T10:00:00", "2025-01-15T10:00:00.0000", "2025-01-15 10:00:00.000", "2025-01-15T10:00:00.000Z"),
    *(
        "2025-01-15T10:00:00.000+01:00",
        "01/15/2025 10:00:00 AM",
        "2025-01-15",
        " 2025-01-15T10:00:00.000",
        "1736935200",
    ),
    *("1899-01-15T10:00:00.000", "1999-12-31T23:59:59.000", "2100-06-01T10:00:00.000", "0001-01-01T00:00:00.000", ""),
    *("20250115T100000.000", "2025-W03-3T10:00:00.000", "infinity", "epoch", 1736935200000, None, True, {}, ["x"]),
)
TEXTS = (
    *(
        "Noise",
        " Noise",
        "Noise\t",
        "\u00a0Noise",
        "Noise\u2003",
        "",
        "  ",
        "No\nise",
        'a "quoted" word',
        "back\\slash",
    ),
    *("\\", '"', "é", "\u0000", "\u0007", "\u007f", "😀", "ſpecified", "Unſpecified", "UNSPECIFIED", "unknown", "N/A"),
    *("n/a ", "Unspecified\n", "5.0", "5.00", ".0", "007", "null", "Ünspecified", "İ", "-1", "1e5"),
    *(
        "'; drop table held; --",
        "/",
        "a/b",
        "\u2028",
        "\b",
        "\x1fx",
        "e\u0301",
    ),
    *(5, 5.0, 5.5, -1, 1e300, 2**62, 2**63, 0.1, True, False, None, {}, {"a": "b"}, [], ["Noise"]),
)
STATUSES = (
    *("Closed", "closed", "CLOSED ", "Closed - Testing", "Cancel", "Unspecified", "unspecified", "Open", "Pending", 3),
    *("ſpecified", "Cancelled", "closed\n", "", None, "Unspecified "),
)
DEGREES = (
    *("40.76", "-73.96", "40", "40.", ".5", "+40.7", "-0.0", "90.0", "89.9", "90.1", "180.0", "179.99999999999999"),
    *("180.1", "1e1", "4_0.7", " 40.7", "nan", "inf", "0x10", "", 40.7, 40, -73.9, True, None, {}),
    *("40.76123456789012345", "40.123456789012345678901", "040.7", "0040.7"),
)
ODD: dict[str, Sequence[Any]] = {
    **dict.fromkeys(("created_date", "closed_date", "resolution_action_updated_date", "due_date"), TIMES),
    **dict.fromkeys(("unique_key", "complaint_type", "descriptor", "agency", "incident_address"), TEXTS),
    **dict.fromkeys(("incident_zip", "borough", "open_data_channel_type", "resolution_description"), TEXTS),
    "status": (*STATUSES, *TEXTS),
    "latitude": DEGREES,
    "longitude": DEGREES,
    "location": ("(40.7, -73.9)", {"type": "Point", "coordinates": [-73.9, 40.7]}, {"latitude": "40.7"}, None, 5),
}


def row(**changed: Any) -> dict[str, Any]:
    """A plain row, unless told otherwise."""
    return {
        ":id": "row-1",
        "unique_key": str(next(NUMBERS)),
        "created_date": "2025-01-15T22:26:58.123",
        "closed_date": "2025-07-19T01:00:00.000",
        "agency": "NYPD",
        "complaint_type": "Noise - Residential",
        "status": "Closed",
        "descriptor": "Banging/Pounding",
        "incident_zip": "10065-1234",
        "incident_address": '1  3 "AVENUE"',
        "resolution_description": "The Police Department\nresponded.",
        "resolution_action_updated_date": "2025-07-19T01:00:05.000",
        "borough": "Unspecified",
        "latitude": "40.764056288051485",
        "longitude": "-73.96",
        "location": {"type": "Point", "coordinates": [-73.96, 40.76]},
    } | changed


def odd_rows() -> Iterator[dict[str, Any]]:
    for column, values in ODD.items():
        yield {name: value for name, value in row().items() if name != column}
        yield from (row(**{column: value}) for value in values)
    yield from (row(closed_date=at, status=word) for at in TIMES for word in ("Open", "Unspecified"))
    yield from (row(closed_date=at, created_date="2025-11-02T01:15:00.000") for at in TIMES)
    for place in ODD["location"]:
        yield {name: value for name, value in row(location=place).items() if name not in ("latitude", "longitude")}
    yield {"Unique Key": "1", "Created Date": "01/15/2025 10:00:00 AM", "Status": "Open"}


async def both_ways(path: Path, monkeypatch: pytest.MonkeyPatch, *pages: list[Any]) -> tuple[State, State]:
    """What a clean by the city's function alone comes to, and one in which DuckDB reads the plain rows: the same."""
    await receive(path, *pages)
    one_by_one = await filled(path, city=CITY)
    expected = everything(path)
    monkeypatch.setattr(stage, "MANY_ROWS", 0)
    monkeypatch.setattr(stage, "BLOCK_ROWS", 1)
    together = await filled(path, city=CITY, afresh=True)
    assert everything(path) == expected
    assert together.counts == one_by_one.counts
    return one_by_one, together


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows of each page DuckDB did not read."""
    numbers: list[int] = []
    usual = PlainPages.stage

    def staged(self: PlainPages, *pages: Any) -> Any:
        found = usual(self, *pages)
        numbers.append(sum(map(len, found)))
        return found

    monkeypatch.setattr(PlainPages, "stage", staged)
    return numbers


async def test_odd_rows_come_to_the_same_tickets_and_rejects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: list[int]
) -> None:
    odd, plain = list(odd_rows()), [row() for _ in range(50)]
    long = [row(resolution_description="x" * 1_000_100), row(incident_address="x" * 200_000), row()]
    state, _ = await both_ways(tmp_path / "city.db", monkeypatch, [*odd[::2], *plain], odd[1::2], long)
    assert state.counts.rejected > 100
    assert len(odd) > sum(left) > 200, "plain ones among them are not left"


async def test_plain_rows_are_all_read_by_duckdb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: list[int]
) -> None:
    rows = [row(), row(closed_date=None, status="In Progress"), row(location=None, latitude=None, longitude=None)]
    state, _ = await both_ways(tmp_path / "city.db", monkeypatch, rows, [])
    assert state.counts == Counts(received=3, new=3)
    assert left == [0, 0]


@pytest.mark.parametrize("broken", ["5", '{"unique_key": "1", "unique_key": "2"}'])
async def test_a_page_with_something_else_than_rows_goes_to_the_function_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: list[int], broken: str
) -> None:
    monkeypatch.setattr(
        json, "dumps", lambda rows, usual=json.dumps, **how: usual(rows, **how).replace('"HERE"', broken)
    )
    state, _ = await both_ways(tmp_path / "city.db", monkeypatch, [row(), "HERE", row()], [row()])
    assert (state.counts.received, state.counts.rejected, state.counts.new) == (4, 1, 3)
    assert sorted(left) == [0, 3]


async def test_versions_of_a_request_count_in_the_order_in_which_they_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever block is staged first."""
    path = tmp_path / "city.db"
    turns = [
        row(unique_key="1", status=word, descriptor=at) for word, at in (("Open", " "), ("Closed", "x"), ("Open", "é"))
    ]
    state, _ = await both_ways(path, monkeypatch, *([turn, row()] for turn in turns), [turns[0]])
    assert (state.counts.new, state.counts.earlier, state.most_repeated) == (4, 3, 4)
    (found,) = (each for each in everything(path) if each[0] == "1")
    assert [turn["status"] for value in found if isinstance(value, list) for turn in value] == [
        "Open",
        "Closed",
        "Open",
    ]


async def test_who_is_told_to_stop_stops_between_blocks_and_commits_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, halt = tmp_path / "city.db", Halt()
    monkeypatch.setattr(stage, "MANY_ROWS", 0)
    await receive(path, [row()])
    halt.set()
    with pytest.raises(Stopped):
        await filled(path, city=CITY, halt=halt)
    assert look(folder_of(path)).state is None
    assert not (folder_of(path) / "work").exists()


def test_days_on_which_clocks_change_are_not_steady() -> None:
    days = dict(steady_days(NEW_YORK.zone))
    assert len(days) == 18_628 - 2 * 51
    assert not {date(2025, 3, 9), date(2025, 11, 2)} & days.keys()
    assert {seconds // 3_600 for seconds in days.values()} == {-5, -4}
