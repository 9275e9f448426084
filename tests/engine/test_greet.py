"""The first call to a server."""

from __future__ import annotations

import pytest
from aiohttp import web
from engine.local import KNOWN, Behave, asking, ok, question, serving, status
from engine.virtual import in_virtual_time, now

from li_perf.engine.halt import Halt, Stopped
from li_perf.errors import Denied, Misdirected, Outage


def always(code: int, text: str = "", **headers: str) -> Behave:
    async def behave(_: str) -> web.StreamResponse:
        return status(code, text, **headers)

    return behave


@pytest.mark.parametrize(
    ("behave", "is_known", "error", "says"),
    [
        (always(401), False, Denied, "refused the key"),
        (always(401), True, Denied, "refused the key"),
        (always(301, Location="http://elsewhere.test/"), False, Misdirected, "Is the address .* right"),
        (always(301, Location="http://elsewhere.test/"), True, Misdirected, "Is the address .* right"),
        (always(400), False, Misdirected, "Is the address .* right"),
        (always(429, Retry_After="86400"), True, Outage, "asks us to wait 24 h"),
    ],
)
def test_what_waiting_cannot_mend_is_said_after_one_call(
    behave: Behave, is_known: bool, error: type[Exception], says: str
) -> None:
    @in_virtual_time
    async def run() -> None:
        async with serving(behave) as server, asking(server.url) as asker:
            with pytest.raises(error, match=says):
                await asker.greet(is_known=is_known)
        assert server.names == [KNOWN]

    run()


@in_virtual_time
async def test_a_server_that_was_never_reached_is_not_waited_for() -> None:
    async with serving(always(200)) as server:
        pass
    async with asking(server.url) as asker:
        start = now()
        with pytest.raises(Outage, match="Check the address"):
            await asker.greet(is_known=False)
        assert now() - start < 5


@in_virtual_time
async def test_a_server_that_says_what_nobody_asked_is_not_the_one_that_was_meant() -> None:
    async with serving(always(200)) as server, asking(server.url) as asker:
        with pytest.raises(Misdirected, match=r"Is the address .* right"):
            await asker.greet(is_known=False)
    assert server.names == [KNOWN] * 3


@in_virtual_time
async def test_one_mishap_at_the_first_call_ends_nothing() -> None:
    answers = iter([status(200, ""), ok()])

    async def behave(_: str) -> web.StreamResponse:
        return next(answers)

    async with serving(behave) as server, asking(server.url) as asker:
        await asker.greet(is_known=False)
        assert not asker.breaker.is_open
    assert server.names == [KNOWN] * 2


@pytest.mark.parametrize("code", [500, 503, 403, 429])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_server_that_is_down_for_a_while_is_waited_for(code: int, is_known: bool) -> None:
    @in_virtual_time
    async def run() -> None:
        back_at = now() + 300

        async def behave(_: str) -> web.StreamResponse:
            return ok() if now() > back_at else status(code)

        async with serving(behave) as server, asking(server.url) as asker:
            await asker.greet(is_known=is_known)
            assert (await asker.ask(question("a"))).attempts == 1
            assert back_at <= now() < back_at + 80
        assert server.names.count("a") == 1

    run()


@in_virtual_time
async def test_a_known_server_that_is_out_of_reach_is_waited_for_and_given_up_in_the_end() -> None:
    async with serving(always(200)) as server:
        pass
    async with asking(server.url) as asker:
        await asker.greet(is_known=True)
        start = now()
        with pytest.raises(Outage, match="resume"):
            await asker.ask(question("a"))
        assert 1_790 < now() - start < 1_850


@in_virtual_time
async def test_a_run_that_stops_before_it_begins_asks_nothing() -> None:
    halt = Halt()
    halt.set()
    async with serving(always(200)) as server, asking(server.url, halt=halt) as asker:
        with pytest.raises(Stopped):
            await asker.greet(is_known=False)
    assert server.asked == []
