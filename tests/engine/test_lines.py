"""Kept and new connections between the pace and the wire."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from engine.breaking import HEAD
from engine.local import asking, listening, most_in_a_second, ok, question, serving
from engine.virtual import in_virtual_time, now


@pytest.mark.parametrize("answers", [1, 3])
def test_a_server_that_drops_its_lines_soon_after_an_answer_is_asked_at_the_full_rate(answers: int) -> None:
    @in_virtual_time
    async def run() -> None:
        asked = 0

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal asked
            for _ in range(answers):
                await reader.readuntil(b"\r\n\r\n")
                asked += 1
                await asyncio.sleep(0.2)
                writer.write(HEAD + b"Content-Length: 4\r\n\r\nfine")
            dropped = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
            await asyncio.wait([dropped], timeout=0.05)
            asked += dropped.done() and not dropped.exception()
            dropped.cancel()

        async with listening(talk) as port, asking(f"http://127.0.0.1:{port}", rate=20.0) as asker:
            start, left = now(), iter(range(400))

            async def worker() -> None:
                for number in left:
                    await asker.ask(question(f"a{number}"))

            await asyncio.gather(*(worker() for _ in range(32)))
            assert 400 / 20 / (now() - start) > 0.85
        assert asker.retries == 0
        assert sum(asker.client.sent.values()) >= asked  # each is seen

    run()


@in_virtual_time
async def test_slow_connecting_brings_no_calls_nearer_together() -> None:
    """Every line is new, and for seconds none can be had."""

    async def behave(_: str) -> Any:
        await asyncio.sleep(0.4)
        answer = ok()
        answer.force_close()
        return answer

    async with serving(behave) as server, asking(server.url, rate=20.0) as asker:
        transport = asker.client._transport
        connect = transport._connector.connect

        async def slowly(*how: Any) -> Any:
            if now() % 10 < 2:
                await asyncio.sleep(2 - now() % 10)
            return await connect(*how)

        transport._connector.connect = slowly  # type: ignore[method-assign]
        await asyncio.gather(*(asker.ask(question(f"a{number}")) for number in range(600)))
    assert most_in_a_second(server.times) <= 21


@in_virtual_time
async def test_what_cannot_be_connected_is_paced_and_counted_like_any_call() -> None:
    async with asking("http://127.0.0.1:9", rate=10.0) as asker:
        start = now()
        for number in range(20):
            with pytest.raises(Exception, match="no connection"):
                await asker.client.send(question(f"a{number}").request)
        assert now() - start > 1.8
        assert sum(asker.client.sent.values()) == 20
