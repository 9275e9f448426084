"""Whether two engines answer the same: in each row the same values of the same types, floats to a millionth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from li_perf.store.workbench import Workbench

CLOSE = 1e-6
Rows = list[tuple[Any, ...]]


def assert_same_answer(one: Workbench, other: Workbench, sql: str, *, within: float = CLOSE) -> None:
    """In the same order, too, where the statement says in which; floats differ by at most `within`, or a millionth."""
    first, second = one.rows(sql), other.rows(sql)
    if "order by" not in sql.rpartition(")")[2]:
        first, second = sorted(first, key=_place), sorted(second, key=_place)
    assert len(first) == len(second), f"{len(first)} and {len(second)} rows of {sql}"
    for a, b in zip(first, second, strict=True):
        assert same(a, b, within=within), f"{a} and {b} of {sql}"


def same(one: Any, other: Any, *, within: float = CLOSE) -> bool:
    """Also of values inside lists and dictionaries, as JSON has them."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=CLOSE, abs_tol=within)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key], within=within) for key in one)
    if isinstance(one, Sequence) and not isinstance(one, str):
        return len(one) == len(other) and all(same(a, b, within=within) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def _place(row: tuple[Any, ...]) -> str:
    """Floats last, and rounded: two engines' differ in their last digits."""
    exact = [value for value in row if not isinstance(value, float)]
    return repr((exact, [round(value, 4) for value in row if isinstance(value, float)]))
