"""The top of the report: the City's three questions answered, and what a reader must know before believing them."""

from __future__ import annotations

from collections.abc import Iterator

from li_perf.analysis.findings import Findings, Headline
from li_perf.faces.report_parts import Answer
from li_perf.faces.report_values import (
    count,
    instant,
    interval,
    part,
    period,
    place_name,
    plural,
    sentence,
    share,
    short,
)
from li_perf.faces.words import made_up_city

BAND = 2 / 3
"""The City says that a third of L&I's tickets are unfounded; more matched than the rest is too good to be true."""


def made_up(findings: Findings) -> str | None:
    """That the figures are of servers on this machine; None where no server was."""
    return made_up_city(place_name(findings.city)) if findings.is_made_up else None


def answers(findings: Findings) -> tuple[Answer, ...]:
    """How many requests, what share has a matching code violation, what share is open."""
    return _requests(findings), _matched(findings.headline, findings.requests), _open(findings)


def alarms(findings: Findings) -> tuple[str, ...]:
    """What is wrong with this report, a sentence each; usually empty."""
    return tuple(_alarms(findings))


def bounds(findings: Findings) -> tuple[float, float] | None:
    """The least and the most that the headline share can be, whatever the unresolved requests would have been.

    Where the denominator is not all requests, each unresolved one may join it, matched or not.
    """
    head, unresolved = findings.headline, findings.lookups.unresolved_requests
    is_of_all = head.denominator_count == findings.requests
    most = head.denominator_count if is_of_all else head.denominator_count + unresolved
    if not most:
        return None
    return head.numerator / most, min(1.0, (head.numerator + unresolved) / most)


def unresolved(findings: Findings) -> str | None:
    """How far off the answer may be because of look-ups that failed or were not made; None if there are none."""
    lookups = findings.lookups
    if not (lookups.failed or lookups.pending or lookups.unresolved_requests):
        return None
    what = f"{plural(lookups.failed, 'look-up')} failed"
    if lookups.pending:
        what += f" and {count(lookups.pending)} {'was' if lookups.pending == 1 else 'were'} not made yet"
    return f"{what}: {_doubt(findings)}"


def _doubt(findings: Findings) -> str:
    requests, range_ = findings.lookups.unresolved_requests, bounds(findings)
    if not requests:
        return "the answer may be off by at most 0 requests, for none depends on them."
    if range_ is None or findings.headline.share is None:
        return f"the answer may be off by at most {plural(requests, 'request')}."
    off = max(findings.headline.share - range_[0], range_[1] - findings.headline.share)
    return (
        f"the answer may be off by at most {off * 100:.1f} percentage points "
        f"({plural(requests, 'request')} unresolved; the share lies between {share(range_[0])} and {share(range_[1])})."
    )


def _alarms(findings: Findings) -> Iterator[str]:
    if said := made_up(findings):
        yield said
    failing = [short(check.name) for check in findings.checks if check.is_certain and not check.passed]
    if failing:
        names = "; ".join(failing[:5]) + ("; …" if len(failing) > 5 else "")
        yield f"{len(failing)} of {plural(len(findings.checks), 'check')} FAILED: {names}."
    if doubt := unresolved(findings):
        yield doubt
    outcomes = sum(findings.address_outcomes.values())
    if outcomes != findings.requests:
        yield f"The address outcomes add up to {count(outcomes)}, not to the {count(findings.requests)} requests."
    if (findings.headline.share or 0) > BAND:
        yield (
            f"{share(findings.headline.share)} matched is more than two thirds; the City says that about one third of "
            "L&I's tickets are unfounded, so look for matches by chance."
        )


def _requests(findings: Findings) -> Answer:
    days = period(findings.since, findings.until)
    agency = short(findings.agency)
    return Answer(
        figure=count(findings.requests),
        claim=f"service request{'' if findings.requests == 1 else 's'} for {agency}, {days}",
        terms=(
            (
                "Definition",
                f"one for each service request number whose responsible agency is {agency} and that was made on a "
                f"local day ({short(findings.zone)}) of the period.",
            ),
            ("Denominator", "none; this number is the denominator of “all requests” below."),
        ),
    )


def _matched(head: Headline, requests: int) -> Answer:
    intervals = f"{interval(head.interval)} (Wilson), {interval(head.cluster_interval)} (bootstrap over parcels)."
    return Answer(
        figure=share(head.share),
        claim=f"({part(head.numerator, head.denominator_count)}) have a matching code violation",
        terms=(
            ("Definition", f"{short(head.level, 20)}: {sentence(head.definition)}"),
            ("Denominator", f"{count(head.denominator_count)}: {sentence(head.denominator)}"),
            ("95 % interval", intervals),
            ("Of all requests", f"{share(head.share_all)} of {count(requests)} at the same level."),
        ),
    )


def _open(findings: Findings) -> Answer:
    return Answer(
        figure=share(findings.open_share),
        claim=f"({part(findings.requests_open, findings.requests)}) are open",
        terms=(
            ("Definition", f"the request's status was Open when the data was taken, {instant(findings.extracted_at)}."),
            ("Denominator", f"{count(findings.requests)}: all requests."),
        ),
    )
