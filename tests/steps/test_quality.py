"""quality: each figure counts what its definition says, and the sums are those of pages and lake."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from support.town import TOWN, filled, receive, row

from li_perf.cities.city import City, Targets
from li_perf.errors import StoreError
from li_perf.faces.quality import quality_text
from li_perf.model import Point
from li_perf.steps.quality import Quality, quality
from li_perf.steps.verify import verify
from li_perf.store.lake import folder_of
from li_perf.store.opening import open_ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "town.db"


async def looked(path: Path, city: City = TOWN) -> Quality:
    async with open_ledger(path, read_only=True) as ledger:
        return await quality(ledger, city)


def closed(number: int, at: str | None, opened: str = "2025-03-01T18:00:00Z", **others: object) -> dict[str, object]:
    return row(number, "Closed", opened, closed=at, **others)


async def test_each_figure_counts_what_it_says(path: Path) -> None:
    """The town is in Chicago: its midnight is 06:00 UTC in winter, 05:00 in summer."""
    await receive(
        path,
        [
            closed(1, "2025-03-02T06:00:00Z", area="North"),
            closed(2, "2025-07-02T05:00:00Z", address="1 MAIN ST"),
            closed(3, "2025-07-02T06:00:00Z"),
            closed(4, "2025-03-01T17:59:59Z"),
            closed(5, None),
            row(6, closed="2025-03-02T12:00:00Z"),
            row(7, "Open", "2090-01-01T00:00:00Z"),
        ],
    )
    await filled(path)
    found = {each.name: (each.count, each.n) for each in (await looked(path)).figures}
    assert found == {
        "closed_before_opened": (1, 5),
        "closed_at_midnight": (2, 5),
        "closed_without_time": (1, 5),
        "open_with_closing": (1, 2),
        "opened_after_received": (1, 7),
        "no_area": (6, 7),
        "no_point": (7, 7),
        "no_place": (5, 7),
    }


async def test_types_and_positions_are_judged_only_where_the_city_says_what_is_right(path: Path) -> None:
    await receive(path, [row(1, type="Pothole"), row(2, type="Pot hole"), row(3, type="Graffiti"), row(4)])
    await filled(path)
    plain = await looked(path)
    assert {"unnamed_type", "far_away"}.isdisjoint(each.name for each in plain.figures)
    city = replace(
        TOWN,
        aliases={"Pot hole": "Pothole"},
        targets=Targets(by_type={"Sewer": timedelta(days=1)}),
        box=(Point(lon=-90, lat=40), Point(lon=-80, lat=50)),
    )
    judged = await looked(path, city)
    assert [(each.name, each.count, each.n) for each in judged.figures[-2:]] == [
        ("unnamed_type", 1, 3),
        ("far_away", 0, 0),
    ]
    assert judged.unnamed_types == {"Graffiti": 1}


async def test_sums_repeats_and_rejects_are_those_of_all_that_came(path: Path) -> None:
    await receive(path, [row(1), row(1, "Closed"), row(2), {"a": 1}, {"a": 2}])
    await filled(path)
    await receive(path, [row(2), {"a": 1}, row(3)])
    await filled(path)
    await receive(path, [row(4), row(5)])
    found = await looked(path)
    assert (found.tickets, found.sums.in_pages, found.sums.waiting, found.sums.adds_up) == (3, 10, 2, True)
    assert found.rejects == {"id is missing": 2}
    assert found.sums.became.rejected == 3
    assert msgspec.structs.asdict(found.repeated) == {"rows": 2, "requests": 1, "most": 2}
    assert found.freshness.newest_opening == "2025-01-15T12:00:00Z"


async def test_every_column_of_a_ticket_is_looked_at_for_nulls(path: Path) -> None:
    await receive(path, [row(1, address="1 MAIN ST"), row(2)])
    await filled(path)
    missing = {each.name: each.share for each in (await looked(path)).nulls}
    assert (missing["status"], missing["address"], missing["resolution"], missing["lon"]) == (0.0, 0.5, 1.0, 1.0)


async def test_a_person_reads_shares_with_their_n_and_what_to_do(path: Path) -> None:
    await receive(path, [row(1), {"bad": 1}])
    await filled(path)
    await receive(path, [row(2)])
    text = quality_text(await looked(path))
    assert "2 rows received = 1 new + 0 changed + 0 unchanged + 0 earlier + 1 rejected: adds up." in text
    assert "1 more rows are not in yet: `li-perf clean town`" in text
    assert "   n/a  (0 of 0)  closed_before_opened" in text
    assert "100.00% (1 of 1)  no_point: Requests without a position." in text
    assert "Rejected:\n          1  id is missing" in text


async def test_an_empty_town_has_no_figures_but_says_so(path: Path) -> None:
    await receive(path, [])
    await filled(path)
    found = await looked(path)
    assert found.tickets == 0
    assert all(each.share is None for each in found.figures)


async def test_before_the_first_clean_it_says_what_to_do(path: Path) -> None:
    await receive(path, [row(1)])
    with pytest.raises(StoreError, match="`li-perf clean` makes them"):
        await looked(path)
    assert not folder_of(path).exists(), "looking makes nothing"


async def test_verify_notices_a_lake_that_lost_a_file_or_half_of_one(path: Path) -> None:
    await receive(path, [row(1), row(2, "Open", "2025-02-01T12:00:00Z"), {"bad": 1}])

    async def found() -> list[str]:
        async with open_ledger(path, read_only=True) as ledger:
            checks = {check.name: check for check in (await verify(ledger, TOWN)).checks}
            assert "rows" not in checks, "only what is matched has tables of its own"
            return checks["silver"].findings

    assert await found() == []
    await filled(path)
    assert await found() == []
    january, february = sorted(folder_of(path).glob("tickets/month=*/*"))
    january.unlink()
    february.write_bytes(february.read_bytes()[:100])
    gone, short = sorted(await found())
    assert gone.endswith("is gone")
    assert "has 100 bytes where" in short
