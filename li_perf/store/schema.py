"""Whether a file is a store of ours, sound and current; named migrations, each in one transaction with its number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from li_perf.errors import StoreError
from li_perf.store.shape import Entry, strange
from li_perf.store.tables import APPLICATION_ID, audit, measurement, metadata, metric, pulse, rolling

Migration = Callable[[Connection], None]


def _create(connection: Connection) -> None:
    metadata.create_all(connection)


def _hash_answers(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE lookup ADD COLUMN sha256 TEXT")


def _prefill(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE run ADD COLUMN prefill TEXT")
    audit.create(connection)


def _newest(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE download ADD COLUMN newest TEXT")


def _measures(connection: Connection) -> None:
    for table in (measurement, metric, rolling):
        table.create(connection)


def _pulse(connection: Connection) -> None:
    pulse.create(connection)


def _pack_with_words(_: Connection) -> None:
    """Answers are packed with a dictionary from here on; those that are there can be read as they are."""


def _cleaned(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE run ADD COLUMN cleaned_at TEXT")


# From version n to n + 1; a new store is created as it is today.
MIGRATIONS: tuple[tuple[str, Migration], ...] = (
    ("create the tables", _create),
    ("hash answers", _hash_answers),
    ("remember the audit of pre-filled answers", _prefill),
    ("keep the pulse of a run at work", _pulse),
    ("note where the next download goes on", _newest),
    ("keep measures", _measures),
    ("pack answers with a dictionary", _pack_with_words),
    ("note whose rows the tables hold", _cleaned),
)
VERSION = len(MIGRATIONS)


def prepare(connection: Connection, path: Path) -> None:
    """Check the file and bring it up to date, inside the caller's transaction.

    Raises StoreError for one that is foreign, newer, damaged, or has tables of another form.
    """
    version = recognise(connection, path)
    _check(connection, path)
    for _, migrate in MIGRATIONS[version:] if version else MIGRATIONS[:1]:
        migrate(connection)
    _refuse_strange(connection, path, is_current=True)
    connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def explain(error: DBAPIError, path: Path) -> StoreError:
    """SQLite's error as a sentence with the next step."""
    said = str(error.orig).lower()
    for sign, sentence in (
        ("disk is full", "There is no space left for it. Free some, then `li-perf resume`; nothing is lost."),
        ("disk i/o", "The disk does not take it. Check the disk and its space, then `li-perf resume`."),
        ("readonly", "It cannot be written. Check its owner and rights, or set LI_PERF_DATA to another folder."),
        (
            "unable to open",
            "It cannot be opened. Check the folder's owner and rights, or set LI_PERF_DATA to another one.",
        ),
        ("locked", "Another program is writing to it. Close that one, then run this again."),
        ("not a database", "It is not a SQLite file. Move it away, or set LI_PERF_DATA to another folder."),
        ("too big", "It has a row larger than any that li_perf writes. `li-perf verify` says what is sound in it."),
        (
            "malformed",
            "It is damaged. Restore a copy, or move it away and run again; `sqlite3 FILE .recover` may save rows.",
        ),
    ):
        if sign in said:
            return StoreError(f"The store {path}: {sentence}")
    return StoreError(f"The store {path} cannot be used: {error.orig}.")


def recognise(connection: Connection, path: Path) -> int:
    """The store's version, 0 for an empty file. Raises StoreError for one that is foreign, newer or tampered with."""
    version = _pragma(connection, "user_version")
    owner = _pragma(connection, "application_id")
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    if (tables and (owner != APPLICATION_ID or version == 0)) or version < 0:
        raise StoreError(
            f"{path} is a database of another program. Move it away, or set LI_PERF_DATA to another folder."
        )
    if version > VERSION:
        raise StoreError(
            f"{path} was made by a newer li_perf (store version {version}, this one knows {VERSION}). "
            "Upgrade li_perf, or set LI_PERF_DATA to another folder."
        )
    if version:
        _refuse_strange(connection, path, is_current=version == VERSION)
    return version


def _refuse_strange(connection: Connection, path: Path, *, is_current: bool) -> None:
    rows = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master")
    entries = [Entry(kind=row.type, name=row.name, table=row.tbl_name, sql=row.sql) for row in rows]
    if problem := strange(entries, is_current=is_current):
        raise StoreError(
            f"The store {path} is not as li_perf makes it: {problem}. Nothing in it was used. "
            "Undo that if it was you, or restore a copy, or set LI_PERF_DATA to another folder."
        )


def _check(connection: Connection, path: Path) -> None:
    problems = connection.exec_driver_sql("PRAGMA quick_check(3)").scalars().all()
    if list(problems) != ["ok"]:
        raise StoreError(
            f"The store {path} is damaged ({problems[0]}). Restore a copy, or move it away and run again; "
            "`sqlite3 FILE .recover` may save rows."
        )


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
