"""Parcels of the simulated city: each house number drawn once, its account a function of the place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from random import Random

from li_perf.simulator.addresses import House
from li_perf.simulator.streets import BY_FULL_NAME, STREETS, Street

_SURNAMES = "ADAMS BROWN CHEN DIAZ EVANS FOX GREEN HALL IVERS JONES KIM LOPEZ MOORE NGUYEN OWENS PATEL QUINN ROSS SMITH"
_OWNERS = _SURNAMES.split()
# Four house numbers make a place: the low one, and a higher one for ranges such as 1234-36.
_WIDTH = 4


def account_of(street: Street, number: int) -> str:
    """Nine digits, the ward first, so that an eighth of them begin with 0; never 88 (condominium regimes)."""
    ward = street.index % 66 + 1
    return f"{ward:02d}{(street.index * 10_000 + number) * 7 + 3:07d}"


def house(street: Street, number: int, account: str | None = None) -> House:
    lon, lat = street.position(number)
    return House(
        street=street,
        low=number,
        account=account_of(street, number) if account is None else account,
        zip_code=street.zip_code(number),
        lon=lon,
        lat=lat,
        owner=f"{_OWNERS[number % len(_OWNERS)]} EXAMPLE",
    )


def places(dice: Random) -> list[tuple[Street, int]]:
    """All places of the city in random order."""
    found = list(_every_place())
    dice.shuffle(found)
    return found


@cache
def _every_place() -> tuple[tuple[Street, int], ...]:
    return tuple(
        (street, number + (number // _WIDTH) % 2)
        for street in STREETS
        for number in range(street.low, street.high + 98, _WIDTH)
    )


@dataclass(slots=True)
class Draw:
    """Deals houses out, no place twice."""

    dice: Random
    _places: Iterator[tuple[Street, int]] = field(init=False)
    _serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _turn: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._places = iter(places(self.dice))

    def house(self) -> House:
        place = next(self._places, None)
        if place is None:
            raise ValueError("The simulated city has some 114,000 houses; ask for fewer tickets.")
        return house(*place)

    def house_where(self, wanted: str) -> House:
        """A house whose account begins with `wanted`; the houses passed over are lost."""
        return next(found for found in iter(self.house, None) if found.account.startswith(wanted))

    def twins(self) -> tuple[House, House]:
        """The houses of one number on both halves of a street, in different ZIPs."""
        while True:
            one = self.house()
            other = _other_half(one)
            if other and other.zip_code != one.zip_code:
                return one, other

    def condo_account(self) -> str:
        """An account of a condominium regime or unit: those begin with 88."""
        return f"88{next(self._serial):07d}"

    def serial(self) -> int:
        return next(self._serial)

    def turn(self) -> int:
        return next(self._turn)


def _other_half(one: House) -> House | None:
    swap = {"N": "S", "S": "N", "E": "W", "W": "E"}.get(one.street.predir, "")
    street = BY_FULL_NAME.get(f"{swap} {one.street.name} {one.street.suffix}")
    if street is None or not street.low <= one.low <= street.high + 97:
        return None
    return house(street, one.low)
