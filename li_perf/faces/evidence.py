"""explain, as a person reads it. What came from outside is shown with its control characters made visible."""

from __future__ import annotations

from typing import Any

from li_perf.faces.recalled import history_lines
from li_perf.faces.report_values import visible
from li_perf.model import State
from li_perf.steps.explain import LEVELS, Evidence, Pair, Told

WHY = {
    "parcel_exact": "the address names this parcel",
    "linked_by_ticket": "the address names no parcel; the City's own complaint does",
    "parcel_building_only": "the address names a building of several units; its parcel stands for all",
    "parcel_ambiguous": "the address names several parcels, and the ZIP code does not decide",
    "no_account": "the address is known, but has no tax account",
    "parcel_not_found": "AIS looked, and found no parcel",
    "intersection_or_block": "the address is an intersection or a block, not a parcel",
    "address_unparseable": "AIS cannot read this as an address",
    "address_null": "the request has no address",
    "address_placeholder": "the address is a placeholder",
    "lookup_failed": "there is no answer yet: `li-perf retry` asks again",
}

SOURCES = {"ais": "AIS", "opa": "the City's table of properties", "local": "li_perf: no server can read it"}

FETCHED = {
    State.PENDING: "its violations are still to be fetched",
    State.ANSWERED: "its violations were fetched",
    State.FAILED: "its violations could not be fetched",
}


def evidence_text(found: Evidence) -> str:
    """A few lines a request: address, look-up, parcels, each violation beside it with its levels, and its statuses."""
    lines = [*_look_up(found), *(_parcel(row) for row in found.fetches)]
    for request in found.requests:
        lines += ["", *_request(request), *history_lines(found.history.get(request.service_request_id, ()))]
    return visible_lines(lines)


def visible_lines(lines: list[str]) -> str:
    return "\n".join(visible(line) for line in lines)


def _look_up(found: Evidence) -> list[str]:
    if found.lookup is None:
        return [f"question: {found.question or 'none: the address is not worth asking'}"]
    row = found.lookup
    if row["state"] == State.PENDING:
        return [f"question: {row['question']}", "  pending: it has no answer yet, `li-perf resume` goes on"]
    kept = f", {row['bytes_kept']:,} bytes kept" if row["bytes_kept"] else ""
    calls = "1 call" if row["attempts"] == 1 else f"{row['attempts']} calls"
    reason = f" ({row['reason']})" if row["reason"] else ""
    return [
        f"question: {row['question']}",
        f"  {row['state']}{reason} by {SOURCES.get(row['source'], 'nobody')} at {row['answered_at'] or '–'}, {calls}, "
        f"status {row['status'] or '–'}{kept}",
        f"  meaning: {row['outcome'] or '–'}, accounts {row['accounts'] or '[]'}, "
        f"match type {row['match_type'] or '–'}",
    ]


def _parcel(row: dict[str, Any]) -> str:
    reason = f" ({row['reason']})" if row["reason"] else ""
    return f"parcel {row['value']}: {FETCHED.get(row['state'], row['state'])}{reason}"


def _request(request: Told) -> list[str]:
    closed = f", closed {request.closed_on}" if request.closed_on else ""
    lines = [
        f"request {request.service_request_id}: {request.service_name or 'no service name'}, {request.status}, "
        f"made {request.requested_on}{closed}",
        f"  address: {request.address or 'none'}, ZIP code {request.zipcode or 'none'}",
        f"  outcome: {_why(request.outcome)}",
        f"  parcels: {', '.join(request.accounts) or 'none'}",
    ]
    lines += [_complaint(row) for row in request.complaints]
    return [*lines, f"  matches: {_levels(request)}", *(_pair(pair) for pair in request.pairs)]


def _complaint(row: dict[str, Any]) -> str:
    case = f"of case {row['casenumber']}" if row["casenumber"] else "without a case"
    return f"  complaint {row['complaintnumber']} {case}, of {row['complaint_on'] or 'an unknown day'}"


def _levels(request: Told) -> str:
    """At which levels the request matches: those of its violations together."""
    if not request.pairs:
        return _why_none(request)
    met = {level for pair in request.pairs for level in pair.levels}
    return (
        ", ".join(level for level in LEVELS.values() if level in met) or "nothing: none of its violations fits a level"
    )


def _why(outcome: str | None) -> str:
    return f"{outcome}: {WHY[outcome]}" if outcome in WHY else outcome or "not matched yet"


def _why_none(request: Told) -> str:
    if request.outcome is None:
        return "not matched yet: `li-perf resume` goes on"
    if not request.accounts:
        return "nothing: there is no parcel to look at"
    return "nothing: no violation is known at its parcels"


def _pair(pair: Pair) -> str:
    levels = ", ".join(pair.levels) or "no level"
    return (
        f"  violation {pair.violationnumber} of case {pair.casenumber or 'none'}, "
        f"dated {pair.violation_on or 'never'}, {_lag(pair.lag_days)}: {levels}; "
        f"{pair.title or 'no title'} ({pair.status or 'no status'})"
    )


def _lag(days: int | None) -> str:
    if days is None:
        return "no lag, as a date is missing"
    if days == 0:
        return "the request's own day"
    return f"{abs(days):,} day{'' if abs(days) == 1 else 's'} {'after' if days > 0 else 'before'} the request"
