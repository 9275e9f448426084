"""Whether pages and answers are still what was received: each against its hash, its number of rows, its question."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from li_perf.cities.city import City
from li_perf.errors import LiPerfError, StoreError
from li_perf.sources import ais
from li_perf.sources.portal import Portal
from li_perf.steps.check import Check, forget, restore
from li_perf.store import soundness
from li_perf.store.ledger import Ledger
from li_perf.store.packing import unpack
from li_perf.store.questions import digest
from li_perf.wire import Reply

MOST_NAMED = 100  # rows that a remedy names one by one
QUOTED = re.compile(rb"'((?:[^']|'')*)'")  # a value in a statement


async def answers(ledger: Ledger) -> Check:
    """Each answer against its hash, and whether it can be read as an answer to its question."""
    count, unhashed, bad = 0, 0, {}
    async for block in soundness.answers(ledger):
        for row in block:
            count += 1
            unhashed += row.body is not None and row.sha256 is None
            if problem := _problem_of_answer(row):
                bad[row.id] = problem
    older = f", {unhashed:,} of them kept without a hash by an earlier version" if unhashed else ""
    again = (
        f"sqlite3 {ledger.path} \"UPDATE lookup SET state = 'failed', reason = 'damaged', body = NULL, sha256 = NULL "
        f'WHERE id IN ({", ".join(map(str, bad))})", then `li-perf retry` asks them again.'
    )
    return Check(
        name="answers",
        detail=f"{count:,} answers, as they were received{older}",
        findings=[f"look-up {key}: {problem}" for key, problem in bad.items()],
        remedy=again if len(bad) <= MOST_NAMED else restore(ledger.path),
    )


def _problem_of_answer(row: Any) -> str | None:
    if row.body is None:
        return "it is answered and has no answer" if row.is_ais else None
    question = row.question.decode(errors="replace")
    if row.sha256 is not None and row.sha256.decode(errors="replace") != digest(question, row.status, row.body):
        return f"question, status or answer is not as received ({question[:60]!a})"
    try:
        body = unpack(row.body)
        if row.is_ais:
            ais.read(question, Reply(status=row.status, body=body))
    except LiPerfError as error:
        return f"the answer cannot be read: {error}"
    return None


async def pages(ledger: Ledger, *, city: City) -> Check:
    """Each page against its hash and its number of rows; rows with which a page repeats the one before count once."""
    portals = {data.table: data.portal for data in _datasets(city)}
    count, findings, runs = 0, [], set()
    repeated: dict[tuple[int, str], int] = {}
    async for block in soundness.bodies(ledger):
        for row in block:
            count += 1
            here = row.run_id, row.dataset.decode(errors="replace")
            try:
                rows = _rows_of(row, portals.get(here[1], city.requests.portal), repeated.get(here, 0))
            except StoreError as error:
                findings.append(f"page {row.id} of {here[1]!a}, run {row.run_id}: {error}")
                runs.add(row.run_id)
            else:
                repeated[here] = portals[here[1]].repeated(rows) if here[1] in portals else 0
    detail = f"{count:,} pages, as they were received"
    return Check(name="pages", detail=detail, findings=findings, remedy=forget(ledger.path, sorted(runs, key=str)))


async def violations(ledger: Ledger, *, table: str) -> Check:
    """Each account and case that counts as fetched stands in the statement of a page that is there."""
    asked: dict[int, set[bytes]] = {}
    count, lost = 0, []
    async for block in soundness.fetched(ledger):
        for row in block:
            if row.run_id not in asked:
                asked[row.run_id] = await _asked(ledger, row.run_id, table)
            count += 1
            if row.value not in asked[row.run_id]:
                lost.append(row)
    again = (
        f"sqlite3 {ledger.path} \"UPDATE fetch SET state = 'failed', reason = 'damaged' "
        f'WHERE id IN ({", ".join(str(row.id) for row in lost)})", then `li-perf retry` asks for them again.'
    )
    return Check(
        name="violations",
        detail=f"{count:,} parcels and cases, each with the page that answered",
        findings=[f"{row.value.decode(errors='replace')!a} of run {row.run_id}: no page answers it" for row in lost],
        remedy=again if len(lost) <= MOST_NAMED else forget(ledger.path, sorted({row.run_id for row in lost})),
    )


async def _asked(ledger: Ledger, run_id: int, table: str) -> set[bytes]:
    """The values that stand in the statements of a run's pages, as they were before they were quoted."""
    statements = await soundness.requests(ledger, run_id, table)
    return {
        value.replace(b"''", b"'").replace(b"\\\\", b"\\") for row in statements for value in QUOTED.findall(row[0])
    }


def _rows_of(row: Any, portal: Portal, repeated: int) -> list[Any]:
    body = unpack(row.body)
    if hashlib.sha256(body).hexdigest() != row.sha256.decode(errors="replace"):
        raise StoreError("it is not as received")
    try:
        rows = portal.rows(body)
    except AssertionError as error:
        raise StoreError(f"its rows cannot be read ({error})") from None
    if len(rows) - repeated != row.row_count:
        raise StoreError(f"it counts {row.row_count!r} rows and has {len(rows) - repeated:,}")
    return rows


def _datasets(city: City) -> list[Any]:
    seen = city.inspections
    return [city.requests, *([seen.complaints, seen.violations] if seen else [])]
