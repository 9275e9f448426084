"""The first half of match: what each request's address came to, and the violations of its parcels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from li_perf.model import WITH_ANSWER, Outcome
from li_perf.sources import ais, opa, parcels
from li_perf.sources.parcels import Meaning
from li_perf.steps.clean import read_pages
from li_perf.steps.job import Job
from li_perf.store import gold, prefills, questions, selection, silver, tables
from li_perf.wire import Reply

Rows = list[dict[str, Any]]


@dataclass(slots=True)
class Outcomes:
    """Rows to write: tickets and look-ups with what their answers mean."""

    tickets: list[dict[str, Any]] = field(default_factory=list)
    lookups: dict[str, dict[Meaning, None]] = field(default_factory=dict)  # in the order met
    ambiguous: dict[str, Meaning] = field(default_factory=dict)


async def settle(job: Job) -> int:
    """Write every ticket's outcome and accounts, every look-up's meaning, and the violations; how many of these."""
    crosswalk = await gold.accounts_by_crosswalk(job.ledger)
    dataset = job.inspections.violations
    part = silver.Part(
        dataset=dataset.table,
        table=tables.violation,
        read=lambda bodies: silver.plain_rows(read_pages(dataset, bodies)),
    )
    await gold.rebuild(job.ledger, job.run.id, part, lambda rows: _explained(rows, crosswalk))
    return await job.ledger.scalar(selection.count_violations()) or 0


def _explained(rows: Sequence[Any], crosswalk: Mapping[str, list[str]]) -> tuple[Rows, Rows]:
    """Rows to write of tickets and of look-ups, for tickets whose questions' are all among them."""
    outcomes = Outcomes()
    for row in rows:
        meaning = meaning_of(row)
        if row.question is not None:
            _note_lookup(outcomes, row, meaning)
        if not meaning.accounts and meaning.outcome is not Outcome.LOOKUP_FAILED:
            meaning = _by_ticket(crosswalk.get(row.service_request_id, []), meaning)
        outcomes.tickets.append(_ticket_row(row.service_request_id, meaning))
    return outcomes.tickets, _lookup_rows(outcomes)


def meaning_of(row: Any) -> Meaning:
    """What a ticket's address came to: from the address alone, from the answer, or that there is none yet."""
    if row.question is None:
        outcome = ais.question(row.address)
        return Meaning(outcome=outcome if isinstance(outcome, Outcome) else Outcome.ADDRESS_UNPARSEABLE)
    if row.state not in WITH_ANSWER:
        return Meaning(outcome=Outcome.LOOKUP_FAILED)
    if row.source == "local":
        return Meaning(outcome=Outcome.ADDRESS_UNPARSEABLE)
    if row.source == prefills.SOURCE:
        return opa.meaning(questions.received(row.body))
    answer = ais.read(row.question, Reply(status=row.http_status, body=questions.received(row.body)))
    return parcels.meaning(answer, row.zipcode)


def _by_ticket(accounts: list[str], meaning: Meaning) -> Meaning:
    """The City's own record names the parcel where the address does not."""
    named = tuple(sorted({account for account in accounts if len(account) == 9 and account.isdigit()}))
    return Meaning(outcome=Outcome.LINKED_BY_TICKET, accounts=named, match_type=None) if named else meaning


def _note_lookup(outcomes: Outcomes, row: Any, meaning: Meaning) -> None:
    if row.state in WITH_ANSWER:
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
