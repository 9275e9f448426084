"""Rows of opa_properties_public: the City's own pairs of account and address, in agreement with what AIS says.

Condominiums stand there once a unit, a few parcels twice, and many that nobody has complained about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

from li_perf.simulator.addresses import Address, House
from li_perf.simulator.parcels import house, places

_OTHERS_SHARE = 0.3
_UNIT_SHARE = 0.1
_TWICE_SHARE = 0.01
_BARE_UNIT_SHARE = 0.5


def properties(seed: int, known: dict[str, Address]) -> list[dict[str, Any]]:
    """One row a parcel of the known addresses and of others; the same seed makes the same rows."""
    dice = Random(f"opa-{seed}")
    rows: dict[tuple[str, str | None, str], dict[str, Any]] = {}
    for each in (*_houses(known.values()), *_others(dice, known)):
        for account in filter(None, each.account.split("|")):
            row = _row(dice, each, account)
            if not _contradicts(row, known):
                rows.setdefault((row["location"], row["unit"], account), row)
    every = [again for row in rows.values() for again in ([row, row] if dice.random() < _TWICE_SHARE else [row])]
    dice.shuffle(every)
    return [row | {"cartodb_id": number, "objectid": 500_000 + number} for number, row in enumerate(every, 1)]


def _houses(known: Iterable[Address]) -> Iterator[House]:
    return (each for address in known for each in address.houses)


def _others(dice: Random, known: dict[str, Address]) -> Iterator[House]:
    taken = {(each.street, each.low) for each in _houses(known.values())}
    wanted = 20 + round(_OTHERS_SHARE * len(known))
    free = (place for place in places(dice) if place not in taken)
    for number, (street, low) in zip(range(wanted), free, strict=False):
        one = house(street, low)
        if dice.random() < _UNIT_SHARE:
            one = replace(one, unit_type="UNIT", unit_num=str(dice.randint(1, 40)), account=f"8899{number:05d}")
        yield one


def _contradicts(row: dict[str, Any], known: dict[str, Address]) -> bool:
    """Whether AIS answers the row's own text otherwise: an address without an account, or a number nobody knows."""
    address = known.get(row["location"])
    return address is not None and row["parcel_number"] not in address.accounts


def _row(dice: Random, at: House, account: str) -> dict[str, Any]:
    """The City writes most units bare, some with their kind."""
    unit = at.unit_num if dice.random() < _BARE_UNIT_SHARE else f"{at.unit_type} {at.unit_num}"
    return {
        "cartodb_id": 0,
        "the_geom": None,
        "the_geom_webmercator": None,
        "objectid": 0,
        "parcel_number": account,
        "location": at.opa_address or at.base,
        "unit": unit.strip() or None,
        "zip_code": at.zip_code,
        "owner_1": at.owner,
        "owner_2": None,
        "category_code": "1",
        "category_code_description": "SINGLE FAMILY",
        "market_value": dice.randrange(40, 900) * 1_000,
        "pin": 1_000_000_000 + int(account[-7:]),
    }
