"""The lake: what versions of tickets come to, whatever batches they come in, and that its rows add up."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from deltalake import DeltaTable, QueryBuilder
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lakes import put, rows, ticket

from li_perf.errors import StoreError
from li_perf.model import Point, Reject, Ticket
from li_perf.store import delta, lake_shape
from li_perf.store.batch import Batch
from li_perf.store.lake import Counts, look, reading

STATUSES = "select status, list_transform(history, lambda turn: turn.status) from tickets order by service_request_id"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "somewhere else.lake"


def test_a_ticket_comes_back_as_it_went_in_with_naive_utc_times(folder: Path) -> None:
    odd = ticket(
        "00123",
        "Closed",
        address='it\'s; "null"\t\\ {a: 1} é😀\n',
        service_type="null",
        zipcode="",
        updated_at=datetime(2025, 2, 1, 0, 0, 0, 1234, tzinfo=UTC),
        is_first_call=True,
        reopened_at=datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC),
        point=None,
    )
    put(folder, [odd], first=1)
    names = ", ".join(name for name in lake_shape.TICKET)
    (found,) = rows(folder, f"select {names} from tickets")
    back = dict(zip(lake_shape.TICKET, found, strict=True))
    assert back.pop("lon") is back.pop("lat") is None
    aware = {name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for name, value in back.items()}
    assert Ticket(**aware, point=None) == odd


def test_a_later_version_replaces_the_earlier_one_and_its_status_is_kept(folder: Path) -> None:
    put(folder, [ticket(1), ticket(2)], first=1)
    put(folder, [ticket(1, "Closed", updated_at=datetime(2025, 1, 16, tzinfo=UTC))], first=2)
    put(folder, [ticket(1, "Closed", resolution="done")], first=3)  # another version of the same status
    state = put(folder, [ticket(1, "Open")], first=4)
    assert rows(folder, STATUSES) == [("Open", ["Open", "Closed", "Open"]), ("Open", ["Open"])]
    ((turn,),) = rows(folder, "select history[2] from tickets where service_request_id = '1'")
    assert turn == {
        "status": "Closed",
        "closed_on": date(2025, 1, 15),
        "closed_at": datetime(2025, 1, 15, 17),  # noqa: DTZ001 - as a view gives it
        "updated_at": datetime(2025, 1, 16),  # noqa: DTZ001
        "seen_at": datetime(2025, 6, 1, 12),  # noqa: DTZ001
    }
    assert state.total == Counts(received=5, new=2, changed=3)


def test_a_month_is_the_local_one_and_a_ticket_that_changes_it_is_in_one_month_only(folder: Path) -> None:
    new_year = datetime(2025, 1, 1, 3, tzinfo=UTC)  # still 2024 in the city
    put(folder, [ticket(1), ticket(2, requested_at=new_year, requested_on=date(2024, 12, 31))], first=1)
    assert rows(folder, "select service_request_id, month from tickets order by 1") == [
        ("1", "2025-01"),
        ("2", "2024-12"),
    ]
    put(folder, [ticket(2)], first=2)
    assert rows(folder, "select service_request_id, month from tickets order by 1") == [
        ("1", "2025-01"),
        ("2", "2025-01"),
    ]
    assert [file.partition["month"] for file in delta.snapshot(folder / "tickets").files] == ["2025-01"]


def test_what_changes_nothing_rewrites_nothing(folder: Path) -> None:
    put(folder, [ticket(1), ticket(2)], first=1)
    before = delta.snapshot(folder / "tickets").files
    touched = [ticket(n, updated_at=datetime(2026, 1, 1, tzinfo=UTC)) for n in (1, 2)]
    state = put(folder, touched, first=2)
    assert delta.snapshot(folder / "tickets").files == before
    assert state.counts == Counts(received=2, unchanged=2)
    assert state.newest_update == "2026-01-01T00:00:00Z"
    assert look(folder).state == state


def test_a_row_of_an_earlier_page_does_not_undo_a_later_one(folder: Path) -> None:
    put(folder, [ticket(1, "Closed")], first=9)
    state = put(folder, [ticket(1, "Open"), ticket(2)], first=3)
    assert rows(folder, STATUSES) == [("Closed", ["Closed"]), ("Open", ["Open"])]
    assert state.counts == Counts(received=2, new=1, earlier=1)


def test_rejects_are_kept_once_and_counted_each_time(folder: Path) -> None:
    bad = Reject(reason="status is missing", row='{"id": "it\'s"}')
    put(folder, [bad, ticket(1)], first=1)
    state = put(folder, [ticket(1), bad, bad, Reject(reason="other", row="x")], first=2)
    assert rows(folder, "select dataset, reason, page from rejects order by page") == [
        ("requests", "status is missing", 1),
        ("requests", "other", 2),
    ]
    assert state.counts == Counts(received=4, unchanged=1, rejected=3)
    assert state.total.rejected == 4


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (ticket(1, requested_at=datetime(1025, 1, 1, tzinfo=UTC)), "opened in the year 1025"),
        (ticket(1, address="x" * 1_000_001), "longer than 1,000,000 bytes"),
        (ticket("\ud800"), "text that cannot be stored"),
    ],
)
def test_a_ticket_that_no_month_or_memory_should_hold_is_a_reject(folder: Path, odd: Ticket, reason: str) -> None:
    assert put(folder, [odd, ticket(2)], first=1).counts == Counts(received=2, new=1, rejected=1)
    assert rows(folder, "select reason from rejects") == [(reason,)]


def test_rejects_of_a_batch_that_was_never_committed_do_not_count(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, [ticket(1)], first=1)
    with monkeypatch.context() as patched:
        patched.setattr(Batch, "_commit_tickets", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            put(folder, [Reject(reason="half", row="x")], first=2)
    assert rows(folder, "select * from rejects") == []
    put(folder, [Reject(reason="whole", row="y")], first=2)
    assert rows(folder, "select reason from rejects") == [("whole",)]


def test_a_lake_made_afresh_has_what_is_received_now_and_nothing_else(folder: Path) -> None:
    put(folder, [ticket(1), ticket(2), Reject(reason="once", row="x")], first=1)
    state = put(folder, [ticket(2, "Closed")], first=1, afresh=True)
    assert rows(folder, STATUSES) == [("Closed", ["Closed"])]
    assert rows(folder, "select * from rejects") == []
    assert (state.origin, state.total) == (2, Counts(received=1, new=1))


def test_a_lake_with_other_columns_is_made_anew(folder: Path) -> None:
    older = {name: kind for name, kind in lake_shape.TICKETS.items() if name != "due_at"}
    delta.create(folder / "tickets", older, partition=("month",))
    with pytest.raises(StoreError, match="no tickets in"), reading(folder, spill=folder.parent / "spill"):
        pass
    put(folder, [ticket(1)], first=1)
    assert rows(folder, "select due_at from tickets") == [(None,)]


def test_nothing_is_committed_where_the_rows_do_not_add_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, [ticket(1)], first=1)
    monkeypatch.setattr(
        "li_perf.store.lake_merge.PAST", "create table past as select null as service_request_id limit 0"
    )
    monkeypatch.setattr(
        "li_perf.store.lake_merge.month_rows",
        lambda month, lake: f"select * exclude (month) from {lake}",  # forgets what came
    )
    with pytest.raises(StoreError, match=r"would have 1 tickets where there must be 2.*clean --afresh"):
        put(folder, [ticket(2)], first=2)
    assert look(folder).state.batch == 1


def test_a_reader_keeps_what_it_began_with(folder: Path) -> None:
    put(folder, [ticket(1)], first=1)
    with reading(folder, spill=folder.parent / "reader") as tables:
        put(folder, [ticket(1, "Closed"), ticket(2)], first=2)
        assert tables.rows("select status from tickets") == [("Open",)]
    assert len(rows(folder, "select 1 from tickets")) == 2


def test_files_stay_a_day_for_readers_and_then_go(folder: Path) -> None:
    put(folder, [ticket(1)], first=1)
    left = folder / "tickets" / "month=2025-01" / "00000002-killed.parquet"  # never committed
    left.write_bytes(b"")
    put(folder, [ticket(1, "Closed")], first=2)
    files = sorted(folder.glob("tickets/month=*/*.parquet"))
    assert len(files) == 3
    for file in files:
        os.utime(file, (time.time() - 25 * 3600,) * 2)
    put(folder, [ticket(1, "Closed", resolution="done")], first=3)
    assert left not in list(folder.glob("tickets/month=*/*.parquet"))
    assert rows(folder, "select resolution from tickets") == [("done",)]


def test_other_readers_of_delta_see_the_same_rows(folder: Path) -> None:
    put(folder, [ticket(1), ticket(2, requested_at=datetime(2025, 2, 1, tzinfo=UTC))], first=1)
    put(folder, [ticket(1, "Closed")], first=2)
    table = DeltaTable(str(folder / "tickets"))
    answer = (
        QueryBuilder()
        .register("tickets", table)
        .execute("select service_request_id, status, month, array_length(history) from tickets order by 1")
    )
    assert [tuple(row.values()) for part in answer for row in part.to_struct_array().to_pylist()] == [
        ("1", "Closed", "2025-01", 2),
        ("2", "Open", "2025-02", 1),
    ]
    assert table.protocol().min_reader_version == 1, "no feature that an old reader lacks"


def test_a_lake_that_cannot_be_read_says_what_to_do(folder: Path) -> None:
    put(folder, [ticket(1)], first=1)
    (log,) = folder.glob("tickets/_delta_log/*1.json")
    log.write_text("half a co")
    with pytest.raises(StoreError, match=r"cannot be read.*Move .* away; `li-perf clean`"):
        look(folder)


def test_a_folder_that_delta_cannot_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Set LI_PERF_DATA elsewhere"):
        put(tmp_path / "a%41[1]" / "city.lake", [ticket(1)], first=1)


def test_only_the_months_asked_for_are_read(folder: Path) -> None:
    put(folder, [ticket(n, requested_at=datetime(2025, n, 2, tzinfo=UTC)) for n in range(1, 4)], first=1)
    (may,) = folder.glob("tickets/month=2025-03/*")
    may.write_bytes(b"damaged")
    assert rows(folder, "select count(address), count(*) from tickets where month < '2025-03'") == [(0, 2)]
    with pytest.raises(duckdb.Error, match="2025-03"):
        rows(folder, "select max(address) from tickets")
    may.unlink()
    with pytest.raises(StoreError, match=r"cannot be read .*Move .* away; `li-perf clean`"):
        rows(folder, "select 1 from tickets")


# Any rows in any batches come to what a dictionary comes to.

MOMENTS = [datetime(2025, 1, 31, 12, tzinfo=UTC), datetime(2025, 2, 1, 12, tzinfo=UTC)]
TICKETS = st.builds(
    ticket,
    st.integers(1, 4),
    st.sampled_from(["Open", "Closed", "null"]),
    requested_at=st.sampled_from(MOMENTS),
    address=st.sampled_from([None, "null", "it's 1", '{"a": [1, "b"]}', "", "\\u0041\n"]),
    point=st.sampled_from([None, Point(lon=1.5, lat=-0.1)]),
    updated_at=st.none() | st.integers(0, 3).map(lambda days: MOMENTS[0] + timedelta(days=days)),
)
ROWS = st.lists(TICKETS | st.just(Reject(reason="bad", row="x")), max_size=6)


@dataclass
class Kept:
    """What a dictionary of tickets comes to."""

    tickets: dict[str, Ticket] = field(default_factory=dict)
    turns: dict[str, list[str]] = field(default_factory=dict)

    def take(self, items: Sequence[Ticket | Reject]) -> None:
        for item in items:
            if isinstance(item, Reject):
                continue
            key = item.service_request_id
            known = self.tickets.get(key)
            if known is None or replace(known, updated_at=item.updated_at) != item:
                self.tickets[key] = item
                turns = self.turns.setdefault(key, [])
                if turns[-1:] != [item.status]:
                    turns.append(item.status)

    def rows(self) -> list[tuple[object, ...]]:
        return [
            (
                key,
                one.status,
                one.address,
                one.point and one.point.lon,
                one.updated_at,
                f"{one.requested_on:%Y-%m}",
                turns,
            )
            for key, one, turns in sorted((key, one, self.turns[key]) for key, one in self.tickets.items())
        ]


@settings(max_examples=5, deadline=None)
@given(batches=st.lists(st.lists(ROWS, min_size=1, max_size=2), min_size=1, max_size=3))
def test_any_batches_come_to_what_a_dictionary_comes_to(batches: list[list[list[Ticket | Reject]]]) -> None:
    kept, page = Kept(), 1
    with TemporaryDirectory() as name:
        folder = Path(name) / "x.lake"
        for pages in batches:
            state = put(folder, *pages, first=page)
            page += len(pages)
            for items in pages:
                kept.take(items)
            counts = state.counts
            assert counts.received == sum(map(len, pages))
            assert counts.received == counts.new + counts.changed + counts.unchanged + counts.earlier + counts.rejected
        found = rows(
            folder,
            "select service_request_id, status, address, lon, updated_at, month, "
            "list_transform(history, lambda turn: turn.status) from tickets order by 1",
        )
        aware = [(*row[:4], row[4] and row[4].replace(tzinfo=UTC), *row[5:]) for row in found]
        assert aware == kept.rows()
        assert state.total.new == len(kept.tickets) == look(folder).tickets.rows
