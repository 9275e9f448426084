"""The report as one HTML page that asks nothing of the network: styles and pictures are inside it, and no script."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from li_perf.analysis.findings import Findings
from li_perf.faces.charts import join
from li_perf.faces.report_charts_rows import outcomes, windows
from li_perf.faces.report_charts_time import lags, months
from li_perf.faces.report_page import page
from li_perf.faces.report_parts import Section
from li_perf.faces.report_values import visible

CHARTS: dict[str, Callable[[Findings, str, int], Markup | None]] = {
    "months": months,
    "lags": lags,
    "windows": windows,
    "outcomes": outcomes,
}
WIDE, NARROW = 768, 340
"""Widths in pixels of each chart's two drawings; the style sheet shows one of them."""


def html(findings: Findings) -> str:
    """The whole page."""

    def chart(section: Section) -> Markup | None:
        return _chart(findings, section.chart) if section.chart else None

    return _environment().get_template("report.html").render(report=page(findings), chart=chart) + "\n"


def _chart(findings: Findings, name: str) -> Markup | None:
    wide, narrow = CHARTS[name](findings, f"{name}-wide", WIDE), CHARTS[name](findings, f"{name}-narrow", NARROW)
    return None if wide is None or narrow is None else join([wide, narrow])


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("li_perf.faces"),
        autoescape=True,
        finalize=_seen,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tied"] = _tied
    return environment


def _tied(text: str) -> str:
    return text.replace(" %", "\u00a0%")


def _seen(value: object) -> object:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
