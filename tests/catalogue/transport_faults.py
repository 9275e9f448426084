"""The ways in which a connection fails an address service, by name."""

from __future__ import annotations

from catalogue.address_service import body_of, framed
from engine.breaking import (
    HEAD,
    continues,
    cut_gzip,
    drip,
    drip_of_chunk_sizes,
    drip_of_gzip_chunks,
    dripping_headers,
    endless_header,
    endless_headers,
    endless_trailers,
    hang_up,
    reset,
    reset_at_once,
    saying,
    silence,
)
from engine.local import Speak

FAULTS: dict[str, Speak] = {
    "hung up without an answer": hang_up,
    "reset without an answer": reset_at_once,
    "reset mid-body": reset,
    "cut mid-body": saying(framed(body_of("1 GOOD ST"))[:-20]),
    "cut mid-body, close-delimited": saying(b"HTTP/1.0 200 OK\r\n\r\n" + body_of("1 GOOD ST")[:-20]),
    "cut mid-gzip": cut_gzip(body_of("1 GOOD ST")),
    "bad chunk": saying(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
    "no HTTP": saying(b"\x15\x03\x01\x00\x02\x02\x46"),
    "silence": silence,
    "slow loris": drip,
    "dripping headers": dripping_headers,
    "dripping gzip chunks": drip_of_gzip_chunks,
    "dripping chunk size": drip_of_chunk_sizes,
    "1xx without end": continues,
    "endless headers": endless_headers,
    "endless header": endless_header,
    "endless trailers": endless_trailers,
}
