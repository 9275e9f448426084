"""Whatever a server sends, and whatever an address holds: an answer or one of our faults, and never another address."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

import pytest
from catalogue.address_service import answering, asked_in, body_of
from engine.breaking import hang_up, saying
from engine.local import sending, speaking
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from li_perf.errors import LiPerfError, Unreachable
from li_perf.model import Outcome
from li_perf.sources import ais, carto
from li_perf.wire import Reply, Request, retry_after

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=120)
STATUS = st.sampled_from([200, 204, 301, 308, 400, 401, 403, 404, 405, 408, 418, 429, 500, 503])
PIECES_OF_DATES = [
    *("Mon", ", ", " ", "01", "Jan", "2025", "99999", "00:00:00", "99:99:9999999999", "GMT", "-99999999999.0", "+0000"),
    *("(", '"', "\\", "[", ":", ".", "é", "١٢", "\x00", "\r\n", "nan", "1e9", "-3", "9" * 400),
]
DATES = st.lists(st.sampled_from(PIECES_OF_DATES), max_size=9).map("".join)
SAID = ANY_TEXT | DATES | DATES.map("Mon, 01 Jan 2025 ".__add__)
quickly = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])


@given(SAID, SAID | st.just("Mon, 01 Jan 2025 00:00:00 GMT"))
@settings(deadline=None, max_examples=100)
def test_any_retry_after_is_no_wait_or_a_finite_one(text: str, date: str) -> None:
    seconds = retry_after({"retry-after": text, "date": date})
    assert seconds is None or (math.isfinite(seconds) and seconds >= 0)


@pytest.mark.parametrize("zone", ["+99999999999999999999", "+2500"])
def test_a_date_with_a_zone_out_of_this_world_counts_as_absent(zone: str) -> None:
    """Its arithmetic overflows, which is no ValueError."""
    text = f"Mon, 01 Jan 2025 00:00:00 {zone}"
    assert retry_after({"retry-after": text, "date": "Mon, 01 Jan 2025 00:00:00 GMT"}) is None


NUMBERS = st.integers() | st.floats()
LEAF = st.none() | st.booleans() | NUMBERS | ANY_TEXT | st.sampled_from(["1 A ST", ais.OWN_EXCEPTION])
NAMES = [
    *("features", "properties", "opa_account_num", "ais_feature_type", "match_type", "search_type", "query", "n"),
    *("message", "details", "search_params", "error", "detail", "rows", "fields", "total_rows", "source", "value"),
]
JSON = st.recursive(
    LEAF, lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(NAMES), part), max_leaves=12
)
LIKE_AIS = st.fixed_dictionaries(
    {"query": st.just("1 A ST") | LEAF, "features": JSON | st.lists(st.fixed_dictionaries({"properties": JSON}))},
    optional={"message": JSON, "details": JSON | st.fixed_dictionaries({"query": st.just("1 A ST")}), "status": JSON},
)
LIKE_CARTO = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("rows", "fields", "total_rows", "error", "detail", "context"), JSON)
)
BODY = st.binary(max_size=200) | (JSON | LIKE_AIS | LIKE_CARTO).map(lambda value: json.dumps(value).encode())


def _of_ais(reply: Reply) -> object:
    return ais.read("1 A ST", reply)


@pytest.mark.parametrize("read", [_of_ais, carto.read], ids=["AIS", "Carto"])
def test_any_reply_is_an_answer_or_one_of_our_errors(read: Callable[[Reply], object]) -> None:
    @given(STATUS, BODY, SAID)
    @settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
    def each(status: int, body: bytes, wait: str) -> None:
        try:
            read(Reply(status=status, headers={"retry-after": wait, "date": wait}, body=body))
        except LiPerfError as error:
            str(error).encode("utf-8", "strict")

    each()


PIECES = [
    *(
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 ",
        b"101 X\r\n",
        b"204 X\r\n",
        b"304 X\r\n",
        b"999 X\r\n",
        b"\r\n",
        b"\r\n\r\n",
    ),
    *(b"Content-Length: ", b"5", b"-1", b"99999999999999999999", b"Transfer-Encoding: chunked\r\n", b"hello", b"\n"),
    *(b"Content-Encoding: gzip\r\n", b"Content-Encoding: deflate\r\n", b"Content-Encoding: br\r\n", b"0\r\n\r\n"),
    *(b"Content-Encoding: zstd\r\n", b"5\r\nhello\r\n", b"ffffffffffffffffffff\r\n", b"\x00", b"\xff", b": x\r\n"),
    *(b"Set-Cookie: \x01=\xff; a=\r\n", b"Location: http://[\r\n", b"Content-Type: a/b; charset=\xff\r\n"),
    *(b"Connection: upgrade\r\nUpgrade: websocket\r\n", b"X: " + b"y" * 9_000 + b"\r\n", b"Retry-After: \xe9\r\n"),
]
ON_THE_WIRE = st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=10).map(b"".join)


def test_any_bytes_on_the_wire_are_a_reply_or_a_fault_and_count_as_one_request() -> None:
    said: list[bytes] = [b""]

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await saying(said[0])(reader, writer)

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        server = runner.run(stack.enter_async_context(speaking(speak)))
        client = runner.run(stack.enter_async_context(sending(server.url, timeout=20.0)))

        @given(ON_THE_WIRE | ON_THE_WIRE.map(b"HTTP/1.1 200 OK\r\n".__add__))
        @settings(parent=quickly, max_examples=100)
        def each(sent: bytes) -> None:
            said[0] = sent
            with suppress(Unreachable):
                runner.run(client.send_unlimited(Request(path="/a")))

        each()
        runner.run(stack.aclose())
        assert len(server.asked) == sum(client.sent.values())


def test_any_address_travels_as_one_segment_to_the_same_host_and_arrives_as_itself() -> None:
    """Through the real client, as the server hears it."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        server = runner.run(stack.enter_async_context(answering(hang_up, when=lambda _: False)))
        client = runner.run(stack.enter_async_context(sending(f"{server.url}/ais/v2")))

        @given(ANY_TEXT)
        @quickly
        def each(text: str) -> None:
            question = ais.question(text)
            if isinstance(question, Outcome) or not ais.is_askable(question):
                return
            reply = runner.run(client.send(ais.request(question)))
            line = server.heads[-1].partition(b"\r\n")[0].decode("ascii").split(" ")
            assert (line[0], line[2]) == ("GET", "HTTP/1.1")
            url = URL(f"http://host{line[1]}", encoded=True)
            assert (url.raw_query_string, url.raw_fragment) == ("", "")
            assert line[1].split("/")[:4] == ["", "ais", "v2", "search"]
            assert len(line[1].split("/")) == 5
            assert asked_in(server.heads[-1]) == question
            assert reply.body == body_of(question)
            ais.read(question, reply)

        each()
        runner.run(stack.aclose())
