from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest

from li_perf.store import query
from li_perf.store.query import Tables

SCHEMA = {"name": "varchar", "n": "integer", "is_open": "boolean", "on_day": "date", "made_at": "timestamp"}


@pytest.fixture
def tables(tmp_path):
    with Tables(spill=tmp_path / "spill") as opened:
        yield opened


def test_rows_come_back_as_they_went_in(tables):
    rows = [
        ("00123", 1, True, date(2025, 1, 1), _naive(2025, 1, 1, 5)),
        ("quote's; drop table t", -2, False, date(1970, 1, 1), _naive(2025, 7, 1, 4, 0, 0, 123456)),
        (None, None, None, None, None),
    ]
    assert tables.load("t", SCHEMA, rows) == 3
    assert tables.rows("select * from t") == rows


@pytest.mark.parametrize("n", [0, 1])
def test_columns_without_a_value_keep_their_types(tables, n):
    assert tables.load("t", SCHEMA, [(None,) * 5] * n) == n
    kinds = dict(tables.rows("select column_name, data_type from information_schema.columns"))
    assert kinds == {"name": "VARCHAR", "n": "INTEGER", "is_open": "BOOLEAN", "on_day": "DATE", "made_at": "TIMESTAMP"}


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("America/New_York")])
def test_aware_times_become_utc(tables, zone):
    at = datetime(2025, 7, 1, 4, 30, tzinfo=UTC).astimezone(zone)
    tables.load("t", {"made_at": "timestamp"}, [(at,)])
    assert tables.rows("select made_at from t") == [(_naive(2025, 7, 1, 4, 30),)]


def test_more_rows_than_a_chunk_are_all_kept_once(tables, monkeypatch):
    monkeypatch.setattr(query, "CHUNK_ROWS", 100)
    assert tables.load("t", {"n": "integer"}, ((n,) for n in range(250))) == 250
    assert tables.rows("select count(*), count(distinct n), sum(n) from t") == [(250, 250, sum(range(250)))]


@pytest.mark.parametrize("rows", [[("a",)], [("a", 1), ("b",)], [("a", 1, 2)]])
def test_a_row_of_another_length_is_refused(tables, rows):
    with pytest.raises(ValueError, match=r"values|zip"):
        tables.load("t", {"name": "varchar", "n": "integer"}, rows)


def test_a_value_of_another_type_is_refused(tables):
    with pytest.raises(duckdb.Error):
        tables.load("t", {"n": "integer"}, [("many",)])


def test_names_may_be_words_of_sql(tables):
    tables.load("order", {"select": "varchar", 'a"b': "integer"}, [("x", 1)])
    assert tables.rows('select "select", "a""b" from "order"') == [("x", 1)]


def test_sql_reaches_no_file(tables, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n", encoding="utf-8")
    for sql in (f"select * from '{secret}'", f"copy (select 1) to '{tmp_path / 'out.csv'}'", "install spatial"):
        with pytest.raises(duckdb.Error):
            tables.run(sql)
    assert not (tmp_path / "out.csv").exists()


def test_settings_cannot_be_changed_back(tables):
    with pytest.raises(duckdb.Error, match="locked"):
        tables.run("set enable_external_access = true")


def test_days_are_days_of_utc(tables):
    assert tables.rows("select current_setting('TimeZone')") == [("UTC",)]


def test_a_large_sort_spills_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spill").mkdir()
    (tmp_path / "spill" / "of a killed run").write_text("")
    with Tables(spill=tmp_path / "spill", threads=1, memory_limit=60_000_000) as small:
        small.run("create table t as select i, hash(i) as h from range(2000000) as r(i) order by h")
        assert [path.name for path in tmp_path.glob("spill/*")] != ["of a killed run"]
    assert not list(tmp_path.iterdir())


def test_days_between_are_whole_numbers(tables):
    tables.load("t", {"a": "date", "b": "date"}, [(date(2025, 3, 9) + timedelta(days=60), date(2025, 3, 9))])
    assert tables.rows("select cast(a - b as integer), cast(b - a as integer) from t") == [(60, -60)]


def test_closed_tables_are_gone(tmp_path):
    with Tables(spill=tmp_path / "spill") as opened:
        opened.run("create table t as select 1 as a")
    with pytest.raises(duckdb.Error):
        opened.rows("select * from t")


def _naive(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


def test_tables_on_disk_answer_the_same_and_are_gone_when_closed(tmp_path):
    folder = tmp_path / "spill"
    with Tables(spill=folder, on_disk=True) as opened:
        opened.load("t", {"n": "integer"}, [(n,) for n in range(10_000)])
        opened.make("total", "select sum(n) as n from t")
        assert opened.rows("select n from total") == [(49_995_000,)]
        assert list(folder.iterdir())
    assert not folder.exists()
