"""li_perf's engine alone, as a contestant: workers, queue, pace, limit, retries and breaker around a stubbed fetch.

`python -m bench.engine COUNT` asks so many questions; nothing is read of the answers and nothing is kept.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from bench import stub
from bench.questions import questions
from li_perf.engine.ask import Asker
from li_perf.engine.client import Client
from li_perf.engine.halt import Halt
from li_perf.engine.heartbeat import beating
from li_perf.engine.question import Question
from li_perf.engine.server import Server
from li_perf.engine.work import Channel, together, work_off
from li_perf.signals import until_told
from li_perf.sources import ais

AT_ONCE = 100
SERVER = Server(name="stub", base_url="http://127.0.0.1:9", rate=None, concurrency=AT_ONCE)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__)
    parser.add_argument("count", type=int)
    wish = parser.parse_args()
    stub.install(canned=True)
    until_told(lambda halt: _ask(wish.count, halt))


async def _ask(count: int, halt: Halt) -> None:
    addresses: Channel[str] = Channel(2 * AT_ONCE)
    async with Client(SERVER, halt=halt) as client, beating() as heartbeat:
        asker = Asker(client, known_good=_question(ais.KNOWN_GOOD), halt=halt, heartbeat=heartbeat)

        async def one(address: str) -> None:
            await asker.ask(_question(address))

        await together(_feed(addresses, questions(count)), work_off(addresses, one, workers=AT_ONCE, halt=halt))


async def _feed(addresses: Channel[str], names: Iterator[str]) -> None:
    for name in names:
        await addresses.put(name)
    await addresses.end()


def _question(address: str) -> Question[object]:
    return Question(key=address, request=ais.request(address), read=lambda reply: reply.body)


if __name__ == "__main__":
    main()
