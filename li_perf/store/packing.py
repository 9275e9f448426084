"""Bodies as they lie in the store: zlib's format, written several times faster where the extra [speed] is installed.

An answer of the address service is packed with a dictionary, and about half as long.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from li_perf.errors import StoreError
from li_perf.store.words import WORDS

LONGEST_BODY = 64_000_000  # bytes, unpacked: the longest answer that a server may send
FAST = 0  # isal has a level below zlib's lowest: a tenth larger, in half the time

_compress: Callable[[Any, int], bytes]
_packing: Callable[..., Any]
try:
    from isal.isal_zlib import compress as _compress
    from isal.isal_zlib import compressobj as _packing
except ImportError:
    from zlib import compress as _compress
    from zlib import compressobj as _packing

    FAST = 1


def pack(body: bytes) -> bytes:
    """The body in zlib's format."""
    return _compress(body, FAST)


def pack_answer(body: bytes) -> bytes:
    """The same for an answer of the address service, with WORDS as zlib's preset dictionary."""
    packing = _packing(FAST, zdict=WORDS)
    return bytes(packing.compress(body) + packing.flush())


def unpack(packed: bytes) -> bytes:
    """The body as it was received. Raises StoreError for one that is damaged, or longer than any that was received."""
    unpacking = zlib.decompressobj(zdict=WORDS)  # which is looked at only where it was used
    try:
        body = unpacking.decompress(packed, LONGEST_BODY)
    except (zlib.error, TypeError) as error:
        raise _damaged(str(error)) from None
    if not unpacking.eof:
        raise _damaged("it is cut off, or far too long")
    return body


def _damaged(why: str) -> StoreError:
    return StoreError(f"An answer in the store is damaged ({why}). `li-perf verify` says which, and what to do.")
