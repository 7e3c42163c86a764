"""Figures come as three files, and the same figure as the same bytes."""

from matplotlib.figure import Figure

from genomask.analysis.figure_style import look, save


def test_a_figure_is_saved_three_times_and_repeats_to_the_byte(tmp_path):
    def draw(stem):
        with look():
            figure = Figure(figsize=(2, 1))
            figure.subplots().plot([1, 2])
            return [path.read_bytes() for path in save(figure, stem)]

    first = draw(tmp_path / "one" / "figure")
    assert [data[:4] for data in first] == [b"%PDF", b"\x89PNG", b"<?xm"]
    assert draw(tmp_path / "two" / "figure") == first
