"""Ways in which an answer breaks on the wire, for `local.speaking`."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import zlib
from itertools import count

from engine.local import Speak

HEAD = b"HTTP/1.1 200 OK\r\n"


def saying(*parts: bytes) -> Speak:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()

    return speak


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def _will_reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Content-Length: 100\r\n\r\nhalf")
    await writer.drain()
    _will_reset(writer)


async def endless_headers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    for number in count():
        writer.write(b"X-%d: y\r\n" % number * 100)
        await writer.drain()


async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Content-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await asyncio.sleep(3)


async def dripping_headers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"X-Slow: ")
    while True:
        writer.write(b"x")
        await asyncio.sleep(3)


async def silence(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(9_999)


async def continues(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.sleep(3)


async def reset_at_once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    _will_reset(writer)


async def drip_of_gzip_chunks(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A chunk of one byte each three seconds, of a gzip stream that never ends."""
    packer = zlib.compressobj(wbits=31)
    writer.write(HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        for byte in packer.compress(b" ") + packer.flush(zlib.Z_SYNC_FLUSH):
            writer.write(b"1\r\n%c\r\n" % byte)
            await asyncio.sleep(3)


async def drip_of_chunk_sizes(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0")
    while True:
        writer.write(b"0")
        await asyncio.sleep(3)


async def endless_header(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One header without an end."""
    writer.write(HEAD + b"X-Long: ")
    while True:
        writer.write(b"y" * 10_000)
        await writer.drain()


async def endless_trailers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    for number in count():
        writer.write(b"X-%d: %s\r\n" % (number, b"y" * 1_000))
        await writer.drain()


def cut_gzip(body: bytes) -> Speak:
    """A gzip stream that ends too early, in a body as long as it says."""
    cut = gzip.compress(body)[:-30]
    return saying(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(cut) + cut)
