"""Bodies that are not what their status says: each is a fault of one call, in bounded memory, and never a result."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
import zlib

import pytest
from aiohttp import web
from catalogue.servers import (
    ACCOUNT,
    BAD,
    GOOD,
    KINDS,
    Fault,
    ask_all,
    asked,
    everybody,
    first,
    found,
    only,
    sends,
)
from engine.local import asking, serving, speaking
from engine.virtual import in_virtual_time
from sources.replies import HOSTILE

from li_perf.engine.verdict import Verdict
from li_perf.sources.ais_answer import Found, accounts

MIXED = [*GOOD[:20], BAD, *GOOD[20:]]
WHOLE = json.dumps(found(BAD)).encode()


def packed(body: bytes, encoding: str = "gzip", status: int = 200) -> Fault:
    """A body as it stands on the wire, with a length that matches."""
    return lambda: web.Response(status=status, body=body, headers={"Content-Encoding": encoding})


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("kind", KINDS)
def test_a_body_that_is_no_answer_is_charged_to_its_question_alone(kind: str, body: bytes) -> None:
    @in_virtual_time
    async def run() -> None:
        async with asked(only(BAD, sends(body)), kind) as (server, asker):
            results = await ask_all(asker, MIXED)
        assert {name: failed.fault.reason for name, failed in results.failed.items()} == {BAD: "garbled"}
        assert results.verdicts == {Verdict.OK: len(GOOD), Verdict.ITEM: 5}
        assert server.names.count(BAD) == 5

    run()


PAGES = {"HTML": b"<!doctype html><title>Sign in</title>", "empty": b"", "an error": b'{"error": ["down"]}'}


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES.keys())
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_that_everybody_gets_instead_of_an_answer_is_an_outage(kind: str, body: bytes) -> None:
    @in_virtual_time
    async def run() -> None:
        async with asked(everybody(sends(body), after=2.0, seconds=600.0), kind) as (server, asker):
            results = await ask_all(asker)
        assert results.failed == {}
        assert results.openings == 1
        assert len(server.asked) < len(GOOD) + 100

    run()


PASSING = {
    "gzip cut short": packed(gzip.compress(WHOLE)[:-20]),
    "gzip cut to its first bytes": packed(gzip.compress(WHOLE)[:30]),
    "gzip with a wrong checksum": packed(gzip.compress(WHOLE)[:-8] + b"\0" * 8),
    "not gzip": packed(WHOLE),
    "deflate cut short": packed(zlib.compress(WHOLE)[:-20], "deflate"),
    "JSON cut short": sends(WHOLE[: len(WHOLE) // 2]),
    "Latin-1 that says it is UTF-8": sends(WHOLE.replace(b"19107", b"\xe9")),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_damaged_body_is_asked_for_again(fault: Fault) -> None:
    @in_virtual_time
    async def run() -> None:
        async with asked(first(fault), retry_share=1.0) as (_, asker):
            results = await ask_all(asker, [BAD], workers=1)
        assert results.answers[BAD].attempts == 2
        assert accounts(results.answers[BAD].value.features[0]) == (ACCOUNT,)
        assert results.verdicts == {Verdict.OK: 1, Verdict.ITEM: 1}

    run()


HARMLESS = {
    "gzip without its checksum": packed(gzip.compress(WHOLE)[:-8]),
    "a byte order mark": sends(b"\xef\xbb\xbf" + WHOLE),
    "a charset that nobody knows": sends(WHOLE, Content_Type="application/json; charset=klingon"),
    "no content type": sends(WHOLE, Content_Type=""),
    "text/html": sends(WHOLE, Content_Type="text/html"),
    "NUL in what is not used": sends(WHOLE.replace(b"19107", b"\\u0000")),
}


@pytest.mark.parametrize("fault", HARMLESS.values(), ids=HARMLESS.keys())
def test_an_oddity_that_leaves_the_answer_whole_does_no_harm(fault: Fault) -> None:
    @in_virtual_time
    async def run() -> None:
        async with asked(only(BAD, fault)) as (server, asker):
            results = await ask_all(asker, [BAD], workers=1)
        assert isinstance(results.answers[BAD].value, Found)
        assert accounts(results.answers[BAD].value.features[0]) == (ACCOUNT,)
        assert server.names == [BAD]

    run()


TWICE = {
    "account": WHOLE.replace(b'"opa_account_num"', b'"opa_account_num": "999999999", "opa_account_num"'),
    "features": WHOLE.replace(b'"features"', b'"features": [], "features"'),
}


@pytest.mark.parametrize("body", TWICE.values(), ids=TWICE.keys())
def test_an_answer_that_names_something_twice_is_no_answer(body: bytes) -> None:
    @in_virtual_time
    async def run() -> None:
        async with asked(only(BAD, sends(body))) as (_, asker):
            results = await ask_all(asker, MIXED)
        assert {name: failed.fault.reason for name, failed in results.failed.items()} == {BAD: "garbled"}

    run()


@in_virtual_time
async def test_a_text_that_quotes_a_name_is_not_that_name_twice() -> None:
    body = found(BAD, search_params={"user": '"opa_account_num" and "features"'})
    async with asked(only(BAD, sends(body))) as (_, asker):
        assert (await ask_all(asker, [BAD])).failed == {}


@pytest.mark.parametrize(
    ("status", "reason", "calls"), [(200, "too_heavy", 1), (404, "astray", 5), (500, "server_error", 5)]
)
@pytest.mark.parametrize("is_packed", [True, False])
def test_a_body_over_the_cap_is_cut_and_asked_for_no_more_often_than_its_status_is_worth(
    status: int, reason: str, calls: int, is_packed: bool
) -> None:
    long = json.dumps(found(BAD, more="x" * 3_000_000)).encode()
    fault = packed(gzip.compress(long, 1), status=status) if is_packed else sends(long, status)

    @in_virtual_time
    async def run() -> None:
        async with asked(only(BAD, fault)) as (server, asker):
            results = await ask_all(asker, MIXED)
        assert {name: failed.fault.reason for name, failed in results.failed.items()} == {BAD: reason}
        assert server.names.count(BAD) == calls

    run()


MEGABYTE = 1_048_576
MEASURE = """
import asyncio, sys
from engine.local import sending
from li_perf.errors import LiPerfError
from li_perf.wire import Request

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

async def main():
    async with sending(sys.argv[1]) as client:
        before, said = peak(), []
        for _ in range(2):
            try:
                said.append(str(len((await client.send(Request(path="/bomb"))).body) // 1_000_000))
            except LiPerfError as error:
                said.append(type(error).__name__)
        print(*said, peak() - before)

asyncio.run(main())
"""


def bomb(encoding: str) -> bytes:
    """A gigabyte of zeros in a megabyte."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = deflate.compress(bytes(MEGABYTE)) + deflate.flush(zlib.Z_FULL_FLUSH)
    head = {"gzip": gzip.compress(b"")[:10], "deflate": b"\x78\xda"}[encoding]
    return head + block * 1_024 + deflate.flush()


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process's memory is read from /proc")
@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_gigabyte_packed_into_a_megabyte_costs_the_process_a_few(encoding: str, status: int) -> None:
    body = bomb(encoding)

    async def explode(_: str) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers={"Content-Encoding": encoding})

    async with serving(explode) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", MEASURE, server.url, stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": "tests"}
        )
        out, _ = await process.communicate()
    *said, grown = out.decode().split()
    assert said == ([["TooHeavy"] * 2, ["2"] * 2][status == 500])
    assert int(grown) < 40_000, "kilobytes"


BROKEN_OFF = {
    "before its length": b"Content-Length: 9999\r\n",
    "in the middle of a chunk": b"Transfer-Encoding: chunked\r\n",
    "with the connection": b"Connection: close\r\n",
    "with a length that is no number": b"Content-Length: many\r\n",
    "with a negative length": b"Content-Length: -1\r\n",
    "with two lengths": b"Content-Length: 100\r\nContent-Length: 200\r\n",
}


@pytest.mark.parametrize("head", BROKEN_OFF.values(), ids=BROKEN_OFF.keys())
def test_an_answer_that_breaks_off_is_asked_for_again(head: bytes) -> None:
    whole = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(WHOLE), WHOLE)
    said = iter([b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + WHOLE[:100], whole])

    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(next(said))
        await writer.drain()

    @in_virtual_time
    async def run() -> None:
        async with speaking(speak) as server, asking(server.url, name="AIS") as asker:
            results = await ask_all(asker, [BAD], workers=1)
        assert results.answers[BAD].attempts == 2
        assert results.verdicts == {Verdict.OK: 1, Verdict.ITEM: 1}

    run()
