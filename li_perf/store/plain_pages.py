"""Pages whose plain rows DuckDB reads by itself, straight into files by month; the numbers of the others come back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from li_perf.store.lake_shape import TICKET
from li_perf.store.packing import unpack
from li_perf.store.plain import Plain, offset, wall
from li_perf.store.query import Tables, literal
from li_perf.store.staging import COPY, HASH, LONGEST_ROW, ROWS_OF_A_PAGE, STAGED
from li_perf.store.steady import steady_days

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MEMORY = 150_000_000  # bytes that DuckDB may take for a block of pages
OTHER = "other"  # in the place of the month: rows that are not plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A page as it lies in the store, and how many rows it has."""

    id: int
    rows: int
    fetched_at: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Rows of a page that are not plain: their places in it, and a page of them alone. All of it without places."""

    page: Packed
    places: Sequence[int] | None
    body: bytes

    def __len__(self) -> int:
        return self.page.rows if self.places is None else len(self.places)


class PlainPages:
    """Reads blocks of pages with these columns, in one thread; `folder` is for files that live for a moment."""

    def __init__(self, plain: Plain, columns: Sequence[str], folder: Path, *, lake: Path) -> None:
        self._plain, self._columns, self._folder = plain, columns, folder
        folder.mkdir()
        # The days of the clock are few and the rows many: joins must be made as they are written.
        self._tables = Tables(spill=folder / "spill", folder=lake, threads=1, memory_limit=MEMORY, reorders=False)
        self._tables.create("clock", {"day": "date", "seconds": "bigint"})
        self._tables.fill("clock", {"day": "date", "seconds": "bigint"}, steady_days(plain.zone))

    def stage(self, pages: Sequence[Packed], staged: Path) -> list[Left]:
        """Put the plain rows of pages into the folder `staged`; the others, all where DuckDB cannot read the pages."""
        files = [self._folder / f"{page.id}.json" for page in pages]
        try:
            for page, file in zip(pages, files, strict=True):
                file.write_bytes(unpack(page.body).removeprefix(BYTE_ORDER_MARK))
            places = self._copied(pages, files, staged)
            if places is None:
                return [Left(page=page, places=None, body=unpack(page.body)) for page in pages]
            return [
                Left(page=page, places=places[page.id], body=_only(file.read_bytes(), places[page.id]))
                for page, file in zip(pages, files, strict=True)
                if page.id in places
            ]
        finally:
            for file in files:
                file.unlink(missing_ok=True)

    def interrupt(self) -> None:
        """End what another thread does here: it raises there."""
        self._tables.interrupt()

    def _copied(
        self, pages: Sequence[Packed], files: Sequence[Path], staged: Path
    ) -> Mapping[int, Sequence[int]] | None:
        """Copy the plain rows; page -> the places of the others. None where DuckDB cannot, or finds other rows."""
        import duckdb

        try:
            ((count,),) = self._tables.rows(COPY.format(query=self._rows(pages, files), folder=literal(staged)))
        except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfMemoryException):
            count = None  # no array of objects, or a name twice in one of them, or rows that are far too long
        if count == sum(page.rows for page in pages):
            others = self._others(staged / f"month={OTHER}")
            shutil.rmtree(staged / f"month={OTHER}", ignore_errors=True)
            return others
        shutil.rmtree(staged, ignore_errors=True)
        return None

    def _others(self, folder: Path) -> Mapping[int, Sequence[int]]:
        others = dict[int, list[int]]()
        if folder.exists():
            for (seq,) in self._tables.rows(
                f"select seq from read_parquet({literal(folder / '*.parquet')}) order by seq"
            ):
                others.setdefault(seq // ROWS_OF_A_PAGE, []).append(seq % ROWS_OF_A_PAGE)
        return others

    def _rows(self, pages: Sequence[Packed], files: Sequence[Path]) -> str:
        """Each row once, as `staged` has it: null and the month OTHER where it is not plain."""
        plain = self._plain
        values = ", ".join(f'{plain.sql(name)} as "{name}"' for name in TICKET)
        is_plain = f"coalesce({' and '.join(plain.holds)}, false)"
        read = f"select n, {is_plain} as is_plain, {values} from ({self._raw(files)}) raw {self._clocks()}"
        kept = {name: f'"{name}"' for name in STAGED} | {
            "seq": _by_page(pages, [page.id * ROWS_OF_A_PAGE - 1 - first for page, first in _firsts(pages)], "n + "),
            "content": HASH,
            "seen_at": f"cast({_by_page(pages, [literal(page.fetched_at) for page in pages])} as timestamptz)",
            "page": _by_page(pages, [page.id for page in pages]),
            "month": f"case when is_plain then strftime(requested_on, '%Y-%m') else {literal(OTHER)} end",
        }
        return f"select {', '.join(f'{sql} as {name}' for name, sql in kept.items())} from ({read}) as read"

    def _raw(self, files: Sequence[Path]) -> str:
        listed = ", ".join(literal(file) for file in files)
        columns = ", ".join(f"{name}: 'JSON'" for name in self._columns)
        times = ", ".join(f"try_cast({name}->>'$' as timestamp) as {wall(name)}" for name in self._plain.times)
        return (
            f"select row_number() over () as n, *, {times} from read_json([{listed}], format = 'array', "
            f"columns = {{{columns}}}, maximum_object_size = {LONGEST_ROW})"
        )

    def _clocks(self) -> str:
        """What joins to each time the offset of its day."""
        return " ".join(
            f"left join (select day as {name}_day, to_seconds(seconds) as {offset(name)} from clock) "
            f"on {name}_day = cast({wall(name)} as date)"
            for name in self._plain.times
        )

    def close(self) -> None:
        self._tables.close()


def _only(body: bytes, places: Sequence[int]) -> bytes:
    """A page with these rows alone: the others need not be read again."""
    rows = msgspec.json.decode(body, type=list[msgspec.Raw])
    return b"[" + b",".join(bytes(rows[place]) for place in places) + b"]"


def _firsts(pages: Sequence[Packed]) -> Iterator[tuple[Packed, int]]:
    """Each page and how many rows lie before it."""
    before = 0
    for page in pages:
        yield page, before
        before += page.rows


def _by_page(pages: Sequence[Packed], values: Sequence[object], prefix: str = "") -> str:
    """SQL for a value of the page that the row `n` is of."""
    cases = (
        f"when n <= {first + page.rows} then {prefix}{value}"
        for (page, first), value in zip(_firsts(pages), values, strict=True)
    )
    return f"case {' '.join(cases)} end"
