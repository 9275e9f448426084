from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

import msgspec
import pytest

from li_perf.analysis.findings import Findings, MonthRow
from li_perf.faces.report_html import CHARTS, html
from li_perf.faces.report_page import page

VOID = {"meta", "br", "img", "link", "input", "hr"}


@dataclass(slots=True)
class Node:
    name: str
    attributes: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    def all(self, name: str = "") -> list[Node]:
        nodes = [child for child in self.children if isinstance(child, Node)]
        return [found for node in nodes for found in ([node] if name in ("", node.name) else []) + node.all(name)]

    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)


class Tree(HTMLParser):
    """A strict reader: a tag that is closed out of turn fails the test."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.root = Node("root", {})
        self.open = [self.root]
        self.feed(source)
        self.close()
        assert self.open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {key: value or "" for key, value in attrs})
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(findings: Findings) -> Node:
    return Tree(html(findings)).root


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_the_three_answers_stand_at_the_top_with_their_definitions(full: Findings) -> None:
    items = next(node for node in read(full).all("ol") if node.attributes.get("class") == "answers").all("li")
    assert [item.all("strong")[0].text() for item in items] == ["28,388", "31.4 %", "14.2 %"]
    assert all({"Definition", "Denominator"} <= {term.text() for term in item.all("dt")} for item in items)


def test_no_request_leaves_the_page(full: Findings, hostile: Findings) -> None:
    for source in (html(full), html(hostile)):
        root = Tree(source).root
        assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & {n.name for n in root.all()}
        for node in root.all():
            assert "src" not in node.attributes
            assert node.attributes.get("href", "#").startswith("#")
            assert not [name for name in node.attributes if name.startswith("on")]
        style = root.all("style")[0].text()
        assert "url(" not in style
        assert "@import" not in style


def test_the_policy_forbids_scripts_and_requests(full: Findings) -> None:
    policies = [
        node.attributes["content"]
        for node in read(full).all("meta")
        if node.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_headings_go_down_one_level_at_a_time_from_a_single_first(full: Findings) -> None:
    levels = [int(node.name[1]) for node in read(full).all() if re.fullmatch("h[1-6]", node.name)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_page_has_a_language_landmarks_and_a_skip_link(full: Findings) -> None:
    root = read(full)
    assert root.all("html")[0].attributes["lang"] == "en"
    assert [len(root.all(name)) for name in ("header", "main", "nav", "footer")] == [1, 1, 1, 1]
    ids = {node.attributes["id"] for node in root.all() if "id" in node.attributes}
    assert all(link.attributes["href"][1:] in ids for link in root.all("a"))
    assert root.all("a")[0].attributes["class"] == "skip"


def test_every_id_is_used_once_and_every_name_that_is_pointed_to_exists(full: Findings, sparse: Findings) -> None:
    for findings in (full, sparse):
        nodes = read(findings).all()
        ids = [node.attributes["id"] for node in nodes if "id" in node.attributes]
        assert len(ids) == len(set(ids))
        for node in nodes:
            assert set(node.attributes.get("aria-labelledby", "").split()) <= set(ids)
            for name in re.findall(r"url\(#(.*?)\)", node.attributes.get("fill", "")):
                assert name in ids


def test_each_chart_says_what_it_shows_and_has_a_table_under_it(full: Findings) -> None:
    sections = [node for node in read(full).all("section") if node.all("figure") and not node.all("section")]
    assert len(sections) == len(CHARTS) == 4
    for section in sections:
        names = [node.name for node in section.all()]
        assert names.index("figure") < names.index("table")
        pictures = section.all("svg")
        assert len(pictures) == 2
        for picture in pictures:
            assert picture.attributes["role"] == "img"
            assert [child.name for child in picture.children[:2] if isinstance(child, Node)] == ["title", "desc"]
            assert all(node.text() for node in picture.children[:2] if isinstance(node, Node))


def test_every_cell_of_every_table_is_on_the_page(full: Findings) -> None:
    shown = [
        [tuple(squeezed(cell.text()) for cell in row.children if isinstance(cell, Node)) for row in body.all("tr")]
        for body in read(full).all("tbody")
    ]
    meant = [
        [tuple(map(squeezed, row)) for row in table.rows] or [("none",)]
        for chapter in page(full).chapters
        for section in chapter.sections
        for table in section.tables
    ]
    assert shown == meant


def test_a_wide_table_scrolls_in_a_box_that_the_keyboard_reaches(full: Findings) -> None:
    root = read(full)
    boxes = [node for node in root.all("div") if node.attributes.get("class") == "scroll"]
    assert len(boxes) == len(root.all("table"))
    assert {(box.attributes["role"], box.attributes["tabindex"]) for box in boxes} == {("region", "0")}


def test_hostile_text_is_shown_and_does_nothing(hostile: Findings, attack: str) -> None:
    source = html(hostile)
    root = Tree(source).root
    assert "<script" not in source
    assert "onerror=alert(1)>" not in source
    assert "49" not in root.all("h1")[0].text()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", source)
    assert squeezed(attack)[:4].casefold() in squeezed(root.all("h1")[0].text()).casefold() or not attack.isprintable()


def test_findings_without_a_request_make_a_page_without_pictures(sparse: Findings) -> None:
    root = read(sparse)
    assert {figure.text().strip() for figure in root.all("figure")} >= {"There is nothing to draw."}
    assert "None" not in root.all("main")[0].text()


@pytest.mark.parametrize("count", [1, 2, 60])
def test_the_months_fit_whatever_their_number(full: Findings, count: int) -> None:
    rows = [
        MonthRow(month=f"{2020 + i // 12}-{i % 12 + 1:02}", requests=i, open=0, open_share=0.0) for i in range(count)
    ]
    root = read(msgspec.structs.replace(full, by_month=rows))
    for picture in root.all("svg"):
        width, height = int(picture.attributes["width"]), int(picture.attributes["height"])
        for node in picture.all():
            for key, limit in (
                ("x", width),
                ("cx", width),
                ("x1", width),
                ("x2", width),
                ("y", height),
                ("cy", height),
            ):
                assert -0.1 <= float(node.attributes.get(key, 0)) <= limit


def test_the_page_is_the_same_each_time(full: Findings) -> None:
    assert html(full) == html(full)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast_on_every_ground(full: Findings, scheme: str) -> None:
    blocks = re.findall(r":root \{(.*?)\}", html(full), flags=re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", blocks[0 if scheme == "light" else 1]))
    for text in ("ink", "soft", "first", "second", "alarm"):
        assert contrast(colours[text], colours["paper"]) >= 4.5
    assert contrast(colours["ink"], colours["shade"]) >= 4.5
    assert contrast(colours["ink"], colours["alarm-paper"]) >= 4.5
    assert contrast(colours["alarm"], colours["alarm-paper"]) >= 4.5


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
