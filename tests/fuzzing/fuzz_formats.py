"""Sound files of the formats that have no literal reader here: JSON, Parquet, FASTA with labels, BED, UTF-16."""

import io
import json
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from fuzz_cases import clear
from fuzz_spoil import packed, spoilt
from genomask.tasks.readers import Names, Needs, read_rows

ROWS = [("".join(Random(number).choice("ACGT") for _ in range(12)), str(number % 2)) for number in range(8)]
RECORDS = [{"sequence": text, "label": int(label)} for text, label in ROWS]


def _parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(RECORDS), sink)
    return sink.getvalue()


FORMATS = {
    "rows.jsonl": ("\n".join(map(json.dumps, RECORDS)).encode(), Names()),
    "rows.json": (json.dumps(RECORDS, indent=1).encode(), Names()),
    "rows.parquet": (_parquet(), Names()),
    "rows.fa": ("".join(f">r|{label}\n{text}\n" for text, label in ROWS).encode(), Names()),
    "rows.bed": (
        b"".join(b"chr1\t%d\t%d\tp\t0\t+\n" % (10 * n, 10 * n + 9) for n in range(8)),
        Names(bases=4),
    ),
    "rows.txt": (
        ("sequence\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in ROWS)).encode("utf-16"),
        Names(),
    ),
}


def try_case(name: str, number: int, folder: Path) -> str:
    """Spoil a file and read it: ``accepted`` or ``refused`` in one line that names it.

    Raises:
        AssertionError: If the refusal is not clear. Any other error than the readers' own comes through.
    """
    data, names = FORMATS[name]
    draw = Random(f"{name} {number}")
    path = folder / name
    spoiled = spoilt(data, draw)
    path.write_bytes(packed(spoiled, draw) if draw.random() < 0.2 else spoiled)
    needs = Needs(places=True, sequence=False, label="1") if name == "rows.bed" else Needs()
    try:
        read_rows([(path, needs.label)], names, needs)
    except (ValueError, OSError) as error:
        clear(error, name)
        return "refused"
    return "accepted"
