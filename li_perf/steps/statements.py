"""One statement to a portal, and what its failure means for a run."""

from __future__ import annotations

from collections.abc import Sequence

from li_perf.engine.ask import Asker
from li_perf.engine.question import Answer, Question
from li_perf.errors import ColumnGone, Failed, Garbled, TooHeavy, Unanswered
from li_perf.sources.portal import Census, Page, Portal


async def ask(server: Asker, portal: Portal, statement: str) -> Answer[Page]:
    """One statement's answer. Raises TooHeavy or ColumnGone where a smaller or other one may do, else Unanswered."""
    try:
        return await server.ask(Question(key=statement, request=portal.request(statement), read=portal.read))
    except Failed as failed:
        if isinstance(failed.fault, TooHeavy | ColumnGone):
            raise failed.fault from None
        raise Unanswered(f"{failed.fault} Nothing is lost: `li-perf resume` goes on.") from None


async def plainly(server: Asker, portal: Portal, statement: str) -> Page:
    """The answer of a statement that cannot be made smaller. Raises Unanswered."""
    try:
        return (await ask(server, portal, statement)).value
    except (TooHeavy, ColumnGone) as fault:
        raise Unanswered(f"{fault} Try again later: `li-perf resume` goes on.") from None


async def census(server: Asker, portal: Portal, where: Sequence[str]) -> Census | None:
    """How many rows the portal counts, None where it cannot. Raises Unanswered."""
    if (statement := portal.census(where)) is None:
        return None
    try:
        return portal.counted(await plainly(server, portal, statement))
    except Garbled as fault:
        raise Unanswered(f"{fault} Try again later: `li-perf resume` goes on.") from None


async def count(server: Asker, portal: Portal, where: Sequence[str]) -> int:
    """How many rows a portal counts that can. Raises Unanswered."""
    counted = await census(server, portal, where)
    assert counted is not None, "this portal counts nothing"
    return counted.count
