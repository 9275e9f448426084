"""match: outcomes, violations, matches and findings, rebuilt from the ledger without network."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from li_perf import __version__
from li_perf.analysis import matching, summary
from li_perf.analysis.findings import Findings
from li_perf.steps import account
from li_perf.steps.apart import apart
from li_perf.steps.job import Job, Progress
from li_perf.steps.outcomes import settle
from li_perf.steps.servers import asked, is_made_up
from li_perf.store import gold
from li_perf.store.runs import now
from li_perf.store.workbench import Workbench, workbench


async def match(job: Job) -> Findings:
    """Rebuild gold and return the findings."""
    violations = await settle(job)
    job.halt.check()
    extracted_at = job.run.extracted_at or now()
    with workbench(job.engine, spill=job.ledger.path.with_suffix(".spill")) as tables:
        await _load(job, tables, extracted_at)
        await apart(tables, partial(_compute, job, tables))
        pairs = await gold.keep_matches(job.ledger, tables.blocks(PAIRS))
        found = await apart(tables, partial(summary.summarise, tables.rows))
    job.tell(Progress(step="match", done=pairs, total=pairs))
    return await _findings(job, found, await account.of(job, violations), extracted_at)


def _compute(job: Job, tables: Workbench) -> None:
    for statement in matching.STATEMENTS:
        job.halt.check()
        tables.make(statement.name, statement.select)


PAIRS = """
select service_request_id, violation_id, violationnumber, casenumber, lag_days, family, cast(is_l0 as integer),
cast(is_m1 as integer), cast(is_m2 as integer), cast(is_m3 as integer), cast(is_m4 as integer), cast(is_m5 as integer),
cast(is_m6 as integer), cast(is_background as integer)
from pair order by service_request_id, violation_id
"""


async def _load(job: Job, tables: Workbench, extracted_at: str) -> None:
    for name, schema in matching.SCHEMAS.items():
        tables.create(name, schema)
    await _fill(job, tables, gold.tickets(), ticket=_ticket)
    await _fill(job, tables, gold.violations(), violation=tuple)
    await _fill(job, tables, gold.complaints(), complaint=lambda row: (row[0], row[1], bool(row[2])))
    allowed = job.inspections.allowed
    pairs = ((name, family) for name in sorted(allowed) for family in sorted(allowed[name]))
    tables.fill("allowed", matching.SCHEMAS["allowed"], pairs)
    today = datetime.fromisoformat(extracted_at).astimezone(job.city.zone).date()
    tables.fill("setting", matching.SCHEMAS["setting"], [(today, job.inspections.window_days)])


async def _fill(job: Job, tables: Workbench, query: Any, **shapes: Callable[[Any], tuple[Any, ...]]) -> None:
    async with job.ledger.stream(query, size=5_000) as blocks:
        async for block in blocks:
            for name, shaped in shapes.items():
                tables.fill(name, matching.SCHEMAS[name], map(shaped, block))
            if "ticket" in shapes:
                tables.fill("ticket_account", matching.SCHEMAS["ticket_account"], _ticket_accounts(block))


def _ticket(row: Any) -> tuple[Any, ...]:
    return (
        *(row.service_request_id, row.service_name, bool(row.is_open), row.requested_at.removesuffix("Z")),
        *(row.requested_on, row.closed_on, bool(row.has_closed_at), row.address, row.address_outcome),
        bool(row.is_building_level),
    )


def _ticket_accounts(tickets: Any) -> Any:
    return ((row.service_request_id, named) for row in tickets for named in msgspec.json.decode(row.accounts or "[]"))


async def _findings(job: Job, found: summary.Summary, book: account.Account, extracted_at: str) -> Findings:
    fields = msgspec.structs.asdict(found) | {
        "distinct_addresses": book.distinct_addresses,
        "checks": [*found.checks, *book.checks],
    }
    servers = asked(job.city, job.run.settings)
    return Findings(
        city=job.city.name,
        agency=job.inspections.agency,
        since=job.period.since.isoformat(),
        until=job.period.until.isoformat(),
        zone=job.city.zone.key,
        extracted_at=extracted_at,
        lookups=book.lookups,
        prefill=book.prefill,
        boundary=book.boundary,
        excluded=book.excluded,
        sources=book.sources,
        failures=book.failures,
        limits=[*book.warnings, *summary.LIMITS],
        version=__version__,
        servers=servers,
        is_made_up=is_made_up(servers),
        **fields,
    )
