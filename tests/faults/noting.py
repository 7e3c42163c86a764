"""``train.py`` that notes which segments every process sees, and may stop itself before a step.

NOTE is the folder to note in, STOP the step before which the first process gets SIGTERM,
DIVERGE the rank and the step (``1 7``) whose loss is no number.
"""

import json
import os
import signal
from collections import deque
from pathlib import Path

from genomask.cli import main
from genomask.corpus.steps import Steps
from genomask.pretrain.module import PretrainModule

step, read = PretrainModule.training_step, Steps.__getitem__
waiting = deque()  # rows of the batches that were read and not trained on yet


def queued(self, number):
    """Read a batch, and note its segments."""
    waiting.append(self.rows(number))
    return read(self, number)


def noted(self, batch):
    """Note a step's segments, then train."""
    with Path(os.environ["NOTE"], f"rank-{self.global_rank}").open("a") as lines:
        segments, epochs = waiting.popleft()
        seen = {"step": self.global_step, "epoch": epochs.tolist(), "segment": segments.tolist()}
        seen |= {"targets": batch.targets.tolist()}
        lines.write(json.dumps(seen) + "\n")
    if self.global_rank == 0 and str(self.global_step) == os.environ.get("STOP"):
        os.kill(os.getpid(), signal.SIGTERM)
    loss = step(self, batch)
    bad = f"{self.global_rank} {self.global_step}" == os.environ.get("DIVERGE")  # a step is counted as it ends
    return loss * float("nan") if bad else loss


if __name__ == "__main__":
    PretrainModule.training_step, Steps.__getitem__ = noted, queued
    main()
