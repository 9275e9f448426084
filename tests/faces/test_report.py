from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from li_perf.analysis.findings import Findings
from li_perf.errors import UserError
from li_perf.faces.report import write

HEADER = ("service_request_id", "address", "latitude")
ROWS = [("001", "=1+1", -39.95), ("002", "1400 N 10TH ST", None)]
NAMES = ["report.txt", "report.html", "report.json", "matches.csv"]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_four_files_appear_in_a_folder_that_was_not_there(full: Findings, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "output"
    write(full, ROWS, HEADER, folder)
    assert sorted(contents(folder)) == sorted(NAMES)
    assert (folder / "matches.csv").read_bytes() == (
        b"service_request_id,address,latitude\r\n001,'=1+1,-39.95\r\n002,1400 N 10TH ST,\r\n"
    )


def test_the_same_findings_give_the_same_bytes(full: Findings, tmp_path: Path) -> None:
    write(full, ROWS, HEADER, tmp_path / "one")
    write(full, ROWS, HEADER, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_any_text_can_be_written_and_read_as_utf_8(hostile: Findings, attack: str, tmp_path: Path) -> None:
    write(hostile, [(attack,)], (attack,), tmp_path)
    for path in (tmp_path / name for name in NAMES):
        assert path.read_bytes().decode()


def test_a_write_that_fails_midway_leaves_the_old_files_and_nothing_else(full: Findings, tmp_path: Path) -> None:
    def rows() -> Iterator[tuple[str, ...]]:
        yield ("001", "a", "b")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write(full, ROWS, HEADER, tmp_path)
    before = contents(tmp_path)
    with pytest.raises(UserError, match=r"cannot be written to .*No space left on device.*LI_PERF_OUTPUT"):
        write(msgspec.structs.replace(full, requests=1), rows(), HEADER, tmp_path)
    assert contents(tmp_path) == before


def test_an_interrupted_write_leaves_the_old_files_and_nothing_else(full: Findings, tmp_path: Path) -> None:
    def rows() -> Iterator[tuple[str, ...]]:
        yield ("001", "a", "b")
        raise KeyboardInterrupt

    write(full, ROWS, HEADER, tmp_path)
    before = contents(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        write(msgspec.structs.replace(full, requests=1), rows(), HEADER, tmp_path)
    assert contents(tmp_path) == before


def test_a_folder_that_is_a_file_is_named_with_the_next_step(full: Findings, tmp_path: Path) -> None:
    folder = tmp_path / "taken"
    folder.write_text("a file")
    with pytest.raises(UserError, match=r"taken: .*li-perf report"):
        write(full, ROWS, HEADER, folder)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(full: Findings, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="Permission denied"):
        write(full, ROWS, HEADER, tmp_path)
