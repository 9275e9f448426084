"""Questions joined with the City's own pairs of address and account, in memory; only what stands in both is held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from li_perf.cities.city import Pairs
from li_perf.model import Property, Reject
from li_perf.sources import ais, opa
from li_perf.steps.clean import row_pages
from li_perf.steps.job import Job
from li_perf.store import pages, selection
from li_perf.store.query import Tables

QUESTION = {"question": "VARCHAR"}
PAIR = {"question": "VARCHAR", "account": "VARCHAR", "is_meant": "BOOLEAN"}
# An account of another form (a row without one, too) speaks against the text it stands beside, and never for it.
MATCHED = """
create table matched as
select question, min(account) as account from pair
group by question
having count(distinct account) = 1 and bool_or(is_meant) and regexp_full_match(min(account), '[0-9]{9}')
"""


@dataclass(slots=True)
class Gathered:
    """Rows of the property table, those that could not be read, questions to ask, and those the table answers."""

    rows: int = 0
    unreadable: int = 0
    left: int = 0
    matched: int = 0


async def gather(job: Job, pairs: Pairs, tables: Tables) -> Gathered:
    """Make table `matched`: each question to ask that one account, and no other, stands beside."""
    found = Gathered()
    for name, schema in (("question", QUESTION), ("incoming", PAIR), ("pair", PAIR)):
        tables.create(name, schema)
    async with job.ledger.stream(selection.to_ask(), size=5_000) as blocks:
        async for block in blocks:
            found.left += tables.fill("question", QUESTION, ((q,) for (q,) in block if ais.is_askable(q)))

    properties, violations = pairs.properties, job.inspections.violations
    await pages.with_bodies(
        job.ledger, job.run.id, properties.table, partial(_take_properties, job, pairs, tables, found)
    )
    # In a run's first pass those are the violations of the run before.
    if (run_id := await pages.last_run(job.ledger, violations.table)) is not None:
        await pages.with_bodies(job.ledger, run_id, violations.table, partial(_take_violations, job, pairs, tables))
    tables.run(MATCHED)
    ((found.matched,),) = tables.rows("select count(*) from matched")
    return found


def _take_properties(job: Job, pairs: Pairs, tables: Tables, found: Gathered, bodies: Iterator[bytes]) -> None:
    for page in row_pages(pairs.properties, bodies):
        job.halt.check()
        found.rows += len(page)
        _take(tables, (pair for row in page for pair in _of_property(pairs, row, found)))


def _take_violations(job: Job, pairs: Pairs, tables: Tables, bodies: Iterator[bytes]) -> None:
    for page in row_pages(job.inspections.violations, bodies):
        job.halt.check()
        _take(tables, (pair for row in page for pair in _of_violation(pairs, row)))


def _take(tables: Tables, pairs: Iterator[tuple[str, str, bool]]) -> None:
    tables.fill("incoming", PAIR, pairs)
    tables.run("insert into pair select incoming.* from incoming semi join question using (question)")
    tables.run("truncate incoming")


def _of_property(pairs: Pairs, row: Any, found: Gathered) -> Iterator[tuple[str, str, bool]]:
    place = pairs.properties.read(row)
    if isinstance(place, Reject):
        found.unreadable += 1
        return
    for text, is_meant in opa.texts(place):
        yield text, place.account, is_meant


def _of_violation(pairs: Pairs, row: Any) -> Iterator[tuple[str, str, bool]]:
    """A violation's address answers for itself; one with a unit only speaks against other accounts.

    AIS may know such a unit by its building's account alone, and says so; a violation's row does not.
    """
    place = pairs.of_violation(row)
    if isinstance(place, Property) and place.account:
        for text, _ in opa.texts(place):
            yield text, place.account, not place.unit
