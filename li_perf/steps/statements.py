"""One statement to Carto, and what its failure means for a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from li_perf.cities.city import Dataset
from li_perf.engine.ask import Answer, Asker, Question
from li_perf.errors import ColumnGone, Failed, TooHeavy, Unanswered
from li_perf.sources import carto, sql


async def ask(server: Asker, statement: str) -> Answer[carto.Result]:
    """One statement's answer. Raises TooHeavy or ColumnGone where a smaller or other one may do, else Unanswered."""
    try:
        return await server.ask(Question(key=statement, request=carto.request(statement), read=carto.read))
    except Failed as failed:
        if isinstance(failed.fault, TooHeavy | ColumnGone):
            raise failed.fault from None
        raise Unanswered(f"{failed.fault} Nothing is lost: `li-perf resume` goes on.") from None


async def plainly(server: Asker, statement: str) -> Answer[carto.Result]:
    """The answer of a statement that cannot be made smaller. Raises Unanswered."""
    try:
        return await ask(server, statement)
    except (TooHeavy, ColumnGone) as fault:
        raise Unanswered(f"{fault} Try again later: `li-perf resume` goes on.") from None


async def count(server: Asker, dataset: Dataset[Any], where: Sequence[str]) -> int:
    """How many rows the server counts. Raises Unanswered."""
    answer = await plainly(server, sql.count(dataset.table, where))
    try:
        return int((answer.value.rows or [])[0]["n"])
    except (IndexError, KeyError, TypeError, ValueError):
        raise Unanswered(f"Carto does not count the rows of {dataset.table}; try again later.") from None
