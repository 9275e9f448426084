"""Rows of complaints: L&I's own note of a call, which for some tickets names the 311 request and the case."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from li_perf.simulator import moments
from li_perf.simulator.history import Book
from li_perf.simulator.tickets import Draft

_CODES = (
    ("EXTR", "EXTERIOR MAINTENANCE"),
    ("INTR", "INTERIOR MAINTENANCE"),
    ("CONS", "CONSTRUCTION"),
    ("DANG", "DANGEROUS"),
)
_ELSEWHERE_SHARE = 0.01
_TWICE_SHARE = 0.02
_WITHOUT_TICKET_SHARE = 0.4


def complaints(book: Book, drafts: list[Draft], results: dict[int, str], share: float) -> list[dict[str, Any]]:
    """A share of the tickets has a complaint; other complaints (by telephone, by letter) name no ticket."""
    dice, serial = book.dice, itertools.count(1)
    rows = [
        row
        for index, draft in enumerate(drafts)
        if dice.random() < share
        for row in _of_ticket(book, draft, results.get(index), serial)
    ]
    rows += [_without_ticket(book, dice.choice(drafts), serial) for _ in range(int(len(rows) * _WITHOUT_TICKET_SHARE))]
    for index, row in enumerate(rows, 1):
        row["cartodb_id"] = row["objectid"] = index
    return rows


def _of_ticket(book: Book, draft: Draft, result: str | None, serial: Iterator[int]) -> Iterator[dict[str, Any]]:
    dice = book.dice
    day = moments.local_day(draft.requested_at)
    ticket = str(draft.row["service_request_id"]) if draft.row else None
    yield _row(dice, draft, serial, ticket=ticket, casenumber=_case(book, draft, result, day), pulled=book.pulled)
    if dice.random() < _TWICE_SHARE:
        yield _row(dice, draft, serial, ticket=ticket, casenumber=None, pulled=book.pulled)


def _case(book: Book, draft: Draft, result: str | None, day: date) -> str | None:
    """The ticket's case; now and then one at another parcel, without an account, or without violations."""
    dice = book.dice
    if result is None and dice.random() < _ELSEWHERE_SHARE * 3:
        account = dice.choice(("", "999999999"))
        where = draft.address.question if draft.address else "UNKNOWN"
        return book.case(day, account, where, None)
    if result is None and dice.random() < 0.2:
        return book.case_number(day)
    return result


def _without_ticket(book: Book, draft: Draft, serial: Iterator[int]) -> dict[str, Any]:
    return _row(book.dice, draft, serial, ticket=None, casenumber=None, pulled=book.pulled)


def _row(
    dice: Random, draft: Draft, serial: Iterator[int], *, ticket: str | None, casenumber: str | None, pulled: datetime
) -> dict[str, Any]:
    filed = draft.requested_at + timedelta(minutes=dice.randint(5, 2000))
    inspected = filed + timedelta(days=dice.randint(0, 30))
    is_inspected = casenumber is not None or dice.random() < 0.75
    code, name = dice.choice(_CODES)
    accounts = draft.address.accounts if draft.address else ()
    return {
        "cartodb_id": 0,
        "the_geom": None,
        "the_geom_webmercator": None,
        "objectid": 0,
        "complaintnumber": f"CM-{filed.year}-{next(serial):06d}",
        "casenumber": casenumber,
        "complaintcode": code,
        "complaintcodename": name,
        "complaintdate": moments.text(filed),
        "complaintstatus": "CLOSED" if is_inspected else "OPEN",
        "casestatus": "IN VIOLATION" if casenumber else None,
        "initialinvestigation_date": moments.text(inspected) if is_inspected and inspected < pulled else None,
        "complaintresolution_date": moments.text(inspected) if is_inspected and inspected < pulled else None,
        "opa_account_num": accounts[0] if accounts else None,
        "address": draft.address.question if draft.address else None,
        "unitresponsible": "DISTRICT",
        "ticket_num_311": ticket,
    }
