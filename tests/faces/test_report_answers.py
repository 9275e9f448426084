from __future__ import annotations

import msgspec
import pytest

from li_perf.analysis.findings import Findings
from li_perf.faces.report_answers import bounds, unresolved

replace = msgspec.structs.replace


def doubtful(full: Findings, *, of_all: bool, numerator: int, denominator: int, requests: int) -> Findings:
    return replace(
        full,
        requests=denominator if of_all else denominator * 2,
        headline=replace(
            full.headline, numerator=numerator, denominator_count=denominator, share=numerator / denominator
        ),
        lookups=replace(full.lookups, failed=1, unresolved_requests=requests),
    )


def test_unresolved_requests_may_join_the_denominator_matched_or_not(full: Findings) -> None:
    assert bounds(doubtful(full, of_all=False, numerator=30, denominator=100, requests=100)) == (0.15, 0.65)


def test_of_all_requests_the_denominator_stays(full: Findings) -> None:
    assert bounds(doubtful(full, of_all=True, numerator=30, denominator=100, requests=10)) == (0.3, 0.4)


def test_the_doubt_is_the_larger_side(full: Findings) -> None:
    said = unresolved(doubtful(full, of_all=False, numerator=30, denominator=100, requests=100))
    assert said == (
        "1 look-up failed: the answer may be off by at most 35.0 percentage points "
        "(100 requests unresolved; the share lies between 15.0 % and 65.0 %)."
    )


@pytest.mark.parametrize(
    ("failed", "pending", "requests", "said"),
    [
        (0, 0, 0, None),
        (2, 0, 0, "2 look-ups failed: the answer may be off by at most 0 requests, for none depends on them."),
        (0, 1, 0, "0 look-ups failed and 1 was not made yet: "),
        (0, 5, 0, "0 look-ups failed and 5 were not made yet: "),
    ],
)
def test_what_is_unresolved_is_said(full: Findings, failed: int, pending: int, requests: int, said: str | None) -> None:
    lookups = replace(full.lookups, failed=failed, pending=pending, unresolved_requests=requests)
    found = unresolved(replace(full, lookups=lookups))
    assert found is None if said is None else found is not None and found.startswith(said)


def test_without_a_share_the_doubt_is_in_requests(sparse: Findings) -> None:
    lookups = replace(sparse.lookups, failed=3, unresolved_requests=1)
    found = unresolved(replace(sparse, lookups=lookups))
    assert found == "3 look-ups failed: the answer may be off by at most 1 request."
