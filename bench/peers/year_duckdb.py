"""Plain DuckDB: the pages as saved -> Parquet by month -> the figures. `year_duckdb.py PAGES FOLDER AS_OF`."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
from year_figures import CLOSED, COLUMNS, MEASURES, ZONE, grouped, hand_in

READ = """
copy (
  select {texts}, {times}, strftime(cast(created_date as timestamp), '%Y-%m') as month
  from read_json('{pages}/*.json', format = 'array', columns = {{{columns}}})
) to '{folder}/rows' (format parquet, compression zstd, partition_by (month))
"""
MEASURED = f"""
create table measured as
select area, type, requested_on, is_open,
  case when days >= 0 then days end as days,
  case when due_days is null then null when days >= 0 and by_day then cast(days <= ceil(due_days) as int)
    when days >= 0 then cast(days <= due_days as int) when is_open and age > due_days then 0 end as on_time
from (
  select *, case when is_open or closed is null then null when by_day then date_sub('day', requested_on, closed::date)
      else date_sub('second', opened_at, closed_at) / 86400.0 end as days,
    date_sub('second', opened_at, due_at) / 86400.0 as due_days,
    date_sub('second', opened_at, timestamptz '{{as_of}}') / 86400.0 as age
  from (
    select case when lower(borough) <> 'unspecified' then borough else '' end as area,
      coalesce(complaint_type, '') as type, created_date as opened, closed_date as closed,
      case when lower(status) = 'unspecified' then closed_date is null
        else lower(status) not in {CLOSED} end as is_open,
      cast(created_date as date) as requested_on, closed_date = date_trunc('day', closed_date) as by_day,
      timezone('{ZONE}', created_date) as opened_at, timezone('{ZONE}', closed_date) as closed_at,
      timezone('{ZONE}', due_date) as due_at
    from read_parquet('{{folder}}/rows/*/*.parquet')
  )
)
"""
FIGURES = """
select '{period}' as period, {starts} as starts_on, {keys}, count(*) as volume,
  count(*) filter (where is_open) as open_requests, count(*) filter (where not is_open) as closed_requests,
  avg(days) as mean_ttr, quantile_cont(days, [0.5, 0.9]) as quantiles, 100.0 * avg(on_time) as on_time_pct
from measured group by {by}
"""


def main(pages: Path, folder: Path, as_of: str) -> None:
    tables = duckdb.connect(config={"threads": 2, "memory_limit": "4GB", "preserve_insertion_order": False})
    tables.execute("set timezone = 'UTC'")
    times = ", ".join(f"cast({name} as timestamp) as {name}" for name in COLUMNS if name.endswith("_date"))
    texts = ", ".join(name for name in COLUMNS if not name.endswith("_date"))
    columns = ", ".join(f"{name}: 'varchar'" for name in COLUMNS)
    tables.execute(READ.format(texts=texts, times=times, pages=pages, folder=folder, columns=columns))
    tables.execute(MEASURED.format(folder=folder, as_of=as_of))
    tables.execute(
        f"copy ({' union all '.join(map(_figures, grouped()))}) to '{folder}/figures.parquet' (format parquet)"
    )
    taken = ", ".join({"median_ttr": "quantiles[1]", "p90_ttr": "quantiles[2]"}.get(name, name) for name in MEASURES)
    found = tables.execute(f"select period, starts_on, area, type, {taken} from '{folder}/figures.parquet'").fetchall()
    hand_in(folder, found)


def _figures(group: tuple[str, str, tuple[str, ...]]) -> str:
    period, _, by = group
    starts = "null::date" if period == "all" else f"date_trunc('{period}', requested_on)::date"
    keys = ", ".join(name if name in by else f"null::varchar as {name}" for name in ("area", "type"))
    listed = ", ".join([*([] if period == "all" else [starts]), *by])
    return FIGURES.format(period=period, starts=starts, keys=keys, by=listed or "all")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
