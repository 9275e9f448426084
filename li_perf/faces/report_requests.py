"""The report's chapter about the requests: by month, open in three ways, by service name."""

from __future__ import annotations

from li_perf.analysis.findings import Findings, ServiceRow
from li_perf.faces.report_parts import Chapter, Section, Table, numbers, table, text
from li_perf.faces.report_values import count, month_name, number, plural, share, short


def chapter(findings: Findings) -> Chapter:
    """The requests."""
    return Chapter(
        name="requests", title="The requests", sections=(_months(findings), _open(findings), _services(findings))
    )


def _months(findings: Findings) -> Section:
    busiest = max(findings.by_month, key=lambda row: row.requests, default=None)
    return Section(
        name="months",
        title=f"{month_name(busiest.month)} was the busiest month, with {plural(busiest.requests, 'request')}"
        if busiest
        else "There are no requests to show by month",
        text=("By local month of the request. Late months are open more often because they are young.",),
        chart="months",
        tables=(
            table(
                "Requests and open requests by month",
                text("Month") | numbers("Requests", "Open", "Open share"),
                [
                    (short(row.month, 10), count(row.requests), count(row.open), share(row.open_share))
                    for row in findings.by_month
                ],
            ),
        ),
    )


def _open(findings: Findings) -> Section:
    ways = findings.open_ways
    return Section(
        name="open",
        title=f"{share(ways.status_open_share)} are open by status, "
        f"{share(ways.closed_at_null_share)} have no closing time",
        text=(
            "Open at an age is counted among the requests at least that old. "
            "An open case answers another question than an open request.",
        ),
        tables=(_open_ways(findings),),
        notes=(
            f"The two columns disagree on {plural(ways.closed_without_time, 'request')} closed without a time and "
            f"{plural(ways.open_with_time, 'request')} open with one.",
        ),
    )


def _open_ways(findings: Findings) -> Table:
    ways, everyone = findings.open_ways, count(findings.requests)
    ages = [
        (f"open {age.days} days after the request", count(age.open), count(age.old_enough), share(age.open_share))
        for age in ways.at_age
    ]
    case_open = count(ways.matched_case_open), count(ways.matched_case), share(ways.matched_case_open_share)
    return table(
        "Open, counted three ways",
        text("Way") | numbers("Open", "Of", "Share"),
        [
            ("(a) the status is Open", count(ways.status_open), everyone, share(ways.status_open_share)),
            ("(b) there is no closing time", count(ways.closed_at_null), everyone, share(ways.closed_at_null_share)),
            *((f"(c) {name}", *cells) for name, *cells in ages),
            ("the City's case is open, of the matched with a case", *case_open),
        ],
    )


def _services(findings: Findings) -> Section:
    rows = sorted(findings.by_service, key=lambda row: (-row.requests, row.service_name or ""))
    return Section(
        name="services",
        title=f"{short(rows[0].service_name)} is the commonest of {plural(len(rows), 'service name')}"
        if rows
        else "There are no service names to show",
        text=(
            "M3 and M5 are shares of the requests with a parcel. Unfounded is inspected without a violation, "
            "a share of inspected. Open is a share of all requests of the name.",
        ),
        tables=(
            table(
                "Matches by service name",
                text("Service name")
                | numbers("Requests", "With parcel", "M3", "M3 share", "M5", "M5 share", "Median lag, days"),
                map(_matches_of, rows),
            ),
            table(
                "Inspections and open requests by service name",
                text("Service name")
                | numbers("Requests", "Inspected", "Unfounded", "Unfounded share", "Open", "Open share"),
                map(_endings_of, rows),
            ),
        ),
    )


def _matches_of(row: ServiceRow) -> tuple[str, ...]:
    return (
        *(short(row.service_name, 80), count(row.requests), count(row.located)),
        *(count(row.m3), share(row.m3_share_located)),
        *(count(row.m5), share(row.m5_share_located)),
        number(row.lag_median_days),
    )


def _endings_of(row: ServiceRow) -> tuple[str, ...]:
    return (
        *(short(row.service_name, 80), count(row.requests), count(row.inspected)),
        *(count(row.unfounded), share(row.unfounded_share)),
        *(count(row.open), share(row.open_share)),
    )
