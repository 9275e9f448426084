"""How a run at work asks its servers, for those who only look at the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as upsert

from li_perf.store.changes import Change
from li_perf.store.ledger import Ledger
from li_perf.store.runs import now
from li_perf.store.tables import pulse

_INSERT = upsert(pulse)
KEEP = _INSERT.on_conflict_do_update(
    index_elements=["server"],
    set_={name: _INSERT.excluded[name] for name in ("run_id", "at", "vitals")},
)


def keep(run_id: int, vitals: Mapping[str, Any]) -> Change:
    """The latest vitals by server, in the place of those before."""
    at = now()
    rows = [
        {"server": server, "run_id": run_id, "at": at, "vitals": msgspec.json.encode(each).decode()}
        for server, each in vitals.items()
    ]
    return KEEP, rows


async def latest(ledger: Ledger, run_id: int) -> Sequence[Any]:
    """The run's latest vitals, JSON as it was kept: server, at, vitals."""
    query = select(pulse.c.server, pulse.c.at, pulse.c.vitals).where(pulse.c.run_id == run_id)
    return await ledger.rows(query.order_by(pulse.c.server))
