"""Which segments each optimiser step sees: a pure function of (seed, step), whatever the workers or ranks."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor
from torch.utils.data import Dataset

from genomask.corpus.segments import Axis, Segments, read
from genomask.genome.encoded import EncodedGenome
from genomask.seeds import generator


class Cut(NamedTuple):
    """A micro-batch: rows ``start..stop`` of a step, and the bases of its longest and shortest row."""

    start: int
    stop: int
    longest: int
    shortest: int


class StepBatch(NamedTuple):
    """The sequences of one optimiser step, longest first, so that its micro-batches hold little padding.

    ``epoch`` and ``segment`` identify each sequence's masking draw; ``cuts`` stay on the host.
    """

    bases: UInt8[Tensor, "batch bases"]
    lengths: Int64[Tensor, " batch"]
    epoch: Int64[Tensor, " batch"]
    segment: Int64[Tensor, " batch"]
    cuts: tuple[Cut, ...]


class Steps(Dataset[StepBatch]):
    """Item ``step`` is what that optimiser step is trained on.

    The segments form an endless stream, each epoch of it a permutation drawn from (seed, epoch); a step
    takes the next ``batch`` of them, and of these every rank its share.
    """

    def __init__(
        self,
        genome: EncodedGenome,
        axis: Axis,
        segments: Segments,
        *,
        seed: int,
        batch: int,
        micro_batch: int,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        self.genome, self.axis, self.segments = genome, axis, segments
        self.seed, self.batch, self.micro_batch = seed, batch, micro_batch
        self.rank, self.ranks = rank, ranks

    def __getitem__(self, step: int) -> StepBatch:
        place = np.arange(step * self.batch + self.rank, (step + 1) * self.batch, self.ranks)
        count = len(self.segments.start)
        epoch, within = np.divmod(place, count)
        index = np.empty_like(place)
        for drawn in np.unique(epoch).tolist():
            index[epoch == drawn] = epoch_order(self.seed, drawn, count)[within[epoch == drawn]]
        return collate(self.genome, self.axis, self.segments, index, epoch, micro_batch=self.micro_batch)


@lru_cache(maxsize=2)
def epoch_order(seed: int, epoch: int, count: int) -> Int64[np.ndarray, " segments"]:
    """Order in which an epoch visits the segments."""
    return generator(seed, "epoch order", epoch).permutation(count)


def collate(
    genome: EncodedGenome,
    axis: Axis,
    segments: Segments,
    index: Int64[np.ndarray, " batch"],
    epoch: Int64[np.ndarray, " batch"],
    *,
    micro_batch: int,
) -> StepBatch:
    """Read segments into a batch, longest first, cut into micro-batches of about equal size."""
    longest_first = np.argsort(-segments.length[index], kind="stable")
    index, epoch = index[longest_first], epoch[longest_first]
    chosen = segments.take(index)
    starts = range(0, len(index), micro_batch)
    edges = [(start, min(start + micro_batch, len(index))) for start in starts]
    return StepBatch(
        torch.from_numpy(read(genome, axis, chosen)),
        torch.from_numpy(chosen.length),
        torch.from_numpy(epoch),
        torch.from_numpy(index),
        tuple(Cut(start, stop, *chosen.length[[start, stop - 1]].tolist()) for start, stop in edges),
    )
