"""Motifs on disk: JSON for programs, MEME's format for other tools."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genomask.analysis.motifs.discover import Motif
from genomask.analysis.motifs.jaspar import ACGT, Known, best_matches
from genomask.analysis.motifs.matrix import Matrix, information
from genomask.files import write_json


def motif_records(motifs: Sequence[Motif], known: Sequence[Known], *, alpha: float) -> list[dict[str, Any]]:
    """All motifs of a search as JSON: consensus, sites on held-out sequences, matches, matrix (columns A, T, C, G).

    They are matched to the database; without one nothing is matched.
    """
    matches = best_matches([motif.matrix for motif in motifs], known) if known else [[] for _ in motifs]
    return [
        {
            "name": motif.name,
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


def read_motifs(path: Path) -> list[dict[str, Any]]:
    """The motifs of a ``stem.json``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds no motifs.
    """
    if not path.is_file():
        raise FileNotFoundError(f"Motifs are needed at {path}, as stage=motifs writes them; found no file.")
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict) or not isinstance(found.get("motifs"), list):
        raise ValueError(f"{path} needs to be what stage=motifs writes; found no list of motifs in it.")
    return found["motifs"]


def meme_text(records: Sequence[dict[str, Any]]) -> str:
    """The motifs that hold in MEME's minimal format, which other motif programs read."""
    lines = ["MEME version 4", "", "ALPHABET= ACGT", "", "strands: + -", ""]
    for name, matrix in holding_matrices(records).items():
        lines += [f"MOTIF genomask-{name}", f"letter-probability matrix: alength= 4 w= {len(matrix)}"]
        lines += [*(" ".join(f"{value:.6f}" for value in row[ACGT]) for row in matrix), ""]
    return "\n".join(lines)
