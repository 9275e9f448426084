"""What a server is asked, and what it said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from li_perf.errors import Garbled, LiPerfError
from li_perf.wire import Reply, Request

T = TypeVar("T")


class Question(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A request, and `read`, which turns a reply into a value or raises a Fault or a ServerError; `key` names it."""

    key: str
    request: Request
    read: Callable[[Reply], T]

    def value(self, reply: Reply) -> T:
        """What `read` makes of the reply. Raises Garbled where that fails in any way that nobody thought of."""
        try:
            return self.read(reply)
        except LiPerfError:
            raise
        except Exception as error:
            raise Garbled(f"An answer cannot be read ({type(error).__name__}).", status=reply.status) from error


class Answer(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What `read` returned, the reply as received, and how many calls it took."""

    value: T
    reply: Reply
    attempts: int
