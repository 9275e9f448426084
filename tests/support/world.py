"""What a ledger holds, as plain values: the model that a store is compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import select, true

from li_perf.store import fetches, questions, runs
from li_perf.store.ledger import Ledger
from li_perf.store.packing import unpack
from li_perf.store.tables import fetch, lookup, page, run


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question, or an account or case to fetch."""

    state: str = "pending"
    attempts: int = 0
    reason: str | None = None
    body: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class World:
    """Questions by name, fetches by kind and value, the pages' bodies, wire requests, whether the run is finished."""

    lookups: dict[str, Asked] = field(default_factory=dict)
    fetches: dict[tuple[str, str], Asked] = field(default_factory=dict)
    pages: tuple[bytes, ...] = ()
    tally: Counter[str] = field(default_factory=Counter)
    is_finished: bool = False

    def seeded(self, names: Iterable[str]) -> World:
        return replace(self, lookups={name: Asked() for name in names} | self.lookups)

    def with_fetches(self, keys: Iterable[tuple[str, str]]) -> World:
        return replace(self, fetches={key: Asked() for key in keys} | self.fetches)

    def settled(self, name: str, *, state: str, calls: int, reason: str | None, body: bytes | None) -> World:
        attempts = self.lookups[name].attempts + calls
        now = Asked(state=state, attempts=attempts, reason=reason, body=body)
        return replace(self, lookups=self.lookups | {name: now})

    def fetched(self, keys: Iterable[tuple[str, str]], *, state: str, reason: str | None = None) -> World:
        now = {key: Asked(state=state, attempts=self.fetches[key].attempts + 1, reason=reason) for key in keys}
        return replace(self, fetches=self.fetches | now)

    def with_page(self, body: bytes) -> World:
        return replace(self, pages=(*self.pages, body))

    def sent(self, outcome: str) -> World:
        return replace(self, tally=self.tally + Counter([outcome]))

    def put_back(self) -> World:
        def again(asked: dict) -> dict:
            return {
                key: replace(one, state="pending", reason=None) if one.state == "failed" else one
                for key, one in asked.items()
            }

        if not any(one.state == "failed" for one in (*self.lookups.values(), *self.fetches.values())):
            return self
        return replace(self, lookups=again(self.lookups), fetches=again(self.fetches), is_finished=False)


async def read_world(ledger: Ledger, run_id: int) -> World:
    """What the ledger holds, as it says itself."""
    of_lookups = await ledger.rows(select(lookup))
    of_fetches = await ledger.rows(select(fetch).where(fetch.c.run_id == run_id))
    of_pages = await ledger.rows(select(page.c.body).where(page.c.run_id == run_id).order_by(page.c.id))
    return World(
        lookups={
            row.question: Asked(
                state=row.state,
                attempts=row.attempts,
                reason=row.reason,
                body=None if row.body is None else unpack(row.body),
            )
            for row in of_lookups
        },
        fetches={
            (row.kind, row.value): Asked(state=row.state, attempts=row.attempts, reason=row.reason)
            for row in of_fetches
        },
        pages=tuple(unpack(row.body) for row in of_pages),
        tally=Counter((await runs.requests_sent(ledger, run_id)).get("AIS", {})),
        is_finished=await ledger.scalar(select(run.c.finished_at).where(run.c.id == run_id)) is not None,
    )


async def queued(ledger: Ledger, run_id: int) -> tuple[set[str], set[tuple[str, str]]]:
    """What is still to be asked, as the product finds it."""
    lookups = {row.question async for block in questions.pending_lookups(ledger, true(), size=3) for row in block}
    to_fetch = {
        (kind, row.value)
        for kind in ("account", "case")
        async for block in fetches.pending(ledger, run_id, kind, size=3)
        for row in block
    }
    return lookups, to_fetch
