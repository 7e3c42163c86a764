"""Fuzz the FASTA reader, whose parser is a C library, in a process of its own, so that a crash is a finding.

Run as a program, it reads paths from standard input and answers each with a line of JSON.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from fuzz_spoil import packed, spoilt

SOUND = (
    b">chr1 first\nACGTNacgtn\nRYK\n>chr2\nTTTTT\n>chr3\ttab\nACG\nACGT\nA\n",
    b">a\r\nACGT\r\nAC\r\n>b\r\nGG\r\n",
    b">only\nACGTACGTAA",
)


def fasta_case(number: int) -> bytes:
    """The bytes of a case."""
    draw = Random(f"fasta {number}")
    data = spoilt(draw.choice(SOUND), draw)
    return packed(data, draw) if draw.random() < 0.3 else data


def run_fasta_cases(numbers: range, folder: Path) -> Counter[str]:
    """Judge many cases in one process of reading.

    Raises:
        AssertionError: Naming the case, if the process dies or an outcome is wrong.
    """
    from fuzz_cases import verdict
    from fuzz_strict import RefusedError, fasta

    outcomes: Counter[str] = Counter()
    command = [sys.executable, __file__]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as reader:
        assert reader.stdin
        assert reader.stdout
        for number in numbers:
            data = fasta_case(number)
            path = folder / f"genome-{number % 50}.fa"
            path.write_bytes(data)
            reader.stdin.write(f"{path}\n")
            reader.stdin.flush()
            answer = reader.stdout.readline()
            assert answer, f"case {number}: the reader died of {reader.wait()}; bytes {data[:600]!r}"
            found, error = _outcome(json.loads(answer))
            try:
                expected: Any = fasta(data)
            except RefusedError:
                expected = None
            try:
                outcomes[verdict(found, error, expected, path)] += 1
            except AssertionError as wrong:
                raise AssertionError(f"case {number}: {wrong}; bytes {data[:600]!r}") from wrong
        reader.stdin.close()
    return outcomes


def _outcome(answer: dict[str, Any]) -> tuple[Any, Exception | None]:
    assert answer["type"] in (None, "ValueError", "FileNotFoundError"), answer
    if answer["type"]:
        return None, ValueError(answer["message"])
    return [(name, letters) for name, letters in answer["records"]], None


def main() -> None:
    """Answer every path with the records of the file, or with the error."""
    from genomask.alphabet import decode
    from genomask.genome.reader import read_fasta

    for line in sys.stdin:
        answer: dict[str, Any] = {"type": None}
        try:
            found = [(name, decode(bases)) for name, bases in read_fasta(Path(line.rstrip("\n")))]
            answer["records"] = found
        except Exception as error:  # of any kind: which kinds are right is judged by the test
            answer |= {"type": type(error).__name__, "message": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
