"""What goes wrong on demand, as one frozen value that a command line can write."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

OUTAGES = ("refuse_503", "db_down", "empty", "hang", "html")
OF_AIS_ALONE = ("db_down", "empty")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """From `start_s` to `end_s` after the server's start; `server` is ais, carto or both.

    `db_down` and `empty` concern AIS alone: it then says 404 to every search, "Invalid query." or "Could not find".
    """

    start_s: float
    end_s: float
    kind: str
    server: str = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Seconds, requests per second, and shares of 0..1; nothing is wrong by default.

    `drift_share` of AIS's answers have an account in a form of its own, `mixup_share` are to another question.
    `denied` makes AIS answer 401. `poison` are questions that always get 500. `carto_timeout_rows` bounds the rows of
    an answer and the values of an IN list: beyond it Carto says 429 without Retry-After. After `swap_after_pages` pages
    public_cases_fc is missing for two requests and comes back renumbered. Of opa_properties_public `lie_share` of the
    rows have another account than AIS says. Where another portal stands in, its columns go and come behind
    `drift_after_pages` pages.
    """

    latency: float = 0.0
    jitter: float = 0.0
    ais_rate: float | None = None
    carto_rate: float | None = None
    error_share: float = 0.0
    reset_share: float = 0.0
    garbage_share: float = 0.0
    invalid_share: float = 0.0
    drift_share: float = 0.0
    mixup_share: float = 0.0
    slow_share: float = 0.0
    slow_seconds: float = 5.0
    poison: frozenset[str] = frozenset()
    denied: bool = False
    outages: tuple[Outage, ...] = ()
    carto_timeout_rows: int | None = None
    carto_partial_share: float = 0.0
    swap_after_pages: int | None = None
    drop_columns: frozenset[str] = frozenset()
    add_columns: frozenset[str] = frozenset()
    drift_after_pages: int = 0
    drop_tables: frozenset[str] = frozenset()
    lie_share: float = 0.0
    seed: int = 311

    @classmethod
    def parse(cls, text: str) -> Faults:
        """`latency=0.05,errors=0.02,outage=5-20:db_down`; several outages are several items, `|` joins a set's members.

        Raises ValueError for an unknown name, with the nearest one, and for a value that is none.
        """
        given: dict[str, Any] = {}
        for item in filter(None, (part.strip() for part in text.split(","))):
            name, _, value = item.partition("=")
            field = _field(name.strip())
            try:
                read = _READ[field](value.strip())
            except ValueError as error:
                raise ValueError(f"{item!r}: {error}") from None
            given[field] = given.get(field, ()) + read if field == "outages" else read
        return cls(**given)


def _field(name: str) -> str:
    field = _SHORT.get(name, name)
    if field in _READ:
        return field
    near = difflib.get_close_matches(name, [*_READ, *_SHORT], n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(_READ))}."
    raise ValueError(f"There is no fault named {name!r}; {hint}")


def _share(value: str) -> float:
    share = float(value)
    if not 0 <= share <= 1:
        raise ValueError("a share is between 0 and 1")
    return share


def _amount(value: str) -> float:
    amount = float(value)
    if not 0 <= amount < float("inf"):
        raise ValueError("must not be negative")
    return amount


def _set(value: str) -> frozenset[str]:
    return frozenset(filter(None, (part.strip() for part in value.split("|"))))


def _switch(value: str) -> bool:
    words = {"": True, "1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if value.lower() not in words:
        raise ValueError("write yes or no")
    return words[value.lower()]


def _outage(value: str) -> tuple[Outage, ...]:
    times, _, what = value.partition(":")
    start, _, end = times.partition("-")
    kind, _, server = what.partition("@")
    if kind not in OUTAGES or server not in ("", "ais", "carto", "both"):
        raise ValueError(f"write START-END:KIND or START-END:KIND@ais, KIND being one of {', '.join(OUTAGES)}")
    return (Outage(start_s=_amount(start), end_s=_amount(end), kind=kind, server=server or "both"),)


_READERS: dict[str, Callable[[str], Any]] = {
    "float": _amount,
    "float | None": _amount,
    "int": int,
    "int | None": int,
    "bool": _switch,
    "frozenset[str]": _set,
    "tuple[Outage, ...]": _outage,
}
_READ = {field.name: _share if field.name.endswith("_share") else _READERS[str(field.type)] for field in fields(Faults)}
_SHORT = {
    "errors": "error_share",
    "resets": "reset_share",
    "garbage": "garbage_share",
    "invalid": "invalid_share",
    "drift": "drift_share",
    "mixup": "mixup_share",
    "slow": "slow_share",
    "partial": "carto_partial_share",
    "outage": "outages",
    "timeout_rows": "carto_timeout_rows",
    "swap": "swap_after_pages",
    "drop": "drop_columns",
    "add": "add_columns",
    "drop_table": "drop_tables",
    "prefill_lies": "lie_share",
}


def poisoned(questions: Iterable[str]) -> frozenset[str]:
    """Questions in the form in which they are compared."""
    return frozenset(" ".join(question.split()).upper() for question in questions)
