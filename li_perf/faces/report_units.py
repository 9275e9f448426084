"""The report's chapter about the unit: incidents, repeats, pairs, and the requests without a match."""

from __future__ import annotations

from li_perf.analysis.findings import Findings, Spread
from li_perf.faces.report_addresses import ranked
from li_perf.faces.report_parts import Chapter, Section, numbers, table, text
from li_perf.faces.report_values import count, divide, number, plural, share, short


def chapter(findings: Findings) -> Chapter:
    """What is counted."""
    return Chapter(
        name="units",
        title="What is counted",
        sections=(_incidents(findings), _multiplicity(findings), _repeats(findings), _unmatched(findings)),
    )


def _incidents(findings: Findings) -> Section:
    main = next((row for row in findings.incidents if row.gap_days == 30), None)
    return Section(
        name="incidents",
        title=f"Counted by incident rather than by request, {share(main.m3_share)} have a match"
        if main
        else "Counted by incident rather than by request, the share changes",
        text=(
            "Requests of one parcel and service that follow each other within the gap are one incident. "
            "Several people may report one problem, so the unit must be named with every rate.",
        ),
        tables=(
            table(
                "Incidents by the gap that joins requests",
                text("Gap") | numbers("Incidents", "Requests per incident", "M3", "M3 share"),
                [
                    (
                        *(plural(row.gap_days, "day"), count(row.incidents), number(row.requests_per_incident)),
                        *(count(row.m3), share(row.m3_share)),
                    )
                    for row in findings.incidents
                ],
            ),
        ),
    )


def _multiplicity(findings: Findings) -> Section:
    many = findings.multiplicity
    return Section(
        name="multiplicity",
        title=f"A matched request has {number(many.violations_per_request.mean)} violations on average"
        if many.violations_per_request.mean is not None
        else "No request is matched to a violation",
        text=(f"The matches are {plural(many.pairs, 'pair')} of a request and a violation.",),
        tables=(
            table(
                "How many cases and violations a matched request (M3) has, and requests a case",
                text("What") | numbers("n", "Mean", "Median", "p90", "Max"),
                [
                    ("cases per matched request", *_spread(many.cases_per_request)),
                    ("violations per matched request", *_spread(many.violations_per_request)),
                    ("requests per case", *_spread(many.requests_per_case)),
                ],
            ),
        ),
    )


def _repeats(findings: Findings) -> Section:
    repeat = findings.repeat_parcels
    return Section(
        name="repeats",
        title=f"{share(repeat.share_from_repeated)} of the requests with a parcel are at parcels with more than one",
        text=("One parcel that is complained about often can move a share; counting each parcel once shows how far.",),
        tables=(
            table(
                "Requests per parcel",
                text("What") | numbers("n", "Mean", "Median", "p90", "Max"),
                [("requests per parcel", *_spread(repeat.requests_per_parcel))],
            ),
            table(
                "Repeat parcels",
                text("What") | numbers("Value"),
                [
                    ("parcels", count(repeat.parcels)),
                    ("share of requests from parcels with more than one", share(repeat.share_from_repeated)),
                    ("share of requests from parcels with five or more", share(repeat.share_from_five_or_more)),
                    ("M3, one request per parcel", share(repeat.m3_one_per_parcel)),
                ],
            ),
            table(
                "The parcels with the most requests",
                text("Address") | numbers("Requests", "M3"),
                [(short(row.address, 80), count(row.requests), count(row.m3)) for row in repeat.top],
            ),
        ),
    )


def _unmatched(findings: Findings) -> Section:
    reasons = ranked({row.reason: row.requests for row in findings.unmatched})
    total = sum(row.requests for row in findings.unmatched)
    rows = [(short(reason, 90), count(requests), share(divide(requests, total))) for reason, requests in reasons]
    return Section(
        name="unmatched",
        title=f"{plural(total, 'request')} {'has' if total == 1 else 'have'} no match at level M3",
        tables=(
            table(
                "Requests without a match, by reason",
                text("Reason") | numbers("Requests", "Share"),
                [*rows, ("sum", count(total), share(divide(total, total)))],
                has_total=True,
            ),
        ),
        notes=(
            f"Same-day violations: {count(findings.same_day)}. A violation is stored at midnight of its local day, so "
            "comparing instants instead of days would lose those dated on the day of the request.",
        ),
    )


def _spread(spread: Spread) -> tuple[str, ...]:
    return count(spread.n), number(spread.mean), number(spread.median), number(spread.p90), count(spread.max)
