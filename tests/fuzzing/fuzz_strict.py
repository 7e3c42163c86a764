"""Literal readers of every text format, slow and strict: what the program accepts must equal what they say.

Standard library only. Each takes the bytes of a file and returns plain values, or raises ``RefusedError``.
"""

import csv
import io
import re
import zlib
from itertools import pairwise
from typing import Any

DNA = re.compile("[ACGTNRYSWKMBDHV]+", re.IGNORECASE)
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class RefusedError(ValueError):
    """The bytes are no sound file of the format."""


def need(condition: object) -> None:
    """Refuse the file unless the condition holds."""
    if not condition:
        raise RefusedError


def unpack(data: bytes) -> bytes:
    """The text of a file that may be gzip: whole streams only, zeros behind the last of them."""
    if data[:2] != b"\x1f\x8b":
        return data
    text, blocks, end = b"", True, data.endswith(BGZF_END)
    while data.strip(b"\0"):
        blocks = blocks and data[3:4] == b"\x04" and data[12:14] == b"BC"
        stream = zlib.decompressobj(wbits=31)
        try:
            text += stream.decompress(data)
        except zlib.error:
            raise RefusedError from None
        need(stream.eof)
        data = stream.unused_data.lstrip(b"\0")
    need(end or not blocks)
    return text


def text_of(data: bytes, errors: str = "strict") -> str:
    """The text in UTF-8, or UTF-16 with its mark, lines ending in LF, without a byte order mark and without NULs."""
    data = unpack(data).removeprefix(b"\xef\xbb\xbf")
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            data = data.decode("utf-16").encode()
        need(b"\0" not in data)
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("utf-8", errors)
    except UnicodeDecodeError:
        raise RefusedError from None


def rows_of(data: bytes, separator: str | None) -> list[list[str]]:
    """Rows that are not blank, as Python's csv module splits them, from the first line on that holds anything."""
    text = re.sub(r"\A(\s*\n)+", "", text_of(data))
    first = text.split("\n")[0]
    separator = separator or ("\t" if "\t" in first else max(",;", key=first.count))
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True) if row]
    except csv.Error:
        raise RefusedError from None


def columns_of(data: bytes, wanted: tuple[str, ...], separator: str | None = None) -> list[dict[str, str]]:
    """Cells by the names of their columns; every row as wide as the header."""
    rows = rows_of(data, separator)
    need(rows)
    names = [name.strip().lstrip("#").lower() for name in rows[0]]
    need(all(names.count(name) == 1 for name in wanted))
    need(all(len(row) == len(names) for row in rows))
    return [dict(zip(names, row, strict=True)) for row in rows[1:]]


def whole(text: str) -> int:
    """A number in ASCII digits, and not too long."""
    need(text and len(text) <= 18 and all(letter in "0123456789" for letter in text))
    return int(text)


def sequence(text: str) -> str:
    """A sequence, or its k-mers joined."""
    kmers = text.split()
    need(len(kmers) < 2 or len(kmers[0]) <= 8)
    for left, right in pairwise(kmers):
        need(left[1:] == right[:-1])
        need(len(left) == len(right))
    joined = kmers[0] + "".join(kmer[-1] for kmer in kmers[1:]) if kmers else ""
    need(DNA.fullmatch(joined) and set(joined.upper()) & set("ACGT"))
    return joined


def table(data: bytes) -> list[tuple[str, str]]:
    """(sequence, label) of every row."""
    found = [(sequence(row["sequence"]), row["label"].strip()) for row in columns_of(data, ("sequence", "label"))]
    need(found and all(label and label.isprintable() and len(label) <= 100 for _, label in found))
    return found


def intervals(data: bytes) -> list[tuple[Any, ...]]:
    """(record, start, stop, strand) of genomic-benchmarks' tables."""
    columns = ("region", "start", "end", "strand")
    found = [place(*(row[name] for name in columns)) for row in columns_of(data, columns)]
    need(found)
    return found


def place(record: str, start: str, stop: str, strand: str) -> tuple[str, int, int, str]:
    """A place of a genome; blanks around its cells do not matter, and a strand that is not known is +."""
    found = record.strip(), whole(start.strip()), whole(stop.strip()), strand.strip().replace(".", "+")
    need(found[0] and found[1] < found[2] and found[3] in ("+", "-"))
    return found


def ranking(data: bytes) -> dict[str, tuple[int, int, float, float]]:
    """rank, count and scores by k-mer."""
    columns = ["rank", "kmer", "count", "pmi", "normalized_pmi"]
    found: dict[str, tuple[int, int, float, float]] = {}
    for cells in _exact(data, columns):
        kmer = cells[1]
        need(kmer and not kmer.strip("ACGT") and kmer not in found)
        found[kmer] = whole(cells[0]), whole(cells[2]), _score(cells[3]), _score(cells[4])
    k = len(next(iter(found)))
    need(all(len(kmer) == k for kmer in found) and len(found) == 4**k)
    need(sorted(rank for rank, *_ in found.values()) == list(range(1, 4**k + 1)))
    return found


def vocabulary(data: bytes) -> list[tuple[str, int, float]]:
    """Words with count and score, in the order of their rank."""
    found = []
    for place, cells in enumerate(_exact(data, ["rank", "kmer", "length", "count", "normalized_pmi"]), start=1):
        word = cells[1]
        need(whole(cells[0]) == place and word and not word.strip("ACGT") and whole(cells[2]) == len(word))
        found.append((word, whole(cells[3]), _score(cells[4])))
    need(len({word for word, *_ in found}) == len(found))
    return found


def _exact(data: bytes, columns: list[str]) -> list[list[str]]:
    """Rows under exactly this header, each in a line of its own, none blank."""
    rows = rows_of(data, ",")
    need(rows and rows[0] == columns and len(rows) > 1 and all(len(row) == len(columns) for row in rows))
    need(len(text_of(data).rstrip("\n").split("\n")) == len(rows))
    return rows[1:]


def _score(text: str) -> float:
    if text == "-inf":
        return float(text)
    need(re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text))
    need(abs(float(text)) != float("inf"))
    return float(text)


def vcf(data: bytes) -> list[tuple[Any, ...]]:
    """(chromosome, position, reference, alternatives, columns) of every record."""
    lines = [line for line in text_of(data, "surrogateescape").split("\n") if line]
    need(lines and text_of(data, "surrogateescape").startswith("##fileformat=VCF"))
    head = [line for line in lines if line.startswith("#")]
    need(lines[: len(head)] == head)
    columns = head[-1].split("\t")
    need(columns[:8] == ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"])
    found = []
    for line in lines[len(head) :]:
        cells = line.split("\t")
        need(len(cells) == len(columns) and cells[0])
        need(re.fullmatch("[0-9]{1,10}", cells[1]) and DNA.fullmatch(cells[3]))
        alternatives = cells[4].split(",")
        need(all(_allele(text) for text in alternatives))
        found.append((cells[0], int(cells[1]), cells[3].upper(), alternatives, cells))
    return found


def _allele(text: str) -> bool:
    breakend = ("[" in text or "]" in text) and not re.search(r"[\s,]", text)
    symbolic = re.fullmatch(r"<[^<>\s,]+>", text)
    single = text.startswith(".") != text.endswith(".") and DNA.fullmatch(text.strip("."))
    single = single and text.count(".") == 1
    return bool(DNA.fullmatch(text) or text in ("*", ".") or symbolic or breakend or single)


def bed(data: bytes) -> list[tuple[str, str, int, str]]:
    """(name, record, start site, strand) of EPDnew's BED."""
    found = []
    for line in text_of(data).split("\n"):
        if re.match(r"\s*(#|(track|browser)( |$)|$)", line):
            continue
        words = [cell.strip() for cell in (line.split("\t") if "\t" in line else line.split())]
        need(len(words) >= 6)
        start, stop, strand = whole(words[1]), whole(words[2]), words[5]
        need(strand in ("+", "-"))
        if len(words) >= 8:
            start, stop = whole(words[6]), whole(words[7])
            need(start < stop)
        elif stop - start == 60:
            start, stop = start + 49, stop - 49
        else:
            need(stop - start == 1)
        found.append((words[3], words[0], start if strand == "+" else stop - 1, strand))
    need(found)
    return found


def _utf8(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedError from None


def fasta(data: bytes) -> list[tuple[str, str]]:
    """(name, bases in A, C, G, T and N) of every record."""
    data = unpack(data).removeprefix(b"\xef\xbb\xbf")
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")  # as Macintosh wrote lines
    need(data.startswith(b">") and b"\0" not in data)
    records: list[tuple[str, str]] = []
    for raw in data.split(b"\n"):
        if raw.startswith(b">"):
            words = raw[1:].split()  # of a header, only the name is read
            need(words and not raw[1:2].isspace())
            records.append((_utf8(words[0]), ""))
        else:
            bases = re.sub("[ \t\r]", "", _utf8(raw))
            need(not bases or DNA.fullmatch(bases))
            records[-1] = records[-1][0], records[-1][1] + re.sub("[^ACGT]", "N", bases.upper())
    need(all(bases for _, bases in records) and len({name for name, _ in records}) == len(records))
    return records
