"""A JSON body as a typed value. The only file that knows every way in which a body can be unreadable."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def decode(body: bytes, kind: type[T]) -> T:
    """The body as `kind`; of a name that occurs twice the last value counts. Raises ValueError for anything else:

    no JSON, another shape, NaN, a number out of range, bad UTF-8 (which is no msgspec error), half a surrogate pair,
    endless nesting.
    """
    try:
        return msgspec.json.decode(body.removeprefix(BYTE_ORDER_MARK), type=kind)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
