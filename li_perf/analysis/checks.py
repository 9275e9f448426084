"""The figures checked against each other; a check that fails says what to make of it."""

from __future__ import annotations

from li_perf.analysis.findings import Check, Headline
from li_perf.analysis.reading import Query, one
from li_perf.model import Outcome

HIGHEST_PLAUSIBLE_SHARE = 0.67

# Requests that break a rule which holds by definition: the rule, and what a request that breaks it looks like.
NESTED = {
    "M3 <= M2 <= M1": "(m3 and not m2) or (m2 and not m1)",
    "M4 <= M3": "m4 and not m3",
    "M5 <= M3": "m5 and not m3",
    "M6 <= M3": "m6 and not m3",
    "Levels at a parcel need a parcel": "(m1 or b) and not located",
}


def checks(query: Query, headline: Headline) -> list[Check]:
    """All checks, in the order of the report."""
    return [
        *(_nested(query, name, broken) for name, broken in NESTED.items()),
        _attributed_within_closing(query),
        _one_credit_a_case(query),
        _not_before(query),
        _outcomes_sum(query),
        _counted_once(query),
        plausible(headline),
    ]


def plausible(headline: Headline) -> Check:
    """A warning, not an error: the City says that about one L&I request in three is unfounded."""
    passed = headline.share is None or headline.share <= HIGHEST_PLAUSIBLE_SHARE
    shown = "no share" if headline.share is None else f"{headline.share:.1%}"
    advice = "" if passed else " Warning: so high a share counts violations that no request led to."
    return Check(
        name="At most 67 % matched",
        passed=passed,
        detail=f"{headline.level}: {shown}; the City says that about one third of L&I requests are unfounded.{advice}",
        is_certain=False,
    )


def _nested(query: Query, name: str, broken: str) -> Check:
    count = _count(query, f"request_level where {broken}")
    return Check(name=name, passed=count == 0, detail=f"{count:,} requests break it.")


def _attributed_within_closing(query: Query) -> Check:
    m6, m4 = one(query, "select count(*) filter (where m6), count(*) filter (where m4) from request_level")
    reason = " Observed, not certain: M6 does not look at closing dates, so it may credit a request closed long before."
    detail = f"{m6:,} against {m4:,}.{'' if m6 <= m4 else reason}"
    return Check(name="M6 <= M4", passed=m6 <= m4, detail=detail, is_certain=False)


def _one_credit_a_case(query: Query) -> Check:
    per_case = "select count(distinct service_request_id) as n from pair where is_m6 group by case_key"
    count = _count(query, f"({per_case}) as credited where n > 1")
    return Check(
        name="M6 credits a case once", passed=count == 0, detail=f"{count:,} cases are credited more than once."
    )


def _not_before(query: Query) -> Check:
    later = "is_m2 or is_m3 or is_m4 or is_m5 or is_m6"
    count = _count(query, f"pair where ({later}) and (lag_days is null or lag_days < 0)")
    return Check(
        name="No violation before its request in M2 to M6",
        passed=count == 0,
        detail=f"{count:,} pairs of the wrong order.",
    )


def _outcomes_sum(query: Query) -> Check:
    known = ", ".join(f"'{outcome.value}'" for outcome in Outcome)
    named, requests = one(
        query, f"select count(*) filter (where address_outcome in ({known})), count(*) from request_level"
    )
    return Check(
        name="Address outcomes add up to all requests",
        passed=named == requests,
        detail=f"{named:,} of {requests:,} requests have one.",
    )


def _counted_once(query: Query) -> Check:
    rows, ids, tickets = one(
        query,
        "select count(*), count(distinct service_request_id), (select count(*) from ticket) from request_level",
    )
    return Check(
        name="Each request is counted once",
        passed=rows == ids == tickets,
        detail=f"{tickets:,} requests, {rows:,} rows, {ids:,} different identifiers.",
    )


def _count(query: Query, source: str) -> int:
    return int(one(query, f"select count(*) from {source}")[0])
