"""python -m bench.pace_client '{"url": …}': the engine, or a hundred threads, ask as many questions as they can.

Prints what became of them: answered or failed.
"""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import math
import sys
import threading
import time
from collections import Counter
from typing import Any

from li_perf.engine.ask import Asker
from li_perf.engine.client import Client
from li_perf.engine.halt import Halt
from li_perf.engine.heartbeat import Heartbeat
from li_perf.engine.question import Question
from li_perf.engine.server import Server
from li_perf.errors import Broken, Busy, Failed
from li_perf.wire import Reply, Request, retry_after

_numbers = itertools.count()


def read(reply: Reply) -> bytes:
    """The body of an answer, or the fault that its status says."""
    if reply.status == 200:
        return reply.body
    kind = Busy if reply.status == 429 else Broken
    raise kind(f"The server says {reply.status}.", status=reply.status, wait=retry_after(reply.headers))


async def engine(
    *, url: str, seconds: float, workers: int, rate: float | None, silent: tuple[float, float] = (math.inf, 0)
) -> Counter[str]:
    """The engine as it is; `silent` is (after, for) in seconds: nobody asks anything meanwhile."""
    halt, became = Halt(), Counter[str]()
    known: Question[object] = Question(key="known", request=Request(path="/known"), read=read)
    server = Server(name="Bench", base_url=url, rate=rate, concurrency=workers)
    end = time.monotonic() + seconds
    async with Client(server, halt=halt) as client:
        heartbeat = Heartbeat()
        beating = asyncio.create_task(heartbeat.run())
        asker = Asker(client, known_good=known, halt=halt, heartbeat=heartbeat)
        await asker.greet(is_known=False)
        await asyncio.gather(*(_work(asker, became, (end, *silent)) for _ in range(workers)))
        beating.cancel()
    return became


async def _work(asker: Asker, became: Counter[str], times: tuple[float, float, float]) -> None:
    end, after, pause = times
    idle_at = time.monotonic() + after
    while (now := time.monotonic()) < end:
        if now > idle_at:
            await asyncio.sleep(pause)
            idle_at = math.inf
        try:
            await asker.ask(Question(key=str(next(_numbers)), request=Request(path="/1"), read=read))
            became["answered"] += 1
        except Failed:
            became["failed"] += 1


def threads(*, url: str, seconds: float, workers: int) -> Counter[str]:
    """What a script does: so many threads, a connection each, three tries, two seconds of patience.

    They obey a Retry-After, each for itself.
    """
    became: Counter[str] = Counter()
    lock, end = threading.Lock(), time.monotonic() + seconds
    host = url.removeprefix("http://")

    def work() -> None:
        wire = http.client.HTTPConnection(host, timeout=2)
        while time.monotonic() < end:
            outcome = "answered" if any(_tried(wire) for _ in range(3)) else "failed"
            with lock:
                became[outcome] += 1

    crowd = [threading.Thread(target=work) for _ in range(workers)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    return became


def _tried(wire: http.client.HTTPConnection) -> bool:
    try:
        wire.request("GET", "/1")
        reply = wire.getresponse()
        reply.read()
        time.sleep(float(reply.headers.get("Retry-After", 0)))
    except (OSError, http.client.HTTPException):
        wire.close()
        return False
    return reply.status == 200


if __name__ == "__main__":
    wish: dict[str, Any] = json.loads(sys.argv[1])
    became = threads(**wish) if wish.pop("naive", False) else asyncio.run(engine(**wish))
    print(json.dumps(became))
