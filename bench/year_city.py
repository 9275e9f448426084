"""A made-up New York on a loopback port, for `bench year`: says its address, and serves until its input is closed."""

from __future__ import annotations

import asyncio
import sys

from li_perf.simulator.portals.cities import serve_city


async def main(rows: int) -> None:
    async with serve_city("new-york", rows=rows) as stand_in:
        print(stand_in.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
