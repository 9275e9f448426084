"""The documents say what the product does: verbs, settings, messages, columns, links and targets are checked."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import typer.main

from li_perf import __version__
from li_perf.analysis.dictionary import MEASURES
from li_perf.analysis.findings import Findings
from li_perf.cities import CITIES
from li_perf.cli import app
from li_perf.model import Outcome
from li_perf.settings import PREFIX, Settings
from li_perf.sources.ais import PLACEHOLDERS
from li_perf.steps.servers import AIS_CEILING, CARTO_CEILING
from li_perf.store import tables
from li_perf.store.gold import MATCH_HEADER
from li_perf.store.opening import open_ledger

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
DEFINITIONS = (ROOT / "docs/DEFINITIONS.md").read_text()
OPERATIONS = (ROOT / "docs/OPERATIONS.md").read_text()
# What git ignores, and what is not text of ours.
LEFT_OUT = {
    ".git",
    ".venv",
    ".venv-bench",
    ".sail",
    ".spark",
    ".image-cache",
    "__pycache__",
    "node_modules",
    "dist",
    "build",
}
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
GOLD = (tables.ticket, tables.violation, tables.match, tables.lookup, tables.complaint, tables.reject)
CODE = re.compile(r"`([^`\n]+)`")


def section(text: str, title: str) -> str:
    """The part of a document under a heading of the second level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"there is no section {title!r}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row but the headings and their rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = {number for number, row in enumerate(cells) if all(set(cell) <= set("-:") for cell in row)}
    return [row for number, row in enumerate(cells) if number not in rules and number + 1 not in rules]


def table(text: str, heading: str) -> str:
    """The table whose first column has that heading."""
    return next(part for part in text.split("\n\n") if part.startswith(f"| {heading} |"))


def first_column(text: str) -> set[str]:
    """What stands as code in the first column of a text's tables."""
    return {word for row in rows(text) for word in CODE.findall(row[0])}


def verbs() -> set[str]:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return {name for name, command in commands.items() if not command.hidden}


def anchor(heading: str) -> str:
    """The fragment that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def our_texts() -> Iterator[Path]:
    """Every text file of the project but caches and results; `.env` is the user's own."""
    for path in sorted(ROOT.rglob("*")):
        place = path.relative_to(ROOT)
        is_cache = any(part in LEFT_OUT or part.endswith("_cache") or part == ".hypothesis" for part in place.parts)
        is_result = place.parts[0] in ("data", "output") and path.name != "README.md"
        if path.is_file() and not is_cache and not is_result and path.name != ".env" and path != Path(__file__):
            yield path


def test_the_readme_lists_exactly_the_verbs_of_the_command_line() -> None:
    assert first_column(table(README, "verb")) == verbs()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_shown_is_one_of_the_command_line(path: Path) -> None:
    used = re.findall(r"\bli-perf ([a-z]+)", path.read_text())
    assert set(used) <= verbs()


def test_the_readme_lists_exactly_the_cities() -> None:
    assert first_column(table(README, "city")) == set(CITIES)


def test_the_readme_lists_exactly_the_settings_with_their_defaults() -> None:
    said = {CODE.findall(row[0])[0]: row[1].strip("`") for row in rows(section(README, "Settings"))}
    assert set(said) == {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        shown, default = said[f"{PREFIX}{name.upper()}"], field.default
        is_number = isinstance(default, int | float) and not isinstance(default, bool)
        words = {None: "none", False: "off", True: "on"}
        same = float(shown) == default if is_number else shown == words.get(default, str(default))
        assert same, f"{name} is {default}, the README says {shown}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_setting_named_is_one(path: Path) -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+[A-Z]\b", path.read_text()))
    assert named <= {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def test_the_ceilings_are_those_of_the_servers() -> None:
    for text in (section(README, "Settings"), OPERATIONS):
        assert f"{AIS_CEILING:.4g}" in text
        assert re.search(rf"(at most|\|) {CARTO_CEILING:g}\b", text)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_inside_the_project_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, fragment = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{path.name} links to {target}"
        if fragment:
            headings = re.findall(r"^#+ (.+)$", there.read_text(), re.MULTILINE)
            assert fragment in map(anchor, headings), f"{path.name} links to {target}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_named_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", path.read_text(), re.MULTILINE))
    assert named <= targets


def test_every_message_explained_is_one_of_the_product() -> None:
    """A message is quoted in parts, with "…" for what varies; each part stands in one string of the code."""
    code = "\n".join(text for path in sorted((ROOT / "li_perf").rglob("*.py")) for text in strings(path))
    for message in first_column(section(OPERATIONS, "Messages")):
        for part in filter(None, (part.strip(" ,") for part in message.split("…"))):
            assert part in code, f"no message says {part!r}"


def strings(path: Path) -> Iterator[str]:
    """Each string of a file, its parts joined and what it formats left out."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
            yield "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("gold", GOLD, ids=lambda gold: gold.name)
def test_every_column_of_a_gold_table_is_defined(gold: tables.Table) -> None:
    found = re.search(rf"^\*\*{gold.name}\*\*(.*(?:\n.+)*)", section(DEFINITIONS, "Gold tables"), re.MULTILINE)
    assert found, f"there is no paragraph on {gold.name}"
    said = set(CODE.findall(found[1].split("\n**")[0]))
    assert {column.name for column in gold.c} <= said


def test_every_key_of_the_report_is_defined() -> None:
    assert first_column(section(DEFINITIONS, "report.json")) == {
        field.name for field in msgspec.structs.fields(Findings)
    }


def test_every_column_of_the_matches_is_defined_in_its_order() -> None:
    said = [word for row in rows(section(DEFINITIONS, "matches.csv")) for word in CODE.findall(row[0])]
    assert tuple(said) == MATCH_HEADER, "the table is the file's header, in its order"


def test_every_outcome_and_placeholder_is_defined() -> None:
    assert {outcome.value for outcome in Outcome} <= first_column(section(DEFINITIONS, "Address outcomes"))
    listed = " ".join(CODE.findall(section(DEFINITIONS, "Questions")))
    assert all(word in listed for word in PLACEHOLDERS)


def test_every_measure_is_defined_as_the_product_defines_it() -> None:
    said = rows(table(section(DEFINITIONS, "Measures"), "measure"))
    assert said == [[f"`{one.name}`", one.unit, one.definition, "; ".join(one.excluded) or "–"] for one in MEASURES], (
        "the table is the dictionary's, in its order"
    )


async def test_the_readmes_query_runs_on_an_empty_store(tmp_path: Path) -> None:
    statements = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
    assert statements
    async with open_ledger(tmp_path / "philadelphia.db"):
        pass
    connection = sqlite3.connect(tmp_path / "philadelphia.db")
    try:
        for statement in statements:
            assert connection.execute(statement).fetchall() == []
    finally:
        connection.close()


def test_the_services_of_the_compose_file_are_verbs_with_options_that_they_have() -> None:
    text = (ROOT / "compose.yaml").read_text()
    commands = re.findall(r"^ +command: \[(.*)\]$", text, re.MULTILINE)
    assert len(commands) == len(re.findall(r"^ +<<: ", text, re.MULTILINE)) > 1
    for command in commands:
        verb, *rest = command.split(", ")
        known = typer.main.get_command(app).commands[verb].params  # type: ignore[attr-defined]
        options = {option for one in known for option in one.opts}
        assert {word for word in rest if word.startswith("--")} <= options


def test_the_compose_file_sets_only_settings() -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+[A-Z]\b", (ROOT / "compose.yaml").read_text()))
    assert named
    assert named <= {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def test_the_changelog_has_this_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_no_text_names_a_machine_or_a_package_index() -> None:
    """What is written for every reader must not lean on the machine where it was written."""
    private = re.compile(
        r"(?<![\w./-])/(?:home|Users|root|work|workspace|mnt|srv)/\w"  # somebody's folder
        r"|--(?:extra-)?index-url|--find-links\b(?! )|\bindex-url *="  # where packages came from
        r"|https?://[\w.:-]+/(?:simple|pypi|artifactory|nexus)\b"
        r"|(?:pypi|files\.pythonhosted)\.org/",
        re.IGNORECASE,
    )
    for path in our_texts():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found = private.search(text)
        assert not found, f"{path.relative_to(ROOT)} has {found[0]!r}"


def test_no_lock_names_an_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "tests/spark/sail.txt", "tests/spark/spark.txt"):
        assert "://" not in (ROOT / name).read_text(), f"{name} names where packages came from"
