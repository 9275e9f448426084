"""A field that takes another form is told, and never read as "no account"."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from support.runs import settings_for, work

from li_perf.errors import Drift
from li_perf.simulator.city import build
from li_perf.simulator.faults import Faults
from li_perf.simulator.server import serve
from li_perf.steps.drift import Drifts

DRIFT = Drift("AIS sent an opa_account_num of an unknown form: 'N/A'.")


@pytest.mark.parametrize(("drifts", "told"), [(2, 0), (3, 1), (50, 1)])
def test_more_than_one_in_a_hundred_is_told_once(drifts: int, told: int, caplog: pytest.LogCaptureFixture) -> None:
    seen = Drifts()
    for number in range(1_000):
        seen.see(DRIFT if 500 <= number < 500 + drifts else None)
    assert len(caplog.messages) == told
    assert all("opa_account_num" in message for message in caplog.messages)


def test_a_few_over_a_long_run_are_not_told(caplog: pytest.LogCaptureFixture) -> None:
    seen = Drifts()
    for number in range(20_000):
        seen.see(DRIFT if number % 150 == 0 else None)
    assert caplog.messages == []


async def test_answers_in_another_form_fail_with_a_reason_and_the_rest_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    city = build(tickets=900, seed=11, unanswerable=False)
    async with serve(city, faults=Faults.parse("drift=0.4")) as simulation:
        with caplog.at_level(logging.WARNING):
            findings = await work(settings_for(simulation, tmp_path), city)
    assert set(findings.failures) == {"drift"}
    assert 5 < findings.failures["drift"] < findings.lookups.asked / 2
    assert findings.address_outcomes["no_account"] <= sum(a.outcome == "no_account" for a in city.addresses.values())
    assert len([message for message in caplog.messages if "reason drift" in message]) == 1
