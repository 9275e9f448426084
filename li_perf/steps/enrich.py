"""enrich: one question a distinct address to AIS, and the violations of every parcel from Carto, overlapped.

Workers look addresses up; the accounts they find gather into batches for the second server; both stages checkpoint.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec

from li_perf.engine.ask import Question
from li_perf.engine.work import Channel, together, work_off
from li_perf.errors import Failed
from li_perf.model import TO_ASK, Outcome, State
from li_perf.sources import ais, parcels
from li_perf.steps.backlog import Backlog, fetch_all
from li_perf.steps.job import Job, Progress
from li_perf.steps.paging import begin
from li_perf.steps.vigil import Vigil
from li_perf.steps.violations import ACCOUNT, CASE, Violations
from li_perf.store import ages, questions, selection
from li_perf.store.changes import Change

SPARE = 8  # for so many calls at once one worker more: while it reads an answer, another's call is on its way


class _Found(NamedTuple):
    """What there is to be kept of a question, and of how many accounts."""

    changes: Sequence[Change]
    accounts: int = 0


Kept = Callable[[int], None]  # told, once an answer is durable, of how many accounts it is


async def enrich(job: Job) -> None:
    """Answer every pending question and fetch every pending account and case. Raises ServerError, or Stopped."""
    await _seed(job)
    addresses: Channel[str] = Channel(2 * job.ais.client.server.concurrency)
    backlog = Backlog(await job.ledger.scalar(selection.count_pending_accounts(job.run.id)))
    total = await job.ledger.scalar(selection.count_questions())
    counter = Told(job=job, total=total or 0)
    await together(
        feed(job, addresses, selection.is_asked()),
        _look_up(job, addresses, backlog, counter),
        _fetch(job, backlog),
    )
    job.halt.check()


class Told:
    """Tells how far the look-ups are."""

    def __init__(self, *, job: Job, total: int) -> None:
        self._job = job
        self._total = total
        self.done = 0

    async def begin(self) -> None:
        states = await questions.states(self._job.ledger, selection.asked())
        self.done = sum(states.values()) - sum(states.get(state, 0) for state in TO_ASK)
        self._tell()

    def one(self) -> None:
        self.done += 1
        self._tell()

    def _tell(self) -> None:
        self._job.tell(Progress(step="enrich", done=self.done, total=self._total, vitals=self._job.vitals))


async def seed_questions(job: Job) -> None:
    """Make every distinct address a question; what is there stays."""
    async for block in job.ledger.stream(selection.distinct_questions()):
        await job.ledger.save(questions.add_lookups(row.question for row in block))


async def _seed(job: Job) -> None:
    """Make every distinct address a question and every case of the crosswalk a fetch; what is there stays."""
    await seed_questions(job)
    async for block in job.ledger.stream(selection.crosswalk_cases()):
        await job.ledger.save(questions.add_fetches(job.run.id, CASE, (row.casenumber for row in block)))
    async for block in job.ledger.stream(selection.crosswalk_accounts()):
        await job.ledger.save(questions.add_fetches(job.run.id, ACCOUNT, (row.opa_account_num for row in block)))
    async for block in job.ledger.stream(selection.accounts_of_answers()):
        known = {account for row in block for account in msgspec.json.decode(row.accounts)}
        await job.ledger.save(questions.add_fetches(job.run.id, ACCOUNT, sorted(known)))


async def _fetch(job: Job, backlog: Backlog) -> None:
    columns = (await begin(job, job.inspections.violations, (), counts=False)).columns
    await fetch_all(job, backlog, Violations(job=job, columns=columns))


async def feed(job: Job, addresses: Channel[str], among: Any) -> None:
    """Every question to ask, of those that `among` selects."""
    for state in TO_ASK:
        async for block in questions.pending_lookups(job.ledger, among, state=state):
            for row in block:
                if job.halt.is_set:
                    break
                await addresses.put(row.question)
    await addresses.end()


async def _look_up(job: Job, addresses: Channel[str], backlog: Backlog, counter: Told) -> None:
    await counter.begin()
    vigil = Vigil(job)

    def kept(accounts: int) -> None:
        counter.one()
        backlog.grew(accounts)

    async def one(address: str) -> None:
        await backlog.has_room()
        await answer(job, address, vigil, kept)

    await look_up(job, addresses, one)
    backlog.end()


async def look_up(job: Job, addresses: Channel[str], one: Callable[[str], Awaitable[None]]) -> None:
    """Do `one` with every address, as many at once as AIS may be asked; what they gave is durable behind it."""
    await work_off(addresses, one, workers=_at_once(job) + _spare(job), halt=job.halt)
    await job.ledger.given()


async def answer(job: Job, address: str, vigil: Vigil, kept: Kept) -> None:
    """Ask, and give the answer and the accounts to fetch to the ledger, to be made durable together."""
    found = await _found(job, address, vigil)
    await job.ledger.give(*found.changes, then=partial(kept, found.accounts), ahead=_at_once(job) - _spare(job))


def _at_once(job: Job) -> int:
    return job.ais.client.server.concurrency


def _spare(job: Job) -> int:
    return _at_once(job) // SPARE


async def _found(job: Job, address: str, vigil: Vigil) -> _Found:
    if not ais.is_askable(address):
        return _Found(changes=[_refused(address)])
    try:
        answer = await job.ais.ask(Question(key=address, request=ais.request(address), read=partial(ais.read, address)))
    except Failed as failed:
        vigil.see_failure(failed.fault)
        return await _given_up(job, address, failed)
    meaning = parcels.meaning(answer.value, None)
    await vigil.see(address, meaning)
    settled = questions.settle_lookup(
        address,
        state=State.ANSWERED,
        calls=answer.attempts,
        source="ais",
        status=answer.reply.status,
        body=answer.reply.body,
        outcome=meaning.outcome,
        accounts=msgspec.json.encode(meaning.accounts).decode(),
        match_type=meaning.match_type,
    )
    fetches = questions.add_fetches(job.run.id, ACCOUNT, meaning.accounts)
    return _Found(changes=[settled, fetches], accounts=len(meaning.accounts))


def _refused(address: str) -> Change:
    return questions.settle_lookup(
        address,
        state=State.ANSWERED,
        calls=0,
        source="local",
        reason="not_askable",
        outcome=Outcome.ADDRESS_UNPARSEABLE,
        accounts="[]",
    )


async def _given_up(job: Job, address: str, failed: Failed) -> _Found:
    """Fail the question, unless it has an old answer: that one stays."""
    fault = failed.fault
    if (known := await ages.known_accounts(job.ledger, address)) is not None:
        accounts = msgspec.json.decode(known)
        fetches = questions.add_fetches(job.run.id, ACCOUNT, accounts)
        return _Found(changes=[ages.keep_old(address, calls=failed.attempts), fetches], accounts=len(accounts))
    settled = questions.settle_lookup(
        address,
        state=State.FAILED,
        calls=failed.attempts,
        source="ais",
        reason=fault.reason,
        status=fault.status,
        outcome=Outcome.LOOKUP_FAILED,
        accounts="[]",
    )
    return _Found(changes=[settled])
