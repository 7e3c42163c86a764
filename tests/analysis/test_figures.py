"""Figures come as three files, and the same figure as the same bytes."""

import pytest
from genomask.reports.perplexity_figure import draw_perplexity
from matplotlib.figure import Figure

from genomask.analysis.figure_style import MASKING_COLOUR, look, save
from genomask.reports.collect import CurvePoint


def test_a_figure_is_saved_three_times_and_repeats_to_the_byte(tmp_path):
    def draw(stem):
        with look():
            figure = Figure(figsize=(2, 1))
            figure.subplots().plot([1, 2])
            return [path.read_bytes() for path in save(figure, stem)]

    first = draw(tmp_path / "one" / "figure")
    assert [data[:4] for data in first] == [b"%PDF", b"\x89PNG", b"<?xm"]
    assert draw(tmp_path / "two" / "figure") == first


def test_the_perplexity_figure_shows_every_curve_under_both_masks():
    points = [CurvePoint(step=100, own=800.0, common=900.0), CurvePoint(step=200, own=600.0, common=700.0)]
    figure = draw_perplexity({"PMI": ("pmi", points), "ORI": ("random", points[:1])})
    common, own = figure.axes
    assert common.lines[0].get_xydata().tolist() == [[100, 900], [200, 700]]
    assert own.lines[0].get_xydata().tolist() == [[100, 800], [200, 600]]
    assert [line.get_color() for line in own.lines] == [MASKING_COLOUR["pmi"], MASKING_COLOUR["random"]]
    with pytest.raises(ValueError, match="needs a validation curve; found none"):
        draw_perplexity({"PMI": ("pmi", [])})
