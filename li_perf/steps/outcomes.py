"""The first half of match: what each request's address came to, and the violations of its parcels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from li_perf.model import Outcome, Reject, State, Violation
from li_perf.sources import ais, parcels
from li_perf.sources.parcels import Meaning
from li_perf.steps.clean import read_pages
from li_perf.steps.job import Job
from li_perf.store import gold, questions, silver
from li_perf.wire import Reply


@dataclass(slots=True)
class Outcomes:
    """Rows to write: tickets and look-ups with what their answers mean."""

    tickets: list[dict[str, Any]] = field(default_factory=list)
    lookups: dict[str, dict[Meaning, None]] = field(default_factory=dict)  # in the order met
    ambiguous: dict[str, Meaning] = field(default_factory=dict)


async def settle(job: Job) -> int:
    """Write every ticket's outcome and accounts, every look-up's meaning, and the violations; how many of these."""
    outcomes = await _outcomes(job)
    read = await read_pages(job, job.inspections.violations)
    rejects = [item for item in read if isinstance(item, Reject)]
    unique = {_key(item): item for item in read if isinstance(item, Violation)}
    rows = silver.plain_rows(unique[key] for key in sorted(unique))
    for number, row in enumerate(rows, start=1):
        row["violation_id"] = number
    await gold.keep_outcomes(job.ledger, outcomes.tickets, _lookup_rows(outcomes), rows)
    await silver.replace_rows(job.ledger, {}, rejects={job.inspections.violations.table: rejects})
    return len(rows)


def _key(violation: Violation) -> tuple[str, str, str]:
    """A violation's number is not unique (13 of two million are there twice); with case and code it is."""
    return violation.violationnumber, violation.casenumber or "", violation.violationcode or ""


async def _outcomes(job: Job) -> Outcomes:
    outcomes = Outcomes()
    crosswalk = await gold.accounts_by_crosswalk(job.ledger)
    async for block in gold.tickets_with_answers(job.ledger):
        for row in block:
            meaning = meaning_of(row)
            if row.question is not None:
                _note_lookup(outcomes, row, meaning)
            if not meaning.accounts and meaning.outcome is not Outcome.LOOKUP_FAILED:
                meaning = _by_ticket(crosswalk.get(row.service_request_id, []), meaning)
            outcomes.tickets.append(_ticket_row(row.service_request_id, meaning))
    return outcomes


def meaning_of(row: Any) -> Meaning:
    """What a ticket's address came to: from the address alone, from the answer, or that there is none yet."""
    if row.question is None:
        outcome = ais.question(row.address)
        return Meaning(outcome=outcome if isinstance(outcome, Outcome) else Outcome.ADDRESS_UNPARSEABLE)
    if row.state != State.ANSWERED:
        return Meaning(outcome=Outcome.LOOKUP_FAILED)
    if row.source == "local":
        return Meaning(outcome=Outcome.ADDRESS_UNPARSEABLE)
    answer = ais.read(row.question, Reply(status=row.http_status, body=questions.received(row.body)))
    return parcels.meaning(answer, row.zipcode)


def _by_ticket(accounts: list[str], meaning: Meaning) -> Meaning:
    """The City's own record names the parcel where the address does not."""
    named = tuple(sorted({account for account in accounts if len(account) == 9 and account.isdigit()}))
    return Meaning(outcome=Outcome.LINKED_BY_TICKET, accounts=named, match_type=None) if named else meaning


def _note_lookup(outcomes: Outcomes, row: Any, meaning: Meaning) -> None:
    if row.state == State.ANSWERED:
        outcomes.lookups.setdefault(row.question, {})[meaning] = None
        if meaning.outcome is Outcome.PARCEL_AMBIGUOUS:
            outcomes.ambiguous[row.question] = meaning


def _lookup_rows(outcomes: Outcomes) -> list[dict[str, Any]]:
    """A question's meaning where all its requests agree on it; where their ZIP codes differ, it stays ambiguous."""
    rows = []
    for question, meanings in outcomes.lookups.items():
        every = {account for meaning in meanings for account in meaning.accounts}
        first = outcomes.ambiguous.get(question) or next(iter(meanings))
        agreed = (
            first
            if len(meanings) == 1
            else Meaning(outcome=Outcome.PARCEL_AMBIGUOUS, accounts=tuple(sorted(every)), match_type=first.match_type)
        )
        rows.append(
            {
                "of_question": question,
                "new_outcome": agreed.outcome,
                "new_accounts": _json(agreed.accounts),
                "new_match_type": agreed.match_type,
            }
        )
    return rows


def _ticket_row(request: str, meaning: Meaning) -> dict[str, Any]:
    return {
        "of_request": request,
        "outcome": meaning.outcome,
        "named": _json(meaning.accounts),
        "kind": meaning.match_type,
        "building": int(meaning.is_building_level),
    }


def _json(accounts: tuple[str, ...]) -> str:
    return msgspec.json.encode(accounts).decode()
