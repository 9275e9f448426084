"""A city that is made up says so wherever its figures are shown."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import start

from li_perf.cities import CITIES
from li_perf.cli import exit_code
from li_perf.steps.servers import asked, is_made_up
from li_perf.store import runs
from li_perf.store.opening import open_ledger

ROOT = Path(__file__).parents[1]
SAID = "This city is made up: its figures are for trying things out and say nothing of Philadelphia."


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which `li-perf demo` was run."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("LI_PERF_") and name != "LI_PERF_REAL_DATA"]:
            patch.delenv(name)
        patch.chdir(folder)
        assert exit_code(["demo"]) == 0
        yield folder


@pytest.fixture
def fresh(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, as it was before anything was measured."""
    shutil.copytree(demo / "data", tmp_path / "data", ignore=shutil.ignore_patterns("*.lake"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_report_of_a_made_up_city_says_so_at_its_top(demo: Path) -> None:
    written = demo / "output/demo-2000-311"
    assert " ".join((written / "report.txt").read_text().split()).startswith(f"WARNING: {SAID} 1. 2,000 service")
    page = (written / "report.html").read_text()
    assert page.index(SAID) < page.index("have a matching code violation")
    report = json.loads((written / "report.json").read_text())
    assert report["is_made_up"] is True
    assert set(report["servers"]) == {"AIS", "Carto"}


def test_a_report_says_where_its_servers_were_asked(demo: Path) -> None:
    text = " ".join((demo / "output/demo-2000-311/report.txt").read_text().split())
    servers = json.loads((demo / "output/demo-2000-311/report.json").read_text())["servers"]
    assert f"Asked: AIS at {servers['AIS']}, Carto at {servers['Carto']}." in text
    assert servers["AIS"].startswith("http://127.0.0.1:")


def test_a_report_that_is_made_anew_of_a_made_up_city_says_so_on_the_terminal(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert exit_code(["report", "--data", "data/demo-2000-311", "--output", "again"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == SAID
    assert json.loads((demo / "again/report.json").read_text())["is_made_up"] is True


@pytest.mark.parametrize(
    ("city", "kept", "made_up"),
    [
        ("philadelphia", {"ais_url": "https://a.org/ais", "carto_url": "https://b.org/sql"}, False),
        ("philadelphia", {"ais_url": "https://a.org/ais", "carto_url": "http://127.0.0.1:8310/sql"}, True),
        ("philadelphia", {"ais_url": "http://localhost/ais", "carto_url": "https://b.org/sql"}, True),
        (
            "philadelphia",
            {"ais_url": "https://a.org", "carto_url": "https://b.org", "portal_url": "http://[::1]"},
            False,
        ),
        ("philadelphia", {}, False),
        ("gainesville", {"ais_url": "http://localhost/ais", "portal_url": None}, False),
        ("gainesville", {"portal_url": "http://127.0.0.1:8310/{city}"}, True),
    ],
)
def test_a_city_is_made_up_whose_own_servers_were_on_this_machine(
    city: str, kept: dict[str, str | None], made_up: bool
) -> None:
    assert is_made_up(asked(CITIES[city], kept)) is made_up


def test_the_measures_of_a_made_up_city_say_so(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--data", "data/demo-2000-311"]
    assert exit_code(["measure", *place]) == 0
    capsys.readouterr()
    assert exit_code(["metrics", *place]) == 0
    assert capsys.readouterr().out.startswith(f"{SAID}\n")
    assert exit_code(["metrics", *place, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["is_made_up"] is True
    assert exit_code(["metrics", *place, "--format", "csv"]) == 0
    caught = capsys.readouterr()
    assert (caught.out.split(",")[0], caught.err) == ("city", f"{SAID}\n")


async def test_the_api_says_which_city_is_made_up(tmp_path: Path) -> None:
    from faces.api.conftest import make, serving

    await make(tmp_path / "philadelphia.db", [])
    async with open_ledger(tmp_path / "philadelphia.db") as ledger, serving(tmp_path) as get:
        assert (await get("/v1/cities/philadelphia")).json["is_made_up"] is False
        settings = {"ais_url": "http://127.0.0.1:1", "carto_url": "http://127.0.0.1:1"}
        await runs.begin(
            ledger, city="philadelphia", since="2025-01-01", until="2026-01-01", settings=settings, version="0"
        )
        assert (await get("/v1/cities/philadelphia")).json["is_made_up"] is True


@pytest.mark.parametrize("city", ["philadelphia", "gainesville"])
def test_what_simulate_has_exported_it_has_unset_again(city: str, tmp_path: Path) -> None:
    with start(["simulate", city, "--port", "0", "--tickets", "9"], dict(os.environ), tmp_path) as process:
        assert process.stdout
        said = "".join(iter(process.stdout.readline, "Control-C ends it.\n"))
        process.terminate()
    exported = re.findall(r"\b(LI_PERF_[A-Z_]+)=", said)
    (undone,) = re.findall(r"^  unset (.*)$", said, re.MULTILINE)
    assert undone.split() == exported != []


def test_faults_that_are_none_are_one_sentence_of_a_demo_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code(["demo", "--faults", "nonsense=3"]) == 2
    (said,) = capfd.readouterr().err.splitlines()
    assert said.startswith("li-perf: --faults: ")


def sample(document: str, command: str) -> list[str]:
    """The lines that a document shows behind a command, without the times and the pages of a file, which vary."""
    found = re.search(rf"^\$ {re.escape(command)}\n(.*?)^```", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"{document} shows no {command}"
    return steady(found[1])


def steady(text: str) -> list[str]:
    times = re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", "T", text)
    return [line for line in re.sub(r"file: [0-9,]+ pages", "file: N pages", times).splitlines() if line.strip("… ")]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("README.md", ["explain", "--data", "data/demo-2000-311", "1416 race st"]),
        ("docs/OPERATIONS.md", ["verify", "--data", "data/demo-2000-311"]),
    ],
)
def test_the_documents_show_what_a_demo_prints(
    document: str, words: list[str], fresh: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert exit_code(words) == 0
    printed = steady(capsys.readouterr().out)
    shown = sample(document, "li-perf " + " ".join(f'"{word}"' if " " in word else word for word in words))
    assert shown == printed[: len(shown)]
    assert len(shown) > 9


def test_the_documents_show_how_a_report_of_a_demo_begins(demo: Path) -> None:
    report = (demo / "output/demo-2000-311/report.txt").read_text()
    blocks = re.findall(r"^```\n(WARNING: .*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert [all(part in report for part in block.split("…\n")) for block in blocks] == [True]
