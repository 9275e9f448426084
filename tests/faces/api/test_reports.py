"""The report as the last run wrote it."""

from __future__ import annotations

import os
from pathlib import Path

from faces.api.conftest import Get

from li_perf.analysis.findings import Findings
from li_perf.faces.report_json import json

REPORT = "/v1/cities/philadelphia/report"


def write(folder: Path, body: bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "report.json").write_bytes(body)
    os.utime(folder / "report.json", (1_750_000_000, 1_750_000_000))


async def test_the_report_is_served_as_it_was_written(api: Get, tmp_path: Path, full: Findings) -> None:
    assert (await api(REPORT)).status == 404
    write(tmp_path / "output", json(full))
    reply = await api(REPORT)
    assert (reply.status, reply.body) == (200, json(full))
    assert (await api(REPORT, if_none_match=reply.headers["ETag"])).status == 304


async def test_what_is_no_report_is_not_served(api: Get, tmp_path: Path, full: Findings) -> None:
    for body in (b"{}", b"<html>", json(full)[:-10]):
        write(tmp_path / "output", body)
        reply = await api(REPORT)
        assert (reply.status, "li-perf report" in reply.json["detail"]) == (503, True)


async def test_a_report_of_another_city_and_a_city_without_inspections_have_none(
    api: Get, tmp_path: Path, full: Findings
) -> None:
    write(tmp_path / "output", json(full).replace(b'"city": "philadelphia"', b'"city": "elsewhere"'))
    assert (await api(REPORT)).status == 404
    assert (await api("/v1/cities/gainesville/report")).status == 404
