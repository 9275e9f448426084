"""Rows as they are read, on their way into DuckDB: as lines of JSON, three times faster than lists of values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count, islice
from pathlib import Path

import msgspec

from li_perf.model import Reject, Ticket
from li_perf.store.lake_shape import CONTENT, OUTSIDE_POINT, POINT, REJECTS, TICKETS, columns, names
from li_perf.store.query import Tables, literal

BLOCK = 5_000  # rows that are encoded at once
HELD = 100_000  # rows that are held in memory before they are put away
COPY = "copy ({query}) to {folder} (format parquet, compression snappy, partition_by (month))"
LONGEST_ROW = 1_000_000  # bytes as JSON: a longer one is no request
YEARS = range(1970, 2101)  # of opening: each month is a file
ROWS_OF_A_PAGE = 2**32  # `seq` orders all rows: the page's number, and the row's in it

STAGED = {"seq": "bigint", **{name: kind for name, kind in TICKETS.items() if name != "history"}}
IN_JSON = {"seq": "bigint", "ticket": f"struct({columns(OUTSIDE_POINT)}, point struct({columns(POINT)}))"}
FROM_JSON = f"seq, {names(OUTSIDE_POINT, prefix='ticket.')}, {names(POINT, prefix='ticket.point.')}"
# to_json would do as well; what matters is that no two rows with different contents have the same text.
HASH = f"cast(md5_number_lower(cast(json_array({names(CONTENT)}) as varchar)) >> 1 as bigint)"


class _Line(msgspec.Struct, frozen=True):
    seq: int
    ticket: Ticket


class Staging:
    """Files of staged rows by month, and the table `refused`; `folder` is for what lives as long as the batch."""

    def __init__(self, tables: Tables, folder: Path) -> None:
        self._tables = tables
        self._tickets, self._rejects = folder / "tickets.json", folder / "rejects.json"
        self._staged, self._places = folder / "staged", count()
        self._staged.mkdir()
        self._encode = msgspec.json.Encoder().encode
        self._held = 0
        tables.run(f"create table held ({columns(STAGED)})")
        tables.run(f"create table refused ({columns(REJECTS)})")

    def place(self) -> Path:
        """A folder for rows that are staged by others, by month."""
        return self._staged / str(next(self._places))

    def take(
        self,
        items: Iterable[Ticket | Reject],
        *,
        page: int,
        fetched_at: str,
        dataset: str,
        places: Iterable[int] | None = None,
    ) -> int:
        """Stage a page's rows in their order, or those of its `places`; their number."""
        taken = 0
        with self._tickets.open("wb") as tickets, self._rejects.open("wb") as rejects:
            remaining = zip(places or count(), items, strict=False)
            while block := list(islice(remaining, BLOCK)):
                lines = [self._line(page * ROWS_OF_A_PAGE + place, item) for place, item in block]
                tickets.write(_joined([line for line in lines if not isinstance(line, Reject)]))
                rejects.write(_joined([self._encode(line) for line in lines if isinstance(line, Reject)]))
                taken += len(block)
        self._insert(page, literal(fetched_at), literal(dataset))
        self._held += taken
        if self._held >= HELD:
            self._put_away()
        return taken

    def finish(self) -> None:
        """Make the view `staged` of all that was staged."""
        self._put_away()
        there = any(self._staged.glob("*/month=*/*.parquet"))
        files = literal(self._staged / "*" / "month=*" / "*.parquet")
        found = f"read_parquet({files}, hive_partitioning = true, hive_types_autocast = false)" if there else "held"
        self._tables.run(f"create view staged as select * from {found}")

    def _put_away(self) -> None:
        self._tables.run(COPY.format(query="from held", folder=literal(self.place())))
        self._tables.run("truncate held")
        self._held = 0

    def _line(self, seq: int, item: Ticket | Reject) -> bytes | Reject:
        if isinstance(item, Reject):
            return item
        if item.requested_on.year not in YEARS:
            return Reject(reason=f"opened in the year {item.requested_on.year}", row=item.service_request_id)
        try:
            line = self._encode(_Line(seq, item))
        except UnicodeEncodeError:
            return Reject(reason="text that cannot be stored", row=ascii(item.service_request_id))
        if len(line) > LONGEST_ROW:
            return Reject(reason=f"longer than {LONGEST_ROW:,} bytes", row=item.service_request_id[:LONGEST_ROW])
        return line

    def _insert(self, page: int, seen_at: str, dataset: str) -> None:
        read = _read(self._tickets, IN_JSON)
        self._tables.run(
            f"insert into held by name select *, {HASH} as content, cast({seen_at} as timestamptz) as seen_at, "
            f"{page} as page, strftime(requested_on, '%Y-%m') as month from (select {FROM_JSON} from {read})"
        )
        read = _read(self._rejects, {"reason": "varchar", "row": "varchar"})
        self._tables.run(
            f'insert into refused by name select {dataset} as dataset, reason, "row", {page} as page, '
            f"cast({seen_at} as timestamptz) as seen_at, 0 as batch from {read}"
        )


def _joined(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _read(file: Path, kinds: dict[str, str]) -> str:
    listed = ", ".join(f"{name}: {literal(kind)}" for name, kind in kinds.items())
    return f"read_json({literal(file)}, format = 'newline_delimited', columns = {{{listed}}})"
