"""Where the time of a pretraining goes: a table of its stages, and a trace of a few steps."""

import csv
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch
from lightning import Callback, Trainer
from torch.profiler import ProfilerActivity, profile, record_function

UNTRACED: Final = 1  # the first step allocates memory and compiles
TRACED: Final = 2  # steps, or the trace becomes too large to look at


class Stages:
    """Seconds and calls by stage. Waits for the device around every stage, which slows a GPU down."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a block, and mark it in the trace."""
        started = now()
        with record_function(f"genomask/{name}"):
            yield
        self.add(name, now() - started)

    def add(self, name: str, seconds: float) -> None:
        """Count a stage that was timed elsewhere."""
        self.seconds[name] += seconds
        self.calls[name] += 1

    def write(self, file: Path, total: float) -> None:
        """Write the stages, longest first, and what is left of the total as ``other``."""
        rows = sorted(self.seconds.items(), key=lambda row: -row[1])
        rows.append(("other", max(0.0, total - sum(self.seconds.values()))))
        with file.open("w", encoding="utf-8", newline="") as lines:
            table = csv.writer(lines)
            table.writerow(("stage", "calls", "seconds", "share"))
            for name, seconds in rows:
                table.writerow((name, self.calls.get(name, ""), f"{seconds:.4f}", f"{seconds / total:.4f}"))


class ProfileCallback(Callback):
    """Write ``stages.csv`` of a whole training and ``trace.json.gz`` of its second and third step.

    The trace opens in chrome://tracing or Perfetto. The training step marks its own stages with ``stages``;
    waiting for data and validation are timed here.
    """

    def __init__(self, directory: Path, stages: Stages) -> None:
        self.directory, self.stages = directory, stages
        self.steps, self.tracer = 0, None
        self.begun = self.idle_since = self.validating_since = 0.0

    def on_train_start(self, *_: Any, **__: Any) -> None:
        """Start the clock."""
        self.begun = self.idle_since = now()

    def on_train_batch_start(self, *_: Any, **__: Any) -> None:
        """What has passed since the last step was spent on getting data."""
        self.stages.add("data", now() - self.idle_since)
        if self.steps == UNTRACED:
            devices = [ProfilerActivity.CUDA] if torch.cuda.is_available() else []
            self.tracer = profile(activities=[ProfilerActivity.CPU, *devices])
            self.tracer.start()

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        """Stop the trace when it is long enough."""
        self.steps += 1
        if self.steps == UNTRACED + TRACED:
            self._stop_trace()
        self.idle_since = now()

    def on_validation_start(self, *_: Any, **__: Any) -> None:
        """Validation begins; it may lie between two training steps."""
        self.validating_since = now()

    def on_validation_end(self, *_: Any, **__: Any) -> None:
        """Validation is over; it was not spent on getting training data."""
        seconds = now() - self.validating_since
        if self.begun:
            self.stages.add("validation", seconds)
            self.idle_since += seconds

    def on_train_end(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        """Write the table, and the trace of a training that was too short to end it."""
        self._stop_trace()
        if trainer.is_global_zero:
            self.directory.mkdir(parents=True, exist_ok=True)
            self.stages.write(self.directory / "stages.csv", now() - self.begun)
        self.begun = 0.0

    def on_exception(self, *_: Any, **__: Any) -> None:
        """End the trace of a training that failed; the next attempt writes its own."""
        self._stop_trace()

    def _stop_trace(self) -> None:
        if self.tracer is None:
            return
        tracer, self.tracer = self.tracer, None
        tracer.stop()
        self.directory.mkdir(parents=True, exist_ok=True)
        tracer.export_chrome_trace(str(self.directory / "trace.json.gz"))


def now() -> float:
    """Seconds, after all that the device has been told to do is done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
