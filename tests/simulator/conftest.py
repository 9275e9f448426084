from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from li_perf.simulator.city import SimulatedCity, build


@pytest.fixture(scope="session")
def city() -> SimulatedCity:
    return build(tickets=400)


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session
