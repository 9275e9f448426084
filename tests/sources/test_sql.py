"""Statements: every value is quoted, every name is ours, and pages neither lose nor repeat a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from li_perf.errors import Garbled
from li_perf.sources import sql


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("License & Inspections", "'License & Inspections'"),
        ("O'Neil", "'O''Neil'"),
        ("''", "''''''"),
        ("", "''"),
        ("'; DROP TABLE t --", "'''; DROP TABLE t --'"),
        ("a\\b", " E'a\\\\b'"),
        ("\\' OR 1=1 --", " E'\\\\'' OR 1=1 --'"),
        ("ÄÖ 🏠\n", "'ÄÖ 🏠\n'"),
        (17346520, "17346520"),
        (-1, "-1"),
        (10**30, "1" + "0" * 30),
    ],
)
def test_a_value_is_quoted(value: str | int, written: str) -> None:
    assert sql.literal(value) == written


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", True, False, None, 1.5, float("nan"), b"x", ["a"]])
def test_a_value_that_sql_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"not a text or a whole number|cannot be sent"):
        sql.literal(value)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@given(text=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40))
@settings(deadline=None)
def test_a_text_comes_back_as_it_was(database: duckdb.DuckDBPyConnection, text: str) -> None:
    assert database.execute(f"SELECT {sql.literal(text)}").fetchall() == [(text,)]


@pytest.mark.parametrize("word", ["", "a b", "a;b", 'a"', "A", "1a", "a-b", "a\n", "ä", "a.b", "*"])
def test_a_name_that_is_not_plain_is_a_bug(word: str) -> None:
    for write in (lambda: sql.select("t", [word]), lambda: sql.look(word), lambda: sql.within(word, ["x"])):
        with pytest.raises(ValueError, match="not a plain SQL name"):
            write()


def test_conditions_are_written_with_their_values_quoted() -> None:
    assert sql.compare("day", ">=", "2025-01-01") == "day >= '2025-01-01'"
    assert sql.within("opa_account_num", ["051133966", "x'y"]) == "opa_account_num IN ('051133966', 'x''y')"
    assert sql.present("ticket_num_311") == "ticket_num_311 IS NOT NULL"
    with pytest.raises(ValueError, match="not an operator"):
        sql.compare("day", "LIKE", "x")


def test_a_select_has_its_parts_in_order() -> None:
    statement = sql.select("t", ["a", "b"], where=["a = 1", "b < 2"], order=["a", "b"], limit=5)
    assert statement == "SELECT a, b FROM t WHERE a = 1 AND b < 2 ORDER BY a, b LIMIT 5"
    assert sql.select("t", ["a"]) == "SELECT a FROM t"


def test_rows_are_counted_with_and_without_conditions() -> None:
    assert sql.count("t", ["a = 1", "b < 2"]) == "SELECT count(*) AS n FROM t WHERE a = 1 AND b < 2"
    assert sql.count("t", []) == "SELECT count(*) AS n FROM t"


@pytest.mark.parametrize(
    ("statement", "half", "limit"),
    [
        ("SELECT a FROM t LIMIT 5000", "SELECT a FROM t LIMIT 2500", 5000),
        ("SELECT a FROM t LIMIT 3", "SELECT a FROM t LIMIT 1", 3),
        ("SELECT a FROM t LIMIT 1", None, 1),
        ("SELECT a FROM t", None, None),
        ("SELECT a FROM t WHERE a = ' LIMIT 5'", None, None),
    ],
)
def test_a_page_is_halved_until_one_row_is_left(statement: str, half: str | None, limit: int | None) -> None:
    assert sql.halved(statement) == half
    assert sql.limit_of(statement) == limit


@pytest.mark.parametrize(("value", "key"), [(1, 1), ("007", "007"), (17346520.0, 17346520), (10**30, 10**30), ("", "")])
def test_a_key_keeps_the_type_it_came_in(value: Any, key: Any) -> None:
    assert sql.key_of({"a": value}, "a") == key


@pytest.mark.parametrize("row", [{}, {"a": None}, {"a": [1]}, {"a": {}}, {"a": True}, {"a": 1.5}, None, [], "a"])
def test_a_row_without_a_key_is_garbled(row: Any) -> None:
    with pytest.raises(Garbled):
        sql.key_of(row, "a")


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ([], 0),
        ([{"a": "1"}], 1),
        ([{"a": "1"}, {"a": "2"}, {"a": "2"}], 2),
        ([{"a": "2"}, {"a": "1"}, {"a": "2"}], 1),
        ([{"a": "1"}, {"a": None}], 0),
        (["odd", {"a": "2"}], 1),
        ([{"a": "2"}, "odd"], 0),
    ],
)
def test_the_last_group_of_a_page_is_counted(rows: list[Any], count: int) -> None:
    assert sql.tail(rows, "a") == count
