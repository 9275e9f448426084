"""The catalogue's tables name tests that exist, and every test of this folder."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = HERE.parent
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
TABLES = [line for file in sorted(HERE.glob("*.md")) for line in file.read_text().splitlines()]
LINES = [line for line in TABLES if line.startswith("| ") and "::" in line]


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {node.name for node in functions if node.name.startswith("test_")}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split("|")[1].strip()[:60])
def test_a_row_has_a_fault_a_verdict_and_tests_that_exist(line: str) -> None:
    fault, verdict, named = (cell.strip() for cell in line.strip("|").split("|"))
    assert fault
    assert verdict
    found = NAMED.findall(named)
    assert named == ", ".join(f"`{path}::{name}`" for path, name in found)
    assert [f"{path}::{name}" for path, name in found if name not in names_in(TESTS / path)] == []


def test_every_test_of_this_folder_is_in_the_table() -> None:
    there = {(f"catalogue/{path.name}", name) for path in HERE.glob("test_*.py") for name in names_in(path)}
    named = {pair for line in LINES for pair in NAMED.findall(line)}
    assert {pair for pair in there - named if pair[0] != "catalogue/test_index.py"} == set()
