"""Addresses with characters that break careless clients: percent-encoding, SQL, HTML, spreadsheets, terminals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from li_perf.simulator.addresses import Address, House, Kind, Match, Refusal, question_of
from li_perf.simulator.known import found
from li_perf.simulator.parcels import Draw
from li_perf.simulator.unknown import NOT_RECOGNIZED, TOO_LONG, no_crossing_of, refused


def heard(question: str) -> str:
    """What of a question reaches AIS's parser: the part before the first ";" (CityOfPhiladelphia/ais views.py)."""
    return question_of(question.partition(";")[0])


def _ignored(tail: str) -> Callable[[House], Address]:
    """Text behind the address that the parser drops."""
    return lambda house: found(
        Kind.HOSTILE, f"{house.text}{tail}", Match(match_type="exact", house=house), normalized=house.text
    )


def _base(tail: str) -> Callable[[House], Address]:
    """Text behind the address that is taken for a unit."""
    return lambda house: found(Kind.HOSTILE, f"{house.text} {tail}", Match(match_type="has_base", house=house))


def _hash(house: House) -> Address:
    """`#4` is the unit 4, if it was percent-encoded; raw, it is a URL fragment and the unit is lost."""
    sibling = replace(house, unit_type="APT", unit_num="4")
    match = Match(match_type="generic_unit_sibling", house=sibling)
    return found(Kind.HOSTILE, f"{house.text} #4", match, normalized=f"{house.text} # 4")


def _crossing(joint: str, tail: str = "") -> Callable[[House], Address]:
    """`1234/36` and `1234 & 1236` are taken for an intersection."""

    def write(house: House) -> Address:
        question = f"{house.low}{joint}{house.low + 2} {house.street.full}{tail}"
        says = no_crossing_of(str(house.low), house.street.name)
        return refused(Kind.HOSTILE, question, "parcel_not_found", says, house.zip_code)

    return write


def _script(house: House) -> Address:
    says = no_crossing_of(house.street.name, "SCRIPT>")
    question = f"{house.text} <SCRIPT>ALERT(1)</SCRIPT>"
    return refused(Kind.HOSTILE, question, "parcel_not_found", says, house.zip_code)


def _formula(house: House) -> Address:
    question = f"=1+1 {house.low}X{house.street.index}"
    return refused(Kind.HOSTILE, question, "address_unparseable", Refusal(message=NOT_RECOGNIZED))


def _long(house: House) -> Address:
    """80 characters are too many: 79 pass, parameter names included (views.py)."""
    question = f"{house.text} THE HOUSE WITH THE GREEN DOOR NEXT TO THE SHOP ON THE CORNER BEHIND THE OLD SCHOOL"
    return refused(Kind.HOSTILE, question, "address_unparseable", Refusal(message=TOO_LONG), house.zip_code)


def _quoted(house: House) -> Address:
    question = f"{house.low} \"{house.street.full}\" 'X'"
    return found(Kind.HOSTILE, question, Match(match_type="exact", house=house), normalized=house.text)


_WRITERS: tuple[Callable[[House], Address], ...] = (
    _hash,
    _crossing("/"),
    _crossing("//"),
    _crossing(" & "),
    _base("100%"),
    _base("%2F"),
    _base("+ 2"),
    _ignored(" ?"),
    _ignored(" ?OPA_ONLY=1"),
    _ignored("; DROP TABLE VIOLATIONS"),
    _ignored(" 🏠"),
    _ignored(" ÄÖÜ"),
    _ignored(" \x07\x1b[31m"),
    _ignored(" \u202eTHGIR"),
    _quoted,
    _script,
    _formula,
    _long,
)


def hostile(draw: Draw) -> Address:
    """The writers take turns, by a serial number, so that each occurs early."""
    return _WRITERS[draw.turn() % len(_WRITERS)](draw.house())
