"""Run cases of fuzzing and judge how each of them ended."""

import os
import re
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from fuzz_spoil import packed, spoilt
from fuzz_strict import RefusedError
from fuzz_subjects import WHOLE_FILE, Subject

SLOW = 10.0  # seconds that no file of these sizes may take
LONG_RUN = int(os.environ.get("GENOMASK_FUZZ_CASES", "10000"))  # cases of the whole long run


def text_case(subject: Subject, number: int) -> bytes:
    """The bytes of a case: a function of subject and number, so that a failure can be repeated."""
    draw = Random(f"{subject.name} {number}")
    data = spoilt(draw.choice(subject.sound), draw)
    return packed(data, draw) if draw.random() < 0.3 else data


def judge(subject: Subject, data: bytes, path: Path) -> str:
    """How a reader ended on these bytes: ``accepted``, ``refused``; anything else is a failure.

    Raises:
        AssertionError: For a traceback, an unclear error, a value that the literal reader does not give, or a
            refusal of what it reads.
    """
    path.write_bytes(data)
    started = time.perf_counter()
    try:
        found, error = subject.read(path), None
    except (ValueError, OSError) as refusal:
        found, error = None, refusal
    assert time.perf_counter() - started < SLOW, "it took too long"
    try:
        expected = subject.strict(data)
    except RefusedError:
        expected = None
    return verdict(found, error, expected, path)


def verdict(found: Any, error: Exception | None, expected: Any, path: Path) -> str:
    """Compare an outcome with the literal reader's."""
    if error is not None:
        clear(error, path.name)
        assert expected is None, f"a sound file was refused: {error}"
        return "refused"
    assert expected is not None, f"a broken file was accepted as {str(found)[:300]}"
    assert found == expected, f"read {str(found)[:300]} instead of {str(expected)[:300]}"
    return "accepted"


def clear(error: Exception, name: str) -> None:
    """Check that an error is one line that names the file, and the place in it or what the whole lacks."""
    text = str(error)
    assert text.count("\n") == 0, f"more than one line: {text!r}"
    assert name in text, f"the file is not named: {text!r}"
    assert re.search(rf"line \d+|{WHOLE_FILE}", text), f"no line is named: {text!r}"
    assert len(text) < 1000, f"a message of {len(text)} characters: {text[:200]!r}"


def run_cases(subject: Subject, numbers: range, folder: Path) -> Counter[str]:
    """Judge many cases; a failure says which one it was."""
    outcomes: Counter[str] = Counter()
    path = folder / subject.name
    for number in numbers:
        data = text_case(subject, number)
        try:
            outcomes[judge(subject, data, path)] += 1
        except Exception as error:
            raise AssertionError(f"{subject.name}, case {number}: {error!r}; bytes {data[:600]!r}") from error
    return outcomes
