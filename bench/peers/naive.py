"""The asyncio script that one writes in an afternoon: a task a question, a semaphore, tenacity and aiolimiter on every
call, both calls for each address, a commit a row. Goes on by leaving out what is in its table."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import aiosqlite
import uvloop
from aiolimiter import AsyncLimiter
from errand import CREATE, Errand, errand
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

UNLIMITED = 1_000_000  # a second: the limiter is there, as it must be, and never waits

patiently = retry(
    stop=stop_after_attempt(5),
    wait=wait_exponential_jitter(initial=1, max=60),
    retry=retry_if_exception_type((aiohttp.ClientError, TimeoutError)),
    reraise=True,
)


class Script:
    """The session, the limits and the table that its calls share."""

    def __init__(self, errand: Errand, session: aiohttp.ClientSession, store: aiosqlite.Connection) -> None:
        self.errand = errand
        self.session = session
        self.store = store
        self.limiter = AsyncLimiter(UNLIMITED, 1)
        self.places = asyncio.Semaphore(errand.concurrency)

    @patiently
    async def look_up(self, question: str) -> tuple[bytes, Any]:
        async with self.limiter, self.session.get(self.errand.url(question)) as response:
            response.raise_for_status()
            return await response.read(), await response.json()

    @patiently
    async def violations(self, account: str) -> bytes:
        statement = f"SELECT * FROM violations WHERE opa_account_num IN ('{account}')"
        async with self.limiter, self.session.get(self.errand.carto, params={"q": statement}) as response:
            response.raise_for_status()
            await response.json()
            return await response.read()

    async def enrich(self, question: str) -> None:
        async with self.places:
            body, answer = await self.look_up(question)
            account = answer["features"][0]["properties"]["opa_account_num"]
            found = await self.violations(account)
            await self.store.execute("INSERT INTO answer VALUES (?, ?, ?, ?)", (question, account, body, found))
            await self.store.commit()


async def main(errand: Errand) -> None:
    async with aiosqlite.connect(errand.store) as store:
        await store.execute("PRAGMA journal_mode = WAL")
        await store.execute("PRAGMA synchronous = NORMAL")
        await store.execute(CREATE)
        await store.commit()
        there = {question for (question,) in await store.execute_fetchall("SELECT question FROM answer")}
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            script = Script(errand, session, store)
            await asyncio.gather(*(script.enrich(question) for question in errand.questions if question not in there))


if __name__ == "__main__":
    uvloop.run(main(errand()))
