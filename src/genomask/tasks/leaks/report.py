"""The leak report: JSON, and tables of the rows concerned."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genomask.files import write_csv
from genomask.genome.encoded import EncodedGenome
from genomask.tasks.examples import Benchmark
from genomask.tasks.leaks.find import Relation
from genomask.tasks.leaks.genome import GenomeOverlap


def summary(relations: Sequence[Relation]) -> list[dict[str, Any]]:
    """Rows of each set that match another row, and how many of them one with another label."""
    return [
        {
            "relation": name,
            "rows_of": part,
            "matched_in": other,
            "rows": int(alike.found.sum()),
            "with_another_label": int(alike.conflict.sum()),
            "pairs": int(alike.partner_count.sum()) // (2 if part == other else 1),
        }
        for name, part, other, alike in relations
    ]


def genome_summary(overlap: GenomeOverlap, label: str, k: int) -> dict[str, Any]:
    """How much of the test set the genome holds."""
    shared = overlap.shared[~np.isnan(overlap.shared)]
    return {
        "genome": label,
        "k": k,
        "rows_that_occur_whole": len(np.unique(overlap.row)),
        "occurrences": len(overlap.row),
        "mean_share_of_kmers": round(float(shared.mean()), 6) if len(shared) else None,
        "rows_with_any_kmer": int((shared > 0).sum()),
        "rows_with_half_of_their_kmers": int((shared >= 0.5).sum()),
    }


def write_rows(path: Path, relations: Sequence[Relation], task: Benchmark) -> None:
    """Write one line for every row and relation; rows count from 0, without the table's header."""
    header = ("relation", "part", "row", "label", "matches", "other", "best", "best_label", "share", "conflict")
    labels = {"pool": task.pool.labels, "test": task.test.labels}
    lines = []
    for name, part, other, alike in relations:
        for row in np.flatnonzero(alike.found).tolist():
            best = int(alike.partner[row])
            own, best_label = (task.classes[labels[side][at]] for side, at in ((part, row), (other, best)))
            partners = (alike.partner_count[row], other, best, best_label)
            lines.append((name, part, row, own, *partners, f"{alike.share[row]:.4f}", int(alike.conflict[row])))
    write_csv(path, header, lines)


def write_genome(directory: Path, overlap: GenomeOverlap, genome: EncodedGenome, test_lengths: np.ndarray) -> None:
    """Write every occurrence of a test sequence, and the share of k-mers of every test row."""
    record = np.searchsorted(genome.offsets, overlap.position, side="right") - 1
    start = overlap.position - genome.offsets[record]
    stop = start + test_lengths[overlap.row]
    names, strand = np.array(genome.names)[record], np.where(overlap.backward, "-", "+")
    columns = (column.tolist() for column in (overlap.row, names, start, stop, strand))
    write_csv(directory / "occurrences.csv", ("row", "record", "start", "stop", "strand"), zip(*columns, strict=True))
    shares = ((row, "" if np.isnan(share) else f"{share:.4f}") for row, share in enumerate(overlap.shared.tolist()))
    write_csv(directory / "genome-kmers.csv", ("row", "share"), shares)


def lines_of(found: dict[str, Any]) -> Iterable[str]:
    """The report in a few lines."""
    for entry in found["relations"]:
        other = "itself" if entry["rows_of"] == entry["matched_in"] else entry["matched_in"]
        conflict = f", {entry['with_another_label']:,} with another label" if entry["rows"] else ""
        yield f"{entry['relation']:8} {entry['rows_of']} in {other}: {entry['rows']:,} rows{conflict}"
    if genome := found["genome"]:
        yield (
            f"{genome['rows_that_occur_whole']:,} test rows occur whole in {genome['genome']} "
            f"({genome['occurrences']:,} places); {genome['rows_with_half_of_their_kmers']:,} have half of their "
            f"{genome['k']}-mers in it, {genome['rows_with_any_kmer']:,} at least one."
        )
