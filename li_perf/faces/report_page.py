"""The report as parts in reading order, from the findings."""

from __future__ import annotations

from li_perf.analysis.findings import Findings
from li_perf.faces import report_addresses, report_matches, report_record, report_requests, report_units
from li_perf.faces.report_answers import alarms, answers
from li_perf.faces.report_parts import Report
from li_perf.faces.report_values import instant, period, place_name, short


def page(findings: Findings) -> Report:
    """The report; the answers first, then what they rest on."""
    city, agency = place_name(findings.city), short(findings.agency)
    return Report(
        title=f"{city}: service requests for {agency}",
        standfirst=f"Requests made from {period(findings.since, findings.until)} ({short(findings.zone)}). "
        f"Data taken on {instant(findings.extracted_at)}.",
        alarms=alarms(findings),
        answers=answers(findings),
        chapters=(
            report_matches.chapter(findings),
            report_units.chapter(findings),
            report_record.caution(findings),
            report_requests.chapter(findings),
            report_addresses.chapter(findings),
            report_record.chapter(findings),
        ),
        colophon=f"Made by li-perf {short(findings.version)} from the findings in report.json.",
    )
