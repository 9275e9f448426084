"""Bodies as they lie in the store: zlib's format, written six times faster where the extra [speed] is installed."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

LEVEL = 1

_compress: Callable[[Any, int], bytes]
try:
    from isal.isal_zlib import compress as _compress
except ImportError:
    from zlib import compress as _compress


def pack(body: bytes) -> bytes:
    """The body in zlib's format."""
    return _compress(body, LEVEL)


def unpack(packed: bytes) -> bytes:
    """The body as it was received. Raises zlib.error for one that is damaged."""
    return zlib.decompress(packed)
