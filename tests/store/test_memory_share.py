"""The memory that analysis may take: a quarter of the container's, or of the machine's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from li_perf.store import query

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize(
    ("said", "share"),
    [
        ((None, None), MACHINE / 4),
        (("max", None), MACHINE / 4),
        (("1073741824", None), 2**28),
        ((None, "1073741824"), 2**28),
        ((None, str(2**63 - 4096)), MACHINE / 4),
        (("268435456", None), 2**26),
    ],
    ids=["no container", "no limit", "version 2", "version 1", "version 1 without a limit", "256 MiB"],
)
def test_analysis_takes_a_quarter_of_the_memory_at_hand(
    said: tuple[str | None, ...], share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tuple(tmp_path / str(number) for number in range(len(said)))
    for file, text in zip(files, said, strict=True):
        if text is not None:
            file.write_text(f"{text}\n")
    monkeypatch.setattr(query, "CGROUP_LIMITS", files)
    assert query.memory_share() == pytest.approx(max(query.LEAST, min(query.MOST, share)), rel=0.001)
