"""Made-up values as SQL: an expression for each that depends on the row's number and a seed alone."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FACES = 1_048_576


@dataclass(frozen=True, slots=True)
class Dice:
    """`salt` tells one throw for a row from another."""

    seed: int = 311

    def throw(self, salt: str) -> str:
        """A whole number, evenly."""
        return f"cast(hash(n, {zlib.crc32(f'{self.seed}:{salt}'.encode())}) % {FACES} as bigint)"

    def share(self, salt: str) -> str:
        """From 0 up to but not including 1."""
        return f"({self.throw(salt)} / {FACES}.0)"

    def between(self, salt: str, low: int, high: int) -> str:
        """A whole number, both ends included."""
        return f"({int(low)} + {self.throw(salt)} % {int(high) - int(low) + 1})"

    def pick(self, salt: str, values: Sequence[Any]) -> str:
        return at(values, f"{self.throw(salt)} % {len(values)}")

    def index(self, salt: str, weights: Sequence[int]) -> str:
        """From 0, as often as its weight says."""
        return self.pick(salt, [place for place, weight in enumerate(weights) for _ in range(weight)])

    def weighted(self, salt: str, weights: Mapping[Any, int]) -> str:
        return self.pick(salt, [value for value, weight in weights.items() for _ in range(weight)])

    def maybe(self, salt: str, share: float, sql: str) -> str:
        """For so large a share of the rows, else nothing."""
        return f"case when {self.throw(salt)} < {round(share * FACES)} then {sql} end"

    def normal(self, salt: str) -> str:
        """Of mean 0 and deviation 1 (Box and Muller)."""
        return f"(sqrt(-2 * ln(1 - {self.share(salt + '/1')})) * cos(2 * pi() * {self.share(salt + '/2')}))"


def at(values: Sequence[Any], index: str) -> str:
    """The value at an index from 0."""
    return f"[{', '.join(map(literal, values))}][1 + {index}]"


def literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "null" if value is None else repr(value)
