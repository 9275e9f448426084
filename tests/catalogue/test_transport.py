"""Faults of the transport, on real sockets: whom each is charged to, and that both sides count the same requests."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from aiohttp import web
from catalogue.address_service import (
    ACCOUNT,
    about,
    addresses,
    answering,
    asked_in,
    asking_ais,
    body_of,
    failures,
    framed,
    outcomes_of,
)
from catalogue.transport_faults import FAULTS
from engine.breaking import hang_up, saying
from engine.local import Speak, most_in_a_second, ok, sending, serving, speaking
from engine.virtual import in_virtual_time, now

from li_perf.engine.heartbeat import BEAT, LAG
from li_perf.engine.retry import Retry
from li_perf.errors import Fault, Garbled, Misdirected, Outage, Unreachable
from li_perf.sources import ais
from li_perf.sources.ais_answer import Found, accounts
from li_perf.wire import Request

each_fault = pytest.mark.parametrize("breaks", FAULTS.values(), ids=FAULTS.keys())


@each_fault
def test_a_transport_fault_of_every_call_pauses_the_run_and_is_charged_to_nobody(breaks: Speak) -> None:
    """Each question has one try: whatever is charged fails."""

    @in_virtual_time
    async def run() -> None:
        begin, end = now() + 2, now() + 120
        async with (
            answering(breaks, when=lambda _: begin <= now() < end) as server,
            asking_ais(server.url, rate=10.0, retry=Retry(tries=1)) as asker,
        ):
            outcomes = await outcomes_of(asker, addresses(60))
        assert not failures(outcomes)
        assert asker.breaker.openings == 1
        assert len([at for at in server.times if begin + 30 <= at < end]) <= 10
        assert most_in_a_second(server.times) <= 11
        assert sum(asker.client.sent.values()) == len(server.asked)

    run()


@each_fault
def test_a_transport_fault_of_one_question_is_charged_to_it_after_its_tries(breaks: Speak) -> None:
    @in_virtual_time
    async def run() -> None:
        async with (
            answering(breaks, when=lambda address: "BAD" in address) as server,
            asking_ais(server.url, rate=10.0) as asker,
        ):
            outcomes = await outcomes_of(asker, [*addresses(3, "BAD ST"), *addresses(60)])
        assert set(failures(outcomes)) == set(addresses(3, "BAD ST"))
        assert {failed.attempts for failed in failures(outcomes).values()} == {5}
        assert all(isinstance(failed.fault, Unreachable | Garbled) for failed in failures(outcomes).values())
        assert asker.breaker.openings == 0
        calls = Counter(asked_in(head) for head in server.heads)
        assert {calls[address] for address in addresses(3, "BAD ST")} == {5}
        assert {calls[address] for address in addresses(60)} == {1}
        assert sum(asker.client.sent.values()) == len(server.asked)

    run()


@each_fault
def test_a_transport_fault_ends_within_the_whole_calls_timeout(breaks: Speak) -> None:
    @in_virtual_time
    async def run() -> None:
        async with (
            answering(breaks, when=lambda _: True) as server,
            sending(server.url, timeout=30.0, patience=10.0) as client,
        ):
            start = now()
            with pytest.raises(Fault):
                ais.read("1 GOOD ST", await client.send(ais.request("1 GOOD ST")))
            assert now() - start <= 31

    run()


def test_what_breaks_once_is_answered_by_a_second_call_that_keeps_the_pace() -> None:
    """The HTTP client's own repeat would come at once, uncounted."""

    @in_virtual_time
    async def run() -> None:
        seen: Counter[str] = Counter()

        def first_time(address: str) -> bool:
            seen[address] += 1
            return seen[address] == 1 and address.endswith("1 GOOD ST")

        async with answering(hang_up, when=first_time) as server, asking_ais(server.url, rate=5.0) as asker:
            outcomes = await outcomes_of(asker, addresses(50))
        assert not failures(outcomes)
        assert most_in_a_second(server.times) <= 6
        assert sum(asker.client.sent.values()) == len(server.asked) == 50 + 5
        assert asker.client.sent["ServerDisconnectedError"] == 5

    run()


async def test_connections_closed_behind_each_answer_cost_no_call() -> None:
    """Without a word of it in the headers, and with the next call ready to go."""
    async with answering(hang_up, when=lambda _: False) as server, asking_ais(server.url) as asker:
        outcomes = await outcomes_of(asker, addresses(100), workers=1)
    assert not failures(outcomes)
    assert asker.client.sent == {"200": 100}
    assert len(server.asked) == 100


async def test_a_connection_that_lives_is_used_again() -> None:
    peers = set()

    async def behave(request: web.BaseRequest) -> web.Response:
        peers.add(request.transport.get_extra_info("peername"))  # type: ignore[union-attr]
        return ok()

    runner = web.ServerRunner(web.Server(behave))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with sending(f"http://127.0.0.1:{runner.addresses[0][1]}") as client:
        for _ in range(20):
            await client.send(Request(path="/a"))
    await runner.cleanup()
    assert len(peers) == 1


async def test_an_answer_of_http_1_0_ends_with_its_connection() -> None:
    speak = saying(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + body_of("1 GOOD ST"))
    async with answering(speak, when=lambda _: True) as server, asking_ais(server.url) as asker:
        answer = await asker.ask(about("1 GOOD ST"))
    assert isinstance(answer.value, Found)
    assert accounts(answer.value.features[0]) == (ACCOUNT,)


REDIRECTS = ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]


@pytest.mark.parametrize("code", REDIRECTS)
@pytest.mark.parametrize("secret", [("Authorization", "Gatekeeper-Key SENTINEL"), ("X-Api-Key", "SENTINEL")])
async def test_a_redirect_to_another_host_is_not_followed_and_takes_no_key_along(
    code: str, secret: tuple[str, str]
) -> None:
    async with answering(hang_up, when=lambda _: False) as stranger:
        away = saying(framed(b"", f"Location: {stranger.url}/search/stolen", status=code))
        async with (
            answering(away, when=lambda _: True) as server,
            asking_ais(server.url, secret=secret, retry=Retry(tries=1)) as asker,
        ):
            with pytest.raises(Misdirected, match=f"elsewhere \\({code[:3]}\\); it is not followed"):
                await asker.greet(is_known=True)
            for request in (Request(path="/a"), Request(form={"q": "SELECT 1"})):
                assert (await asker.client.send(request)).status == int(code[:3])
    assert stranger.heads == []
    assert all(b"SENTINEL" in head for head in server.heads)


@pytest.mark.parametrize("target", ["", "/search/1%20GOOD%20ST", "file:///etc/passwd", "//[", "http://", "\x01"])
@pytest.mark.parametrize("code", REDIRECTS)
async def test_a_redirect_loop_or_a_strange_target_costs_one_call(code: str, target: str) -> None:
    around = saying(framed(b"", f"Location: {target}", status=code))
    async with answering(around, when=lambda _: True) as server, sending(server.url) as client:
        try:
            reply = await client.send(ais.request("1 GOOD ST"))
        except Unreachable:
            assert target == "\x01"  # the header itself is refused
        else:
            with pytest.raises(Fault):
                ais.read("1 GOOD ST", reply)
    assert len(server.asked) == sum(client.sent.values()) == 1


async def test_no_cookie_of_the_server_comes_back() -> None:
    speak = saying(framed(b"fine", "Set-Cookie: session=SENTINEL; Path=/"))
    async with speaking(speak) as server, sending(server.url) as client:
        for _ in range(2):
            await client.send(Request(path="/a"))
    assert len(server.heads) == 2
    assert not any(b"cookie" in head.lower() for head in server.heads)


async def test_the_environments_proxies_and_netrc_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / ".netrc").write_text("machine 127.0.0.1 login me password SENTINEL\n")
    (home / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(home / ".netrc"))
    async with speaking(saying(framed(b"proxy"))) as proxy, speaking(saying(framed(b"fine"))) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.upper(), proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with sending(server.url) as client:
            assert (await client.send(Request(path="/a"))).body == b"fine"
    assert proxy.heads == []
    assert b"SENTINEL" not in server.heads[0]
    assert b"uthorization" not in server.heads[0]


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost", "LOCALHOST"])
@pytest.mark.parametrize("scheme", ["http", "HTTP"])
async def test_the_host_check_lets_every_spelling_of_the_given_host_through(host: str, scheme: str) -> None:
    async with serving(_fine) as server, sending(f"{scheme}://{host}:{_port(server.url)}/Base") as client:
        assert (await client.send(Request(path="/Path"))).body == b"fine"
    assert server.names == ["Path"]


@pytest.mark.parametrize("host", ["[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]"])
async def test_the_host_check_knows_an_ipv6_address_in_every_form(host: str) -> None:
    async with serving(_fine, host="::1") as server, sending(f"http://{host}:{_port(server.url)}") as client:
        assert (await client.send(Request(path="/a"))).body == b"fine"
    assert server.names == ["a"]


@pytest.mark.parametrize(
    "path",
    ["@127.0.0.2/a", "@[::1]/a", ".evil.test/a", ":1/a", "0/a", "\\@evil.test/a", "%00@evil.test/a"],
)
async def test_a_path_cannot_lead_to_another_host_or_port(path: str) -> None:
    """Every path of ours begins with a slash; this one tries to pass for a part of the address."""
    async with serving(_fine) as server, sending(server.url, secret=("X-Key", "SENTINEL")) as client:
        assert (await client.send(Request(path=path))).body == b"fine"
    assert len(server.asked) == 1, "it stayed at home"


async def _fine(_: str) -> web.StreamResponse:
    return ok()


def test_a_server_out_of_reach_is_an_outage_that_charges_nobody() -> None:
    """Refused: nobody listens. The port is free until the server comes back to it."""

    @in_virtual_time
    async def run() -> None:
        async with serving(_fine) as gone:
            port = _port(gone.url)
        async with asking_ais(gone.url, rate=10.0, retry=Retry(tries=1)) as asker:
            asking = asyncio.create_task(outcomes_of(asker, addresses(30)))
            await asyncio.sleep(100)
            assert asker.breaker.openings == 1
            assert asker.client.sent.keys() == {"ClientConnectorError"}
            before = sum(asker.client.sent.values())
            assert before <= 20
            async with answering(hang_up, when=lambda _: False, port=port) as server:
                assert not failures(await asking)
                assert len(server.asked) == asker.client.sent["200"]

    run()


async def test_a_name_that_is_not_known_asks_whether_this_machine_is_online() -> None:
    async with asking_ais("http://no-such-host.invalid:1") as asker:
        with pytest.raises(
            Outage, match=r"no-such-host\.invalid:1: its name is not known here \(is this machine online\?\)\. Check "
        ):
            await asker.greet(is_known=False)
    assert asker.client.sent.keys() == {"ClientConnectorDNSError"}


class Slow:
    """A server that answers all at once in 0.1 s, and then one after the other; it finishes also what nobody awaits."""

    def __init__(self) -> None:
        self.is_slow = False
        self._inside = 0

    async def behave(self, name: str) -> web.StreamResponse:
        self._inside += 1
        try:
            await asyncio.sleep(max(1, self._inside) if self.is_slow else 0.1)
        finally:
            self._inside -= 1
        return web.Response(body=body_of(name))


@pytest.mark.parametrize(("patience", "openings"), [(120.0, 0), (10.0, 1)])
def test_at_fifty_times_the_latency_the_limit_shrinks_and_nothing_fails(patience: float, openings: int) -> None:
    """Where all answers still come in time, before any doubt; where they do not, one outage begins with few calls."""

    @in_virtual_time
    async def run() -> None:
        slow = Slow()
        async with (
            serving(slow.behave) as server,
            asking_ais(server.url, concurrency=32, patience=patience, timeout=3 * patience) as asker,
        ):
            assert not failures(await outcomes_of(asker, addresses(900), workers=32))
            before = asker.client.limit.now
            assert before > 16
            slow.is_slow = True
            assert not failures(await outcomes_of(asker, addresses(150, "SLOW ST"), workers=32))
            assert asker.client.limit.now < before
            assert asker.breaker.openings <= openings
        assert len(server.asked) <= 1_050 + 3 * 32

    run()


IN_FLIGHT = 2  # a young limit


async def test_a_sleep_of_the_machine_longer_than_every_timeout_is_charged_to_nobody() -> None:
    """A process of its own is stopped with its calls in flight, which nobody answers; each question has one try."""
    lost: set[str] = set()

    async def behave(name: str) -> web.StreamResponse:
        if len(server.asked) > 20 and len(lost) < IN_FLIGHT:
            lost.add(name)
            if len(lost) == IN_FLIGHT:
                all_lost.set()
            await asyncio.sleep(60)
        return web.Response(body=body_of(name))

    all_lost = asyncio.Event()
    async with serving(behave) as server:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "catalogue.sleeper", server.url, "40"),
            cwd=Path(__file__).parents[1],
            stdout=asyncio.subprocess.PIPE,
        )
        await asyncio.wait_for(all_lost.wait(), 30)
        await asyncio.sleep(0.3)  # in which the others in flight are answered
        child.send_signal(signal.SIGSTOP)
        await asyncio.sleep(BEAT + LAG + 0.5)
        child.send_signal(signal.SIGCONT)
        said, _ = await asyncio.wait_for(child.communicate(), 30)
    told = json.loads(said)
    assert (told.pop("failed"), told.pop("openings")) == (0, 0)
    assert told.pop("200") == 40
    assert sum(told.values()) == IN_FLIGHT
    assert len(server.asked) == 40 + IN_FLIGHT
