"""What a message says to type works where it is typed: the city, the folder and the demo are named in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from li_perf.cities import CITIES
from li_perf.cli import exit_code
from li_perf.cli.simulating import _again
from li_perf.errors import Outage
from li_perf.faces.again import Place, command, completed, completing
from li_perf.session import Order, Which
from li_perf.settings import load

SAID = "Nothing is lost: `li-perf resume` goes on, and `li-perf verify --json` tells more."


def place(city: str, **folders: Path) -> Place:
    return Order(city=CITIES[city], settings=load(**folders), which=Which.LAST).place


def test_the_first_city_where_nothing_was_said_needs_no_more_words() -> None:
    assert completed(SAID, place("philadelphia")) == SAID


def test_another_city_and_other_folders_are_named() -> None:
    found = completed(SAID, place("nashville", data=Path("my data"), output=Path("out")))
    assert "`li-perf resume nashville --data 'my data' --output out`" in found
    assert "`li-perf verify nashville --data 'my data' --json`" in found


def test_folders_of_the_environment_need_not_be_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LI_PERF_DATA", str(tmp_path))
    assert place("philadelphia") == Place()


def test_a_command_that_names_its_city_stays() -> None:
    text = "`li-perf resume nashville` and `li-perf verification`"
    assert completed(text, Place(city="vancouver")) == text


def test_a_demo_is_gone_on_with_by_the_same_demo() -> None:
    again = _again({"--full": True, "--seed": 0, "--faults": "errors=0.1,latency=0.1", "--data": None})
    assert again == "li-perf demo --full --seed 0 --faults errors=0.1,latency=0.1"
    here = Place(data="data/demo-45656-311", again=again)
    assert [command(verb, here) for verb in ("resume", "retry")] == [again, again]
    assert command("verify", here) == "li-perf verify --data data/demo-45656-311"


def test_an_error_leaves_with_its_command_completed() -> None:
    with pytest.raises(Outage, match="`li-perf resume gainesville` goes on"), completing(Place(city="gainesville")):
        raise Outage(SAID)


@pytest.mark.parametrize("words", [["status", "vancouver"], ["measure", "vancouver"], ["verify", "vancouver"]])
def test_who_has_no_store_yet_is_told_the_command_of_the_city(
    words: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert exit_code([*words, "--data", str(tmp_path)]) == 2
    assert f"Begin with `li-perf run vancouver --data {tmp_path}`" in caplog.text


def test_a_city_that_is_named_by_a_flag_is_named_in_the_command(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert exit_code(["explain", "1", "--city", "new-york", "--data", str(tmp_path)]) == 2
    assert f"`li-perf run new-york --data {tmp_path}`" in caplog.text
