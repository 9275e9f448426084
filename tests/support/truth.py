"""What the report of a simulated city must say, by plain counting over the generator's own tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from li_perf.simulator.addresses import question_of
from li_perf.simulator.city import SimulatedCity

ZONE = ZoneInfo("America/New_York")
AGENCY = "License & Inspections"
NO_ADDRESS = {"-", ".", "N/A", "UNKNOWN"}


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Outcome and accounts by request, requests matched by level, and the totals."""

    requests: dict[str, dict[str, Any]]
    outcomes: dict[str, str]
    accounts: dict[str, tuple[str, ...]]
    levels: dict[str, set[str]]
    questions: set[str]


def truth(city: SimulatedCity, *, window: int = 60) -> Truth:
    requests = {str(row["service_request_id"]): row for row in city.requests if _belongs(city, row)}
    outcomes, accounts, questions = {}, {}, set()
    for number, row in requests.items():
        outcomes[number], accounts[number] = _located(city, row)
        question = question_of(row["address"] or "")
        if question and question not in NO_ADDRESS:
            questions.add(question)
    _link(city, outcomes, accounts)
    return Truth(
        requests=requests,
        outcomes=outcomes,
        accounts=accounts,
        levels=_levels(city, requests, accounts, window),
        questions=questions,
    )


def _belongs(city: SimulatedCity, row: dict[str, Any]) -> bool:
    return row["agency_responsible"] == AGENCY and city.since <= day(row["requested_datetime"]) < city.until


def _located(city: SimulatedCity, row: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    question = question_of(row["address"] or "")
    if not question:
        return "address_null", ()
    if question in NO_ADDRESS:
        return "address_placeholder", ()
    address = city.addresses[question]
    if len(address.accounts) > 1 and row["zipcode"]:
        there = {
            a for house in address.houses if house.zip_code == row["zipcode"] for a in house.account.split("|") if a
        }
        if len(there & set(address.accounts)) == 1:
            return "parcel_exact", tuple(there)
    return address.outcome, tuple(sorted(address.accounts))


def _link(city: SimulatedCity, outcomes: dict[str, str], accounts: dict[str, tuple[str, ...]]) -> None:
    named: dict[str, set[str]] = {}
    for row in city.complaints:
        if row["ticket_num_311"] and row["opa_account_num"]:
            named.setdefault(row["ticket_num_311"], set()).add(row["opa_account_num"])
    for number in outcomes:
        if not accounts[number] and outcomes[number] != "lookup_failed" and number in named:
            outcomes[number], accounts[number] = "linked_by_ticket", tuple(sorted(named[number]))


def day(text: str) -> date:
    return datetime.fromisoformat(text).astimezone(ZONE).date()


def _levels(
    city: SimulatedCity, requests: dict[str, Any], accounts: dict[str, tuple[str, ...]], window: int
) -> dict[str, set[str]]:
    levels: dict[str, set[str]] = {name: set() for name in ("L0", "M1", "M2", "M3(60)", "M4(60)", "M6(60)", "B(60)")}
    at: dict[str, list[dict[str, Any]]] = {}
    of_case: dict[str, list[dict[str, Any]]] = {}
    for row in city.violations:
        at.setdefault(row["opa_account_num"], []).append(row)
        of_case.setdefault(row["casenumber"] or row["violationnumber"], []).append(row)
    by_case = {row["casenumber"] for row in city.violations}
    for row in city.complaints:
        if row["ticket_num_311"] in requests and row["casenumber"] in by_case:
            levels["L0"].add(row["ticket_num_311"])
    for number, row in requests.items():
        asked = day(row["requested_datetime"])
        closed = day(row["closed_datetime"]) if row["closed_datetime"] and row["status"] == "Closed" else None
        for violation in (v for account in accounts[number] for v in at.get(account, [])):
            found = day(violation["violationdate"])
            lag = (found - asked).days
            levels["M1"].add(number)
            if lag >= 0:
                levels["M2"].add(number)
            if 0 <= lag <= window:
                levels["M3(60)"].add(number)
                if closed is None or found <= closed + timedelta(days=7):
                    levels["M4(60)"].add(number)
            if -window <= lag < 0:
                levels["B(60)"].add(number)
    levels["M6(60)"] = _credited(requests, accounts, of_case, window)
    return levels


def _credited(
    requests: dict[str, Any],
    accounts: dict[str, tuple[str, ...]],
    of_case: dict[str, list[dict[str, Any]]],
    window: int,
) -> set[str]:
    at: dict[str, list[str]] = {}
    for number, named in accounts.items():
        for account in named:
            at.setdefault(account, []).append(number)
    credited = set()
    for rows in of_case.values():
        first = min(day(row["violationdate"]) for row in rows)
        parcels = {row["opa_account_num"] for row in rows if day(row["violationdate"]) == first}
        candidates = {number for parcel in parcels for number in at.get(parcel, [])}
        within = [
            (datetime.fromisoformat(requests[number]["requested_datetime"]).astimezone(UTC), number)
            for number in candidates
            if (first - day(requests[number]["requested_datetime"])).days >= 0
        ]
        if within:
            _, latest = max(within)
            if (first - day(requests[latest]["requested_datetime"])).days <= window:
                credited.add(latest)
    return credited
