"""The report's chapter about the addresses: where each request leads, and the look-ups behind it."""

from __future__ import annotations

from li_perf.analysis.findings import Findings, Lookups, Prefill
from li_perf.faces.report_answers import unresolved
from li_perf.faces.report_parts import Chapter, Section, Table, numbers, table, text
from li_perf.faces.report_values import count, divide, interval, part, sentence, share, short
from li_perf.faces.words import NOT_ASKED

MEANINGS = {
    "linked_by_ticket": "the City's complaint names the request",
    "parcel_exact": "one parcel",
    "parcel_ambiguous": "several accounts; none is chosen",
    "parcel_building_only": "a building; no unit was given",
    "point_only": "the parcel around the point on the map",
    "intersection_or_block": "a crossing or a block, not a parcel",
    "address_null": "no address was given",
    "address_placeholder": "a placeholder in place of an address",
    "address_unparseable": "cannot be read as an address",
    "parcel_not_found": "the address service looked; not there",
    "no_account": "a known address without an account",
    "lookup_failed": "the look-up failed: not known yet",
}
SOURCES = {
    "ais": "answered by AIS",
    "opa": "answered from the City's own table, AIS not asked",
    "local": f"answered without asking ({NOT_ASKED})",
}
LOCATED = frozenset({"linked_by_ticket", "parcel_exact", "parcel_ambiguous", "parcel_building_only", "point_only"})
"""The outcomes that lead to a parcel."""


def chapter(findings: Findings) -> Chapter:
    """The addresses."""
    return Chapter(
        name="addresses",
        title="The addresses",
        sections=(_outcomes(findings), _lookups(findings), _buildings(findings)),
    )


def ranked(outcomes: dict[str, int]) -> list[tuple[str, int]]:
    """Address outcomes, the most frequent first."""
    return sorted(outcomes.items(), key=lambda item: (-item[1], item[0]))


def _outcomes(findings: Findings) -> Section:
    located = sum(requests for name, requests in findings.address_outcomes.items() if name in LOCATED)
    total = sum(findings.address_outcomes.values())
    agrees = "=" if total == findings.requests else "≠"
    return Section(
        name="outcomes",
        title=f"{part(located, findings.requests)} requests lead to a parcel",
        text=(
            "Every request has exactly one outcome. "
            f"The requests name {count(findings.distinct_addresses)} distinct addresses.",
        ),
        chart="outcomes",
        tables=(_outcome_table(findings, total),),
        notes=(f"The outcomes add up: {count(total)} {agrees} {count(findings.requests)} requests.",)
        if agrees == "="
        else (f"The outcomes do not add up: {count(total)} {agrees} {count(findings.requests)} requests.",),
    )


def _outcome_table(findings: Findings, total: int) -> Table:
    rows = [
        (short(name), short(MEANINGS.get(name)), count(requests), share(divide(requests, findings.requests)))
        for name, requests in ranked(findings.address_outcomes)
    ]
    return table(
        "Requests by address outcome",
        text("Outcome", "Meaning") | numbers("Requests", "Share"),
        [*rows, ("sum", "all requests", count(total), share(divide(total, findings.requests)))],
        has_total=True,
    )


def _lookups(findings: Findings) -> Section:
    lookups = findings.lookups
    return Section(
        name="lookups",
        title=f"{part(lookups.answered, lookups.asked)} look-ups were answered",
        text=(
            unresolved(findings) or "No look-up failed, and none is left to make.",
            *(_prefill(findings.prefill) if findings.prefill else ()),
        ),
        tables=(
            table(
                "Questions to the address service",
                text("What") | numbers("Count"),
                [
                    ("asked (each distinct address is one question)", count(lookups.asked)),
                    ("answered", count(lookups.answered)),
                    ("failed", count(lookups.failed)),
                    ("not made yet", count(lookups.pending)),
                    *_sources(lookups),
                    ("asked more than once", count(lookups.asked_more_than_once)),
                    ("requests sent over the wire, repeats included", count(lookups.requests_sent)),
                    ("service requests left unresolved", count(lookups.unresolved_requests)),
                ],
            ),
            table(
                "Failed look-ups by reason",
                text("Reason") | numbers("Look-ups"),
                [(short(reason), count(failed)) for reason, failed in ranked(findings.failures)],
            ),
        ),
    )


def _sources(lookups: Lookups) -> list[tuple[str, str]]:
    """Answers by who gave them, and those that are older than they should be."""
    rows = [(SOURCES.get(source, short(source)), count(answers)) for source, answers in ranked(lookups.by_source)]
    if lookups.max_age_days is not None:
        rows.append((f"answers older than {lookups.max_age_days} days", count(lookups.outdated)))
    return rows


def _prefill(prefill: Prefill) -> tuple[str, ...]:
    """What became of the first pass over the City's own table."""
    if prefill.status == "skipped":
        return (f"The City's own table of properties answered nothing: {sentence(prefill.reason or '')}",)
    found = f"The City's own table of properties could answer {part(prefill.matched, prefill.left)} look-ups."
    audit = (
        f"AIS was asked a random {count(prefill.sampled)} of these all the same, and agrees with the table in "
        f"{part(prefill.agreed, prefill.audited)}: {share(prefill.agreement)}, 95 % interval "
        f"{interval(prefill.interval)} (Wilson)."
    )
    if prefill.status == "applied":
        return found, audit, f"So {count(prefill.prefilled)} look-ups were answered from the table and not asked."
    return found, audit, "That is not enough to rely on it, so AIS was asked about all."


def _buildings(findings: Findings) -> Section:
    return Section(
        name="buildings",
        title="Matches at a building are counted apart from matches at a parcel",
        text=("A large building almost always has some violation, so a match there says less.",),
        tables=(
            table(
                "M3 by how exactly the place is known",
                text("Place") | numbers("Requests", "M3", "M3 share"),
                [
                    (short(row.kind), count(row.requests), count(row.m3), share(row.m3_share))
                    for row in findings.building_level
                ],
            ),
        ),
    )
