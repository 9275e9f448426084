"""Whether a store's tables are ours: its schema's text against our own, so that nothing foreign in it ever runs.

A trigger or a view in a table's place would act in our name, and a column with a rule of its own would change rows.
Tables and views of other names are the user's own, and are never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from li_perf.store.tables import metadata

SHOWN = 60  # characters of a foreign name


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A CREATE statement as SQLite keeps it; `parts` are columns and constraints, whose order says nothing."""

    head: str
    parts: frozenset[str]
    tail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of sqlite_master."""

    kind: str
    name: str
    table: str
    sql: str | None


def strange(entries: Iterable[Entry], *, is_current: bool) -> str | None:
    """What is not as we make it, in words; None where all is.

    A store of an earlier version may lack what migrations add (they only add), and nothing else.
    """
    ours, found = _ours(), {}
    for entry in entries:
        if problem := _intruder(entry, ours):
            return problem
        if entry.sql is not None and (key := entry.name.casefold()) in ours:
            found[key] = _definition(entry.sql)
    for name, definition in ours.items():
        if name in found and not _is_as_made(found[name], definition, is_current):
            return f"{name} is not defined as li_perf defines it"
        if name not in found and is_current:
            return f"{name} is missing"
    return None


def _intruder(entry: Entry, ours: Mapping[str, Definition]) -> str | None:
    shown = ascii(entry.name[:SHOWN])
    if entry.kind == "trigger":
        return f"it has a trigger, {shown}"
    if entry.kind == "view" and entry.name.casefold() in ours:
        return f"{shown} is a view, not a table"
    is_foreign_index = entry.kind == "index" and entry.sql is not None and entry.name.casefold() not in ours
    if is_foreign_index and entry.table.casefold() in ours:
        return f"it has an index, {shown}, on a table of li_perf's"
    return None


def _is_as_made(found: Definition, ours: Definition, is_current: bool) -> bool:
    same_place = (found.head, found.tail) == (ours.head, ours.tail)
    return same_place and (found.parts == ours.parts if is_current else found.parts <= ours.parts)


@cache
def _ours() -> Mapping[str, Definition]:
    return dict(_definitions())


def _definitions() -> Iterator[tuple[str, Definition]]:
    dialect = sqlite.dialect()
    for table in metadata.sorted_tables:
        yield table.name, _definition(str(CreateTable(table).compile(dialect=dialect)))
        for index in table.indexes:
            yield str(index.name), _definition(str(CreateIndex(index).compile(dialect=dialect)))


def _definition(sql: str) -> Definition:
    """Split at the commas between the outermost parentheses; a text of any other form equals none of ours."""
    text = " ".join(sql.split())
    head, _, rest = text.partition("(")
    body, _, tail = rest.rpartition(")")
    return Definition(head=head.strip(), parts=frozenset(_split(body)), tail=tail.strip())


def _split(body: str) -> Iterator[str]:
    depth, part = 0, ""
    for letter in body:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            yield part.strip()
            part = ""
        else:
            part += letter
    yield part.strip()
