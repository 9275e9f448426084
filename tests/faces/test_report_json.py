from __future__ import annotations

import json as standard
from pathlib import Path

import jsonschema
import msgspec

from li_perf.analysis.findings import Findings
from li_perf.faces.report_json import json, schema

SCHEMA = Path(__file__).parents[2] / "docs" / "report.schema.json"
REBUILD = (
    "docs/report.schema.json is out of date; rebuild it with: python -c "
    "'import sys; from li_perf.faces.report_json import schema; sys.stdout.buffer.write(schema())' "
    "> docs/report.schema.json"
)


def test_the_schema_in_the_documents_is_the_one_of_the_findings() -> None:
    assert SCHEMA.read_bytes() == schema(), REBUILD


def test_reports_are_valid_by_the_schema(full: Findings, sparse: Findings, hostile: Findings) -> None:
    described = standard.loads(schema())
    jsonschema.Draft202012Validator.check_schema(described)
    for findings in (full, sparse, hostile):
        jsonschema.validate(standard.loads(json(findings)), described, cls=jsonschema.Draft202012Validator)


def test_a_report_with_a_number_in_the_wrong_place_is_not_valid(full: Findings) -> None:
    wrong = standard.loads(json(full)) | {"requests": "many"}
    validator = jsonschema.Draft202012Validator(standard.loads(schema()))
    assert [error.path[0] for error in validator.iter_errors(wrong)] == ["requests"]


def test_every_number_comes_back_as_it_was(full: Findings) -> None:
    assert msgspec.json.decode(json(full), type=Findings) == full


def test_keys_are_in_the_order_of_the_findings_and_dictionaries_are_sorted(full: Findings) -> None:
    report = standard.loads(json(full))
    assert list(report) == list(Findings.__struct_fields__)
    assert list(report["match_levels"]) == sorted(full.match_levels)
    turned = msgspec.structs.replace(full, failures=dict(reversed(full.failures.items())))
    assert json(turned) == json(full)


def test_it_is_indented_and_ends_with_a_newline(full: Findings) -> None:
    assert json(full).startswith(b'{\n  "city": "philadelphia",\n')
    assert json(full).endswith(b"}\n")


def test_half_a_character_does_not_stop_the_report(full: Findings) -> None:
    report = standard.loads(json(msgspec.structs.replace(full, city="a\ud83db")))
    assert report["city"] == "a�b"
