"""Sweeps as programs of their own, and the processes that belong to them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

TRAIN = str(Path(__file__).parents[2] / "train.py")
WORKER = "submitit.core._submit"  # in its command line


def start(*words: str, log: Path) -> subprocess.Popen:
    """Start ``python train.py WORDS`` in a session of its own; what it prints goes to a file."""
    with log.open("w") as file:
        return subprocess.Popen(
            [sys.executable, TRAIN, *words], stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )


def members(process: subprocess.Popen, *, workers: bool = False) -> list[int]:
    """The living processes of a program's session, but for itself; with ``workers``, those alone that run cells."""
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
        if int(pid) != process.pid and not state.startswith("Z") and (not workers or WORKER in command)
    ]


def kill(pid: int) -> bool:
    """End a process at once; False if it has ended before."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
