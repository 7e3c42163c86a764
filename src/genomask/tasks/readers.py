"""Labelled sequences from the records of a file: which column is which, and what a row must be."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from genomask.checks import one_line, require
from genomask.genome.places import Place, parse_place
from genomask.tasks.examples import LABEL_DIVIDER
from genomask.tasks.records import FASTA_COLUMNS, Record, convert_rows, read_records
from genomask.text_files import read_lines, wrong_line

LONGEST_LABEL: Final = 100  # characters
LONGEST_KMER: Final = 8  # of those that blanks divide, as of the models
USUAL: Final = {  # names of columns that are found by themselves
    "sequence": ("sequence", "seq", "text", "dna"),
    "label": ("label", "labels", "y", "class", "target"),
    "split": ("split", "fold", "set", "partition"),
    "record": ("chrom", "chr", "chromosome", "region", "seqname"),
    "start": ("start", "chromstart"),
    "stop": ("end", "stop", "chromend"),
    "strand": ("strand",),
}
PLACE_FIELDS: Final = ("record", "start", "stop", "strand")

_SEQUENCE: Final = re.compile(r"[ACGTNRYSWKMBDHV]+", re.IGNORECASE)
_LAST_FIELD: Final = r".*[|\s_]([^|\s_]+)\s*"
_FOREIGN: Final = {"U": "write T for the U of RNA, or set task.rna=true", "-": "a gap", "*": "a stop"}
_ONE_SEQUENCE: Final = "the file must hold one DNA sequence, in one line"


class Row(NamedTuple):
    """A labelled sequence (empty where it is still to be cut from a genome), and the line that it was read from."""

    path: Path
    line: int
    sequence: str
    label: str
    split: str = ""
    place: Place | None = None


@dataclass(kw_only=True)
class Names:
    """What the columns of a file are called, and how its rows are read; None finds the usual names."""

    sequence: str | None = None
    label: Any = None  # several columns of 0 and 1 for rows that may have several labels
    split: str | None = None
    only: str | None = None  # COLUMN:VALUE: use the rows that have this value in this column, and pass the others over
    columns: list[str] | None = None  # all columns of a table without a header
    places: list[str] | None = None  # of record, start (0-based), stop (exclusive) and, if there is one, strand
    label_from: str | None = None  # header, or a pattern with one group that finds the label in that of a FASTA record
    rna: bool = False  # read U as T
    kind: str = "classes"  # or multilabel, regression
    bases: int | None = None  # of places around the centers of the given ones, or around the summits of narrowPeak


class Needs(NamedTuple):
    """What rows must have: places, a sequence (or it is cut from a genome), a label (or all have the same)."""

    places: bool = False
    sequence: bool = True
    label: str | None = None


class Tally:
    """What is to be said of a benchmark's rows: notes, how many were read, and how many left out and why."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.left_out = Counter[str]()
        self.read = 0  # rows in all

    def say(self, note: str) -> None:
        """Keep a note, once."""
        if note not in self.notes:
            self.notes.append(note)

    def leave_out(self, why: str, count: int = 1) -> None:
        """Count rows that are not used."""
        if count:
            self.left_out[why] += count

    @property
    def lost(self) -> str:
        """Rows that are left out, in words."""
        return ", ".join(f"{count:,} {why}" for why, count in self.left_out.items())

    def origin(self) -> dict[str, Any]:
        """The entries of a benchmark's origin."""
        notes = [*self.notes, *([f"left out of {self.read:,} rows: {self.lost}"] if self.lost else [])]
        found: dict[str, Any] = {"note": "; ".join(notes)} if notes else {}
        return found | {"rows_read": self.read} | ({"left_out": dict(self.left_out)} if self.lost else {})


def read_rows(
    files: Path | Iterable[tuple[Path, str | None]],
    names: Names | None = None,
    needs: Needs = Needs(),  # noqa: B008  (immutable)
    *,
    tally: Tally | None = None,
    most: int | None = None,
) -> list[Row]:
    """Read labelled sequences: raw, or as overlapping k-mers separated by blanks, as DNABERT writes them. ``files``
    have the label of those of their rows that do not say their own; ``tally`` counts rows and notes which columns were
    found; ``most`` records of each file are read. Raises FileNotFoundError if a file does not exist; ValueError naming
    file and line of the first ten rows that cannot be read, and their number, or the columns that a file lacks."""
    names, tally, path, passed = names or Names(), tally or Tally(), Path(), 0
    chosen, _, value = (names.only or "").partition(":")

    def records() -> Iterator[tuple[Path, int, tuple[Path, Record, dict[str, Any], str | None]]]:
        nonlocal path, passed
        for path, label in [(files, None)] if isinstance(files, Path) else files:
            columns, found = _open(path, names, needs, label)
            named = {field: column for field, column in columns.items() if not isinstance(column, re.Pattern)}
            other = [f"{column} is the {field}" for field, column in named.items() if field not in (column, "only")]
            if other and {"sequence", "label"} & set(named):
                tally.say(f"columns: {', '.join(other)}")
            for record in islice(found, most):
                if chosen and not record.problem and record.cells[columns["only"]].strip() != value:
                    passed += 1
                else:
                    yield path, record.line, (path, record, columns, needs.label or label)

    rows = convert_rows(records(), lambda given: _row(*given, names))
    tally.read += len(rows)
    if passed:
        tally.say(f"{passed:,} rows have another {chosen} than {value}")
    if not rows and passed and most is None:
        raise ValueError(f"{path} has no row whose {chosen} is {value} (task.only={names.only}).")
    if not rows and not passed:
        raise ValueError(f"{path} has no rows.")
    return rows


def read_table(path: Path, columns: Sequence[str]) -> Iterator[Record]:
    """Yield the records of a file that has these columns; ValueError naming file and line, if one is absent."""
    records = read_records(path)
    for name in columns:
        _column(path, records.columns, name, name)
    for record in records.rows:
        if record.problem:
            raise wrong_line(path, record.line, record.problem)
        yield record


def _open(path: Path, names: Names, needs: Needs, label: str | None) -> tuple[dict[str, Any], Iterable[Record]]:
    """Which column of a file is which, and its records; of FASTA, also the pattern that finds labels in headers."""
    if label is not None and path.suffix == ".txt":
        return {"sequence": "sequence"}, [_plain(path)]
    records = read_records(path, names.columns or ())
    if records.columns != FASTA_COLUMNS or names.only:
        return _find_columns(path, records.columns, names, needs, labelled=label is not None), records.rows
    if needs.label is not None or (label is not None and names.label_from is None):
        return {"sequence": "sequence"}, records.rows
    try:
        pattern = re.compile(_LAST_FIELD if names.label_from in (None, "header") else f".*?{names.label_from}")
    except re.error:
        pattern = re.compile("")
    require(pattern.groups == 1, "task.label_from", "header, or a pattern with one group", names.label_from)
    return {"sequence": "sequence", "label": pattern}, records.rows


def _find_columns(path: Path, columns: Sequence[str], names: Names, needs: Needs, *, labelled: bool) -> dict[str, Any]:
    """Which column of a file is which; rows that are ``labelled`` need no label of their own."""
    found: dict[str, Any] = {}
    if needs.sequence:
        found["sequence"] = _column(path, columns, "sequence", names.sequence)
    if needs.label is None and isinstance(names.label, list):
        found["label"] = [_column(path, columns, "label", name) for name in names.label]
    elif needs.label is None:
        found["label"] = _column(path, columns, "label", names.label, optional=labelled)
    found["split"] = _column(path, columns, "split", names.split, optional=True)
    found["only"] = names.only and _column(path, columns, "only", names.only.partition(":")[0])
    if needs.places:
        given = dict(zip(PLACE_FIELDS, names.places or (), strict=False))
        for field in PLACE_FIELDS:
            found[field] = _column(path, columns, field, given.get(field), optional=field == "strand")
        found["peak"] = "peak" if names.bases and "peak" in columns else None
    return {field: column for field, column in found.items() if column}


def _column(path: Path, columns: Sequence[str], field: str, name: str | None, *, optional: bool = False) -> str | None:
    setting = "task.places" if field in PLACE_FIELDS else f"task.{field}"
    wanted = (name.strip().lower(),) if name else USUAL[field]
    known = [column for column in columns if column in wanted]
    if len(set(known)) > 1:
        raise ValueError(f"{path}: {' and '.join(known)} could each be the {field}; say which: {setting}=NAME.")
    if len(known) == 1 or (not known and optional and not name):
        return known[0] if known else None
    has = one_line(", ".join(columns)[:80])
    places = field == "sequence" and not name and set(columns) & set(USUAL["start"])
    other = "Places in a genome: task.genome=FASTA." if places else f"Another name: {setting}=NAME."
    raise ValueError(f"{path} line 1 needs one column {name or field}; found {has}. {other}")


def _plain(path: Path) -> Record:
    texts = [line for line in read_lines(path) if line.text.strip()]
    if len(texts) != 1:
        return Record(1, {}, f"{_ONE_SEQUENCE}; it has {len(texts)} lines of text")
    text = texts[0].text.strip()
    return Record(texts[0].number, {"sequence": text}, f"{_ONE_SEQUENCE}, without blanks" if " " in text else "")


def _row(path: Path, record: Record, columns: dict[str, Any], label: str | None, names: Names) -> Row:
    """The row of a record; a ``ValueError`` says why it is none, without file and line."""
    if record.problem:
        raise ValueError(record.problem)
    cells = record.cells
    own = _label(cells, columns["label"], names.kind) if "label" in columns else label
    assert own is not None, "_find_columns saw to it"
    text, place = "", None
    if "sequence" in columns:
        text = cells[columns["sequence"]]
        text = dna(join_kmers(text.replace("U", "T").replace("u", "t") if names.rna else text))
    if "record" in columns:
        strand = cells[columns["strand"]].strip() if "strand" in columns else "."
        name, start, stop = (cells[columns[field]] for field in PLACE_FIELDS[:3])
        place = parse_place(name, start, stop, "+" if strand == "." else strand)
        if names.bases:  # around the summit, which narrowPeak counts from the start, or else around the center
            peak = cells.get(columns.get("peak", ""), "")
            center = place.start + (int(peak) if peak.isdecimal() else (place.stop - place.start) // 2)
            first = center - names.bases // 2
            place = place._replace(start=first, stop=first + names.bases)
    return Row(path, record.line, text, own, cells[columns["split"]] if "split" in columns else "", place)


def _label(cells: dict[str, str], column: str | list[str] | re.Pattern[str], kind: str) -> str:
    """The label of a row: its class, its number, or its labels divided by semicolons."""
    if isinstance(column, list):
        wrong = [name for name in column if cells[name].strip() not in ("0", "1")]
        if wrong:
            raise ValueError(f"the label {wrong[0]} must be 0 or 1, not {cells[wrong[0]][:40]!r}")
        return LABEL_DIVIDER.join(name for name in column if cells[name].strip() == "1")
    if isinstance(column, str):
        label = cells[column].strip()
    elif match := column.match(cells["header"]):
        label = match[1].strip()
    else:
        raise ValueError(f"the header {cells['header'][:60]!r} has no label (task.label_from)")
    if kind == "multilabel":
        return LABEL_DIVIDER.join(part.strip() for part in label.split(LABEL_DIVIDER) if part.strip())
    if not label or not label.isprintable() or len(label) > LONGEST_LABEL:
        raise ValueError(f"the row needs a label of up to {LONGEST_LABEL} characters; found {label[:40]!r}")
    try:
        fits = kind != "regression" or math.isfinite(float(label))
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"the label must be a finite number, not {label[:40]!r}")
    return label


def dna(text: str) -> str:
    """The text itself, if it is DNA in IUPAC's letters; a ValueError without file and line, if it is not."""
    if not _SEQUENCE.fullmatch(text):
        at = next((place for place, letter in enumerate(text) if not _SEQUENCE.fullmatch(letter)), 0)
        letter = text[at : at + 1].upper()
        why = f"; {_FOREIGN[letter]}" if letter in _FOREIGN else ""
        where = f" ({letter} at position {at + 1}{why})" if letter else ""
        raise ValueError(f"not a DNA sequence: {text[:40]!r}{where}")
    if not set(text.upper()) & set("ACGT"):
        raise ValueError(f"the sequence {text[:40]!r} holds no A, C, G or T")
    return text


def sequence_text(path: Path, line: int, text: str) -> str:
    """The sequence of DNA that a cell holds, raw or as k-mers; a ValueError naming file and line, if it holds none."""
    try:
        return dna(join_kmers(text))
    except ValueError as error:
        raise wrong_line(path, line, str(error)) from None


def join_kmers(text: str) -> str:
    """Turn ``ATGCCA TGCCAT`` back into the sequence; raw sequences come back as they are."""
    kmers = text.split()
    if len(kmers) > 1 and len(kmers[0]) > LONGEST_KMER:
        found = f"a sequence has blanks only between overlapping k-mers of up to {LONGEST_KMER} bases"
        raise ValueError(f"{found}; this one begins {text[:40]!r}")
    for left, right in pairwise(kmers):
        if len(left) != len(right) or left[1:] != right[:-1]:
            raise ValueError(f"k-mers {left!r} and {right!r} do not overlap in all but one base")
    return "".join(kmers[:1]) + "".join(kmer[-1] for kmer in kmers[1:])
