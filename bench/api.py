"""python -m bench.api: how long the JSON API takes to answer, over uvicorn, from a store of made-up measures."""

from __future__ import annotations

import argparse
import asyncio
import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from li_perf.analysis.dictionary import BY_WEEK, MEASURES
from li_perf.store import measures
from li_perf.store.measures import Figure
from li_perf.store.opening import open_ledger

CITY = "/v1/cities/philadelphia"
QUERIES = {
    "one figure": f"{CITY}/metrics?name=median_ttr",
    "a measure by area": f"{CITY}/metrics?name=median_ttr&by=area",
    "a measure by month": f"{CITY}/metrics?name=median_ttr&period=month",
    "a measure by area and month, a page of 100": f"{CITY}/metrics?name=median_ttr&by=area&period=month",
    "a measure by area, type and month, a page of 100": f"{CITY}/metrics?name=volume&by=area,type&period=month",
    "the same, a page of 1,000": f"{CITY}/metrics?name=volume&by=area,type&period=month&limit=1000",
    "the same as CSV": f"{CITY}/metrics?name=volume&by=area,type&period=month&limit=1000&format=csv",
    "all measures of one area by month": f"{CITY}/metrics?by=area&period=month&area=Area+7",
    "rolling week, a page of 100": f"{CITY}/rolling?type=Type+7",
    "cities": "/v1/cities",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--areas", type=int, default=60)
    parser.add_argument("--types", type=int, default=100)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--count", type=int, default=300, help="requests a query")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(_fill(Path(folder) / "philadelphia.db", given.areas, given.types, given.months))
        print(f"{figures:,} figures; {given.count} requests a query, one by one, on {os.cpu_count()} processors\n")
        print("| query | median ms | 95th percentile ms | bytes |\n|---|---|---|---|")
        with _served(Path(folder)) as client:
            for name, path in QUERIES.items():
                print(_line(name, client, path, {}, given.count))
            tag = _answer(client, QUERIES["one figure"], {})[0].getheader("ETag") or ""
            print(
                _line(
                    "one figure that the client has", client, QUERIES["one figure"], {"If-None-Match": tag}, given.count
                )
            )


def _figures(areas: int, types: int, months: int) -> Iterator[Figure]:
    starts = [date(2024 + month // 12, month % 12 + 1, 1) for month in range(months)]
    places = [None, *(f"Area {number}" for number in range(areas))]
    kinds = [None, *(f"Type {number}" for number in range(types))]
    weeks = [date(2024, 1, 1) + timedelta(weeks=week) for week in range(months * 4)]
    for measure in MEASURES:
        for period, days in (("all", [None]), ("month", starts), ("week", weeks if measure in BY_WEEK else [])):
            excluded = dict.fromkeys(measure.excluded, 3)
            for day in days:
                for place in places:
                    for kind in kinds if period != "week" or place is None else [None]:
                        yield Figure(
                            name=measure.name, period=period, starts_on=day, area=place, type=kind, value=12.345, n=67,
                            excluded=excluded,
                        )  # fmt: skip


async def _fill(path: Path, areas: int, types: int, months: int) -> int:
    count = 0

    def counted() -> Iterator[Figure]:
        nonlocal count
        for figure in _figures(areas, types, months):
            count += 1
            yield figure

    days = (
        (f"Type {kind}", date(2024, 1, 1) + timedelta(days=day), 5, 35) for kind in range(types) for day in range(365)
    )
    async with open_ledger(path) as ledger:
        await measures.replace(ledger, as_of="2025-01-01T00:00:00Z", requests=1_000_000, figures=counted(), days=days)
    return count


@contextmanager
def _served(folder: Path) -> Iterator[http.client.HTTPConnection]:
    verb = [sys.executable, "-m", "li_perf", "serve", "--port", "0", "--data", str(folder)]
    with subprocess.Popen(verb, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        address = urlsplit(process.stdout.readline().split()[2].rstrip(","))
        client = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        client.connect()
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            yield client
        finally:
            client.close()
            process.terminate()


def _answer(
    client: http.client.HTTPConnection, path: str, headers: dict[str, str]
) -> tuple[http.client.HTTPResponse, bytes]:
    client.request("GET", path, headers=headers)
    reply = client.getresponse()
    body = reply.read()
    assert reply.status in (200, 304), body
    return reply, body


def _line(name: str, client: http.client.HTTPConnection, path: str, headers: dict[str, str], count: int) -> str:
    _, body = _answer(client, path, headers)
    took = []
    for _ in range(count):
        begun = time.perf_counter()
        _answer(client, path, headers)
        took.append(1_000 * (time.perf_counter() - begun))
    return f"| {name} | {statistics.median(took):.2f} | {statistics.quantiles(took, n=20)[-1]:.2f} | {len(body):,} |"


if __name__ == "__main__":
    main()
