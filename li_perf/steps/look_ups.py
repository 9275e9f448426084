"""Look-ups: AIS is asked about one address after the other, and what it says goes to the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec

from li_perf.engine.question import Answer, Question
from li_perf.engine.work import Channel, work_off
from li_perf.errors import Failed
from li_perf.model import Outcome, State
from li_perf.sources import ais, parcels
from li_perf.sources.ais_answer import Found, Missing
from li_perf.sources.parcels import Meaning
from li_perf.steps.job import Job
from li_perf.steps.vigil import Gift, Vigil
from li_perf.store import ages, fetches, notes, questions
from li_perf.store.changes import Change
from li_perf.store.fetches import ACCOUNT

SPARE = 8  # for so many calls at once one worker more: while it reads an answer, another's call is on its way


class LookUps:
    """`kept` is told, once an answer is durable, of how many accounts it is."""

    def __init__(self, job: Job, kept: Callable[[int], None]) -> None:
        self._job, self._ais, self._kept = job, job.ais, kept
        self._vigil = Vigil(job)
        self._at_once = job.ais.client.server.concurrency
        self._spare = self._at_once // SPARE

    async def work_off(self, addresses: Channel[str], one: Callable[[str], Awaitable[None]]) -> None:
        """Do `one` with every address, as many at once as AIS may be asked; what they gave is durable behind it."""
        await self._vigil.begin()
        await self._work_off(addresses, one)
        while put_back := self._vigil.put_back():
            again: Channel[str] = Channel(len(put_back) + 1)
            for address in put_back:
                await again.put(address)
            await again.end()
            await self._work_off(again, one)
        await self._job.ledger.given()

    async def _work_off(self, addresses: Channel[str], one: Callable[[str], Awaitable[None]]) -> None:
        await work_off(addresses, one, workers=self._at_once + self._spare, halt=self._job.halt)
        await self._give(await self._vigil.end())

    async def answer(self, address: str) -> None:
        """Ask, and give the answer and the accounts to fetch to the ledger, to be made durable together."""
        await self._give(await self._found(address))
        await self._give(await self._vigil.make_sure())

    async def _give(self, gifts: Sequence[Gift]) -> None:
        for changes, accounts in gifts:
            await self._job.ledger.give(*changes, then=partial(self._kept, accounts), ahead=self._at_once - self._spare)

    async def _found(self, address: str) -> Sequence[Gift]:
        """What may be kept now: of this address, and of others before it."""
        if not ais.is_askable(address):
            return [Gift([_refused(address)])]
        asked_at = asyncio.get_running_loop().time()
        question = Question(key=address, request=ais.request(address), read=partial(ais.read, address))
        try:
            answer = await self._ais.ask(question)
        except Failed as failed:
            self._vigil.see_failure(failed.fault)
            return [await self._given_up(address, failed)]
        meaning = parcels.meaning(answer.value, None)
        gift = Gift(_settled(self._job.run.id, address, answer, meaning), len(meaning.accounts))
        return await self._vigil.see(address, meaning, gift, asked_at=asked_at)

    async def _given_up(self, address: str, failed: Failed) -> Gift:
        """Fail the question, unless it has an old answer: that one stays."""
        if (known := await ages.known_accounts(self._job.ledger, address)) is not None:
            accounts = notes.read(known, list[str], f"the answer to {address!r}")
            to_fetch = fetches.add(self._job.run.id, ACCOUNT, accounts)
            return Gift([ages.keep_old(address, calls=failed.attempts), to_fetch], len(accounts))
        return Gift([_failed(address, failed)])


def _settled(run_id: int, address: str, answer: Answer[Found | Missing], meaning: Meaning) -> list[Change]:
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
    return [settled, fetches.add(run_id, ACCOUNT, meaning.accounts)]


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


def _failed(address: str, failed: Failed) -> Change:
    return questions.settle_lookup(
        address,
        state=State.FAILED,
        calls=failed.attempts,
        source="ais",
        reason=failed.fault.reason,
        status=failed.fault.status,
        outcome=Outcome.LOOKUP_FAILED,
        accounts="[]",
    )
