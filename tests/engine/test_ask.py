"""What an asker makes of a server that fails, in hours that pass in milliseconds."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import pytest
from aiohttp import web
from engine.local import KNOWN, Behave, asking, most_in_a_second, ok, question, serving, status
from engine.virtual import VirtualLoop, in_virtual_time, now

from li_perf.engine.ask import Asker
from li_perf.engine.heartbeat import Heartbeat
from li_perf.engine.question import Answer, Question
from li_perf.engine.server import BreakerPolicy
from li_perf.errors import Blocked, Broken, Busy, Denied, Failed, Outage, Rejected
from li_perf.wire import Reply, Request

Outcome = Answer[str] | BaseException


async def all_of(asker: Asker, names: Sequence[str], workers: int = 64) -> dict[str, Outcome]:
    """Each name's answer or error, asked by so many workers."""
    outcomes: dict[str, Outcome] = {}
    left = iter(names)

    async def worker() -> None:
        for name in left:
            try:
                outcomes[name] = await asker.ask(question(name))
            except (Failed, Outage) as error:
                outcomes[name] = error

    await asyncio.gather(*(worker() for _ in range(workers)))
    return outcomes


def names(count: int, prefix: str = "good") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def failing(outcomes: dict[str, Outcome]) -> set[str]:
    return {name for name, outcome in outcomes.items() if not isinstance(outcome, Answer)}


def down_for(seconds: float, *, after: float = 5.0, how: Behave | None = None) -> Behave:
    """Fine, then failing from `after` on for so many seconds, then fine again."""
    since = now() + after

    async def behave(name: str) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        if since <= now() < since + seconds:
            return await how(name) if how else status(503)
        return ok()

    return behave


async def hang(_: str) -> web.StreamResponse:
    await asyncio.sleep(9_999)
    return ok()


async def hang_up(_: str) -> web.StreamResponse:
    raise ConnectionResetError


async def forbidden(_: str) -> web.StreamResponse:
    return status(403, "<html>firewall")


async def rejected(_: str) -> web.StreamResponse:
    return status(400)


@pytest.mark.parametrize("how", [None, hang, hang_up, forbidden, rejected])
@pytest.mark.parametrize("workers", [1, 3, 64])
def test_an_outage_of_ten_minutes_fails_nothing_and_costs_few_calls(how: Behave | None, workers: int) -> None:
    @in_virtual_time
    async def run() -> None:
        async with serving(down_for(600, how=how)) as server, asking(server.url, rate=10.0) as asker:
            start = now()
            outcomes = await all_of(asker, names(150), workers)
            assert not failing(outcomes)
            assert len([at for at in server.times if start + 5 <= at < start + 605]) <= 60
            assert now() - start < 605 + 60 + 30
        assert asker.breaker.openings == 1
        assert Counter(server.names).most_common(2)[0][0] == KNOWN

    run()


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_tries_spent_in_an_outage_before_it_was_found_out_do_not_count(workers: int) -> None:
    """So few workers ask about too few questions at once to make the server doubtful quickly."""

    @in_virtual_time
    async def run() -> None:
        since = now() + 5
        behind: Counter[str] = Counter()

        async def behave(name: str) -> web.StreamResponse:
            await asyncio.sleep(0.05)
            if since <= now() < since + 600:
                return status(503)
            behind[name] += now() >= since
            return status(500) if name != KNOWN and 1 <= behind[name] <= 3 else ok()

        async with serving(behave) as server, asking(server.url, rate=10.0) as asker:
            assert not failing(await all_of(asker, names(100), workers))

    run()


@pytest.mark.parametrize("code", [400, 503])
@pytest.mark.parametrize("latency", [0.3, 1.0])
def test_questions_on_their_way_when_an_outage_begins_are_not_charged(code: int, latency: float) -> None:
    """Others are answered behind their sending, and before the server goes down."""

    @in_virtual_time
    async def run() -> None:
        dice, since = random.Random(5), now() + 5

        async def behave(name: str) -> web.StreamResponse:
            await asyncio.sleep(latency * dice.uniform(0.5, 1.5))
            return status(code) if since <= now() < since + 600 else ok()

        async with serving(behave) as server, asking(server.url, rate=10.0) as asker:
            assert not failing(await all_of(asker, names(150)))
        assert asker.breaker.openings == 1

    run()


def test_who_only_waits_through_outages_is_not_blamed_for_them() -> None:
    """A server that crashes and comes back, over and over; what it rejects is its own doing."""

    @in_virtual_time
    async def run() -> None:
        dice = random.Random(7)

        async def behave(name: str) -> web.StreamResponse:
            await asyncio.sleep(dice.uniform(0.3, 0.9))
            return status(400) if now() % 25 > 12 else ok()

        async with serving(behave) as server, asking(server.url, rate=10.0) as asker:
            assert not failing(await all_of(asker, names(300)))
            assert asker.breaker.openings > 3

    run()


@pytest.mark.parametrize("is_first", [True, False])
def test_a_probe_that_is_told_to_wait_waits(*, is_first: bool) -> None:
    @in_virtual_time
    async def run() -> None:
        start = now()
        told_at = start if is_first else start + 40
        until = told_at + 900

        async def behave(name: str) -> web.StreamResponse:
            await asyncio.sleep(0.05)
            if now() < told_at:
                return status(500) if now() > start + 5 else ok()
            return status(503, Retry_After=str(int(until - now()) + 1)) if now() < until else ok()

        async with serving(behave) as server, asking(server.url, rate=10.0) as asker:
            if is_first:
                await asker.greet(is_known=True)
            assert not failing(await all_of(asker, names(200), 16))
            assert len([at for at in server.times if told_at + 1 < at < until]) <= 2

    run()


@pytest.mark.parametrize("code", [200, 503])
def test_a_door_that_reopens_lets_no_herd_through_where_no_rate_is_known(code: int) -> None:
    @in_virtual_time
    async def run() -> None:
        async def behave(name: str) -> web.StreamResponse:
            await asyncio.sleep(0.05)
            is_told = name == "good400" and server.names.count(name) == 1
            return status(code, "fine", Retry_After="5") if is_told else ok()

        async with serving(behave) as server, asking(server.url, rate=None) as asker:
            assert not failing(await all_of(asker, names(1_000)))
            told_at = next(at for at, name in server.asked if name == "good400")
            behind = [at for at in server.times if at > told_at + 4]
            assert sum(at < behind[0] + 0.01 for at in behind) < 16

    run()


def test_an_answer_that_cannot_be_read_in_a_way_that_nobody_thought_of_fails_alone() -> None:
    @in_virtual_time
    async def run() -> None:
        async def behave(name: str) -> web.StreamResponse:
            return ok(name)

        def read_badly(reply: Reply) -> str:
            return reply.body.decode()[{"bad": "x"}.get(reply.body.decode(), 0) :]  # type: ignore[misc]

        async with serving(behave) as server, asking(server.url, rate=10.0) as asker:
            asked = [
                Question(key=name, request=Request(path=f"/{name}"), read=read_badly) for name in ("a", "bad", "b")
            ]
            first, bad, last = await asyncio.gather(*(asker.ask(each) for each in asked), return_exceptions=True)
        assert isinstance(first, Answer)
        assert isinstance(last, Answer)
        assert isinstance(bad, Failed)
        assert bad.fault.reason == "garbled"

    run()


@pytest.mark.parametrize("seconds", [3, 30, 300])
@pytest.mark.parametrize("workers", [1, 4, 64])
def test_a_question_that_brings_the_server_down_each_time_fails_alone_in_the_end(workers: int, seconds: int) -> None:
    @in_virtual_time
    async def run() -> None:
        down_until, start = 0.0, now()

        async def behave(name: str) -> web.StreamResponse:
            nonlocal down_until
            if now() >= down_until and name == "bad":
                down_until = now() + seconds
            await asyncio.sleep(0.05)
            return status(503) if name == "bad" or now() < down_until else ok()

        async with serving(behave) as server, asking(server.url, rate=10.0) as asker:
            assert failing(await all_of(asker, [*names(30), "bad", *names(60, "later")], workers)) == {"bad"}
            assert now() - start < 3_600 + 20 * seconds
            assert server.names.count("bad") < 200

    run()


@pytest.mark.parametrize("workers", [1, 3])
def test_who_met_a_short_outage_at_each_try_is_asked_again_while_the_server_answers(workers: int) -> None:
    """Too few are asked at once to see by the number of those that fail that it is the server."""

    @in_virtual_time
    async def run() -> None:
        start = now()

        async def behave(name: str) -> web.StreamResponse:
            calls = server.names.count("unlucky")  # the outage is as long as its first five
            is_down = now() < start + 60 and (0 < calls < 5 or (calls == 5 and name == "unlucky"))
            await asyncio.sleep(0.05)
            return status(503) if is_down else ok()

        async with serving(behave) as server, asking(server.url, rate=10.0) as asker:
            assert failing(await all_of(asker, [*names(20), "unlucky"], workers)) == set()
            assert server.names.count("unlucky") <= 7

    run()


@in_virtual_time
async def test_after_an_outage_the_pace_is_kept() -> None:
    async with serving(down_for(600)) as server, asking(server.url, rate=10.0) as asker:
        await all_of(asker, names(200))
    assert most_in_a_second(server.times) <= 11


@in_virtual_time
async def test_an_outage_longer_than_the_limit_ends_the_run_for_everybody() -> None:
    async with serving(down_for(9_999)) as server, asking(server.url, rate=10.0) as asker:
        start = now()
        outcomes = await all_of(asker, names(200))
        assert now() - start < 1_900
    lost = [outcome for outcome in outcomes.values() if not isinstance(outcome, Answer)]
    assert all(isinstance(outcome, Outage) for outcome in lost)
    assert "has not answered for 30 min" in str(lost[0])


def spoiled(bad: Behave) -> Behave:
    async def behave(name: str) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return await bad(name) if name.startswith("bad") else ok()

    return behave


async def broken(_: str) -> web.StreamResponse:
    return status(500)


@pytest.mark.parametrize("bad", [broken, hang_up, forbidden])
@pytest.mark.parametrize(("good", "poison"), [(190, 10), (30, 30), (0, 40)])
def test_poison_items_fail_alone_after_their_tries(bad: Behave, good: int, poison: int) -> None:
    """Also at the head and at the tail, where nothing else is answered between."""

    @in_virtual_time
    async def run() -> None:
        async with serving(spoiled(bad)) as server, asking(server.url, rate=10.0) as asker:
            asked = [*names(poison // 2, "bad-head"), *names(good), *names(poison // 2, "bad-tail")]
            outcomes = await all_of(asker, asked)
        assert failing(outcomes) == {name for name in asked if name.startswith("bad")}
        calls = Counter(server.names)
        assert {calls[name] for name in failing(outcomes)} == {5}
        assert asker.breaker.openings == 0
        assert {outcome.attempts for outcome in outcomes.values() if isinstance(outcome, Failed)} == {5}

    run()


@in_virtual_time
async def test_an_item_that_hangs_fails_alone() -> None:
    async with serving(spoiled(hang)) as server, asking(server.url, rate=10.0) as asker:
        outcomes = await all_of(asker, [*names(10, "bad"), *names(100)])
    assert failing(outcomes) == set(names(10, "bad"))


@in_virtual_time
async def test_what_the_server_rejects_is_asked_once() -> None:
    async with serving(spoiled(rejected)) as server, asking(server.url, rate=10.0) as asker:
        outcomes = await all_of(asker, [*names(20, "bad"), *names(20)])
    assert failing(outcomes) == set(names(20, "bad"))
    assert {Counter(server.names)[name] for name in names(20, "bad")} == {1}
    assert isinstance(outcomes["bad0"], Failed)
    assert isinstance(outcomes["bad0"].fault, Rejected)


@in_virtual_time
async def test_what_fails_and_then_works_is_answered_and_its_tries_are_told() -> None:
    seen: Counter[str] = Counter()

    async def twice(name: str) -> web.StreamResponse:
        seen[name] += 1
        return ok() if seen[name] > 2 else status(500)

    async with serving(twice) as server, asking(server.url) as asker:
        assert (await asker.ask(question("a"))).attempts == 3


@in_virtual_time
async def test_retries_are_a_tenth_of_the_traffic_at_most() -> None:
    async def half(name: str) -> web.StreamResponse:
        return status(500) if name[-1] in "13579" and server.names.count(name) < 3 else ok()

    async with serving(half) as server, asking(server.url, rate=10.0) as asker:
        start = now()
        outcomes = await all_of(asker, names(400))
        took = now() - start
    calls = Counter(server.names)
    retries = sum(calls[name] - 1 for name in names(400))
    assert not failing(outcomes)
    assert retries <= 10 + 0.1 * 400 + took * 1.0 + 1  # the reserve, the share, and the trickle without first calls


def wait_as_seconds(seconds: int) -> dict[str, str]:
    return {"Retry_After": str(seconds)}


def wait_as_date(seconds: int) -> dict[str, str]:
    """By the server's own clock, which is hours off."""
    theirs = datetime.now(UTC) - timedelta(hours=5)
    return {
        "Date": format_datetime(theirs, usegmt=True),
        "Retry_After": format_datetime(theirs + timedelta(seconds=seconds), usegmt=True),
    }


@pytest.mark.parametrize("form", [wait_as_seconds, wait_as_date])
@pytest.mark.parametrize("code", [429, 503])
def test_everybody_waits_as_long_as_the_server_asks(form: object, code: int) -> None:
    @in_virtual_time
    async def run() -> None:
        until = now() + 3

        async def behave(_: str) -> web.StreamResponse:
            return ok() if not until <= now() < until + 60 else status(code, **form(1_200))  # type: ignore[operator]

        async with serving(behave) as server, asking(server.url, rate=10.0) as asker:
            outcomes = await all_of(asker, names(100))
        assert not failing(outcomes)
        first = min(at for at in server.times if at >= until)
        assert len([at for at in server.times if first + 1 <= at < first + 1_199]) == 0
        assert most_in_a_second(server.times) <= 11

    run()


@in_virtual_time
async def test_a_wait_of_an_hour_is_not_waited_for() -> None:
    async def behave(_: str) -> web.StreamResponse:
        return status(429, Retry_After="3600")

    async with serving(behave) as server, asking(server.url) as asker:
        start = now()
        with pytest.raises(Outage, match="asks us to wait 1 h"):
            await asker.ask(question("a"))
        assert now() - start < 1


@in_virtual_time
async def test_a_server_that_says_nothing_but_busy_is_an_outage_in_the_end() -> None:
    async def behave(_: str) -> web.StreamResponse:
        return status(429)

    async with serving(behave) as server, asking(server.url, rate=10.0) as asker:
        start = now()
        outcomes = await all_of(asker, names(64))
        assert {type(outcome) for outcome in outcomes.values()} == {Outage}
        assert 1_790 < now() - start < 2_100
    assert len(server.asked) < 250


@in_virtual_time
async def test_silence_before_the_first_refusal_is_not_held_against_the_server() -> None:
    refused = False

    async def once_busy(_: str) -> web.StreamResponse:
        nonlocal refused
        refused, was = True, refused
        return ok() if was else status(429, Retry_After="2")

    async with serving(once_busy) as server, asking(server.url) as asker:
        await asyncio.sleep(7_200)
        assert (await asker.ask(question("a"))).attempts == 2


@in_virtual_time
async def test_a_server_with_a_limit_of_its_own_is_met_with_few_refusals() -> None:
    """5 a second where we go at 10: nobody fails, and refusals stay few."""
    granted: list[float] = []
    refused = 0

    async def five_a_second(_: str) -> web.StreamResponse:
        nonlocal refused
        if len([at for at in granted if at > now() - 1]) >= 5:
            refused += 1
            return status(429)
        granted.append(now())
        return ok()

    async with serving(five_a_second) as server, asking(server.url, rate=10.0) as asker:
        start = now()
        outcomes = await all_of(asker, names(1_000))
        took = now() - start
    assert not failing(outcomes)
    assert refused < 100
    assert took < 1_000 / 5 * 2.5


@in_virtual_time
async def test_an_item_that_is_always_refused_holds_nobody_up_for_long_and_fails_in_the_end() -> None:
    async def behave(name: str) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return status(429) if name == "bad" else ok()

    policy = BreakerPolicy(outage_limit=60.0)
    async with serving(behave) as server, asking(server.url, rate=10.0, breaker=policy) as asker:
        start = now()
        outcomes = await all_of(asker, ["bad", *names(900)])
    assert failing(outcomes) == {"bad"}
    assert isinstance(outcomes["bad"], Failed)
    assert isinstance(outcomes["bad"].fault, Busy)
    assert max(server.times) - start < 900 / 10 * 2


@in_virtual_time
async def test_a_limit_told_by_503_and_retry_after_is_learned_and_fails_nobody() -> None:
    """20 a second and as many at once, met without a rate."""
    tokens, since, refused = 20.0, now(), [0.0]

    async def behave(_: str) -> web.StreamResponse:
        nonlocal tokens, since
        tokens, since = min(20.0, tokens + 20 * (now() - since)), now()
        await asyncio.sleep(0.065)
        if tokens < 1:
            refused.append(now())
            return status(503, Retry_After="1")
        tokens -= 1
        return ok()

    async with serving(behave) as server, asking(server.url) as asker:
        start = now()
        assert not failing(await all_of(asker, names(3_000)))
        assert now() - start < 3_000 / 20 / 0.85
    assert len(refused) < 0.02 * 3_000
    assert asker.breaker.openings == 0


@in_virtual_time
async def test_an_item_that_is_always_told_to_wait_by_a_503_fails_alone() -> None:
    async def behave(name: str) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return status(503, Retry_After="2") if name == "bad" else ok()

    async with serving(behave) as server, asking(server.url, rate=10.0) as asker:
        outcomes = await all_of(asker, [*names(20), "bad", *names(2_000, "later")])
    assert failing(outcomes) == {"bad"}
    assert server.names.count("bad") < 20


@in_virtual_time
async def test_refusals_before_and_after_a_sleep_of_the_machine_fail_nothing_and_end_nothing() -> None:
    heartbeat, loop, since = Heartbeat(), asyncio.get_running_loop(), now()
    assert isinstance(loop, VirtualLoop)
    beating = asyncio.create_task(heartbeat.run())

    async def busy_for_ten_minutes(_: str) -> web.StreamResponse:
        return status(429) if now() - since - 7_200 < 600 else ok()

    loop.call_later(300, loop.leap, 7_200)  # four times the outage limit
    async with serving(busy_for_ten_minutes) as server, asking(server.url, heartbeat=heartbeat, rate=10.0) as asker:
        assert not failing(await all_of(asker, names(20)))
    beating.cancel()


@in_virtual_time
async def test_refusals_before_an_outage_and_behind_it_do_not_add_up() -> None:
    since, refusals_behind = now(), 5

    async def behave(name: str) -> web.StreamResponse:
        nonlocal refusals_behind
        if since + 30 < now() < since + 1_600:
            return status(503)
        if name != "unlucky" or not refusals_behind:
            return ok()
        refusals_behind -= now() > since + 30
        return status(429)

    policy = BreakerPolicy(outage_limit=1_600.0)
    async with serving(behave) as server, asking(server.url, rate=10.0, breaker=policy) as asker:
        assert not failing(await all_of(asker, ["unlucky", *names(250)]))
    assert refusals_behind == 0


@in_virtual_time
async def test_two_long_pauses_that_the_server_asks_for_are_no_reason_to_fail_a_question() -> None:
    async def behave(name: str) -> web.StreamResponse:
        is_refused = name == "unlucky" and server.names.count(name) <= 3
        return status(429, Retry_After="1000") if is_refused else ok()

    async with serving(behave) as server, asking(server.url, rate=0.1) as asker:
        assert not failing(await all_of(asker, ["unlucky", *names(100)]))


@in_virtual_time
async def test_a_bad_key_ends_the_run_at_once() -> None:
    async def behave(_: str) -> web.StreamResponse:
        return status(401)

    async with serving(behave) as server, asking(server.url, rate=10.0) as asker:
        with pytest.raises(Denied):
            await asker.ask(question("a"))
    assert len(server.asked) == 1


@in_virtual_time
async def test_a_key_revoked_in_an_outage_ends_the_run() -> None:
    since = now()

    async def behave(_: str) -> web.StreamResponse:
        return status(503) if now() < since + 60 else status(401)

    async with serving(behave) as server, asking(server.url, rate=10.0) as asker:
        with pytest.raises(Denied):
            await all_of(asker, names(20))
    assert len(server.asked) < 40


@in_virtual_time
async def test_what_fails_across_a_sleep_of_the_machine_is_not_charged() -> None:
    wall = 0.0

    async def behave(name: str) -> web.StreamResponse:
        nonlocal wall
        if server.names.count(name) <= 7:  # more often than a question has tries
            wall += 600
            raise ConnectionResetError
        return ok()

    heartbeat = Heartbeat(wall=lambda: wall)
    async with serving(behave) as server, asking(server.url, heartbeat=heartbeat) as asker:
        start = now()
        outcomes = await all_of(asker, names(10), workers=10)
        assert not failing(outcomes)
        assert now() - start < 5
    assert KNOWN not in server.names


async def test_a_heartbeat_knows_a_late_beat_from_a_timely_one() -> None:
    wall = 100.0
    heartbeat = Heartbeat(wall=lambda: wall)
    start = now()
    assert not heartbeat.slept_since(start)
    wall += 5
    assert not heartbeat.slept_since(start)
    wall += 7
    assert heartbeat.slept_since(start)
    assert not heartbeat.slept_since(now() + 0.001)


@in_virtual_time
async def test_an_event_loop_that_stood_still_counts_as_a_sleep() -> None:
    heartbeat = Heartbeat()
    beating = asyncio.create_task(heartbeat.run())
    await asyncio.sleep(100)
    assert not heartbeat.slept_since(0)
    asyncio.get_running_loop()._jumping.now += 30  # type: ignore[attr-defined]
    assert heartbeat.slept_since(now() - 1)
    beating.cancel()


@in_virtual_time
async def test_the_breaker_policy_is_the_servers() -> None:
    policy = BreakerPolicy(faults=2, probe=1.0, outage_limit=5.0)
    async with serving(down_for(9_999, after=0)) as server, asking(server.url, breaker=policy) as asker:
        start = now()
        outcomes = await all_of(asker, names(4))
        assert {type(outcome) for outcome in outcomes.values()} == {Outage}
        assert now() - start < 8


@in_virtual_time
async def test_a_fault_that_names_its_worth_is_tried_so_often() -> None:
    def read_twice(_: object) -> str:
        raise Broken("deterministic", status=404, tries=2)

    async with serving(spoiled(broken)) as server, asking(server.url) as asker:
        with pytest.raises(Failed):
            await asker.ask(msgspec.structs.replace(question("a"), read=read_twice))
    assert server.names.count("a") == 2


@in_virtual_time
async def test_a_firewall_that_blocks_one_address_is_told_from_one_that_blocks_us() -> None:
    async with serving(spoiled(forbidden)) as server, asking(server.url) as asker:
        with pytest.raises(Failed) as caught:
            await asker.ask(question("bad"))
        assert isinstance(caught.value.fault, Blocked)
        await asker.ask(question("good"))
    assert asker.breaker.openings == 0


@in_virtual_time
async def test_the_first_word_of_a_firewall_stops_everybody() -> None:
    """It blocks the whole address for minutes, and each further call may prolong that."""
    async with serving(down_for(300, how=forbidden)) as server, asking(server.url, rate=10.0) as asker:
        start = now()
        assert not failing(await all_of(asker, names(100)))
    asked = [name for at, name in server.asked if start + 5 <= at < start + 305]
    assert len([name for name in asked if name != KNOWN]) <= 2
