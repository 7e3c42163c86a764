"""``train.py`` that notes what every process trains on and learns, and may stop itself before a step.

NOTE is the folder to note in, STOP the step before which the first process gets SIGTERM,
DIVERGE the rank and the step (``1 7``) whose loss is no number.
"""

import json
import os
import signal
from collections import deque
from pathlib import Path

from lightning.pytorch.trainer.states import TrainerFn

from genomask.cli import main
from genomask.corpus.steps import Steps
from genomask.pretrain.module import PretrainModule

step, read, end = PretrainModule.training_step, Steps.__getitem__, PretrainModule.on_validation_epoch_end
waiting = deque()  # rows of the batches that were read and not trained on yet


def queued(self, number):
    """Read a batch, and note its segments."""
    waiting.append(self.rows(number))
    return read(self, number)


def note(self, kind, **values):
    """Add a line to what this process has noted."""
    with Path(os.environ["NOTE"], f"{kind}-{self.global_rank}").open("a") as lines:
        lines.write(json.dumps({"step": self.global_step, **values}) + "\n")


def ended(self):
    """End a validation, and note the state of the masking strategy after it."""
    end(self)
    if self.masking is not None and self.trainer.state.fn == TrainerFn.FITTING:
        note(self, "state", **self.masking.state_dict())


def noted(self, batch):
    """Note a step's segments, then train."""
    segments, epochs = waiting.popleft()
    note(self, "rank", epoch=epochs.tolist(), segment=segments.tolist(), targets=batch.targets.tolist())
    if self.global_rank == 0 and str(self.global_step) == os.environ.get("STOP"):
        os.kill(os.getpid(), signal.SIGTERM)
    loss = step(self, batch)
    bad = f"{self.global_rank} {self.global_step}" == os.environ.get("DIVERGE")  # a step is counted as it ends
    return loss * float("nan") if bad else loss


if __name__ == "__main__":
    PretrainModule.training_step, Steps.__getitem__ = noted, queued
    PretrainModule.on_validation_epoch_end = ended
    main()
