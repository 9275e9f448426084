"""A store made by hand to harm: refused with a sentence, never executed, never changed."""

from __future__ import annotations

import sqlite3
import tracemalloc
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select
from support.stores import add_lookups, fill, filled, make_older, sql

from li_perf.errors import StoreError
from li_perf.store import pages
from li_perf.store.opening import open_ledger
from li_perf.store.packing import pack
from li_perf.store.schema import VERSION
from li_perf.store.tables import lookup, metadata

COPY = "create table spare as select * from lookup"
HOSTILE = {
    "a trigger that deletes answers": (
        ["create trigger t after insert on lookup begin delete from lookup where state = 'answered'; end"],
        "it has a trigger, 't'",
    ),
    "a trigger on a table of its own": (
        ["create table mine (a)", "create trigger t after delete on mine begin delete from lookup; end"],
        "it has a trigger",
    ),
    "a view for a table": (
        [COPY, "drop table lookup", "create view lookup as select * from spare"],
        "'lookup' is a view, not a table",
    ),
    "a view that never ends": (
        ["drop table tally", "create view tally as with recursive r as (select 1 as x union all select x from r) "
         "select x as run_id, x as server, x as outcome, x as requests from r"],
        "'tally' is a view",
    ),
    "a view in other letters": (
        ["drop table tally", "create view TALLY as select 1 as run_id"],
        "'TALLY' is a view",
    ),
    "a table without its rules": ([COPY, "drop table lookup", "alter table spare rename to lookup"], "not defined as"),
    "a missing table": (["drop table page"], "page is missing"),
    "a missing index": (["drop index lookup_state"], "lookup_state is missing"),
    "a missing column": (["alter table lookup drop column source"], "lookup is not defined as"),
    "one column more": (["alter table lookup add column more text"], "lookup is not defined as"),
    "a generated column": (
        ["alter table tally add column twice integer generated always as (requests * 2) virtual"],
        "tally is not defined as",
    ),
    "another type": (
        ["drop table tally", "create table tally (run_id text, server text, outcome text, requests blob)"],
        "tally is not defined as",
    ),
    "a rule that deletes by a foreign key": (
        ["drop table reject", "create table reject (id INTEGER NOT NULL, dataset TEXT NOT NULL, reason TEXT NOT NULL, "
         "\"row\" TEXT NOT NULL REFERENCES lookup (id) ON DELETE CASCADE, PRIMARY KEY (id))"],
        "reject is not defined as",
    ),
    "a table that is no table": (
        ["drop table reject", "create virtual table reject using fts5(dataset, reason, row)"],
        "reject is not defined as",
    ),
    "an index that calls functions": (
        ["create index slow on lookup (length(question))"],
        "it has an index, 'slow'",
    ),
    "a name with an escape sequence": (
        ['create trigger "\x1b[2Jt" after insert on lookup begin select 1; end'],
        r"\x1b[2Jt",
    ),
}  # fmt: skip


@pytest.mark.parametrize("read_only", [False, True], ids=["run", "reader"])
@pytest.mark.parametrize(("statements", "said"), HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_store_is_refused_and_not_changed(
    statements: list[str], said: str, read_only: bool, tmp_path: Path
) -> None:
    path = await filled(tmp_path / "city.db", 3)
    sql(path, *statements)
    before = path.read_bytes()
    with pytest.raises(StoreError) as refused:
        async with open_ledger(path, read_only=read_only) as ledger:
            await ledger.save(add_lookups(["1 CHESTNUT ST"]))
    assert "is not as li_perf makes it" in str(refused.value)
    assert said in str(refused.value)
    assert "\x1b" not in str(refused.value)
    assert path.read_bytes() == before


async def test_a_trigger_in_a_store_of_an_earlier_version_does_not_run_either(tmp_path: Path) -> None:
    path = await filled(tmp_path / "city.db", 3)
    make_older(path, 1, "create trigger t after update on lookup begin delete from lookup; end")
    with pytest.raises(StoreError, match="it has a trigger"):
        async with open_ledger(path):
            pass
    assert sql(path, "pragma user_version") == [(1,)]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (f"pragma user_version = {VERSION + 1}", "was made by a newer li_perf"),
        ("pragma user_version = 2147483647", "was made by a newer li_perf"),
        ("pragma user_version = -1", "database of another program"),
        ("pragma user_version = 0", "database of another program"),
        ("pragma application_id = 0", "database of another program"),
        ("pragma application_id = 252006673", "database of another program"),
    ],
)
async def test_a_foreign_or_newer_number_in_the_header_is_refused(statement: str, said: str, tmp_path: Path) -> None:
    path = await filled(tmp_path / "city.db", 3)
    sql(path, statement)
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(StoreError, match=said):
            async with open_ledger(path, read_only=read_only):
                pass
    assert path.read_bytes() == before


async def test_what_a_user_adds_beside_our_tables_is_left_alone(tmp_path: Path) -> None:
    path = await filled(tmp_path / "city.db", 3)
    sql(path, "create table mine (a)", "create index of_mine on mine (a)", "create view seen as select * from lookup",
        "insert into mine values (7)", "analyze")  # fmt: skip
    async with open_ledger(path) as ledger:
        await ledger.save(add_lookups(["1 CHESTNUT ST"]))
    assert sql(path, "select a from mine") == [(7,)]
    assert sql(path, "select count(*) from seen") == [(4,)]


async def test_a_row_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = await filled(tmp_path / "city.db", 3)
    sql(path, "update lookup set body = zeroblob(90000000) where id = 2")
    tracemalloc.start()
    try:
        async with open_ledger(path, read_only=True) as ledger:
            with pytest.raises(StoreError, match="larger than any that li_perf writes"):
                await ledger.rows(select(lookup.c.body))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


async def test_a_body_that_unpacks_to_far_more_than_was_received_is_refused_at_its_bound(tmp_path: Path) -> None:
    path = await filled(tmp_path / "city.db", 3)
    bomb = zlib.compressobj(9)
    packed = b"".join(bomb.compress(bytes(1_000_000)) for _ in range(300)) + bomb.flush()
    assert len(packed) < 1_000_000
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update page set body = ?", (packed,))
    tracemalloc.start()
    try:
        async with open_ledger(path, read_only=True) as ledger:
            with pytest.raises(StoreError, match="far too long"):
                await pages.last_body(ledger, 1, "violations")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000_000


@pytest.mark.parametrize("body", [pack(b"sound")[:-3], b"", b"not zlib", "text where bytes should be", 7])
async def test_a_body_of_another_kind_is_a_sentence(body: object, tmp_path: Path) -> None:
    path = await filled(tmp_path / "city.db", 3)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update page set body = ?", (body,))
    async with open_ledger(path, read_only=True) as ledger:
        with pytest.raises(StoreError, match=r"is damaged .* `li-perf verify`"):
            await pages.last_body(ledger, 1, "violations")


async def test_a_fresh_store_and_every_earlier_one_end_in_the_same_shape(tmp_path: Path) -> None:
    """Or the text that a migration adds would not be taken for ours."""
    fresh, old = tmp_path / "fresh.db", tmp_path / "old.db"
    async with open_ledger(fresh):
        pass
    async with open_ledger(old) as ledger:
        await fill(ledger, 3)
    make_older(old, 1)
    async with open_ledger(old):
        pass
    for table in metadata.tables:
        columns = (
            f"select name, type, \"notnull\", dflt_value, pk, hidden from pragma_table_xinfo('{table}') order by 1"
        )
        assert sql(old, columns) == sql(fresh, columns)
