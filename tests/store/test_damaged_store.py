"""A damaged file: found at opening, refused with the next step, and never written to."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import select
from support.chaos import bounded
from support.stores import filled, sql

from li_perf.errors import StoreError
from li_perf.store.opening import open_ledger
from li_perf.store.tables import lookup

PAGE = 4_096


async def _is_refused(path: Path, what: str) -> None:
    before = path.read_bytes()
    try:
        with pytest.raises(StoreError, match=r"damaged|is not a SQLite file|is not as li_perf makes it"):
            async with open_ledger(path):
                pass
    except pytest.fail.Exception as missed:
        raise AssertionError(f"nobody noticed: {what}") from missed
    assert path.read_bytes() == before


async def test_every_page_that_is_zeroed_is_noticed(tmp_path: Path) -> None:
    path = await filled(tmp_path / "city.db", 150)
    sound = path.read_bytes()
    pages = len(sound) // PAGE
    for page in random.Random(1).sample(range(pages), min(pages, bounded(20, 300))):
        path.write_bytes(sound[: page * PAGE] + bytes(PAGE) + sound[(page + 1) * PAGE :])
        await _is_refused(path, f"page {page} of {pages} was zeroed")


async def test_every_tail_that_is_cut_off_is_noticed(tmp_path: Path) -> None:
    path = await filled(tmp_path / "city.db", 150)
    sound = path.read_bytes()
    dice = random.Random(2)
    for length in (dice.randrange(1, len(sound)) for _ in range(bounded(12, 40))):
        path.write_bytes(sound[:length])
        await _is_refused(path, f"{length} of {len(sound)} bytes were left")


async def test_every_header_of_garbage_is_noticed(tmp_path: Path) -> None:
    path = await filled(tmp_path / "city.db", 20)
    sound = path.read_bytes()
    dice = random.Random(3)
    for length in (dice.randrange(16, 100) for _ in range(bounded(12, 40))):
        path.write_bytes(dice.randbytes(length) + sound[length:])
        await _is_refused(path, f"{length} bytes of garbage")


async def test_a_page_that_is_damaged_behind_opening_is_a_sentence_for_who_reads_it(tmp_path: Path) -> None:
    path = await filled(tmp_path / "city.db", 150)
    root = sql(path, "select rootpage from sqlite_master where name = 'lookup'")[0][0]
    sound = path.read_bytes()
    path.write_bytes(sound[: (root - 1) * PAGE] + b"\xff" * PAGE + sound[root * PAGE :])
    async with open_ledger(path, read_only=True) as ledger:
        with pytest.raises(StoreError, match="It is damaged"):
            await ledger.rows(select(lookup))
