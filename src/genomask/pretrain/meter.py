"""What a pretraining gets done in a second: real bases and tokens, and operations of its matrix products."""

import time
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from genomask.alphabet import PAD, vocabulary_size
from genomask.corpus.steps import StepBatch
from genomask.models.flops import Work, training_flops
from genomask.models.products import product
from genomask.models.settings import ModelSettings


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
    """Counts on the device what goes through the encoder; only reading makes the host wait.

    Args:
        model: Shape of the encoder.
        fast_path: Whether the last layer is computed for hidden tokens alone.
    """

    def __init__(self, model: ModelSettings, *, fast_path: bool) -> None:
        self.model, self.fast_path = model, fast_path
        self.counts: Tensor | None = None  # bases, tokens, squares, asked, pairs
        self.positions = 0
        self.seconds = 0.0
        self.running_since: float | None = None

    def add(
        self,
        batch: StepBatch,
        token_ids: Int64[Tensor, "batch tokens"],
        hidden: Bool[Tensor, "batch tokens"],
    ) -> None:
        """Count a step."""
        tokens = (token_ids != PAD).sum(dim=1)
        asked = hidden.sum(dim=1) if self.fast_path else tokens
        columns = torch.stack((batch.lengths, tokens, tokens * tokens, asked, asked * tokens))
        counts = columns.sum(dim=1)
        self.counts = counts if self.counts is None else self.counts + counts
        k = self.model.k
        self.positions += sum((cut.stop - cut.start) * (max(cut.longest - k + 1, 0) + 2) for cut in batch.cuts)

    def start(self) -> None:
        """Let the time run."""
        self.running_since = time.perf_counter()

    def stop(self) -> None:
        """Let the time stand still; waits for the device, so that work under way is counted to its end."""
        if self.running_since is None:
            return
        if self.counts is not None and self.counts.is_cuda:
            torch.cuda.synchronize(self.counts.device)
        self.seconds += time.perf_counter() - self.running_since
        self.running_since = None

    def read(self) -> Throughput | None:
        """Rates since the first step; None before it. Waits for the device."""
        running = self.running_since is not None
        self.stop()
        if running:
            self.start()
        if self.counts is None or not self.seconds:
            return None
        bases, *sums = (int(count) for count in self.counts.tolist())
        work = Work(*sums)
        flops = training_flops(self.model, work, vocabulary=vocabulary_size(self.model.k))
        return Throughput(
            bases / self.seconds,
            work.tokens / self.seconds,
            work.tokens / self.positions,
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


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16; emulated, a step takes many times as long as in float32."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def _timed_product(left: Tensor, right: Tensor) -> float:
    if left.is_cuda:
        torch.cuda.synchronize(left.device)
    start = time.perf_counter()
    product(left, right)
    if left.is_cuda:
        torch.cuda.synchronize(left.device)
    return time.perf_counter() - start
