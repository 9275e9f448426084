"""Watches for an index that was emptied on AIS's side: then every address is "not found", politely and for good."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple, Protocol

from li_perf.engine.halt import Stopped
from li_perf.engine.question import Question
from li_perf.errors import Drift, Emptied, Failed, Fault
from li_perf.model import Outcome
from li_perf.sources import ais, parcels
from li_perf.sources.parcels import Meaning
from li_perf.steps.drift import Drifts
from li_perf.steps.job import Job
from li_perf.store import ages, questions, selection
from li_perf.store.changes import Change

log = logging.getLogger("li_perf.steps")
IN_A_ROW = 100  # addresses without a parcel: no chance, even where two in three have none
FEW = 30  # at once: as many are believed
SAMPLE = 3  # of more, asked about again before
WAVES = 10  # in which parcels go and come back
WITHOUT = (Outcome.PARCEL_NOT_FOUND, Outcome.NO_ACCOUNT)


class Gift(NamedTuple):
    """What the ledger is given of a question: its changes, and of how many accounts they are; None: not settled yet."""

    changes: Sequence[Change]
    accounts: int | None = 0


class Settle(Protocol):
    """Makes the changes that settle a question; one that `is_doubted` is pending still."""

    def __call__(self, *, is_doubted: bool = False, calls: int | None = None) -> Sequence[Change]: ...


class _Doubt(NamedTuple):
    """An address without a parcel, answered `at` (loop time); `gift` is given once it is believed."""

    address: str
    gift: Gift
    at: float


class Vigil:
    """Sees every answer of AIS before it is kept. One without a parcel is doubted, and its question stays pending,
    until AIS finds a parcel that was asked for behind it: another address's, or that of one which had one before. An
    old answer with a parcel is not touched until then.

    Where many are to be believed at once some of them are asked about again, and then one that has a parcel: is there
    a parcel now where there was none, all are asked again; has AIS none, the run ends.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._patience = IN_A_ROW
        self._waves = 0
        self._sound_at = -math.inf  # AIS found a parcel that was asked for then
        self._located: str | None = None
        self._doubts: list[_Doubt] = []
        self._in_a_row = 0  # answers without a parcel
        self._suspects = 0  # the first so many doubts came too many in a row
        self._put_back: list[str] = []
        self._has_old = False
        self._asking = asyncio.Lock()
        self._end: Emptied | None = None
        self._drifts = Drifts()

    async def begin(self) -> None:
        """Go on doubting what was doubted when a run ended, and see whether there are old answers."""
        rows = await self._job.ledger.rows(questions.doubted())
        self._doubts += [_Doubt(row.question, Gift([questions.believe(row.question)]), -math.inf) for row in rows]
        self._suspects = len(rows) if len(rows) > FEW else 0
        self._has_old = bool(await self._job.ledger.scalar(ages.any_old()))

    async def see(self, address: str, meaning: Meaning, settle: Settle, *, asked_at: float) -> Sequence[Gift]:
        """Note an answer to a question of then (loop time), and what settles it; the gifts to give now."""
        if self._end:
            raise self._end
        self._drifts.see(None)
        if meaning.accounts:
            self._found(address, asked_at)
            return [*self._few(), Gift(settle(), len(meaning.accounts))]
        if meaning.outcome not in WITHOUT:
            return [Gift(settle())]
        self._in_a_row += 1
        now = asyncio.get_running_loop().time
        if self._has_old and await ages.known_accounts(self._job.ledger, address) not in (None, "[]"):
            self._doubts.append(_Doubt(address, Gift(settle()), now()))
            return []
        self._doubts.append(_Doubt(address, Gift(settle(calls=0)), now()))
        return [Gift(settle(is_doubted=True), None)]

    def see_failure(self, fault: Fault) -> None:
        """Note a question that has used up its tries."""
        self._drifts.see(fault if isinstance(fault, Drift) else None)

    async def make_sure(self) -> Sequence[Gift]:
        """The gifts that can be given now, behind one that was; asks AIS where there are many. Raises Emptied."""
        if len(self._doubts) >= self._patience or (self._suspects and self._located):
            return await self._sure(self._patience)
        return []

    async def end(self) -> Sequence[Gift]:
        """The gifts that can be given behind the last answer. Raises Emptied."""
        return await self._sure(1)

    def put_back(self) -> list[str]:
        """Addresses whose answers were put back, to be asked about again: each is named once."""
        addresses, self._put_back = self._put_back, []
        return addresses

    def _found(self, address: str, asked_at: float) -> None:
        if self._in_a_row > FEW:
            self._suspects = len(self._doubts)
        self._located, self._in_a_row = address, 0
        self._sound_at = max(self._sound_at, asked_at)

    def _few(self) -> list[Gift]:
        """Those that were answered before a parcel was asked for that was found, unless they are suspicious."""
        return [] if self._suspects else self._believed(sum(each.at < self._sound_at for each in self._doubts))

    def _believed(self, count: int) -> list[Gift]:
        return [each.gift for each in self._taken(count)]

    def _taken(self, count: int) -> list[_Doubt]:
        taken, self._doubts = self._doubts[:count], self._doubts[count:]
        self._suspects = max(0, self._suspects - count)
        return taken

    async def _sure(self, least: int) -> Sequence[Gift]:
        async with self._asking:
            if self._end:
                raise self._end
            with suppress(Stopped):
                if len(self._doubts) >= least:
                    self._patience *= 2
                    return await self._proved(len(self._doubts))
                if self._suspects and self._located:
                    return await self._proved(self._suspects)
        return []

    async def _proved(self, count: int) -> list[Gift]:
        """The first so many, unless one of them has a parcel now: then AIS had lost them for a while."""
        is_long = self._suspects > 0 or self._in_a_row > FEW
        if is_long and await self._is_any_located(
            [each.address for each in self._doubts[: count : -(-count // SAMPLE)]]
        ):
            await self._ask_again(self._taken(count))
            return []
        await self._ask_known(count, is_long=is_long)
        self._in_a_row = 0
        return self._believed(count)

    async def _ask_again(self, lost: Sequence[_Doubt]) -> None:
        self._waves += 1
        await self._forget(lost)
        if self._waves > WAVES:
            raise await self._ended("they come and go")
        log.warning("AIS found no parcels for a while, and does again: %d addresses are asked again.", len(lost))
        self._put_back += [each.address for each in lost]

    async def _ask_known(self, count: int, *, is_long: bool) -> None:
        """Ask about addresses of which one at least has a parcel on a sound AIS. Raises Emptied."""
        asked_at = asyncio.get_running_loop().time()
        known = await self._known()
        canaries = [*known, ais.KNOWN_GOOD] if is_long else [ais.KNOWN_GOOD, *known]
        if not await self._is_any_located(canaries) and self._sound_at < asked_at:
            raise await self._ended(f"none for {count} addresses in a row, and none for {canaries[0]}")

    async def _known(self) -> list[str]:
        """The last address with a parcel."""
        if self._located:
            return [self._located]
        earlier = await self._job.ledger.scalar(selection.located())
        return [earlier] if earlier else []

    async def _forget(self, doubts: Sequence[_Doubt]) -> None:
        await self._job.ledger.save(*(questions.forget(each.address) for each in doubts))

    async def _ended(self, why: str) -> Emptied:
        self._end = Emptied(
            f"AIS finds no parcel any more: {why}. What it said of them is not kept; `li-perf resume` asks again."
        )
        await self._forget(self._doubts)
        return self._end

    async def _is_any_located(self, addresses: list[str]) -> bool:
        for address in addresses:
            question = Question(key=address, request=ais.request(address), read=partial(ais.read, address))
            with suppress(Failed):
                if parcels.meaning((await self._job.ais.ask(question)).value, None).accounts:
                    return True
        return False
