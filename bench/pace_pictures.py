"""The three pictures of docs/PACE.md, drawn from what the servers saw."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from bench.pace_run import Run
from li_perf.faces.charts import box, frame, gridline, join, label, line, path, scale, tag, ticks

FOLDER = Path(__file__).parents[1] / "docs" / "img"
SIZE, LEFT, RIGHT, TOP, BOTTOM = (720, 300), 56.0, 704.0, 44.0, 250.0
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f } .small { font-size: 11px; fill: #57606a }
.paper { fill: #fff } .grid { stroke: #d8dee4 } .shade { fill: #eaeef2 } polyline { fill: none; stroke-width: 1.5 }
.a { stroke: #0969da } .b { stroke: #bc4c00; stroke-dasharray: 5 3 } .limit { stroke: #cf222e; stroke-dasharray: 2 3 }
.refusal { stroke: #cf222e }
"""
Points = Sequence[tuple[float, float]]


def known(seen: Run, *, rate: float, seconds: float, pause: tuple[float, float]) -> None:
    """Requests in the second before each moment, and a client that is stopped meanwhile."""
    moments = [tenth / 20 for tenth in range(20, int(seconds * 20))]
    points = [(at, bisect_left(seen.at, at) - bisect_left(seen.at, at - 1)) for at in moments]
    most = seen.most_in_a_second()
    _draw(
        "pace-known",
        f"A known limit of {rate:.0f} a second: requests in the last second",
        f"The client is stopped for {pause[1] - pause[0]:.0f} s (shaded) and makes up for nothing: "
        f"at most {most} in any second.",
        {"a": points},
        limit=(rate, "the limit"),
        seconds=seconds,
        shaded=pause,
    )


def unknown(seen: Run, *, rate: float, seconds: float) -> None:
    """Answers in each second, and the moments of the refusals."""
    refusals = [at for at, status in zip(seen.at, seen.status, strict=True) if status == 429]
    _draw(
        "pace-unknown",
        f"An unknown limit of {rate:.0f} a second: requests let through in each second",
        f"Nobody told the client. {len(refusals)} refusals (marks below) among {len(seen.at):,} requests.",
        {"a": [(second + 0.5, seen.count(200, second, second + 1)) for second in range(int(seconds))]},
        limit=(rate, "the limit"),
        seconds=seconds,
        marks=refusals,
    )


def knee(runs: Mapping[str, Run], *, best: float, seconds: float) -> None:
    """Answers in each second, of the engine and of a hundred threads."""
    lines = {
        kind: [(second + 0.5, seen.answers(second, second + 1)) for second in range(int(seconds))]
        for kind, seen in zip("ab", runs.values(), strict=True)
    }
    _draw(
        "pace-knee",
        "A server with a knee: answers in each second",
        "16 places of 50 ms, a queue of 64, slower beyond. Whole line: the engine. Dashes: 100 threads.",
        lines,
        limit=(best, "the server's best"),
        seconds=seconds,
    )


def _draw(
    name: str,
    title: str,
    description: str,
    curves: Mapping[str, Points],
    *,
    limit: tuple[float, str],
    seconds: float,
    shaded: tuple[float, float] = (0, 0),
    marks: Sequence[float] = (),
) -> None:
    steps = ticks(max(limit[0] * 1.1, *(value for points in curves.values() for _, value in points)))
    x, y = scale((0, seconds), (LEFT, RIGHT)), scale((0, steps[-1]), (BOTTOM, TOP))
    parts = [
        tag("style", Markup(STYLE)),
        box(0, 0, SIZE, "paper"),
        box(x(shaded[0]), TOP, (x(shaded[1]) - x(shaded[0]), BOTTOM - TOP), "shade"),
        label(title, LEFT, 18),
        label(description, LEFT, 34, "small"),
        *(gridline(f"{step:,g}", y(step), LEFT, RIGHT) for step in steps),
        *(
            label(f"{second:g} s", x(second), BOTTOM + 28, "small", "middle")
            for second in ticks(seconds)
            if second <= seconds
        ),
        line((LEFT, y(limit[0])), (RIGHT, y(limit[0])), "limit"),
        label(f"{limit[1]}: {limit[0]:g}", RIGHT, y(limit[0]) - 5, "small", "end"),
        *(path([(x(at), y(value)) for at, value in points], kind) for kind, points in curves.items()),
        *(line((x(at), BOTTOM + 2), (x(at), BOTTOM + 12), "refusal") for at in marks),
    ]
    picture = str(frame(name, SIZE, title, description, join(parts)))
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.svg").write_text(picture.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n")
