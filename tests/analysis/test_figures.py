"""Figures come as three files, and the same figure as the same bytes."""

from matplotlib.figure import Figure

from genomask.analysis.figure_style import MASKING_COLOUR, look, save
from genomask.reports.collect import collect
from genomask.reports.pretraining import draw_perplexity
from made_runs import make_encoder


def test_a_figure_is_saved_three_times_and_repeats_to_the_byte(tmp_path):
    def draw(stem):
        with look():
            figure = Figure(figsize=(2, 1))
            figure.subplots().plot([1, 2])
            return [path.read_bytes() for path in save(figure, stem)]

    first = draw(tmp_path / "one" / "figure")
    assert [data[:4] for data in first] == [b"%PDF", b"\x89PNG", b"<?xm"]
    assert draw(tmp_path / "two" / "figure") == first


def test_the_perplexity_figure_shows_every_curve_under_both_masks(tmp_path):
    make_encoder(tmp_path, "pmi", curve=((100, 900.0), (200, 700.0)))
    make_encoder(tmp_path, "random", curve=((100, 800.0),))
    make_encoder(tmp_path, "span", curve=())
    figure = draw_perplexity(collect(tmp_path).encoders)
    common, own = figure.axes
    lines = {line.get_label(): line for line in own.lines}
    assert set(lines) == {"PMI", "random"}, "an encoder without a curve has no line"
    assert common.lines[1].get_xydata().tolist() == [[100, 900], [200, 700]]
    assert lines["PMI"].get_xydata().tolist() == [[100, 880], [200, 680]]
    assert [lines[name].get_color() for name in ("PMI", "random")] == [MASKING_COLOUR["pmi"], MASKING_COLOUR["random"]]


def test_there_is_no_perplexity_figure_without_a_curve(tmp_path):
    make_encoder(tmp_path, "pmi", curve=())
    assert draw_perplexity(collect(tmp_path).encoders) is None
