"""``train.py`` that notes which segments every process sees, and may stop itself before a step.

NOTE is the folder to note in, STOP the step before which the first process gets SIGTERM,
DIVERGE the rank and the step (``1 7``) whose loss is no number.
"""

import json
import os
import signal
from pathlib import Path

from genomask.cli import main
from genomask.pretrain.module import PretrainModule

step = PretrainModule.training_step


def noted(self, batch):
    """Note a step's segments, then train."""
    with Path(os.environ["NOTE"], f"rank-{self.global_rank}").open("a") as lines:
        seen = {"step": self.global_step, "epoch": batch.epoch.tolist(), "segment": batch.segment.tolist()}
        lines.write(json.dumps(seen) + "\n")
    if self.global_rank == 0 and str(self.global_step) == os.environ.get("STOP"):
        os.kill(os.getpid(), signal.SIGTERM)
    loss = step(self, batch)
    bad = f"{self.global_rank} {self.global_step}" == os.environ.get("DIVERGE")  # a step is counted as it ends
    return loss * float("nan") if bad else loss


if __name__ == "__main__":
    PretrainModule.training_step = noted
    main()
