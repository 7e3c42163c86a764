"""The leak report: JSON for programs, a page for people, and tables of the rows concerned."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genomask.genome.encoded import EncodedGenome
from genomask.tasks.examples import Benchmark
from genomask.tasks.leaks.find import Relation
from genomask.tasks.leaks.genome import GenomeOverlap
from genomask.tasks.leaks.settings import LeakSettings

MEANING = {
    "exact": "the same sequence",
    "reverse": "the reverse complement",
    "near": "at least {share:.0%} of the {k}-mers of the row that has fewer, on either strand",
    "places": "at least one base of the genome",
}


def summary(relations: Sequence[Relation]) -> list[dict[str, Any]]:
    """Rows of each set that match another row, and how many of them one with another label."""
    return [
        {
            "relation": relation.name,
            "rows_of": relation.part,
            "matched_in": relation.other,
            "rows": int(relation.matches.found.sum()),
            "with_another_label": int(relation.matches.conflict.sum()),
            "pairs": int(relation.matches.partner_count.sum()) // (2 if relation.within else 1),
        }
        for relation in relations
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
    first, second = (
        ("relation", "part", "row", "label", "matches"),
        ("other", "best", "best_label", "share", "conflict"),
    )
    labels = {"pool": task.pool.labels, "test": task.test.labels}
    lines = []
    for name, part, other, found in relations:
        for row in np.flatnonzero(found.found).tolist():
            best = int(found.partner[row])
            own, best_label = (task.classes[labels[side][at]] for side, at in ((part, row), (other, best)))
            partners = (found.partner_count[row], other, best, best_label)
            lines.append((name, part, row, own, *partners, f"{found.share[row]:.4f}", int(found.conflict[row])))
    _write(path, (*first, *second), lines)


def write_genome(directory: Path, overlap: GenomeOverlap, genome: EncodedGenome, test_lengths: np.ndarray) -> None:
    """Write every occurrence of a test sequence, and the share of k-mers of every test row."""
    record = np.searchsorted(genome.offsets, overlap.position, side="right") - 1
    start = overlap.position - genome.offsets[record]
    stop = start + test_lengths[overlap.row]
    strand = np.where(overlap.backward, "-", "+")
    names = [genome.names[number] for number in record]
    places = zip(overlap.row.tolist(), names, start.tolist(), stop.tolist(), strand.tolist(), strict=True)
    _write(directory / "occurrences.csv", ("row", "record", "start", "stop", "strand"), places)
    shares = ((row, "" if np.isnan(share) else f"{share:.4f}") for row, share in enumerate(overlap.shared.tolist()))
    _write(directory / "genome-kmers.csv", ("row", "share"), shares)


def page(name: str, found: dict[str, Any], settings: LeakSettings) -> str:
    """The report in Markdown."""
    lines = [f"# What the test set of {name} shares with other rows, and with the genome", ""]
    lines += ["| set | rows | by class | rows by length | GC by class |", "|---|---|---|---|---|"]
    lines += [_set_line(part, found["sets"][part]) for part in ("pool", "test")]
    lines += ["", found["note"]] if found.get("note") else []
    lines += ["", "| rows of | that match in | by | rows | of them with another label | pairs |"]
    lines += ["|---|---|---|---|---|---|"]
    for entry in found["relations"]:
        meaning = MEANING[entry["relation"]].format(share=settings.share, k=settings.k)
        cells = (entry["rows_of"], entry["matched_in"], meaning)
        numbers = (entry["rows"], entry["with_another_label"], entry["pairs"])
        lines.append("| " + " | ".join((*cells, *(f"{number:,}" for number in numbers))) + " |")
    if not any(entry["relation"] == "places" for entry in found["relations"]):
        lines += ["", "Where the rows lie in a genome is not known to this task."]
    if found["genome"]:
        lines += ["", _genome_line(found["genome"])]
    lines += ["", "Which rows: `rows.csv` (counted from 0, without the header)."]
    lines += ["To leave them out of a run: `leaks=exact`, `leaks=near`, or `leaks.drop` and `leaks.side`."]
    return "\n".join(lines) + "\n"


def lines_of(found: dict[str, Any]) -> Iterable[str]:
    """The report in a few lines."""
    for entry in found["relations"]:
        other = "itself" if entry["rows_of"] == entry["matched_in"] else entry["matched_in"]
        conflict = f", {entry['with_another_label']:,} with another label" if entry["rows"] else ""
        yield f"{entry['relation']:8} {entry['rows_of']} in {other}: {entry['rows']:,} rows{conflict}"
    if found["genome"]:
        yield _genome_line(found["genome"])


def _genome_line(genome: dict[str, Any]) -> str:
    return (
        f"{genome['rows_that_occur_whole']:,} test rows occur whole in {genome['genome']} "
        f"({genome['occurrences']:,} places); {genome['rows_with_half_of_their_kmers']:,} have half of their "
        f"{genome['k']}-mers in it, {genome['rows_with_any_kmer']:,} at least one."
    )


def _set_line(part: str, known: dict[str, Any]) -> str:
    by_class = ", ".join(f"{name}: {count:,}" for name, count in known["rows_by_class"].items())
    lengths = ", ".join(f"{length}: {count:,}" for length, count in known["lengths"].items())
    gc = ", ".join(f"{name}: {share:.3f}" for name, share in known["gc_by_class"].items() if share is not None)
    return f"| {part} | {known['rows']:,} | {by_class} | {lengths} | {gc} |"


def _write(path: Path, header: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(header)
        table.writerows(lines)
