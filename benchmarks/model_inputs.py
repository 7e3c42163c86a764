"""Models and batches that the model rows are measured on: the paper's shapes, lengths, masking."""

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.model_reference import IGNORED, Padded
from genomask.alphabet import PAD
from genomask.corpus.segments import Segments, lay_out
from genomask.corpus.steps import StepBatch, collate
from genomask.genome.encoded import EncodedGenome
from genomask.masking.base import MaskedBatch
from genomask.masking.draws import sequence_keys
from genomask.masking.pmi import PmiMasking
from genomask.models.settings import ModelSettings
from genomask.seeds import generator
from genomask.tokens import tokenise

K: Final = 6
LONGEST, SHORTEST = 510, 5  # Sec. 3: half of the segments have 510 bases, the others from 5 to 510
# Table 4. Without dropout, as otherwise two paths would draw different numbers and could not be compared.
LOGO: Final = ModelSettings("logo", 256, 2, 8, 3072, hidden_dropout=0.0, attention_dropout=0.0, paper_batch=500, k=K)
DNABERT: Final = ModelSettings(
    "dnabert", 768, 12, 12, 3072, hidden_dropout=0.0, attention_dropout=0.0, paper_batch=1000, k=K
)
TINY: Final = replace(LOGO, name="tiny", hidden_size=16, heads=2, intermediate_size=32)
A_GPU: Final = {"logo": 5, "dnabert": 10, "tiny": 2}  # sequences that the scripts take together (Sec. 5.3)


class Drawn(NamedTuple):
    """Segments of a genome drawn at random, in the order in which they were drawn."""

    genome: EncodedGenome
    segments: Segments

    def step(self, micro_batch: int) -> StepBatch:
        """Collate all of them for one optimiser step, as a training does."""
        index = np.arange(len(self.segments.start))
        axis = lay_out(self.genome, gaps="drop")
        return collate(self.genome, axis, self.segments, index, np.zeros_like(index), micro_batch=micro_batch)


def draw(count: int, *, seed: int = 0) -> Drawn:
    """Draw segments by the paper's law of lengths."""
    random = generator(seed, "benchmark segments")
    length = random.integers(SHORTEST, LONGEST, size=count, endpoint=True)
    length[random.random(count) < 0.5] = LONGEST
    start = np.cumsum(length) - length
    bases = random.integers(4, size=int(length.sum()), dtype=np.uint8)
    ends = np.array([0, len(bases)])
    return Drawn(EncodedGenome(bases, ("drawn",), ends, ends[None]), Segments(start, length))


def strategy() -> PmiMasking:
    """The paper's masking, with a ranking drawn at random: no figure depends on what it is."""
    return PmiMasking(ranking=generator(0, "benchmark ranking").permutation(4**K) + 1, k=K)


def mask(masking: PmiMasking, batch: StepBatch) -> tuple[Tensor, MaskedBatch]:
    """Tokenise and mask a step: its token ids [batch, tokens], and what the model sees of them."""
    token_ids = tokenise(batch.bases, batch.lengths, k=K)
    return token_ids, masking(token_ids, sequence_keys(0, batch.epoch, batch.segment))


def as_scripts(drawn: Drawn, masking: PmiMasking, size: int, device: torch.device) -> list[Padded]:
    """The same sequences with the same masks, ``size`` at a time, in the order of their drawing."""
    batch = on(drawn.step(size), device)
    token_ids, masked = mask(masking, batch)
    order = batch.segment.argsort()
    token_ids, input_ids, hidden = token_ids[order], masked.input_ids[order], masked.hidden[order]
    batches = []
    for ids, shown, asked in zip(token_ids.split(size), input_ids.split(size), hidden.split(size), strict=True):
        width = int((ids != PAD).sum(dim=1).max())
        labels = torch.where(asked, ids, IGNORED)
        parts = (shown, (ids != PAD).long(), labels)
        batches.append(Padded(*(part[:, :width].contiguous() for part in parts)))
    return batches


def fill(batches: list[Padded]) -> float:
    """Share of the positions that are no padding."""
    return sum(float(batch.attention.sum()) for batch in batches) / sum(b.attention.numel() for b in batches)


def on(batch: StepBatch, device: torch.device) -> StepBatch:
    """Move the tensors of a step."""
    return StepBatch(
        batch.bases.to(device),
        batch.lengths.to(device),
        batch.epoch.to(device),
        batch.segment.to(device),
        batch.cuts,
    )
