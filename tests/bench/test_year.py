"""A year of New York: a contestant with other figures is found out, and the table goes between its own two marks."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bench import year
from bench.tables import Page

GROUP = ("all", None, None, None)
EXPECTED = {(*GROUP, "volume"): 1_000.0, (*GROUP, "median_ttr"): 2.0, (*GROUP, "on_time_pct"): None}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({(*GROUP, "volume"): 1_002}, "differs in 1 of 3"),
        ({(*GROUP, "median_ttr"): None}, "differs in 1 of 3"),
        ({(*GROUP, "on_time_pct"): 0.0}, "differs in 1 of 3"),
        ({("year", "2025-01-01", None, None, "volume"): 1_000}, "2 groups"),
    ],
)
def test_who_has_other_figures_or_groups_is_named(changed: dict[tuple[object, ...], object], why: str) -> None:
    year._compare("peer", EXPECTED, EXPECTED | {(*GROUP, "median_ttr"): 2.000_1})
    with pytest.raises(AssertionError, match=f"peer .*{why}"):
        year._compare("peer", EXPECTED, EXPECTED | changed)


def test_the_table_goes_between_its_own_marks(tmp_path: Path) -> None:
    document, page = tmp_path / "a.md", Page()
    document.write_text(f"<!-- figures -->\nkept\n<!-- end of figures -->\n{year.BEGIN}\nold\n{year.END}\nbehind\n")
    page.line("new")
    page.line()
    page.put_into(document, year.BEGIN, year.END)
    assert document.read_text().splitlines()[1:] == [
        "kept",
        "<!-- end of figures -->",
        year.BEGIN,
        "new",
        year.END,
        "behind",
    ]


def test_pages_are_saved_as_they_were_received(tmp_path: Path) -> None:
    from li_perf.store.packing import pack

    with closing(sqlite3.connect(tmp_path / "city.db")) as connection, connection:
        connection.execute("CREATE TABLE page (id INTEGER, body BLOB)")
        connection.executemany("INSERT INTO page VALUES (?, ?)", [(n, pack(b"[%d]" % n)) for n in (1, 2)])
    year._save(tmp_path / "city.db", tmp_path / "pages")
    assert [path.read_bytes() for path in sorted((tmp_path / "pages").iterdir())] == [b"[1]", b"[2]"]
