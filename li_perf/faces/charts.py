"""Small SVG, made by hand: elements, scales and a frame that says what the picture shows. No script, no request."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup, escape

from li_perf.faces.report_values import visible

Scale = Callable[[float], float]


def tag(name: str, *children: str, **attributes: object) -> Markup:
    """An SVG element; children and attributes are escaped, `class_` is class, `text_anchor` text-anchor."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"' for key, value in attributes.items()
    )
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def label(text: str, x: float, y: float, class_: str = "", anchor: str = "start") -> Markup:
    """A line of text; `anchor` is start, middle or end."""
    return tag("text", visible(text), x=x, y=y, class_=class_, text_anchor=anchor)


def line(start: tuple[float, float], end: tuple[float, float], class_: str) -> Markup:
    """A straight line."""
    return tag("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=class_)


def box(x: float, y: float, size: tuple[float, float], class_: str, fill: str | None = None) -> Markup:
    """A bar of `size` (width, height); `fill` names a pattern of `hatch`."""
    paint = {"fill": f"url(#{fill})"} if fill else {}
    return tag("rect", x=x, y=y, width=max(size[0], 0), height=max(size[1], 0), class_=class_, **paint)


def path(points: Iterable[tuple[float, float]], class_: str) -> Markup:
    """A line through points."""
    return tag("polyline", points=" ".join(f"{_plain(x)},{_plain(y)}" for x, y in points), class_=class_)


def hatch(name: str) -> Markup:
    """A pattern of stripes, so that a bar is told from another without its colour."""
    stripe = tag("rect", width=3, height=6, class_="stripe")
    return tag(
        "defs",
        tag(
            "pattern",
            *(tag("rect", width=6, height=6, class_="ground"), stripe),
            id=name,
            width=6,
            height=6,
            patternUnits="userSpaceOnUse",
            patternTransform="rotate(45)",
        ),
    )


def frame(name: str, size: tuple[int, int], title: str, description: str, *parts: str) -> Markup:
    """The picture, with its title and description for those who do not see it."""
    heads = tag("title", visible(title), id=f"{name}-title"), tag("desc", visible(description), id=f"{name}-desc")
    return tag(
        "svg",
        *heads,
        *parts,
        viewBox=f"0 0 {size[0]} {size[1]}",
        width=size[0],
        height=size[1],
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def gridline(text: str, y: float, left: float, right: float) -> Markup:
    """A horizontal rule with its value to the left of it."""
    return join([line((left, y), (right, y), "grid"), label(text, left - 6, y + 4, "small", "end")])


def join(parts: Iterable[str]) -> Markup:
    """Elements one after another; plain text is escaped."""
    return Markup("").join(parts)


def scale(domain: tuple[float, float], to: tuple[float, float]) -> Scale:
    """A linear scale from data to the picture."""
    span = (domain[1] - domain[0]) or 1
    return lambda value: to[0] + (value - domain[0]) / span * (to[1] - to[0])


def ticks(top: float, most: int = 5) -> list[float]:
    """Round numbers from 0 to the first at or above `top`, `most` steps or fewer: 87 -> 0, 20, 40, 60, 80, 100."""
    if not math.isfinite(top) or top <= 0:
        return [0, 1]
    power = 10 ** math.floor(math.log10(top / most))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor * most >= top * (1 - 1e-9))
    return [round(step * index, 10) for index in range(math.ceil(top / step * (1 - 1e-9)) + 1)]


def every(items: Sequence[str], room: float, slot: float) -> list[int]:
    """The indexes to label when a label needs `room` and has `slot`: all, or every second, third …"""
    return list(range(0, len(items), max(1, math.ceil(room / slot))))


def _plain(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
