"""Motifs as JSON for programs, in MEME's format for other tools, and as logos in bits, as in Figures 3 and 4."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genomask.alphabet import BASES
from genomask.analysis.figure_style import COLOURS, look
from genomask.analysis.motifs.discover import Motif
from genomask.analysis.motifs.known import ACGT, Known, best_matches
from genomask.analysis.motifs.matrix import Matrix, consensus, information
from genomask.files import write_json

# The usual colours of logos (green A, blue C, orange G, red T) in the palette's shades.
BASE_COLOUR: Final = {"A": COLOURS[2], "C": COLOURS[0], "G": COLOURS[4], "T": COLOURS[1]}
COLUMNS: Final = 3
CELL: Final = (2.3, 1.25)  # inches of one logo


def draw_logo(axes: Axes, matrix: Matrix, *, title: str = "") -> None:
    """Draw a motif: a position is as high as its information in bits, which the bases share."""
    import logomaker
    import pandas as pd

    heights = np.maximum(matrix * information(matrix)[:, None], 0)
    table = pd.DataFrame(heights, columns=list(BASES), index=np.arange(1, len(matrix) + 1))
    logomaker.Logo(table, ax=axes, color_scheme=BASE_COLOUR, show_spines=False)
    axes.set(ylim=(0, 2), yticks=(0, 1, 2), xticks=())
    axes.spines["left"].set_visible(True)
    axes.grid(visible=False)
    axes.set_title(title, fontsize=7.5, loc="left", pad=4)


def logo_sheet(records: Sequence[dict[str, Any]], *, title: str = "") -> Figure:
    """All motifs that hold, of the records of ``motif_records``, in the order of their q, each with its caption."""
    held = sorted((record for record in records if record["holds"]), key=lambda record: record["q"])
    rows = max(1, -(-len(held) // COLUMNS))
    with look(), mpl.rc_context({"font.size": 7.5}):
        figure = Figure(figsize=(COLUMNS * CELL[0], rows * CELL[1] + 0.3))
        figure.suptitle(title, fontsize=9)
        grid = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        widest = max((len(record["matrix"]) for record in held), default=1)
        for axes, record in zip(grid, held, strict=False):
            draw_logo(axes, np.array(record["matrix"]), title=caption(record))
            axes.set_xlim(0.5, widest + 0.5)  # letters of one width on the whole sheet
        for axes in grid[len(held) :]:
            axes.set_axis_off()
        if not held:
            grid[0].text(0, 0.5, "no motif holds", transform=grid[0].transAxes)
        for axes in grid[::COLUMNS]:
            axes.set_ylabel("bits")
    return figure


def caption(record: dict[str, Any]) -> str:
    """Consensus, shares of held-out positives and negatives, and the best match of a motif with its q, in two lines."""
    shares = " against ".join(f"{part / whole:.0%}" for part, whole in (record["positives"], record["negatives"]))
    matches = [f"\n{best['name']}, q = {best['q']:.2g}" for best in record["matches"][:1]]
    return f"{record['name']}   {shares}{''.join(matches)}"


def motif_records(motifs: Sequence[Motif], known: Sequence[Known], *, alpha: float) -> list[dict[str, Any]]:
    """All motifs of a search as JSON: consensus, sites on held-out sequences, matches, matrix (columns A, T, C, G)."""
    matches = best_matches([motif.matrix for motif in motifs], known)
    return [
        {
            "name": consensus(motif.matrix),
            "seed": motif.seed,
            "bits": round(float(information(motif.matrix).sum()), 3),
            "threshold": motif.threshold,
            "positives": [motif.positives, motif.positives_of],
            "negatives": [motif.negatives, motif.negatives_of],
            "p": motif.p,
            "q": motif.q,
            "holds": motif.q <= alpha,
            "matches": [match._asdict() for match in found],
            "matrix": motif.matrix.round(6).tolist(),
        }
        for motif, found in zip(motifs, matches, strict=True)
    ]


def holding_matrices(records: Sequence[dict[str, Any]]) -> dict[str, Matrix]:
    """The matrices of the motifs that hold, by a name that no two of them share."""
    held = [record for record in records if record["holds"]]
    return {f"{number} {record['name']}": np.array(record["matrix"]) for number, record in enumerate(held, 1)}


def write_motifs(records: list[dict[str, Any]], about: dict[str, Any], directory: Path, stem: str) -> None:
    """Write ``stem.json`` with all motifs, and ``stem.meme`` with those that hold."""
    write_json(directory / f"{stem}.json", {**about, "motifs": records})
    (directory / f"{stem}.meme").write_text(meme_text(records), encoding="ascii")


def meme_text(records: Sequence[dict[str, Any]]) -> str:
    """The motifs that hold in MEME's minimal format, which other motif programs read."""
    lines = ["MEME version 4", "", "ALPHABET= ACGT", "", "strands: + -", ""]
    for name, matrix in holding_matrices(records).items():
        lines += [f"MOTIF genomask-{name}", f"letter-probability matrix: alength= 4 w= {len(matrix)}"]
        lines += [*(" ".join(f"{value:.6f}" for value in row[ACGT]) for row in matrix), ""]
    return "\n".join(lines)
