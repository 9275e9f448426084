"""The floor: what a hundred bare aiohttp workers cost that fetch, decode and take the account, and keep nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import aiohttp
import msgspec
import uvloop
from errand import Errand, errand
from yarl import URL


class Properties(msgspec.Struct):
    opa_account_num: str
    zip_code: str | None = None


class Feature(msgspec.Struct):
    properties: Properties


class Answer(msgspec.Struct):
    features: list[Feature]


async def main(errand: Errand) -> None:
    decoder = msgspec.json.Decoder(Answer)
    rest = iter(errand.questions)
    accounts: set[str] = set()

    async def worker(session: aiohttp.ClientSession, rest: Iterator[str]) -> None:
        for question in rest:
            async with session.get(URL(errand.url(question), encoded=True)) as response:
                answer = decoder.decode(await response.read())
            accounts.add(answer.features[0].properties.opa_account_num)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(worker(session, rest) for _ in range(errand.concurrency)))
    assert len(accounts) == len(errand.questions)


if __name__ == "__main__":
    uvloop.run(main(errand()))
