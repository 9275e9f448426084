"""The words and types in which the engines differ; the SQL of an analysis has this project's own in their place."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Whole seconds and days that have passed from the first to the second: what has begun is not counted.
DUCKDB = MappingProxyType(
    {"seconds_between(": "date_sub('second', ", "days_between(": "date_sub('day', "},
)
SPARK = MappingProxyType(
    {"seconds_between(": "timestampdiff(second, ", "days_between(": "timestampdiff(day, "},
)
# A column's type in the schemas of an analysis, and Spark's; times are UTC, without a zone.
SPARK_TYPES = MappingProxyType(
    {
        "varchar": "string",
        "boolean": "boolean",
        "integer": "int",
        "bigint": "bigint",
        "double": "double",
        "date": "date",
        "timestamp": "timestamp_ntz",
    }
)


def spoken(sql: str, words: Mapping[str, str]) -> str:
    """The statement in an engine's words."""
    for ours, theirs in words.items():
        sql = sql.replace(ours, theirs)
    return sql
