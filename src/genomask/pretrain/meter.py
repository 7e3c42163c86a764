"""What a pretraining gets done in a second: real bases and tokens, and operations of its matrix products."""

import time
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel

from genomask.corpus.steps import StepBatch, Work
from genomask.models.flops import shape_of, training_flops
from genomask.models.forward import has_fast_path
from genomask.models.products import product


class Throughput(NamedTuple):
    """Rates over the seconds spent in training; validation is not among them.

    Attributes:
        bases_per_second: Bases of segments, each counted once.
        tokens_per_second: Tokens, [CLS] and [SEP] included, [PAD] not.
        batch_fill: Share of the positions of all micro-batches that are no [PAD].
        flops_per_second: Operations of the matrix products that the tokens ask for (``training_flops``).
        seconds: What all rates refer to.
    """

    bases_per_second: float
    tokens_per_second: float
    batch_fill: float
    flops_per_second: float
    seconds: float


class Meter:
    """Counts what goes through the encoder, on the host; only stopping the time makes the host wait for the device.

    Args:
        model: Encoder with its MLM head.
        fast_path: Whether what may be computed for masked tokens alone is computed for them alone.
    """

    def __init__(self, model: PreTrainedModel, *, fast_path: bool) -> None:
        self.shape, self.masked_head = shape_of(model), fast_path
        self.masked_layer = fast_path and has_fast_path(model)
        self.done: Work | None = None
        self.earlier: tuple[int, int] = (0, 0)  # what ``masked`` was where a resumed training goes on from
        self.device: torch.device | None = None
        self.seconds = 0.0
        self.running_since: float | None = None

    def add(self, batch: StepBatch) -> None:
        """Count a step."""
        self.device = batch.input_ids.device
        before = self.done or Work(*[0] * len(Work._fields))
        self.done = Work(**{name: getattr(before, name) + getattr(batch.work, name) for name in Work._fields})

    @property
    def masked(self) -> tuple[int, int]:
        """Masked tokens, and tokens of DNA, of all steps so far."""
        here = (0, 0) if self.done is None else (self.done.masked, self.done.content)
        return self.earlier[0] + here[0], self.earlier[1] + here[1]

    @property
    def masked_share(self) -> float | None:
        """Masked tokens over tokens of DNA, of all steps so far; None before the first."""
        masked, content = self.masked
        return masked / content if content else None

    def start(self) -> None:
        """Let the time run."""
        self.running_since = time.perf_counter()

    def stop(self) -> None:
        """Let the time stand still; waits for the device, so that work under way is counted to its end."""
        if self.running_since is None:
            return
        if self.device is not None and self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        self.seconds += time.perf_counter() - self.running_since
        self.running_since = None

    def read(self) -> Throughput | None:
        """Rates since the first step; None before it. Waits for the device."""
        running = self.running_since is not None
        self.stop()
        if running:
            self.start()
        if self.done is None or not self.seconds:
            return None
        work = self.done
        flops = training_flops(
            self.shape,
            tokens=work.tokens,
            squares=work.squares,
            queries=work.masked if self.masked_layer else work.tokens,
            pairs=work.pairs if self.masked_layer else work.squares,
            predicted=work.masked if self.masked_head else work.tokens,
        )
        return Throughput(
            work.bases / self.seconds,
            work.tokens / self.seconds,
            work.tokens / work.positions,
            flops / self.seconds,
            self.seconds,
        )


def matmul_peak(device: torch.device, dtype: torch.dtype, *, seconds: float = 0.2) -> float:
    """Operations a second of a large matrix product on the device: the best of those that fit the time."""
    # Large enough for the peak, small enough for the time: a CPU may have to emulate bfloat16.
    size = 8192 if device.type == "cuda" else 1024 if dtype is torch.float32 else 256
    random = torch.Generator(device).manual_seed(0)  # the training's own draws stay as they are
    left, right = (torch.randn(size, size, device=device, generator=random).to(dtype) for _ in range(2))
    best, end = float("inf"), time.perf_counter() + seconds
    while best == float("inf") or time.perf_counter() < end:
        best = min(best, _timed_product(left, right))
    return 2 * size**3 / best


def _timed_product(left: Tensor, right: Tensor) -> float:
    if left.is_cuda:
        torch.cuda.synchronize(left.device)
    start = time.perf_counter()
    product(left, right)
    if left.is_cuda:
        torch.cuda.synchronize(left.device)
    return time.perf_counter() - start
