"""JSON that the store keeps in a column of text."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from li_perf.errors import StoreError

T = TypeVar("T")


def read(text: str | bytes, kind: type[T], what: str) -> T:
    """The note as it was kept. Raises StoreError, which says `what` it is, for one that somebody else has spoiled."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeError):
        raise StoreError(
            f"In the store {what} cannot be read: it is not as it was kept. "
            "Restore a copy, or move the store away and run again."
        ) from None
