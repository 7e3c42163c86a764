"""What is installed is locked, bounded where it is known to break, and licensed so that anyone may use it."""

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "supply"))

from audit import verdict  # noqa: E402
from licences import binding  # noqa: E402

NAME = re.compile(r"[A-Za-z0-9._-]+")


def declared() -> dict[str, str]:
    """Every requirement of pyproject.toml by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    found = {NAME.match(line)[0].lower(): line for line in lines}
    return {name: line for name, line in found.items() if name != "genomask"}


def test_every_package_of_a_training_has_an_upper_bound():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    unbounded = [line for line in project["dependencies"] if "<" not in line and "==" not in line]
    assert unbounded == ["filelock>=3.20"], "which has kept its interface for years"


def test_every_declared_package_is_locked_to_one_version():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    locked = {line.partition("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    unlocked = {name for name in declared() if name.replace("_", "-") not in locked}
    assert unlocked <= {"pip-audit"}, "an extra of its own; not locked yet"


@pytest.mark.parametrize(
    ("text", "binds"),
    [
        ("MIT", False),
        ("GPL-3.0-only", True),
        ("GNU General Public License v3 (GPLv3)", True),
        ("AGPL-3.0", True),
        ("GNU Lesser General Public License v3", False),
        ("MPL-2.0", False),
        ("Apache-2.0 OR GPL-2.0", False),
        ("BSD-3-Clause AND GPL-2.0", True),
    ],
)
def test_a_licence_binds_or_does_not(text, binds):
    assert binding(text) == binds


SOUND = {"name": "a", "version": "1", "vulns": []}
HIT = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1"}]}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.mark.parametrize(
    ("packages", "status", "said"),
    [
        ([SOUND], 0, "no known vulnerability in the 1 locked packages"),
        ([SOUND, HIT], 1, "1 known vulnerabilities: b 2: PYSEC-1"),
        ([SOUND, SKIPPED], 2, "NOT DONE for 1 of 2 packages: .* did not answer for c"),
        ([], 2, "NOT DONE"),
    ],
)
def test_an_audit_that_was_not_made_has_not_passed(packages, status, said):
    found, line = verdict(json.dumps({"dependencies": packages}), "")
    assert found == status
    assert re.search(said, line)


def test_an_audit_that_failed_has_not_passed():
    assert verdict("", "Traceback\nConnectionError: no route") == (
        2,
        "audit: NOT DONE, pip-audit failed: ConnectionError: no route",
    )
