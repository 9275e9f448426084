"""The three formats hold the same numbers, each in the row where a reader looks for it."""

from __future__ import annotations

import json as standard
import re
from typing import Any

import pytest

from li_perf.analysis.findings import Findings
from li_perf.faces.report_html import html
from li_perf.faces.report_json import json
from li_perf.faces.report_text import text

ROWS = [
    ("60 days|22,104|6,874|31.1 %|4,222|19.1 %|+12.0 pp", ("windows", 5, "b"), 4_222),
    ("any time|22,104|11,560|52.3 %|9,903|44.8 %|+7.5 pp", ("windows", 10, "b_share"), 0.448),
    ("M3(60)|with a parcel|8,046|25,870|31.1 %|30.5–31.7 %|29.9–32.3 %", ("match_levels", "M3(60)", "located"), 25_870),
    ("B(60)|all|4,941|28,388|17.4 %|16.9–17.9 %|16.3–18.5 %", ("background", "B(60)", "matched"), 4_941),
    ("E(60)|mature|+12.1 pp|−0.4 to +13.3 pp", ("excess", "E(60)", "share_mature"), 0.1212),
    ("2|8|19|36|50.5|55", ("lag_days", "p90"), 50.5),
    ("License Complaint|1,101|1,002|121|12.1 %|85|8.5 %|31", ("by_service", 5, "m5"), 85),
    ("License Complaint|1,101|881|300|34.0 %|154|14.0 %", ("by_service", 5, "unfounded"), 300),
    ("2025-12|1,653|727|44.0 %", ("by_month", 11, "open"), 727),
    ("(a) the status is Open|4,021|28,388|14.2 %", ("open_ways", "status_open"), 4_021),
    ("(b) there is no closing time|4,052|28,388|14.3 %", ("open_ways", "closed_at_null"), 4_052),
    ("(c) open 90 days after the request|4,433|24,869|17.8 %", ("open_ways", "at_age", 2, "open"), 4_433),
    ("the City's case is open, of the matched with a case|5,077|8,046|63.1 %", ("open_ways", "matched_case"), 8_046),
    ("inspected, none found (L0i)|3,870", ("crosswalk", "inspected_none_found"), 3_870),
    ("pending (L0i)|1,464", ("crosswalk", "pending"), 1_464),
    ("30 days|19,873|1.3|6,377|32.1 %", ("incidents", 1, "m3_share"), 0.3209),
    ("violations per matched request|8,046|3.9|3|8|74", ("multiplicity", "violations_per_request", "max"), 74),
    ("share of requests from parcels with five or more|11.8 %", ("repeat_parcels", "share_from_five_or_more"), 0.1177),
    ("5517 CHESTER AVE|41|12", ("repeat_parcels", "top", 1, "m3"), 12),
    ("building only|2,610|1,104|42.3 %", ("building_level", 1, "m3_share"), 0.423),
    ("no_account|a known address without an account|211|0.7 %", ("address_outcomes", "no_account"), 211),
    ("sum|all requests|28,388|100.0 %", ("requests",), 28_388),
    ("failed|37", ("lookups", "failed"), 37),
    ("answered from the City's own table, AIS not asked|7,999", ("lookups", "by_source", "opa"), 7_999),
    ("answered by AIS|11,430", ("lookups", "by_source", "ais"), 11_430),
    ("answers older than 30 days|12", ("lookups", "outdated"), 12),
    ("server_error|30", ("failures", "server_error"), 30),
    ("no parcel|2,518|12.4 %", ("unmatched", 3, "requests"), 2_518),
    ("rows gained|14", ("boundary", "rows_gained"), 14),
    ("violations|no violation date|118", ("excluded", 1, "rows"), 118),
    ("violations|–|–|90,344|90,226|0|118|1", ("sources", 1, "counted_before"), None),
    ("PASS|outcomes add up|28,388 outcomes, 28,388 requests", ("checks", 0, "passed"), True),
]


@pytest.mark.parametrize(("row", "place", "value"), ROWS, ids=[row for row, _, _ in ROWS])
def test_a_row_is_the_same_in_text_page_and_json(full: Findings, row: str, place: tuple[Any, ...], value: Any) -> None:
    cells = row.split("|")
    assert cells in [re.split(r" {2,}", line.strip()) for line in text(full).splitlines()]
    assert cells in page_rows(html(full))
    found = standard.loads(json(full))
    for step in place:
        found = found[step]
    assert found == value


def page_rows(source: str) -> list[list[str]]:
    rows = re.findall(r"<tr.*?</tr>", source, flags=re.DOTALL)
    return [
        [cell_text(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, flags=re.DOTALL)] for row in rows
    ]


def cell_text(cell: str) -> str:
    return re.sub(r"<[^>]*>", "", cell).strip().replace("&#39;", "'").replace("&amp;", "&")
