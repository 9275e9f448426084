"""Rows of violations: each parcel's past, and what inspectors found after a ticket."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from li_perf.simulator import moments
from li_perf.simulator.request_rows import keep_open_until
from li_perf.simulator.tickets import Draft

_FIRST_YEAR = 2015
# In March 2020 L&I moved from HANSEN to ECLIPSE, and with it to numbers such as VI-2026-005069 and CF-2026-007729.
_ECLIPSE_SINCE = date(2020, 3, 16)
_CODES = (
    ("PM15-302.4", "EXTERIOR AREA WEEDS", 22),
    ("PM15-302.1", "EXTERIOR AREA SANITATION", 14),
    ("PM15-304.1", "EXTERIOR STRUCTURE GENERAL", 9),
    ("PM15-305.3", "INTERIOR SURFACES", 7),
    ("PM15-108.1", "UNSAFE STRUCTURE", 5),
    ("A-301.1", "PERMITS - WORK WITHOUT", 11),
    ("A-503.2", "STOP WORK ORDER", 3),
    ("FC-907.3", "FIRE ALARM - REPAIR", 6),
    ("FC-13-901.6", "FIRE PROTECTION - MAINTENANCE", 4),
    ("9-3902 (1)", "RENTAL LICENSE - ONE & TWO FAMILY (R3)", 9),
    ("9-3902 (2)", "RENTAL LICENSE - MULTI FAMILY (R2)", 3),
    ("14-1806", "ZONING USE PERMIT", 4),
    ("B-1003.1", "MEANS OF EGRESS", 3),
)
_CODE_SHARES = [share for _, _, share in _CODES]
_PRIORITIES = ("STANDARD", "STANDARD", "STANDARD", "STANDARD", "HAZARDOUS", "UNFIT", "IMMINENTLY DANGEROUS")
_RESULT_SHARE = 0.53
_SAME_DAY_SHARE = 0.06
_REAL_TIME_SHARE = 0.08
_BLANK_ACCOUNT_SHARE = 0.01
# 13 of 1,990,761 real rows share a number with another; the simulated city has as many in far fewer rows.
_DUPLICATE_SHARE = 0.00012


@dataclass(slots=True, kw_only=True)
class Book:
    """Cases and violations so far, with the numbers still to give."""

    dice: Random
    pulled: datetime
    rows: list[dict[str, Any]] = field(default_factory=list)
    _case: Iterator[int] = field(default_factory=lambda: itertools.count(1001))
    _violation: Iterator[int] = field(default_factory=lambda: itertools.count(2001))

    def case_number(self, day: date) -> str:
        number = next(self._case)
        return f"CF-{day.year}-{number:06d}" if day >= _ECLIPSE_SINCE else str(560_000 + number)

    def case(self, day: date, account: str, address: str, zip_code: str | None) -> str:
        """Adds one case with its violations and returns its number."""
        number = self.case_number(day)
        opened = moments.instant(self.dice, day)
        is_closed = self.dice.random() < 0.7
        closed = opened + timedelta(days=self.dice.randint(20, 400))
        frame = _frame(self.dice, number, opened, closed if is_closed and closed < self.pulled else None)
        for _ in range(self.dice.choice((1, 1, 1, 2, 2, 3, 4))):
            self._violation_row(frame, day, account, address, zip_code)
        return number

    def _violation_row(
        self, frame: dict[str, Any], day: date, account: str, address: str, zip_code: str | None
    ) -> None:
        dice, serial = self.dice, next(self._violation)
        real_time = dice.random() < _REAL_TIME_SHARE
        code, title, _ = dice.choices(_CODES, weights=_CODE_SHARES)[0]
        old = day < _ECLIPSE_SINCE
        closed = frame["casecompleteddate"]
        number = f"{211_930_000 + serial}" if old else f"VI-{day.year}-{serial:06d}"
        if self.rows and dice.random() < _DUPLICATE_SHARE:
            number = dice.choice(self.rows)["violationnumber"]
        self.rows.append(
            frame
            | {
                "cartodb_id": len(self.rows) + 1,
                "objectid": 9_000_000 + len(self.rows),
                "addressobjectid": str(100_000_000 + serial),
                "parcel_id_num": str(200_000 + serial),
                "violationnumber": number,
                "violationdate": moments.text(moments.instant(dice, day) if real_time else moments.midnight(day)),
                "violationcode": code,
                "violationcodetitle": title,
                "violationstatus": dice.choice(("CLOSED", "COMPLIED"))
                if closed
                else dice.choice(("OPEN", "SVN ISSUED")),
                "violationresolutiondate": closed,
                "violationresolutioncode": "COMPLIED" if closed else None,
                "opa_account_num": "" if dice.random() < _BLANK_ACCOUNT_SHARE else account,
                "address": address,
                "zip": f"{zip_code}-{1000 + serial % 8999}" if zip_code else None,
                "systemofrecord": "HANSEN" if old else "ECLIPSE",
                "posse_jobid": None if old else str(serial),
            }
        )


def _frame(dice: Random, number: str, opened: datetime, closed: datetime | None) -> dict[str, Any]:
    """The columns that the violations of a case share, and those that are empty, in the table's order."""
    return {
        "cartodb_id": 0,
        "the_geom": None,
        "the_geom_webmercator": None,
        "objectid": 0,
        "addressobjectid": None,
        "parcel_id_num": None,
        "casenumber": number,
        "casecreateddate": moments.text(opened),
        "casecompleteddate": moments.text(closed),
        "casetype": "NOTICE OF VIOLATION",
        "casestatus": dice.choice(("CLOSED", "COMPLIED, BALANCE DUE")) if closed else "IN VIOLATION",
        "caseresponsibility": "CSU DISTRICT",
        "caseprioritydesc": dice.choice(_PRIORITIES),
        "violationnumber": None,
        "violationdate": None,
        "violationcode": None,
        "violationcodetitle": None,
        "violationstatus": None,
        "violationresolutiondate": None,
        "violationresolutioncode": None,
        "mostrecentinvestigation": moments.text(opened),
        "opa_account_num": None,
        "address": None,
        "unit_type": None,
        "unit_num": None,
        "zip": None,
        "censustract": None,
        "council_district": None,
        "opa_owner": None,
        "systemofrecord": None,
        "geocode_x": None,
        "geocode_y": None,
        "posse_jobid": None,
        "underappeal": "N",
        "publicnov": None,
    }


def past(book: Book, drafts: list[Draft], until: date) -> None:
    """The parcels' own history, which has nothing to do with the tickets: the background of every match rate."""
    dice = book.dice
    first = date(_FIRST_YEAR, 1, 1)
    span = (until - first).days
    for address in {draft.address.question: draft.address for draft in drafts if draft.address}.values():
        for account in address.accounts:
            for _ in range(int(dice.paretovariate(1.9)) - 1 if dice.random() < 0.6 else 0):
                day = first + timedelta(days=dice.randrange(span))
                book.case(day, account, address.text_of(account), address.zip_code)


def results(book: Book, drafts: list[Draft]) -> dict[int, str]:
    """What inspectors found: the case's number by the position of the ticket that led to it."""
    dice, found = book.dice, {}
    last = moments.local_day(book.pulled)
    for index, draft in enumerate(drafts):
        if draft.address is None or not draft.address.accounts or dice.random() > _RESULT_SHARE:
            continue
        day = moments.local_day(draft.requested_at) + timedelta(days=_lag(dice))
        if day <= last:
            account = dice.choice(draft.address.accounts)
            keep_open_until(dice, draft, moments.midnight(day) + timedelta(hours=16), book.pulled)
            found[index] = book.case(day, account, draft.address.text_of(account), draft.address.zip_code)
    return found


def _lag(dice: Random) -> int:
    return 0 if dice.random() < _SAME_DAY_SHARE else round(moments.lag_days(dice, median=10, p90=45))
