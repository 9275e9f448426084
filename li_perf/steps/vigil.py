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
from li_perf.model import Outcome
from li_perf.sources import ais, parcels
from li_perf.sources.parcels import Meaning
from li_perf.steps.drift import Drifts
from li_perf.steps.job import Job
from li_perf.store import selection

log = logging.getLogger("li_perf.steps")
IN_A_ROW = 100  # addresses without a parcel: no chance, even where two in three have none
FEW = 30  # in a row: as many are believed
SAMPLE = 5  # of more, asked again once there are parcels again
WAVES = 10  # in which parcels go and come back
WITHOUT = (Outcome.PARCEL_NOT_FOUND, Outcome.NO_ACCOUNT)

T = TypeVar("T")


class _Held(NamedTuple, Generic[T]):
    """What waits to be kept, since `at` (loop time)."""

    address: str
    gift: T
    at: float


class Vigil(Generic[T]):
    """Sees every answer of AIS, as a gift for the ledger, before it is kept. One without a parcel is held until AIS has
    found another's, asked for behind it; what is never kept is asked again by whoever goes on, and an old answer counts
    until then.

    After too many in a row it asks about the last address that had a parcel: if that still has one the list is to
    blame, and twice as many are borne from then on; if it has none, the run ends.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._patience = IN_A_ROW
        self._in_a_row = self._waves = 0
        self._located: str | None = None
        self._held: list[_Held[T]] = []
        self._doubted: list[str] = []
        self._asking = asyncio.Lock()
        self._end: Emptied | None = None
        self._drifts = Drifts()

    async def see(self, address: str, meaning: Meaning, gift: T, *, asked_at: float) -> Sequence[T]:
        """Note an answer to a question of then (loop time); the gifts to be kept now.

        Raises Emptied where AIS finds nothing any more.
        """
        self._drifts.see(None)
        if meaning.accounts:
            self._located = address
            return [*await self._found_again(asked_at), gift]
        if meaning.outcome not in WITHOUT:
            return [gift]
        self._in_a_row += 1
        self._held.append(_Held(address, gift, asyncio.get_running_loop().time()))
        return await self._sure(self._patience)

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

    def doubted(self) -> list[str]:
        """Addresses whose answers were given up, to be asked about again: each is named once."""
        doubted, self._doubted = self._doubted, []
        return doubted

    async def _found_again(self, asked_at: float) -> Sequence[T]:
        """What was held when that was asked; after too many in a row all of it, or none."""
        row, self._in_a_row = self._in_a_row, 0
        if row <= FEW:
            return self._taken(asked_at)
        with suppress(Stopped):
            return await self._proved()
        return []

    def _taken(self, before: float) -> list[T]:
        ready = sum(each.at < before for each in self._held)
        taken, self._held = self._held[:ready], self._held[ready:]
        return [each.gift for each in taken]

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
                raise self._ended(f"none for {self._in_a_row} addresses in a row, and none for {known[0]}")
        return []

    async def _proved(self) -> Sequence[T]:
        """All that is held, unless one of them has a parcel now: then AIS had lost them for a while."""
        held, self._held = self._held, []
        sample = [each.address for each in held[:: max(1, len(held) // SAMPLE)]]
        if not await self._is_any_located(sample):
            return [each.gift for each in held]
        self._waves += 1
        if self._waves > WAVES:
            raise self._ended("they come and go")
        log.warning("AIS found no parcels for a while, and does again: %d addresses are asked again.", len(held))
        self._doubted += [each.address for each in held]
        return []

    def _ended(self, why: str) -> Emptied:
        self._end = Emptied(
            f"AIS finds no parcel any more: {why}. What it said of them is not kept; `li-perf resume` asks again."
        )
        return self._end

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
