"""pandas on pyarrow: the pages as saved -> Parquet by month -> the figures. `year_pandas.py PAGES FOLDER AS_OF`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
from pandas.api.types import union_categoricals
from year_figures import CLOSED, COLUMNS, TIMES, ZONE, grouped, hand_in

FEW = (
    *("agency", "complaint_type", "status", "descriptor", "resolution_description", "incident_zip", "borough"),
    "open_data_channel_type",
)


def main(pages: Path, folder: Path, as_of: str) -> None:
    rows = _joined([_page(path) for path in sorted(pages.glob("*.json"))])
    rows["month"] = rows["created_date"].dt.strftime("%Y-%m")
    rows.to_parquet(folder / "rows", partition_cols=["month"], compression="zstd", index=False)
    measured = _measured(rows, pd.Timestamp(as_of))
    del rows
    figures = pd.concat(list(_figures(measured)), ignore_index=True)
    figures.to_parquet(folder / "figures.parquet", index=False)
    hand_in(folder, figures.astype(object).where(figures.notna(), None).itertuples(index=False, name=None))


def _page(path: Path) -> pd.DataFrame:
    page = pd.DataFrame.from_records(orjson.loads(path.read_bytes()), columns=list(COLUMNS))
    for name in TIMES:
        page[name] = pd.to_datetime(page[name], format="ISO8601")
    for name in ("latitude", "longitude"):
        page[name] = pd.to_numeric(page[name])
    page["incident_address"] = page["incident_address"].astype("string[pyarrow]")
    page["unique_key"] = page["unique_key"].astype("string[pyarrow]")
    return page.astype(dict.fromkeys(FEW, "category"))


def _joined(pages: list[pd.DataFrame]) -> pd.DataFrame:
    """One frame; a column's categories are those of all pages."""
    pages = [page for page in pages if len(page)]
    few = {name: union_categoricals([page.pop(name) for page in pages]) for name in FEW}
    rows = pd.concat(pages, ignore_index=True)
    pages.clear()
    return rows.assign(**few)


def _measured(rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    opened, closed, due = (_instants(rows[name]) for name in ("created_date", "closed_date", "due_date"))
    word = rows["status"].str.lower()
    is_open = np.where(word == "unspecified", rows["closed_date"].isna(), ~word.isin(CLOSED))
    by_day = (rows["closed_date"] == rows["closed_date"].dt.normalize()).to_numpy()
    day = rows["created_date"].dt.normalize()
    days = np.where(by_day, (rows["closed_date"].dt.normalize() - day).dt.days, _days(closed - opened))
    days = np.where(is_open | rows["closed_date"].isna() | (days < 0), np.nan, days)
    due_days, age = _days(due - opened).to_numpy(), _days(as_of - opened).to_numpy()
    on_time = np.where(np.isnan(days), np.nan, days <= np.where(by_day, np.ceil(due_days), due_days))
    on_time = np.where(is_open & (age > due_days), 0.0, on_time)
    borough = rows["borough"].astype(object)
    return pd.DataFrame(
        {
            "area": borough.where(borough.str.lower() != "unspecified").fillna("").astype("category"),
            "type": rows["complaint_type"].cat.add_categories([""]).fillna(""),
            "day": day,
            "is_open": is_open.astype(bool),
            "days": days,
            "on_time": np.where(np.isnan(due_days), np.nan, on_time),
        }
    )


def _instants(local: pd.Series[Any]) -> pd.Series[Any]:
    first = np.ones(len(local), dtype=bool)
    return local.dt.tz_localize(ZONE, ambiguous=first, nonexistent=pd.Timedelta(hours=1)).dt.tz_convert("UTC")


def _days(span: pd.Series[Any]) -> pd.Series[Any]:
    return np.floor(span.dt.total_seconds()) / 86_400


def _figures(measured: pd.DataFrame) -> Iterator[pd.DataFrame]:
    starts = {
        "all": None,
        "year": measured["day"].dt.to_period("Y").dt.start_time,
        "quarter": measured["day"].dt.to_period("Q").dt.start_time,
        "month": measured["day"].dt.to_period("M").dt.start_time,
        "week": measured["day"].dt.to_period("W").dt.start_time,
    }
    for period, _, by in grouped():
        keys: list[Any] = [measured[name] for name in by]
        keys = keys if starts[period] is None else [starts[period].rename("starts_on"), *keys]
        groups = measured.groupby(keys or np.zeros(len(measured), dtype="int8"), observed=True)
        found = groups.agg(
            volume=("is_open", "size"),
            open_requests=("is_open", "sum"),
            mean_ttr=("days", "mean"),
            on_time_pct=("on_time", "mean"),
        )
        quantiles = groups["days"].quantile([0.5, 0.9]).unstack()
        found["median_ttr"], found["p90_ttr"] = quantiles[0.5], quantiles[0.9]
        found["closed_requests"], found["on_time_pct"] = (
            found["volume"] - found["open_requests"],
            100 * found["on_time_pct"],
        )
        found = found.reset_index().assign(period=period)
        wanted = (
            "period",
            "starts_on",
            "area",
            "type",
            "volume",
            "open_requests",
            "closed_requests",
            "mean_ttr",
            "median_ttr",
            "p90_ttr",
            "on_time_pct",
        )
        yield found.reindex(columns=list(wanted)).astype({"area": object, "type": object})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
