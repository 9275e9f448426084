"""The ledger: one writer, and one transaction for whatever waits to be written.

Natural group commit: while one transaction commits, the next gathers, so that a durable commit costs many writers one
fsync (SQLite, "Write-Ahead Logging", synchronous=FULL). Who need not wait for a commit gives, and goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Engine, Executable

from li_perf.store.changes import Change, Write
from li_perf.store.reader import Reader
from li_perf.store.writer import Writer

GATHER = 0.05  # seconds in which gifts may join a commit, unless somebody waits for one


class Rider(Protocol):
    """What goes along with every commit."""

    def change(self) -> Change:
        """What the next commit is to take along."""

    def told(self, *, is_kept: bool) -> None:
        """Whether the commit that took the last change along held."""


class _Waiting(NamedTuple):
    """What is to be committed, and who is told: the future of who waits, or `then` of who went on."""

    changes: Sequence[Change] = ()
    write: Write | None = None
    done: asyncio.Future[None] | None = None
    then: Callable[[], None] | None = None


class Ledger:
    """Reads are concurrent; writes go through one keeper task. Opened with `store.opening.open_ledger`."""

    def __init__(self, path: Path, *, writer: Engine, reader: Reader) -> None:
        self.path = path
        self._writer = Writer(path, writer)
        self._reader = reader
        self._riders: list[Rider] = []
        self._waiting: list[_Waiting] = []
        self._is_wanted = asyncio.Event()
        self._is_urgent = asyncio.Event()
        self._is_last = False
        self._given = self._kept = 0  # gifts, and those of them that are durable
        self._turns: list[tuple[int, asyncio.Future[None]]] = []  # who goes on when so many gifts are durable
        self._failure: BaseException | None = None
        self._is_told = False

    @property
    def commits(self) -> int:
        return self._writer.commits

    async def save(self, *changes: Change) -> None:
        """Make the changes durable together; returns behind the commit.

        A caller that is cancelled meanwhile does not undo them: the keeper finishes what it was given.
        """
        await self._wait_for(changes, None)

    async def give(self, *changes: Change, then: Callable[[], None], ahead: int) -> None:
        """Have the changes made durable together, and go on: `then` is called behind their commit.

        Returns when at most `ahead` of the gifts up to this one wait for theirs, so that a kill costs no more.
        Once a commit of gifts has failed this raises what it failed with, as `given` does: what was lost must not go
        unnoticed.
        """
        self._complain()
        self._given += 1
        self._put(_Waiting(changes, then=then))
        if self._given > self._kept + ahead:
            await self._until_kept(self._given - ahead)
        self._complain()

    async def given(self) -> None:
        """Return when all that was given is durable."""
        await self.save()
        self._complain()

    async def transact(self, write: Write) -> None:
        """Run `write` inside the keeper's transaction; returns behind the commit, raises what `write` raised."""
        await self._wait_for((), write)

    def along(self, rider: Rider) -> None:
        """Ask `rider` for a change at every commit from now on, and at the last: for what is only counted."""
        self._riders.append(rider)

    async def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """All rows of a query, as committed."""
        return await self._reader.rows(statement, values)

    async def scalar(self, statement: Executable) -> Any:
        """The first column of the first row, None without one."""
        return await self._reader.scalar(statement)

    def stream(self, statement: Executable, *, size: int) -> aclosing[AsyncGenerator[Sequence[Any]]]:
        """The rows of a query in blocks, never all at once; for `async with`, so that no reader stays behind."""
        return aclosing(self._reader.stream(statement, size=size))

    async def keep(self) -> None:
        """The keeper: commits until `finish`; everything that was given to it before that is committed."""
        is_last = False
        try:
            while not is_last:
                await self._is_wanted.wait()
                await self._gather()
                self._is_wanted.clear()
                waiting, self._waiting, is_last = self._waiting, [], self._is_last
                problem = await self._committed(waiting)
                for rider in self._riders:
                    rider.told(is_kept=problem is None)
                for item in waiting:
                    self._settle(item, problem)
                if not waiting:
                    self._note(problem)
                self._let_go()
        finally:
            self._writer.close()

    async def _committed(self, waiting: Sequence[_Waiting]) -> BaseException | None:
        riding = [rider.change() for rider in self._riders]
        changes = [*(change for item in waiting for change in item.changes), *riding]
        return await self._writer.commit(changes, [item.write for item in waiting if item.write])

    async def _gather(self) -> None:
        """Let others join a commit, unless somebody cannot go on before it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHER):
                await self._is_urgent.wait()
        self._is_urgent.clear()

    def finish(self) -> None:
        """Ask the keeper to end behind what it has."""
        self._is_last = True
        self._is_urgent.set()
        self._is_wanted.set()

    def _put(self, item: _Waiting) -> None:
        self._waiting.append(item)
        self._is_wanted.set()

    async def _wait_for(self, changes: Sequence[Change], write: Write | None) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_urgent.set()
        self._put(_Waiting(changes, write, done))
        await done

    async def _until_kept(self, gifts: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.append((gifts, turn))
        self._is_urgent.set()
        await turn

    def _let_go(self) -> None:
        """Those go on for whom enough is durable; the others want the next commit at once."""
        for gifts, turn in self._turns:
            if gifts <= self._kept and not turn.done():
                turn.set_result(None)
        self._turns = [each for each in self._turns if not each[1].done()]
        if self._turns:
            self._is_urgent.set()

    def _settle(self, item: _Waiting, problem: BaseException | None) -> None:
        if item.done:
            if item.done.cancelled():
                self._note(problem)
            _tell(item.done, problem)
        elif item.then:
            self._kept += 1
            self._thank(item.then, problem)

    def _thank(self, then: Callable[[], None], problem: BaseException | None) -> None:
        try:
            if problem:
                raise problem
            then()
        except Exception as error:  # noqa: BLE001 - nobody waits for it: whoever gives next is told
            self._note(error)

    def _note(self, problem: BaseException | None) -> None:
        """Nobody waits for what could not be kept: whoever gives next is told, or who closes."""
        self._failure = self._failure or problem

    def complain_at_last(self) -> None:
        """Raise what a commit failed with for which nobody waited, if nobody was told yet."""
        if not self._is_told:
            self._complain()

    def _complain(self) -> None:
        if self._failure:
            self._is_told = True
            raise self._failure


def _tell(done: asyncio.Future[None], problem: BaseException | None) -> None:
    if done.done():  # whoever waited was cancelled; what was given is kept all the same, or complained of
        return
    if problem is None:
        done.set_result(None)
    else:
        done.set_exception(problem)
        done.exception()  # seen: whoever waited may be gone
