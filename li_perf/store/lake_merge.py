"""The statements of a batch: which rows staged are versions of tickets, and what each month's file holds then.

`staged` has the rows in the order of `seq`, `lake` the tickets before. A version is a row that differs in content from
the one before it; a row that comes from an earlier page than what the lake has is none. Whether rows come in one batch
or in several makes no difference.
"""

from __future__ import annotations

from li_perf.store.lake_shape import HISTORY, TICKETS, names

# Most requests are in one row of a batch, and new: each is one version, and nothing more need be asked about it.
AGAIN = """
create table again as
select service_request_id from staged group by service_request_id having count(*) > 1
union select service_request_id from lake semi join staged using (service_request_id)
"""
TURNS = """
create table turns as
select service_request_id, seq, content, status, month, page from staged semi join again using (service_request_id)
"""
KNOWN = """
create table known as
select service_request_id, content, status, month, page from lake semi join again using (service_request_id)
"""
STEPS = """
create table step as
select s.service_request_id, s.seq, k.page is not null as is_known,
  s.content is distinct from coalesce(lag(s.content) over turns, k.content) as is_version,
  s.status is distinct from coalesce(lag(s.status) over turns, k.status) as is_turn
from turns s left join known k on s.service_request_id = k.service_request_id
where k.page is null or s.page > k.page
window turns as (partition by s.service_request_id order by s.seq)
"""
LATEST = """
create table latest as
select service_request_id, any_value(is_known) as is_known, count(*) as times,
  max(seq) filter (where is_version) as seq,
  count(*) filter (where is_turn) as turns, max(seq) filter (where is_turn) as turned
from step group by service_request_id
"""
# Lists are gathered a month at a time, and only where there is more in one than the latest version.
SEVERAL = """
create table several as
select latest.service_request_id, s.month from latest join turns s on latest.seq = s.seq
where latest.turns > 1 or turned <> latest.seq
"""
PAST = """
create table past as
select service_request_id, history from lake
where service_request_id in (select service_request_id from latest where is_known and seq is not null)
"""
STATEMENTS = (AGAIN, TURNS, KNOWN, STEPS, LATEST, SEVERAL, PAST)

# Rows staged, ids among them of which a row counts, new ones, changed ones, those in several rows and in how many at
# most; the newest change that a row speaks of.
COUNTS = """
with one as (
  select (select count(*) from staged) as staged,
    (select count(*) from staged) - (select count(*) from turns) as simple,
    (select strftime(cast(max(updated_at) as timestamp), '%Y-%m-%dT%H:%M:%SZ') from staged) as newest
)
select any_value(staged), any_value(simple) + count(times),
  any_value(simple) + count(*) filter (where not is_known and seq is not null),
  count(*) filter (where is_known and seq is not null),
  count(*) filter (where times > 1), greatest(coalesce(max(times), 0), least(any_value(simple), 1)), any_value(newest)
from one left join latest on true
"""
MONTHS = """
select month from staged anti join again using (service_request_id)
union select month from turns where seq in (select seq from latest)
union select month from known where service_request_id in (select service_request_id from latest where seq is not null)
order by 1
"""


def month_rows(month: str, lake: str) -> str:
    """What the month holds behind this batch; `lake` is where its rows of before are read from."""
    kept = {name: kind for name, kind in TICKETS.items() if name != "month"}
    given = {name: kind for name, kind in kept.items() if name != "history"}
    entry = "{" + ", ".join(f"'{name}': s.{name}" for name in HISTORY) + "}"
    return f"""
with turn as (
  select s.service_request_id, list({entry} order by s.seq) as entries from staged s join step on s.seq = step.seq
  where is_turn and s.service_request_id in (select service_request_id from several where month = '{month}')
  group by s.service_request_id
)
select {names(kept)} from {lake} anti join (select service_request_id from latest where seq is not null)
using (service_request_id)
union all by name
select {names(given, prefix="s.")}, [{entry}] as history
from (select * from staged where month = '{month}') s anti join again using (service_request_id)
union all by name
select {names(given, prefix="s.")}, list_concat(coalesce(past.history, []),
    case when turn.entries is not null then turn.entries when latest.turns = 1 then [{entry}] else [] end) as history
from (select * from staged where month = '{month}' and seq in (select seq from latest)) s
join latest on s.seq = latest.seq
left join past on s.service_request_id = past.service_request_id
left join turn on s.service_request_id = turn.service_request_id
order by requested_at, service_request_id
"""


def new_rejects(batch: int, known: str) -> str:
    """The rows refused for the first time; `known` is where the others are read from."""
    return f"""
select dataset, reason, "row", min(page) as page, min(seen_at) as seen_at, cast({batch} as bigint) as batch
from refused anti join {known} as known using (dataset, reason, "row")
group by dataset, reason, "row" order by page, reason, "row"
"""
