"""Whether silver holds what was received: every row of the downloads that it has read, in the files committed."""

from __future__ import annotations

from collections.abc import Iterator

from li_perf.cities.city import City
from li_perf.errors import StoreError
from li_perf.steps.check import Check
from li_perf.store import lake, received
from li_perf.store.delta import Snapshot
from li_perf.store.ledger import Ledger

AFRESH = "`li-perf clean {} --afresh` makes silver anew of all pages."


async def silver(ledger: Ledger, *, city: City) -> Check:
    """Rows received = new + changed + unchanged + earlier + rejected, and a ticket for each new one."""
    name = "silver"
    try:
        found = lake.look(lake.folder_of(ledger.path))
    except StoreError as error:
        return Check(name=name, detail="could not be read", findings=[str(error)], remedy=AFRESH.format(city.name))
    if found.state is None or found.tickets is None:
        return Check(name=name, detail="not yet: nothing was cleaned")
    cursor, total = found.state.cursor, found.state.total
    if (await received.behind(ledger, city.requests.table, cursor)).is_foreign:
        return Check(name=name, detail="of downloads that are gone: the next `li-perf clean` makes it anew")
    downloads = (await received.behind(ledger, city.requests.table, None)).finished
    rows = sum(each.rows for each in downloads if each.run <= cursor.last_run and each.run not in cursor.waiting)
    parts = total.new + total.changed + total.unchanged + total.earlier + total.rejected
    sums = (
        f"{rows:,} rows received = {total.new:,} new + {total.changed:,} changed + {total.unchanged:,} unchanged + "
        f"{total.earlier:,} earlier + {total.rejected:,} rejected"
    )
    wrong = [f"{sums} does not add up"] if not rows == total.received == parts else []
    if found.tickets.rows != total.new:
        wrong.append(f"{found.tickets.rows:,} requests are kept, where {total.new:,} came")
    wrong += [each for table in (found.tickets, found.rejects) if table for each in _damaged(table)]
    return Check(
        name=name, detail=f"{sums}; {found.tickets.rows:,} requests", findings=wrong, remedy=AFRESH.format(city.name)
    )


def _damaged(table: Snapshot) -> Iterator[str]:
    for file in table.files:
        path = table.folder / file.path
        if not path.is_file():
            yield f"{path} is gone"
        elif path.stat().st_size != file.size:
            yield f"{path} has {path.stat().st_size:,} bytes where {file.size:,} were committed"
