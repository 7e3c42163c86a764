"""What is fuzzed: sound files of every text format, the program's reader of it, and the literal one."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np

import fuzz_strict as strict
from genomask.alphabet import decode, kmer_table
from genomask.genome.vcf import read_records, survey
from genomask.ranking.table import read_ranking
from genomask.ranking.vocabulary import read_vocabulary
from genomask.tasks.cohn import read_intervals
from genomask.tasks.epd import read_start_sites
from genomask.tasks.file_task import FileTask
from genomask.tasks.readers import read_rows

WHOLE_FILE = (
    "is empty|needs the header|needs one row for each|has no start sites|cannot be read|rows that say"
    "|at least two classes|labels that the pool has not|could each be|has no header|must hold JSON"
    "|has no rows|has no intervals|damaged Parquet"
)


class Subject(NamedTuple):
    """A format.

    Attributes:
        name: What the ending of its files is.
        sound: Files that must be accepted.
        read: The program's reader.
        strict: The literal reader: equal values, or ``RefusedError``.
    """

    name: str
    sound: tuple[bytes, ...]
    read: Callable[[Path], Any]
    strict: Callable[[bytes], Any]


def _dna(draw: Random, length: int) -> str:
    return "".join(draw.choice("ACGT") for _ in range(length))


def _kmers(text: str) -> str:
    return " ".join(text[at : at + 6] for at in range(len(text) - 5))


def _table(separator: str, write: Callable[[str], str], *, quote: str = "") -> bytes:
    draw = Random(0)
    rows = [("sequence", "label"), *((write(_dna(draw, 12)), str(row % 2)) for row in range(6))]
    lines = (separator.join(f"{quote}{cell}{quote}" for cell in row) for row in rows)
    return ("\n".join(lines) + "\n").encode()


def _places(header: str, row: str) -> bytes:
    draw = Random(1)
    lines = [header]
    for number in range(8):
        split = ("train", "test")[number // 2 % 2]
        values = {
            "n": number,
            "a": 100 * number,
            "b": 100 * number + 12,
            "dna": _dna(draw, 12),
            "split": split,
        }
        lines.append(row.format(**values, label=number % 2, strand="+-"[number % 3 == 0]))
    return ("\n".join(lines) + "\n").encode()


SPLIT = _places("split,sequence,label,chrom,start,end,strand", "{split},{dna},{label},chr1,{a},{b},{strand}")
INTERVALS = _places("id,region,start,end,strand", "id{n},chr{n},{a},{b},{strand}")
VCF = b"""##fileformat=VCFv4.2
##INFO=<ID=AF,Number=A,Type=Float,Description="a, b">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
1\t30\trs1\tA\tC,AT\t.\t.\tAF=0.1,0.2;DB
chr2\t95\t.\tcg\t<DEL>\t.\tPASS\t.
20\t1234\t.\tACG\tA,*\t50\tPASS\tCLNSIG=5
X\t2\t.\tN\tG]17:198982]\t.\t.\t.
"""
VCF_WITH_SAMPLES = VCF.replace(b"INFO\n", b"INFO\tFORMAT\ts1\n", 1)
VCF_WITH_SAMPLES = b"\n".join(
    line if line.startswith(b"#") or not line else line + b"\tGT\t0/1" for line in VCF_WITH_SAMPLES.split(b"\n")
)


def _ranking() -> bytes:
    draw = np.random.default_rng(0)
    rows = [
        f"{rank},{kmer},{draw.integers(1000)},{float(draw.normal())!r},{float(draw.normal())!r}"
        for rank, kmer in enumerate(kmer_table(2), start=1)
    ]
    rows[-1] = rows[-1].rpartition(",")[0] + ",-inf"
    return ("\n".join(["rank,kmer,count,pmi,normalized_pmi", *rows]) + "\n").encode()


def _vocabulary() -> bytes:
    words = ["TATA", "CG", "ACGTACGT", "GGGCGG"]
    rows = [f"{rank},{word},{len(word)},{90 - rank},{1 / rank!r}" for rank, word in enumerate(words, start=1)]
    return ("\n".join(["rank,kmer,length,count,normalized_pmi", *rows]) + "\n").encode()


def _read_split(path: Path) -> Any:
    task = FileTask("t", table=str(path), split="split", places=["chrom", "start", "end", "strand"]).read()
    return [
        (
            decode(part.bases[part.offsets[row] : part.offsets[row + 1]]),
            task.classes[part.labels[row]],
            tuple(part.places[row]),
        )
        for part in (task.pool, task.test)
        for row in range(len(part.labels))
    ]


def _strict_split(data: bytes) -> Any:
    rows = []
    for row in strict.columns_of(data, ("sequence", "label", "split", "chrom", "start", "end", "strand")):
        place = strict.place(row["chrom"], row["start"], row["end"], row["strand"])
        label = row["label"].strip()
        strict.need(label and label.isprintable() and len(label) <= 100)
        letters = strict.sequence(row["sequence"]).upper()
        text = "".join(letter if letter in "ACGT" else "N" for letter in letters)
        rows.append((row["split"].strip().lower(), (text, label, place)))
    pool, test = ([row for split, row in rows if split == name] for name in ("train", "test"))
    known = {label for _, label, _ in pool}
    strict.need(len(known) > 1 and test and {label for _, label, _ in test} <= known)
    return [*pool, *test]


def _read_ranking(path: Path) -> Any:
    found, kmers = read_ranking(path), kmer_table(read_ranking(path).k)
    columns = (found.rank, found.count, found.pmi, found.normalized_pmi)
    return dict(zip(kmers, zip(*(column.tolist() for column in columns), strict=True), strict=True))


def _read_vocabulary(path: Path) -> Any:
    found = read_vocabulary(path)
    return list(zip(found.words, found.count.tolist(), found.normalized_pmi.tolist(), strict=True))


def _read_vcf(path: Path) -> Any:
    found = survey(path)
    records = [
        (each.chromosome, each.position, each.reference, each.alternatives, each.columns) for each in read_records(path)
    ]
    assert found.record_count == len(records)
    return records


SUBJECTS = (
    Subject(
        "table.csv",
        (
            _table(",", str),
            _table("\t", _kmers),
            _table("\t", _kmers, quote='"'),
            _table(",", str).replace(b"\n", b"\r\n"),
        ),
        lambda path: [(row.sequence, row.label) for row in read_rows(path)],
        strict.table,
    ),
    Subject("split.csv", (SPLIT, SPLIT.replace(b",", b"\t")), _read_split, _strict_split),
    Subject(
        "intervals.csv",
        (INTERVALS,),
        lambda path: [tuple(place) for place in read_intervals(path)],
        strict.intervals,
    ),
    Subject(
        "sites.bed",
        (
            b"\n".join(
                b"chr1\t%d\t%d\tG%d_1\t900\t%s" % (100 * n, 100 * n + 60, n, b"+-"[n % 2 : n % 2 + 1]) for n in range(5)
            ),
            b"track x\nchr1\t5\t6\tG_1\t9\t+\nchr2\t50\t110\tH_1\t9\t-\t99\t110\n",
        ),
        lambda path: [tuple(site) for site in read_start_sites(path)],
        strict.bed,
    ),
    Subject("ranking.csv", (_ranking(),), _read_ranking, strict.ranking),
    Subject("vocabulary.csv", (_vocabulary(),), _read_vocabulary, strict.vocabulary),
    Subject("calls.vcf", (VCF, VCF_WITH_SAMPLES), _read_vcf, strict.vcf),
)
