"""The three answers in three lines, for the end of a run; before them that a city is made up."""

from __future__ import annotations

from li_perf.analysis.findings import Findings
from li_perf.faces.report_answers import made_up


def brief(findings: Findings) -> str:
    """How many requests, what share has a matching violation, what share is open; each with its denominator."""
    head, said = findings.headline, made_up(findings)
    return "\n".join(
        [
            *([said] if said else []),
            f"{findings.requests:,} service requests of {findings.agency}, {findings.since} until {findings.until}.",
            f"{_percent(head.share)} of {head.denominator_count:,} have a matching code violation ({head.level}).",
            f"{_percent(findings.open_share)} of {findings.requests:,} are open ({findings.requests_open:,}).",
        ]
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
