"""Leaks: every relation between the rows of pool and test set, which rows a run leaves out, and the report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Int64

from genomask.checks import require, require_choice
from genomask.files import write_csv
from genomask.genome.encoded import EncodedGenome
from genomask.tasks.alike import (
    LONGEST_K,
    NO_PAIRS,
    Groups,
    Matches,
    concatenate,
    groups,
    matches,
    near_pairs,
    overlaps,
)
from genomask.tasks.examples import PARTS, Benchmark
from genomask.tasks.genome_overlap import GenomeOverlap

ACROSS: Final = ("exact", "reverse", "near", "places")  # relations of pool and test rows
DROPPABLE: Final = ("repeats", *ACROSS, "genome")
DROPPED_FILE: Final = "dropped.csv"


@dataclass
class LeakSettings:
    """What counts as a leak, and what becomes of it; by default nothing is left out.

    Attributes:
        drop: Rows to leave out of ``side``: ``exact``, ``reverse``, ``near`` and ``places`` concern pairs of a pool and
            a test row; ``repeats`` are rows that their own set has already, and all copies of those with several
            labels; ``genome`` are test rows that occur whole in the genome.
    """

    k: int = 12  # of near duplicates, both strands taken together
    share: float = 0.5  # of the k-mers of the row that has fewer
    genome: bool = True  # the report looks for the test set in the pretraining genome
    genome_k: int = 31
    drop: list[str] = field(default_factory=list)
    side: str = "pool"

    def __post_init__(self) -> None:
        for name in ("k", "genome_k"):
            value = getattr(self, name)
            require(1 <= value <= LONGEST_K, f"leaks.{name}", f"a number from 1 to {LONGEST_K}", value)
        require(0 < self.share <= 1, "leaks.share", "a share above 0 and up to 1", self.share)
        for relation in self.drop:
            require_choice(relation, "leaks.drop", DROPPABLE)
        require_choice(self.side, "leaks.side", PARTS)
        fits = "genome" not in self.drop or self.side == "test"
        require(fits, "leaks.side", "test where leaks.drop has genome, which concerns test rows", self.side)


class Relation(NamedTuple):
    """How the rows of one set (``pool`` or ``test``) match those of another, or of their own; a name of ``ACROSS``."""

    name: str
    part: str
    other: str
    matches: Matches


def find_leaks(
    task: Benchmark, settings: LeakSettings, *, across: tuple[str, ...] = ACROSS, within: bool = True
) -> list[Relation]:
    """Find the relations that are asked for; ``places`` only where the benchmark knows its places."""
    labels = {part: np.asarray(getattr(task, part).labels) for part in PARTS}
    numbers: dict[str, Groups] = dict(zip(PARTS, groups(task.pool, task.test), strict=True))
    crossings = (PARTS, PARTS[::-1])
    wanted = [(name, part, part) for name in ACROSS[:2] for part in PARTS] if within else []
    wanted += [(name, *sides) for name in ACROSS[:2] if name in across for sides in crossings]
    found = []
    for name, part, other in wanted:
        number = numbers[part].same if name == "exact" else numbers[part].mirrored
        own = part == other and name == "exact"  # no sequence is a mirror of another that it equals
        alike = matches(number, labels[part], numbers[other].same, labels[other], within=own)
        found.append(Relation(name, part, other, alike))
    pairs, pool, test = {}, task.pool.places, task.test.places
    if "near" in across:
        near = concatenate(NO_PAIRS, near_pairs(task.pool, task.test, k=settings.k, share=settings.share))
        pairs["near"] = near, near.turned
    if "places" in across and pool is not None and test is not None:
        pairs["places"] = overlaps(pool, test), overlaps(test, pool)
    for name, both in pairs.items():
        for (part, other), alike in zip(crossings, both, strict=True):
            found.append(Relation(name, part, other, alike.matches(labels[part], labels[other])))
    return found


def dropped_rows(
    task: Benchmark, settings: LeakSettings, in_genome: Int64[np.ndarray, " _rows"] | None = None
) -> dict[str, Bool[np.ndarray, " rows"]]:
    """Which rows of the chosen side each of ``settings.drop`` leaves out; ``in_genome`` are test rows in the genome.
    Raises ValueError if places are to be dropped and the benchmark does not know any."""
    if "places" in settings.drop and task.pool.places is None and len(settings.drop) == 1:
        raise ValueError("leaks.drop=[places] needs to know where the rows lie in a genome; this task does not.")
    across = tuple(name for name in ACROSS if name in settings.drop)
    rows = {}
    for name, part, other, alike in find_leaks(task, settings, across=across, within="repeats" in settings.drop):
        if part == settings.side != other:
            rows[name] = alike.found
        elif part == settings.side and name == "exact":
            rows["repeats"] = alike.found & (alike.partner < np.arange(len(alike.partner))) | alike.conflict
    if "genome" in settings.drop:
        assert in_genome is not None
        rows["genome"] = np.isin(np.arange(len(task.test.labels)), in_genome)
    return rows


def without(task: Benchmark, side: str, rows: Bool[np.ndarray, " rows"]) -> Benchmark:
    """The benchmark without these rows of one side. Raises ValueError if nothing of a class would be left."""
    kept, part = np.flatnonzero(~rows), getattr(task, side)
    left = np.bincount(part.labels[kept], minlength=len(task.classes) if task.kind == "classes" else 1)
    if not left.all():
        empty = [name for name, count in zip(task.classes, left, strict=False) if not count]
        raise ValueError(
            f"leaks.drop would leave no {side} row of class {', '.join(empty)}; drop less, or drop from the "
            f"other side: leaks.side={'pool' if side == 'test' else 'test'}."
        )
    return task._replace(**{side: part.take(kept)})


def write_dropped(path: Path, side: str, rows: dict[str, Bool[np.ndarray, " rows"]]) -> None:
    """Write one line for every row that is left out, with all the reasons."""
    dropped = np.flatnonzero(np.any(list(rows.values()), axis=0)).tolist()
    lines = ((side, row, " ".join(name for name, left_out in rows.items() if left_out[row])) for row in dropped)
    write_csv(path, ("part", "row", "reasons"), lines)


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
