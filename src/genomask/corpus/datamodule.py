"""The pretraining corpus as a LightningDataModule."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from lightning import LightningDataModule
from torch.utils.data import DataLoader, Dataset, Sampler

from genomask.corpus.segments import Segments, cut, lay_out
from genomask.corpus.settings import CorpusSettings
from genomask.corpus.steps import StepBatch, Steps, collate
from genomask.genome.encoded import open_genome
from genomask.seeds import generator


class CorpusDataModule(LightningDataModule):
    """Segments of an encoded genome: one item per optimiser step for training, a fixed sample for validation.

    Args:
        genome: Directory of the encoded genome.
        settings: How the genome is cut, and what share of the segments is held out.
        seed: Draws the cuts, the split and the order of every epoch.
        batch: Sequences per optimiser step, over all ranks.
        micro_batch: Sequences per forward pass.
        max_steps: Optimiser steps of the whole pretraining.
        validation_segments: Size of the validation sample (fewer if the held-out share has fewer).
        workers: Processes that prepare batches ahead; their number never changes a batch.
    """

    def __init__(
        self,
        genome: Path,
        settings: CorpusSettings,
        *,
        seed: int,
        batch: int,
        micro_batch: int,
        max_steps: int,
        validation_segments: int,
        workers: int,
    ) -> None:
        super().__init__()
        self.genome = open_genome(genome)
        self.axis = lay_out(self.genome, gaps=settings.gaps)
        self.train, held_out = split(cut(self.genome, settings, generator(seed, "segments")), settings, seed)
        self.validation = held_out.take(slice(validation_segments))
        self.seed, self.batch, self.micro_batch = seed, batch, micro_batch
        self.max_steps, self.workers = max_steps, workers

    def sample(self, size: int) -> StepBatch:
        """Segments from the start of the first epoch, as one batch: for calibration and for counting."""
        rows = np.arange(min(size, len(self.train.start)))
        return collate(self.genome, self.axis, self.train, rows, np.zeros_like(rows), micro_batch=len(rows))

    def train_dataloader(self) -> DataLoader[StepBatch]:
        """One item per optimiser step, beginning with the step that a resumed training has come to."""
        trainer = self.trainer
        rank, ranks = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        steps = Steps(
            self.genome,
            self.axis,
            self.train,
            seed=self.seed,
            batch=self.batch,
            micro_batch=self.micro_batch,
            rank=rank,
            ranks=ranks,
        )
        first = trainer.global_step if trainer else 0
        return self._loader(steps, StepSampler(first, self.max_steps))

    def val_dataloader(self) -> DataLoader[StepBatch]:
        """The validation sample in micro-batches; identical for every model pretrained on this corpus."""
        batches = ValidationBatches(self)
        rank, ranks = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return self._loader(batches, range(rank, len(batches), ranks))

    def _loader(self, dataset: Dataset[StepBatch], sampler: "Sampler[int] | range") -> DataLoader[StepBatch]:
        return StepLoader(
            dataset,
            batch_size=None,
            sampler=sampler,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
        )


class StepLoader(DataLoader[StepBatch]):
    """A loader that Lightning may resume; it keeps no state, as the trainer's step says where to go on."""

    def state_dict(self) -> dict[str, int]:
        """Nothing to save."""
        return {}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Nothing to restore."""


class StepSampler(Sampler[int]):
    """Steps ``first..steps``. Its length is that of the whole training, which is how Lightning counts."""

    def __init__(self, first: int, steps: int) -> None:
        self.first, self.steps = first, steps

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.steps))

    def __len__(self) -> int:
        return self.steps


class ValidationBatches(Dataset[StepBatch]):
    """The validation sample, longest segments first, in micro-batches."""

    def __init__(self, corpus: CorpusDataModule) -> None:
        self.corpus = corpus
        self.order = np.argsort(-corpus.validation.length, kind="stable")

    def __len__(self) -> int:
        return math.ceil(len(self.order) / self.corpus.micro_batch)

    def __getitem__(self, batch: int) -> StepBatch:
        size = self.corpus.micro_batch
        rows = self.order[batch * size : (batch + 1) * size]
        corpus = self.corpus
        return collate(corpus.genome, corpus.axis, corpus.validation, rows, np.zeros_like(rows), micro_batch=size)


def split(segments: Segments, settings: CorpusSettings, seed: int) -> tuple[Segments, Segments]:
    """Split segments into training and validation at random; the validation part comes shuffled.

    Raises:
        ValueError: If there are too few segments for both.
    """
    count = len(segments.start)
    held_out = round(count * settings.validation_share)
    if not 0 < held_out < count:
        raise ValueError(
            f"The genome yields {count} segments, too few to hold out a share of {settings.validation_share} "
            "for validation: choose a longer genome or more chromosomes."
        )
    order = generator(seed, "validation split").permutation(count)
    return segments.take(np.sort(order[held_out:])), segments.take(order[:held_out])
