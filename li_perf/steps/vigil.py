"""Watches for a table that is emptied on AIS's side: then every address is "not found", politely and for good."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile
from typing import NamedTuple

from li_perf.engine.halt import Stopped
from li_perf.errors import Drift, Emptied, Fault
from li_perf.model import Outcome
from li_perf.sources import ais
from li_perf.sources.parcels import Meaning
from li_perf.steps.canaries import Canaries
from li_perf.steps.drift import Drifts
from li_perf.steps.job import Job
from li_perf.steps.shortfall import WINDOW, Shortfall
from li_perf.store import selection
from li_perf.store.changes import Change

log = logging.getLogger("li_perf.steps")
PATIENCE, LONGEST = 100, 400  # doubts that are held before they are looked into, at first and at most
SAMPLE = 3  # of them, asked about again
WAVES = 10  # in which parcels go and come back
WITHOUT = (Outcome.PARCEL_NOT_FOUND, Outcome.NO_ACCOUNT)


class Gift(NamedTuple):
    """What the ledger is given of a question: the changes that settle it, and of how many accounts they are."""

    changes: Sequence[Change]
    accounts: int = 0


class _Doubt(NamedTuple):
    """An address without a parcel, the `number`-th answer, which came `at` (loop time)."""

    address: str
    gift: Gift
    number: int
    at: float


class Vigil:
    """Sees every answer of AIS before it is kept. One without a parcel is doubted, and held back, until 30 more have
    come, no more of them without one than usual, and AIS has found a parcel that was asked for behind it.

    Where there are far more than usual, all are held: some of them are asked about again, and then addresses that had
    a parcel before. Is there a parcel now where there was none, all are asked again; has more than one lost its own,
    the run ends. What is held when a run ends is not kept, and asked again by whoever goes on.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._shortfall = Shortfall()
        self._patience = PATIENCE
        self._waves = 0
        self._seen = 0
        self._sound_at = -math.inf  # AIS found a parcel that was asked for then
        self._canaries = Canaries(job, age=WINDOW)
        self._doubts: list[_Doubt] = []
        self._suspects = 0  # the first so many came while there were far too many
        self._put_back: list[str] = []
        self._twice: set[str] = set()  # that were put back once
        self._asking = asyncio.Lock()
        self._end: Emptied | None = None
        self._drifts = Drifts()

    async def begin(self) -> None:
        """Learn from earlier answers what is usual, and who has a parcel."""
        recent = await self._job.ledger.rows(selection.recent_outcomes())
        self._shortfall = Shortfall(answers=len(recent), without=sum(row.outcome in WITHOUT for row in recent))
        await self._canaries.begin()

    async def see(self, address: str, meaning: Meaning, gift: Gift, *, asked_at: float) -> Sequence[Gift]:
        """The gifts that can be given now: this answer's, unless it is doubted, and those it settles. Raises Emptied,
        or Drifted where an answer's form changed for most."""
        if self._end:
            raise self._end
        self._drifts.see(None)
        if meaning.accounts:
            self._note(is_without=False)
            self._canaries.remember(address, self._seen)
            self._sound_at = max(self._sound_at, asked_at)
            return [*self._ripe(), gift]
        if meaning.outcome not in WITHOUT:
            return [gift]
        self._note(is_without=True)
        self._doubts.append(_Doubt(address, gift, self._seen, asyncio.get_running_loop().time()))
        return self._ripe()

    def see_failure(self, fault: Fault) -> None:
        """Note a question that has used up its tries."""
        self._drifts.see(fault if isinstance(fault, Drift) else None)

    async def make_sure(self) -> Sequence[Gift]:
        """The gifts that can be given now, behind one that was; asks AIS where there are many. Raises Emptied."""
        if len(self._doubts) < self._patience and not self._suspects:
            return []
        async with self._asking:
            count = self._suspects or (len(self._doubts) if len(self._doubts) >= self._patience else 0)
            return await self._looked_into(self._taken(count)) if count else []

    async def end(self) -> Sequence[Gift]:
        """The gifts that can be given behind the last answer. Raises Emptied, or Unanswered where AIS would not say."""
        async with self._asking:
            is_stopped, is_unusual = self._job.halt.is_set, self._shortfall.is_on or self._suspects
            doubts = self._taken(len(self._doubts))
            if not doubts or (is_unusual and is_stopped):
                return []
            if is_unusual:
                return await self._looked_into(doubts)
            if self._is_seen_behind(doubts) or await self._canaries.known_good_is_there():
                return [each.gift for each in doubts]
            if is_stopped:
                return []
            raise self._ended(f"none for {len(doubts)} addresses, and none for {ais.KNOWN_GOOD}")

    def put_back(self) -> list[str]:
        """Addresses whose answers were put back, to be asked about again: each is named once."""
        addresses, self._put_back = self._put_back, []
        return addresses

    def _note(self, *, is_without: bool) -> None:
        was_on = self._shortfall.is_on
        self._shortfall.note(is_without=is_without)
        self._seen += 1
        if self._shortfall.is_on:
            self._canaries.forget_late()
        elif was_on:
            self._suspects = len(self._doubts)

    def _ripe(self) -> list[Gift]:
        if self._shortfall.is_on or self._suspects:
            return []
        ripe = sum(1 for _ in takewhile(self._is_ripe, self._doubts))
        return [each.gift for each in self._taken(ripe)] if ripe else []

    def _is_ripe(self, doubt: _Doubt) -> bool:
        return doubt.at < self._sound_at and doubt.number + WINDOW <= self._seen

    def _is_seen_behind(self, doubts: Sequence[_Doubt]) -> bool:
        """Whether AIS, as usual otherwise, has found a parcel that was asked for behind them."""
        return not self._shortfall.is_on and doubts[-1].at < self._sound_at

    def _taken(self, count: int) -> list[_Doubt]:
        taken, self._doubts = self._doubts[:count], self._doubts[count:]
        self._suspects = max(0, self._suspects - count)
        return taken

    async def _looked_into(self, doubts: list[_Doubt]) -> list[Gift]:
        """What is true of them after all. Raises Emptied."""
        if self._end:
            raise self._end
        once = [each.address for each in doubts if each.address not in self._twice]
        with suppress(Stopped):
            if await self._canaries.one_has(once[:: max(1, -(-len(once) // SAMPLE))]):
                self._ask_again(doubts)
                return []
            if not (self._is_seen_behind(doubts) or await self._canaries.are_there()):
                raise self._ended(f"none for {len(doubts)} addresses, and none where it found one before")
            self._patience = min(2 * self._patience, LONGEST)
            if self._shortfall.is_on:
                self._shortfall.accept()
            return [each.gift for each in doubts]
        return []

    def _ask_again(self, lost: Sequence[_Doubt]) -> None:
        self._waves += 1
        if self._waves > WAVES:
            raise self._ended("they come and go")
        log.warning("AIS found no parcels for a while, and does again: %d addresses are asked again.", len(lost))
        addresses = [each.address for each in lost]
        self._put_back += addresses
        self._twice.update(addresses)
        self._shortfall.clear()

    def _ended(self, why: str) -> Emptied:
        self._end = Emptied(
            f"AIS finds no parcel any more: {why}. What it said of them is not kept; `li-perf resume` asks again."
        )
        return self._end
