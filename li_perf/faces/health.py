"""The health file of `li-perf watch`: how each city's refreshing goes, for whoever looks after the container."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from li_perf.steps.watch import Turn

MISSED = 3  # turns without a success, above which a city is not healthy


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`every` is the seconds between two turns, `began_at` when the watching began."""

    began_at: str
    every: float
    cities: dict[str, Turn]


def path_of(data: Path) -> Path:
    return data / "watch.json"


def write(data: Path, health: Health) -> None:
    """Replace the file: a reader sees the old one or the new one, whole."""
    path = path_of(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(health), indent=2))
    os.replace(part, path)


def late(data: Path, *, now: datetime) -> list[str]:
    """A sentence for each city that is watched and has not been refreshed for three turns; none without a watch."""
    try:
        health = msgspec.json.decode(path_of(data).read_bytes(), type=Health)
    except (OSError, msgspec.DecodeError):
        return []
    patience = timedelta(seconds=MISSED * health.every)
    return [
        f"{city} was last refreshed {turn.succeeded_at or 'never'}: {turn.said or 'its turn is not over'}"
        for city, turn in health.cities.items()
        if now - _moment(turn.succeeded_at or health.began_at) > patience
    ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
