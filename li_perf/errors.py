"""The error tree: what the user reads, what stops a run, and what the engine retries.

LiPerfError
├── UserError                exit 2: wrong usage, settings, folders or stores; nothing was asked of a server
├── StoreError               exit 2: the store cannot be used (locked, damaged, full, newer, foreign)
├── ServerError              exit 1: a server stopped the run; nothing is lost, `li-perf resume` goes on
│   ├── Denied               it refused the key
│   ├── Misdirected          it is not the server that we were told it is
│   ├── Outage               it did not answer within the outage limit
│   ├── Unanswered           it would not answer a question that the run cannot do without
│   ├── Drifted              its tables no longer have what the product needs
│   ├── Emptied              it finds nothing any more of what it knew
│   └── Shrunk               a download has fewer rows than it must have
├── Failed                   one question has used up its tries
└── Fault                    one call failed; the engine decides what follows, the user sees a count
    ├── Unreachable          no connection, a reset, a time-out
    ├── Broken               the server says that it failed (5xx, AIS's "Invalid query." for an address)
    ├── Busy                 it asks us to slow down, and perhaps says for how long
    ├── Blocked              403 without a word about keys: a firewall
    ├── Astray               it does not know this route: wrong address, or a redirect elsewhere
    ├── Garbled              an answer that is not of the documented shape
    │   └── Drift            in this one field, of the answer to a question of ours
    ├── TooHeavy             this question is too much for it: ask for less
    ├── ColumnGone           a column that was there is not there any more
    └── Rejected             it will never answer this question
"""

from __future__ import annotations


class LiPerfError(Exception):
    """Whatever this product raises on purpose; the text is a sentence for the user."""


class UserError(LiPerfError):
    """Wrong usage or settings; the text names the thing and the next step."""


class StoreError(UserError):
    """The store cannot be used as it is."""


class ServerError(LiPerfError):
    """A server stopped the run; what was answered is kept."""


class Denied(ServerError):
    """The server refused the key."""


class Misdirected(ServerError):
    """The address leads to something other than the server that was meant."""


class Outage(ServerError):
    """The server did not answer within the outage limit."""


class Unanswered(ServerError):
    """The server would not answer a question that the run cannot do without."""


class Drifted(ServerError):
    """A table lost something that the product cannot do without."""


class Emptied(ServerError):
    """The server answers, but finds nothing any more."""


class Shrunk(ServerError):
    """A download has fewer rows than the server counted, than the city's floor, or than half of last time."""


class Fault(LiPerfError):
    """One call failed. `reason` is a short word for counts, `status` the HTTP status where there was one.

    `wait` is how many seconds the server asked for, `tries` how many calls such a question is worth, where known.
    """

    reason = "fault"

    def __init__(
        self, message: str, *, status: int | None = None, wait: float | None = None, tries: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.wait = wait
        self.tries = tries


class Unreachable(Fault):
    """No connection, a reset, or a time-out."""

    reason = "unreachable"


class Broken(Fault):
    """The server says that it failed."""

    reason = "server_error"


class Busy(Fault):
    """The server asks us to slow down."""

    reason = "busy"


class Blocked(Fault):
    """A firewall in front of the server refuses; that passes in minutes."""

    reason = "blocked"


class Astray(Fault):
    """The server does not know this route."""

    reason = "astray"


class Garbled(Fault):
    """The answer is not of the documented shape."""

    reason = "garbled"


class Drift(Garbled):
    """A field that the product needs has taken a form that it does not know."""

    reason = "drift"


class TooHeavy(Fault):
    """The question asks for too much at once; half of it may do."""

    reason = "too_heavy"


class ColumnGone(Fault):
    """A column that was there is not there any more."""

    reason = "column_gone"


class Rejected(Fault):
    """The server will never answer this question; asking again is useless."""

    reason = "rejected"


class Failed(LiPerfError):
    """One question used up its tries; `fault` is the last one."""

    def __init__(self, fault: Fault, attempts: int) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.attempts = attempts
