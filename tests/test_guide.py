"""The guide to adding a city works as it stands: a copy of the project gets its city, and passes its own tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from li_perf.simulator.portals import rows as kept
from li_perf.simulator.portals.columns import Kind

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs/ADDING_A_CITY.md").read_text()
FILE = re.compile(r"^`([\w/]+\.py)`:\n\n```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
BARE = re.compile(r"^```python\n(from li_perf\.(?:sources|simulator).*?)^```", re.MULTILINE | re.DOTALL)
ROWS = {"REQUESTS": [{"id": "1"}], "KINDS": {"id": Kind.TEXT, "modified_at": Kind.INSTANT}}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the guide's files, line and row put in."""
    folder = tmp_path_factory.mktemp("newcomer")
    shutil.copytree(ROOT / "li_perf", folder / "li_perf")
    for name in ("tests/support", "tests/cities"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("pyproject.toml", "README.md", "tests/conftest.py"):
        shutil.copy(ROOT / name, folder / name)
    for name, text in FILE.findall(GUIDE):
        (folder / name).write_text(text)
    cities, readme = folder / "li_perf/cities/__init__.py", folder / "README.md"
    for diff in _blocks("diff"):
        cities.write_text(_with(cities.read_text(), diff))
    (last,) = re.findall(r"^\| .*\(`nashville`\).*\n", readme.read_text(), re.MULTILINE)
    (row,) = _blocks("markdown")
    readme.write_text(readme.read_text().replace(last, last + row))
    return folder


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def _with(text: str, diff: str) -> str:
    """The text with the lines behind a plus put in where the guide says, whatever other cities have come since."""
    (before, added) = re.findall(r"^ (.*\n)((?:\+.*\n)+)", diff, re.MULTILINE)[0]
    assert text.count(f"\n{before}") == 1, f"there is no {before!r}"
    return text.replace(before, before + added[1:])


def _in(project: Path, *command: str) -> str:
    """What a Python module says that succeeds in the newcomer's project."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LI_PERF_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_guides_city_passes_its_own_tests_and_those_of_every_city(project: Path) -> None:
    mine = ["tests/cities/test_springfield.py", "tests/cities/test_cities.py"]
    said = _in(project, "pytest", "-p", "no:cacheprovider", "-k", "springfield", *mine)
    assert "passed" in said


def test_the_guides_row_fits_the_readmes_table(project: Path) -> None:
    lines = (project / "README.md").read_text().splitlines()
    heading = next(line for line in lines if line.startswith("| city |"))
    row = next(line for line in lines if "(`springfield`)" in line)
    assert row.count("|") == heading.count("|")


def test_the_guides_code_has_the_projects_form(project: Path) -> None:
    files = [name for name, _ in FILE.findall(GUIDE)]
    _in(project, "ruff", "check", "--no-cache", *files)
    _in(project, "ruff", "format", "--no-cache", "--check", *files)


def test_every_other_kind_of_portal_is_made_as_the_guide_says() -> None:
    titles, served = set(), set()
    for code in BARE.findall(GUIDE):
        names = {"ZONE": ZoneInfo("America/Chicago"), "kept": kept, **ROWS}
        exec(code, names)
        if "PORTAL" in names:
            titles.add(names["PORTAL"].title)  # type: ignore[attr-defined]
        else:
            names["STAND_IN"].rows.close()  # type: ignore[attr-defined]
            served.add(type(names["STAND_IN"]).__name__)
    assert titles == {"Socrata", "Opendatasoft", "ArcGIS", "Carto"}
    assert served == {"Socrata", "Opendatasoft", "ArcGis"}
