"""clean, as every city has it: the pages behind the lake's cursor become versions of tickets, or counted rejects."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from li_perf.cities.city import as_numbered
from li_perf.errors import UserError
from li_perf.steps.apart import apart
from li_perf.steps.job import Job, Progress
from li_perf.steps.stage import stage_pages
from li_perf.store import lake, received
from li_perf.store.batch import Batch
from li_perf.store.lake import Lake, State
from li_perf.store.received import Behind, Download

COMMIT_ROWS = 4_000_000  # whole downloads are committed together up to so many rows


async def fill_lake(job: Job, *, afresh: bool = False) -> State:
    """Read every finished download that the lake has not; what its last commit says.

    `afresh` reads all that were ever received, and puts them in the place of what the lake has.
    Raises UserError where no download was ever finished, StoreError where the lake cannot be read or written.
    """
    folder, dataset = lake.folder_of(job.ledger.path), job.city.requests
    now = await asyncio.to_thread(lake.look, folder)
    usable = now.state if now.state and now.has_our_columns and not afresh else None
    behind = await received.behind(job.ledger, dataset.table, usable.cursor if usable else None)
    is_anew = usable is None or behind.is_foreign
    if not behind.finished and (usable is None or behind.is_foreign):
        raise UserError(f"The download of {dataset.table} is not finished. `li-perf resume` goes on with it.")
    state, read = usable, 0
    while read < len(behind.finished):
        count = _together(behind.finished[read:]) if dataset.identify is as_numbered else 1
        state = await _read(job, now, behind, slice(read, read + count), afresh=is_anew and not read)
        read += count
        now = await asyncio.to_thread(lake.look, folder)
    assert state
    _tell(job, now, state)
    return state


def _together(downloads: Sequence[Download]) -> int:
    """How many of the downloads go into one commit: at least one."""
    rows, count = downloads[0].rows, 1
    while count < len(downloads) and rows + downloads[count].rows <= COMMIT_ROWS:
        rows, count = rows + downloads[count].rows, count + 1
    return count


async def _read(job: Job, now: Lake, behind: Behind, part: slice, *, afresh: bool) -> State:
    """Stage the pages of a part of the downloads, and commit them."""
    runs = [each.run for each in behind.finished[part]]
    pages = await received.pages(job.ledger, job.city.requests.table, runs)
    with Batch(now, afresh=afresh) as batch:
        await stage_pages(job, batch, pages)
        cursor = behind.cursor(part.stop, pages[-1].id if pages else 0)
        return await apart(batch, lambda: batch.commit(cursor))


def _tell(job: Job, now: Lake, state: State) -> None:
    rows = now.tickets.rows if now.tickets else 0
    counts = state.counts
    note = (
        f"{counts.received:,} rows = {counts.new:,} new + {counts.changed:,} changed + {counts.unchanged:,} unchanged "
        f"+ {counts.earlier:,} earlier + {counts.rejected:,} rejected"
    )
    job.tell(Progress(step="lake", done=rows, total=rows, note=note))
