"""How many faults are injected, and how many of them did no harm."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from strikes import CASES


def pytest_collection_modifyitems(items):
    """All that lies here is the fault harness."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("faults")


def pytest_generate_tests(metafunc):
    """A test that takes a ``case`` runs once for every case."""
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", range(CASES))


def pytest_terminal_summary(terminalreporter):
    """Count the faults that struck, by test and kind, and those that the result survived."""
    struck, survived = Counter(), Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for fault, number in report.user_properties:
                struck[fault] += number
                survived[fault] += number if outcome == "passed" else 0
    for fault in sorted(struck):
        terminalreporter.write_line(f"faults: {fault}: {struck[fault]} struck, {survived[fault]} survived")


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a disk of so many kilobytes at a new folder; unmounted again afterwards."""
    mounted = []

    def mount(kilobytes: int) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"needs to mount a small disk, which this machine refuses: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=False)
