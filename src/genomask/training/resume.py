"""What an interrupted training left behind, and where it goes on."""

from pathlib import Path

from genomask.console import say

CHECKPOINTS = "checkpoints"
RESUMABLE = f"{CHECKPOINTS}/step=*.ckpt"


def newest_checkpoint(directory: Path) -> Path | None:
    """The checkpoint with most steps that an interrupted training left behind, if any."""
    found = ((path.stem.removeprefix("step="), path) for path in directory.glob("step=*.ckpt"))
    steps = {int(step): path for step, path in found if step.isdecimal()}
    if not steps:
        return None
    say(f"resume at step {max(steps)}")
    return steps[max(steps)]


def log_folder(directory: Path, newest: Path | None) -> Path:
    """Where a training logs; a resumed one keeps the first curve, and goes on in a folder of its own."""
    return directory / (f"log-from-{newest.stem}" if newest else "log")
