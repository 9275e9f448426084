"""The report's last chapters: what the data is and is not, so that a reader can check it."""

from __future__ import annotations

from collections.abc import Iterator

from li_perf.analysis.findings import Check, Findings, Source
from li_perf.faces.report_parts import Chapter, Quote, Section, numbers, prose, table, text
from li_perf.faces.report_values import count, instant, number, part, period, place_name, plural, sentence, short


def caution(findings: Findings) -> Chapter:
    """What the figures do not show."""
    return Chapter(name="limits", title="What this does not show", sections=(_limits(findings),))


def chapter(findings: Findings) -> Chapter:
    """Where the figures come from."""
    return Chapter(
        name="record",
        title="Where the figures come from",
        sections=(_checks(findings), _scope(findings), _boundary(findings), _excluded(findings), _sources(findings)),
    )


def _limits(findings: Findings) -> Section:
    return Section(
        name="caution",
        title="A match is a violation at the same place, not proof that the request led to it",
        text=tuple(sentence(limit, 1200) for limit in findings.limits)
        or ("Nothing was written down about what the figures do not show.",),
    )


def _scope(findings: Findings) -> Section:
    facts = [
        ("City", place_name(findings.city)),
        ("Responsible agency", short(findings.agency)),
        ("Period", period(findings.since, findings.until)),
        ("From, included", short(findings.since)),
        ("Until, not included", short(findings.until)),
        ("Zone of the local days", short(findings.zone)),
        ("Extraction time", short(findings.extracted_at)),
        ("Version", short(findings.version)),
    ]
    return Section(
        name="scope",
        title=f"The data was taken on {instant(findings.extracted_at)}",
        tables=(table("Period, zone and extraction time", text("What") | prose("Value"), facts),),
    )


def _boundary(findings: Findings) -> Section:
    edge = findings.boundary
    gained = "an unknown number of rows" if edge.rows_gained is None else plural(edge.rows_gained, "row")
    return Section(
        name="boundary",
        title=f"A period cut at UTC midnight would bring in {gained} and lose {number(edge.rows_lost)}",
        text=(f"Days are local ({short(findings.zone)}); cutting the period in UTC would move these rows.",),
        tables=(
            table(
                "What a UTC boundary would move",
                text("What") | numbers("Rows"),
                [("rows gained", count(edge.rows_gained)), ("rows lost", count(edge.rows_lost))],
            ),
        ),
    )


def _excluded(findings: Findings) -> Section:
    rows = sum(row.rows for row in findings.excluded)
    return Section(
        name="excluded",
        title=f"{plural(rows, 'row')} {'was' if rows == 1 else 'were'} left out, each for a reason",
        tables=(
            table(
                "Rows excluded and why",
                text("Table", "Reason") | numbers("Rows"),
                [(short(row.table), short(row.reason, 90), count(row.rows)) for row in findings.excluded],
            ),
        ),
    )


def _checks(findings: Findings) -> Section:
    passed = sum(check.passed for check in findings.checks)
    return Section(
        name="checks",
        title=f"{part(passed, len(findings.checks))} checks passed",
        text=("Each check compares figures of this report with each other. NOTE is expected to pass, but need not.",),
        tables=(
            table(
                "Checks",
                text("Result") | prose("Check", "Detail"),
                [
                    (_result(check), short(check.name, 120), short(check.detail, 400))
                    for check in sorted(findings.checks, key=lambda check: check.passed)
                ],
            ),
        ),
    )


def _result(check: Check) -> str:
    return "PASS" if check.passed else "FAIL" if check.is_certain else "NOTE"


def _sources(findings: Findings) -> Section:
    return Section(
        name="sources",
        title=f"The figures rest on {plural(len(findings.sources), 'download')}",
        text=(
            *_asked(findings),
            "Received = kept + duplicates + rejected. The hash is of the pages as they were received.",
        ),
        tables=(
            table(
                "Source row counts",
                text("Table")
                | numbers("Counted before", "Counted after", "Received", "Kept", "Duplicates", "Rejected", "Restarts"),
                map(_counts, findings.sources),
            ),
        ),
        quotes=tuple(quote for source in findings.sources for quote in _quotes(source)),
    )


def _asked(findings: Findings) -> Iterator[str]:
    if findings.servers:
        yield f"Asked: {', '.join(f'{name} at {short(url, 200)}' for name, url in findings.servers.items())}."


def _counts(source: Source) -> tuple[str, ...]:
    return (
        *(short(source.table), count(source.counted_before), count(source.counted_after), count(source.received)),
        *(count(source.kept), count(source.duplicates), count(source.rejected), count(source.restarts)),
    )


def _quotes(source: Source) -> Iterator[Quote]:
    name = short(source.table)
    yield Quote(label=f"{name}: query", text=source.query)
    yield Quote(label=f"{name}: SHA-256 of the pages", text=source.sha256)
    if source.missing_columns:
        yield Quote(label=f"{name}: columns that the server no longer has", text=", ".join(source.missing_columns))
