"""The first call to a server: is it there, is it the right one, and does it take our key?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from li_perf.engine.breaker import Breaker
from li_perf.engine.halt import Halt
from li_perf.engine.server import Server
from li_perf.errors import Astray, Fault, Garbled, Misdirected, Outage, Rejected, Unreachable

SECOND_LOOKS = (0.5, 1.5)  # seconds before it is asked again


async def greet(
    server: Server, probe: Callable[[], Awaitable[None]], breaker: Breaker, *, halt: Halt, is_known: bool
) -> None:
    """Ask by `probe` what a healthy server answers, once.

    Raises Misdirected when the address leads elsewhere, Denied for a bad key. A server that answered before
    (`is_known`) and does not now is an outage, which is waited for; one that never did is reported. What may be a
    single mishap (a reset, a page that broke off) gets a second and a third call first.
    """
    for wait in (*SECOND_LOOKS, None):
        try:
            await probe()
        except Fault as fault:
            if wait is not None and isinstance(fault, Unreachable | Garbled):
                await halt.sleep(wait)
                continue
            _judge(fault, server, is_known=is_known)
            breaker.open()
        else:
            breaker.succeeded()
        return


def _judge(fault: Fault, server: Server, *, is_known: bool) -> None:
    if isinstance(fault, Astray) or (isinstance(fault, Garbled | Rejected) and not is_known):
        raise Misdirected(f"{fault} Is the address {server.base_url} right?") from None
    if isinstance(fault, Unreachable) and not is_known:
        raise Outage(f"{fault}. Check the address and the connection, then run this again.") from None
