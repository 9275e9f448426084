from __future__ import annotations

import pytest

from li_perf.faces.charts import every, label, scale, tag, ticks


@pytest.mark.parametrize(
    ("top", "most", "marks"),
    [
        (87, 5, [0, 20, 40, 60, 80, 100]),
        (0.523, 5, [0, 0.2, 0.4, 0.6]),
        (3012, 4, [0, 1000, 2000, 3000, 4000]),
        (100, 5, [0, 20, 40, 60, 80, 100]),
        (0, 5, [0, 1]),
        (float("nan"), 5, [0, 1]),
    ],
)
def test_ticks_are_round_and_reach_the_top(top: float, most: int, marks: list[float]) -> None:
    assert ticks(top, most) == marks


def test_a_scale_maps_ends_to_ends_even_if_they_are_one() -> None:
    assert scale((0, 10), (100, 0))(5) == 50
    assert scale((3, 3), (0, 9))(3) == 0


def test_text_and_attributes_are_escaped() -> None:
    assert tag("a", "<b>", title='"&') == '<a title="&#34;&amp;">&lt;b&gt;</a>'
    assert "␀" in label("\x00", 0, 0)


def test_labels_thin_out_where_there_is_no_room() -> None:
    assert every(["a"] * 6, 30, 12) == [0, 3]
    assert every(["a"] * 3, 30, 60) == [0, 1, 2]
