"""A process that asks questions of one try each, to be stopped meanwhile: `python -m catalogue.sleeper URL COUNT`."""

from __future__ import annotations

import asyncio
import json
import sys

from catalogue.address_service import addresses, asking_ais, failures, outcomes_of

from li_perf.engine.heartbeat import Heartbeat
from li_perf.engine.retry import Retry


async def ask(url: str, count: int) -> None:
    heartbeat = Heartbeat()
    beating = asyncio.create_task(heartbeat.run())
    how = {"timeout": 5.0, "patience": 4.0, "retry": Retry(tries=1)}
    async with asking_ais(url, heartbeat=heartbeat, **how) as asker:
        outcomes = await outcomes_of(asker, addresses(count))
    beating.cancel()
    print(json.dumps({"failed": len(failures(outcomes)), "openings": asker.breaker.openings, **asker.client.sent}))


if __name__ == "__main__":
    asyncio.run(ask(sys.argv[1], int(sys.argv[2])))
