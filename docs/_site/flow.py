"""Draw the flow of data, ``docs/_assets/flow.svg``: boxes in colours that read on white and on black."""

import sys
from itertools import pairwise
from pathlib import Path
from typing import Final

PICTURE: Final = Path(__file__).parents[1] / "_assets" / "flow.svg"
WIDTH, HEIGHT, GAP_X, GAP_Y = 216, 74, 36, 34
FILLS: Final = {"data": "#d9e7f5", "step": "#d8eee4", "choice": "#fbe3bd", "answer": "#ecdcf3"}
BOXES: Final = {
    "fasta": (0, 0, "data", "FASTA"),
    "genome": (1, 0, "step", "encoded genome"),
    "counts": (2, 0, "step", "k-mer counts"),
    "labelled": (0, 1, "data", "labelled|sequences"),
    "segments": (1, 1, "step", "segments"),
    "ranking": (2, 1, "step", "ranking,|vocabulary"),
    "episode": (0, 2, "step", "k examples|of each class"),
    "batches": (1, 2, "step", "masked batches"),
    "strategy": (2, 2, "choice", "masking strategy:|your choice"),
    "classifier": (0, 3, "step", "fine-tuned|classifier"),
    "encoder": (1, 3, "step", "pretrained|encoder"),
    "score": (0, 4, "answer", "accuracy, AUC|on the test set"),
    "report": (1, 4, "answer", "comparison,|paper's tables"),
    "looks": (2, 4, "answer", "motifs, variants"),
}
ARROWS: Final = (  # each box points to the next one
    (
        "fasta",
        "genome",
        "counts",
        "ranking",
        "strategy",
        "batches",
        "encoder",
        "classifier",
        "score",
        "report",
    ),
    ("genome", "segments", "batches"),
    ("labelled", "episode", "classifier"),
)
INK, LINE = "#17212b", "#7c8896"
STYLE: Final = "font: 22px system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"


def picture() -> str:
    """The whole SVG."""
    width, height = 3 * WIDTH + 2 * GAP_X + 4, 5 * HEIGHT + 4 * GAP_Y + 4
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">'
    title = "<title>From a FASTA file to scores and reports</title>"
    marker = (
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        f'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="{LINE}"/></marker></defs>'
    )
    arrows = [_arrow(*pair) for path in ARROWS for pair in pairwise(path)] + [_bend()]
    return "\n".join([head, title, marker, *arrows, *map(_box, BOXES.values()), "</svg>", ""])


def _corner(column: int, row: int) -> tuple[int, int]:
    return 2 + column * (WIDTH + GAP_X), 2 + row * (HEIGHT + GAP_Y)


def _box(box: tuple[int, int, str, str]) -> str:
    column, row, kind, text = box
    x, y = _corner(column, row)
    lines = text.split("|")
    first = y + HEIGHT / 2 + 8 - 13 * (len(lines) - 1)
    words = "".join(
        f'<text x="{x + WIDTH / 2:g}" y="{first + 26 * i:g}" text-anchor="middle" style="{STYLE}" '
        f'fill="{INK}">{line}</text>'
        for i, line in enumerate(lines)
    )
    size = f'x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="12"'
    return f'<rect {size} fill="{FILLS[kind]}" stroke="{LINE}"/>{words}'


def _arrow(start: str, end: str) -> str:
    """A straight arrow between neighbours."""
    (column, row, *_), (to_column, to_row, *_) = BOXES[start], BOXES[end]
    x, y = _corner(column, row)
    if row == to_row:
        left, right = (x + WIDTH, x + WIDTH + GAP_X - 2) if to_column > column else (x, x - GAP_X + 2)
        return _line(f"M{left} {y + HEIGHT // 2}H{right}")
    return _line(f"M{x + WIDTH // 2} {y + HEIGHT}V{y + HEIGHT + GAP_Y - 2}")


def _bend() -> str:
    """From the classifier past the scores to what it looks at."""
    x, y = _corner(0, 3)
    to, _ = _corner(2, 4)
    middle = y + HEIGHT + GAP_Y // 2
    return _line(f"M{x + WIDTH - 40} {y + HEIGHT}V{middle}H{to + WIDTH // 2}V{y + HEIGHT + GAP_Y - 2}")


def _line(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="{LINE}" stroke-width="2.5" marker-end="url(#tip)"/>'


if __name__ == "__main__":
    if "--check" in sys.argv:
        if PICTURE.read_text(encoding="utf-8") != picture():
            sys.exit("docs/_assets/flow.svg is not what docs/_site/flow.py draws: run `make reference`.")
    else:
        PICTURE.write_text(picture(), encoding="utf-8")
