"""An answer comes in whatever pieces the network makes of it, and is the same answer."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from itertools import pairwise

import aiohttp
import pytest
from aiohttp import http
from hypothesis import given
from hypothesis import strategies as st

from li_perf.engine.parsing import CHUNK, Parsing

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
BODY = b"".join(b"%d bottles, " % number for number in range(40))
CAP = 64 * CHUNK


def in_chunks(body: bytes, size: int) -> bytes:
    parts = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


PACKED = gzip.compress(BODY)
ANSWERS = {
    "with a length": HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,
    "in chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + in_chunks(BODY, 7),
    "packed": HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED,
    "packed, in chunks": HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + in_chunks(PACKED, 3),
    "behind a hint": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    + HEAD
    + b"Content-Length: %d\r\n\r\n" % len(BODY)
    + BODY,
}


def parsed(pieces: list[bytes], *, cap: int = CAP, ends: bool = False) -> Parsing:
    loop = asyncio.new_event_loop()
    try:
        parsing = Parsing(loop, cap=cap)
        for piece in pieces:
            assert not parsing.is_over, "more was fed than there is"
            parsing.feed(piece)
        if ends:
            parsing.end()
        return parsing
    finally:
        loop.close()


def cut(text: bytes, places: list[int]) -> list[bytes]:
    at = [0, *sorted({place % len(text) for place in places} - {0}), len(text)]
    return [text[start:end] for start, end in pairwise(at)]


@pytest.mark.parametrize("kind", ANSWERS)
@given(places=st.lists(st.integers(1, 10_000), max_size=12))
def test_an_answer_is_the_same_however_it_is_cut(kind: str, places: list[int]) -> None:
    parsing = parsed(cut(ANSWERS[kind], places))
    assert (parsing.head.code, parsing.body, parsing.is_over, parsing.is_last) == (200, BODY, True, False)


def test_more_chunks_at_once_than_the_parser_bears_are_all_read() -> None:
    """It stops behind some tens of thousands of them, to be gone on with."""
    body = b"x" * 300_000
    text = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + in_chunks(body, 1)
    parsing = parsed([text])
    assert (parsing.body, parsing.is_over) == (body, True)


@pytest.mark.parametrize("size", [CHUNK - 1, 2 * CHUNK, 3 * CHUNK + 1, 20 * CHUNK])
def test_what_unpacks_to_far_more_than_came_is_all_read(size: int) -> None:
    packed = zlib.compress(bytes(size))
    text = HEAD + b"Content-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    parsing = parsed(cut(text, [len(text) // 2]))
    assert (len(parsing.body), parsing.is_over, parsing.is_last) == (size, True, False)


def test_of_what_is_longer_than_wished_the_beginning_is_left_and_nothing_may_follow() -> None:
    packed = zlib.compress(bytes(20 * CHUNK))
    text = HEAD + b"Content-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    parsing = parsed([text], cap=100)
    assert (parsing.body, parsing.is_cut, parsing.is_over, parsing.is_last) == (bytes(100), True, True, True)


def test_without_a_length_the_end_of_the_connection_is_the_end() -> None:
    parsing = parsed([HEAD + b"\r\n" + BODY[:50], BODY[50:]], ends=True)
    assert (parsing.body, parsing.is_over) == (BODY, True)


@pytest.mark.parametrize("kind", [kind for kind in ANSWERS if kind != "behind a hint"])
def test_an_answer_that_ends_too_early_is_none(kind: str) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        parsed([ANSWERS[kind][:-4]], ends=True)


@pytest.mark.parametrize("text", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X" * 9_000 + b": y\r\n\r\n"])
def test_what_is_no_answer_is_said_to_be_none(text: bytes) -> None:
    with pytest.raises(http.HttpProcessingError):
        parsed([text])


def test_behind_a_second_answer_that_nobody_asked_for_nothing_is_asked() -> None:
    parsing = parsed([ANSWERS["with a length"] + HEAD + b"Content-Length: 1\r\n\r\nx"])
    assert (parsing.body, parsing.is_over, parsing.is_last) == (BODY, True, True)
