"""Watches for an index that was emptied on AIS's side: then every address is "not found", politely and for good."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from li_perf.engine.question import Question
from li_perf.errors import Drift, Emptied, Failed, Fault
from li_perf.model import Outcome, State
from li_perf.sources import ais, parcels
from li_perf.sources.parcels import Meaning
from li_perf.steps.drift import Drifts
from li_perf.steps.job import Job
from li_perf.store import questions, selection

IN_A_ROW = 100  # addresses without a parcel: no chance, even where two in three have none
WITHOUT = (Outcome.PARCEL_NOT_FOUND, Outcome.NO_ACCOUNT)


class Vigil:
    """Sees every answer of AIS before it is kept. After too many in a row without a parcel it asks about the last
    address that had one: if that still has one the list is to blame, and twice as many are borne from then on; if it
    has none, what was said since is put back among the pending ones and the run ends.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._patience = IN_A_ROW
        self._located: str | None = None
        self._without: list[str] = []
        self._asking = asyncio.Lock()
        self._end: Emptied | None = None
        self._drifts = Drifts()

    async def see(self, address: str, meaning: Meaning) -> None:
        """Note an answer. Raises Emptied where AIS finds nothing any more."""
        self._drifts.see(None)
        if meaning.accounts:
            self._located, self._without = address, []
        elif meaning.outcome in WITHOUT:
            self._without.append(address)
            if self._is_suspicious:
                await self._make_sure()

    def see_failure(self, fault: Fault) -> None:
        """Note a question that has used up its tries."""
        self._drifts.see(fault if isinstance(fault, Drift) else None)

    @property
    def _is_suspicious(self) -> bool:
        return len(self._without) >= self._patience

    async def _make_sure(self) -> None:
        async with self._asking:
            if self._end:
                raise self._end
            if not self._is_suspicious:
                return
            known = await self._known()
            if await self._is_any_located(known):
                self._patience *= 2
                self._without = []
            elif self._is_suspicious:
                await self._put_back(known[0])

    async def _put_back(self, known: str) -> None:
        self._end = Emptied(
            f"AIS finds no parcel any more: none for {len(self._without)} addresses in a row, and none for {known}. "
            "What it said of them is not kept; `li-perf resume` asks again."
        )
        again = [questions.settle_lookup(a, state=State.PENDING, calls=0, source="ais") for a in self._without]
        await self._job.ledger.save(*again)
        raise self._end

    async def _known(self) -> list[str]:
        """Addresses of which one at least has a parcel on a sound AIS."""
        if self._located:
            return [self._located]
        earlier = await self._job.ledger.scalar(selection.located())
        return [earlier, ais.KNOWN_GOOD] if earlier else [ais.KNOWN_GOOD]

    async def _is_any_located(self, addresses: list[str]) -> bool:
        for address in addresses:
            question = Question(key=address, request=ais.request(address), read=partial(ais.read, address))
            with suppress(Failed):
                if parcels.meaning((await self._job.ais.ask(question)).value, None).accounts:
                    return True
        return False
