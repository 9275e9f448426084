"""Watches for an index that was emptied on AIS's side: then every address is "not found", politely and for good."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from li_perf.engine.halt import Stopped
from li_perf.engine.question import Question
from li_perf.errors import Drift, Emptied, Failed, Fault
from li_perf.model import Outcome, State
from li_perf.sources import ais, parcels
from li_perf.sources.parcels import Meaning
from li_perf.steps.drift import Drifts
from li_perf.steps.job import Job
from li_perf.store import ages, questions, selection

log = logging.getLogger("li_perf.steps")
IN_A_ROW = 100  # addresses without a parcel: no chance, even where two in three have none
FEW = 30  # in a row: as many are believed
SAMPLE = 5  # of more, asked again once there are parcels again
WAVES = 10  # in which parcels go and come back
WITHOUT = (Outcome.PARCEL_NOT_FOUND, Outcome.NO_ACCOUNT)

T = TypeVar("T")


class _Doubt(NamedTuple, Generic[T]):
    """An address without a parcel, answered `at` (loop time); `gift` is held where an old answer would be lost."""

    address: str
    gift: T | None
    at: float


class Vigil(Generic[T]):
    """Sees every answer of AIS, as a gift for the ledger, before it is kept. Those without a parcel are doubted until
    AIS has found another address's, asked for behind them: then, if they are many in a row, a few are asked about
    again, and where one of those has a parcel now all are put back. An old answer is not replaced before.

    After too many in a row it asks about the last address that had a parcel: if that still has one the list is to
    blame, and twice as many are borne from then on; if it has none, the run ends.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._patience = IN_A_ROW
        self._in_a_row = self._waves = 0
        self._located: str | None = None
        self._doubts: list[_Doubt[T]] = []
        self._put_back: list[str] = []
        self._has_old = False
        self._asking = asyncio.Lock()
        self._end: Emptied | None = None
        self._drifts = Drifts()

    async def begin(self) -> None:
        """Go on doubting what was answered last before this run was interrupted, and see whether answers are old."""
        self._has_old = bool(await self._job.ledger.scalar(ages.any_old()))
        last = await self._job.ledger.rows(selection.last_without(self._job.run.started_at))
        self._doubts += [_Doubt(row.question, None, -math.inf) for row in last]
        self._in_a_row += len(last)

    async def see(self, address: str, meaning: Meaning, gift: T, *, asked_at: float) -> Sequence[T]:
        """Note an answer to a question of then (loop time); the gifts to be kept now.

        Raises Emptied where AIS finds nothing any more.
        """
        if self._end:
            raise self._end
        self._drifts.see(None)
        if meaning.accounts:
            self._located = address
            return [*await self._found_again(asked_at), gift]
        if meaning.outcome not in WITHOUT:
            return [gift]
        is_held = self._has_old and await ages.known_accounts(self._job.ledger, address) is not None
        self._in_a_row += 1
        self._doubts.append(_Doubt(address, gift if is_held else None, asyncio.get_running_loop().time()))
        gifts = [] if is_held else [gift]
        with suppress(Stopped):
            gifts += await self._sure(self._patience)
        return gifts

    def see_failure(self, fault: Fault) -> None:
        """Note a question that has used up its tries."""
        self._drifts.see(fault if isinstance(fault, Drift) else None)

    async def end(self) -> Sequence[T]:
        """The gifts that are still held, behind the last answer, if they can be believed. Raises Emptied."""
        if self._in_a_row > FEW:
            with suppress(Stopped):
                return await self._sure(FEW)
        return self.believed()

    def believed(self) -> Sequence[T]:
        """The gifts that are still held, if they are few."""
        return self._taken(math.inf) if self._in_a_row <= FEW else []

    def put_back(self) -> list[str]:
        """Addresses whose answers were put back, to be asked about again: each is named once."""
        addresses, self._put_back = self._put_back, []
        return addresses

    async def _found_again(self, asked_at: float) -> Sequence[T]:
        """What was held when that was asked; after too many in a row all of it, or none."""
        row, self._in_a_row = self._in_a_row, 0
        if row <= FEW:
            return self._taken(asked_at)
        with suppress(Stopped):
            return await self._proved()
        return []

    def _taken(self, before: float) -> list[T]:
        ready = sum(each.at < before for each in self._doubts)
        taken, self._doubts = self._doubts[:ready], self._doubts[ready:]
        return [each.gift for each in taken if each.gift is not None]

    async def _sure(self, least: int) -> Sequence[T]:
        """What is held by so many in a row, once an address that has a parcel is seen to have one."""
        if self._in_a_row < least:
            return []
        async with self._asking:
            if self._end:
                raise self._end
            if self._in_a_row < least:
                return []
            known = await self._known()
            if await self._is_any_located(known):
                self._patience *= 2
                self._in_a_row = 0
                return await self._proved()
            if self._in_a_row >= least:
                doubts, self._doubts = self._doubts, []
                raise await self._ended(doubts, f"none for {len(doubts)} addresses in a row, and none for {known[0]}")
        return []

    async def _proved(self) -> Sequence[T]:
        """All that is held, unless one of them has a parcel now: then AIS had lost them for a while."""
        doubts, self._doubts = self._doubts, []
        sample = [each.address for each in doubts[:: max(1, len(doubts) // SAMPLE)]]
        if not await self._is_any_located(sample):
            return [each.gift for each in doubts if each.gift is not None]
        self._waves += 1
        if self._waves > WAVES:
            raise await self._ended(doubts, "they come and go")
        log.warning("AIS found no parcels for a while, and does again: %d addresses are asked again.", len(doubts))
        await self._forget(doubts)
        self._put_back += [each.address for each in doubts]
        return []

    async def _ended(self, doubts: Sequence[_Doubt[T]], why: str) -> Emptied:
        self._end = Emptied(
            f"AIS finds no parcel any more: {why}. What it said of them is not kept; `li-perf resume` asks again."
        )
        await self._forget(doubts)
        return self._end

    async def _forget(self, doubts: Sequence[_Doubt[T]]) -> None:
        kept = [each.address for each in doubts if each.gift is None]
        await self._job.ledger.save(
            *(questions.settle_lookup(each, state=State.PENDING, calls=0, source="ais") for each in kept)
        )

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
