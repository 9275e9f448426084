"""Addresses that have a parcel: whether AIS still finds them says whether its table is whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from li_perf.engine.question import Question
from li_perf.errors import Failed, Fault, Unanswered
from li_perf.sources import ais, parcels
from li_perf.sources.ais_answer import Found, Missing
from li_perf.steps.job import Job
from li_perf.store import selection

KNOWN = 5  # addresses, of which all but one must have a parcel still
FEWEST = 3  # with fewer the known-good one is asked about, too


class Canaries:
    """`age` is how many answers must have come behind a parcel, nothing unusual among them, before it is relied on."""

    def __init__(self, job: Job, *, age: int) -> None:
        self._job = job
        self._age = age
        self._found: deque[tuple[int, str]] = deque()  # of late, each with its place among the answers
        self._known: deque[str] = deque(maxlen=KNOWN)

    async def begin(self) -> None:
        """Know some of those that had a parcel in the store."""
        self._known.extend(row.question for row in await self._job.ledger.rows(selection.located(KNOWN)))

    def remember(self, address: str, number: int) -> None:
        """An address that has a parcel, the `number`-th answer."""
        self._found.append((number, address))
        while self._found[0][0] + self._age <= number:
            self._known.append(self._found.popleft()[1])

    def forget_late(self) -> None:
        """Something is unusual: what came of late is not to be relied on."""
        self._found.clear()

    async def are_there(self) -> bool:
        """Whether AIS finds the parcels of all but one that had one. Raises Stopped, ServerError."""
        known = [*self._known] or [address for _, address in self._found][-KNOWN:]
        asked = known if len(known) >= FEWEST else [*known, ais.KNOWN_GOOD]
        return await self._have(asked, least=max(1, len(asked) - 1))

    async def known_good_is_there(self) -> bool:
        """Whether it finds the known-good address; also behind a stop, by one call that is still made. Raises
        Stopped, ServerError."""
        if not self._job.halt.is_set:
            return await self._have([ais.KNOWN_GOOD], least=1)
        with suppress(Fault):
            return _has_one(await self._job.ais.ask_at_last(_question(ais.KNOWN_GOOD)))
        return False

    async def one_has(self, addresses: Iterable[str]) -> bool:
        """Whether AIS finds a parcel for one of these; asks about no more of them than it takes."""
        for address in addresses:
            if await self._has(address):
                return True
        return False

    async def _have(self, addresses: Iterable[str], *, least: int) -> bool:
        """The same for so many that had a parcel; raises Unanswered where those decide of which it says nothing."""
        found = unanswered = 0
        for address in addresses:
            has = await self._has(address)
            found, unanswered = found + (has is True), unanswered + (has is None)
            if found >= least:
                return True
        if found + unanswered >= least:
            raise Unanswered(
                "AIS would not say whether it still has parcels that it had. Nothing is lost: `li-perf resume` goes on."
            )
        return False

    async def _has(self, address: str) -> bool | None:
        """Whether it finds a parcel for this one, None where it does not answer."""
        with suppress(Failed):
            return _has_one((await self._job.ais.ask(_question(address))).value)
        return None


def _has_one(said: Found | Missing) -> bool:
    return bool(parcels.meaning(said, None).accounts)


def _question(address: str) -> Question[Found | Missing]:
    return Question(key=address, request=ais.request(address), read=partial(ais.read, address))
