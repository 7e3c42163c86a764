"""Sweeps as programs of their own, and the processes that belong to them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

TRAIN = str(Path(__file__).parents[2] / "train.py")
WORKERS = {"joblib": "popen_loky_posix", "submitit_local": "submitit.core._submit"}  # in their command lines


def start(*words: str, log: Path) -> subprocess.Popen:
    """Start ``python train.py WORDS`` in a session of its own; what it prints goes to a file."""
    with log.open("w") as file:
        return subprocess.Popen(
            [sys.executable, TRAIN, *words], stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )


def members(process: subprocess.Popen, launcher: str | None = None) -> list[int]:
    """The living processes of a program's session, but for itself; of a launcher, its workers alone."""
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,stat=,args=", "--sid", str(process.pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    return [
        int(pid)
        for pid, state, command in found
        if int(pid) != process.pid and not state.startswith("Z") and (launcher is None or WORKERS[launcher] in command)
    ]


def kill(pid: int) -> bool:
    """End a process at once; False if it has ended before."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
