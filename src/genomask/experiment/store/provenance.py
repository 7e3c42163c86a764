"""Where a result came from: versions, commit, command. Recorded beside it, never part of its identity."""

import platform
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

PACKAGES = (
    "genomask",
    "torch",
    "lightning",
    "transformers",
    "hydra-core",
    "numpy",
    "torchmetrics",
    "pyfastx",
)


def provenance() -> dict[str, object]:
    """Describe this process: package versions, git commit of the code if it runs from a checkout, command."""
    return {
        "versions": {"python": platform.python_version()} | {package: version(package) for package in PACKAGES},
        "platform": platform.platform(),
        "commit": git_commit(),
        "command": shlex.join(sys.orig_argv),
    }


def git_commit() -> str | None:
    """Commit of the checkout this package runs from, with ``+`` when it has changes; None outside one."""
    package = Path(__file__).resolve().parents[2]
    try:
        lines = _git(package, "rev-parse", "HEAD", "--show-toplevel").splitlines()
        inside = Path(lines[1], "src", "genomask").resolve() == package
        return lines[0] + ("+" if _git(package, "status", "--porcelain") else "") if inside else None
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *words: str) -> str:
    # Without locks: a process that is killed while git refreshes its index would leave index.lock behind.
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
