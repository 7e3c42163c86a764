"""A k-shot episode and its test set as a LightningDataModule."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler

from genomask.tasks.examples import Benchmark, Examples


class ExampleBatch(NamedTuple):
    """Sequences with their lengths in bases, class indices, and rows in the set they come from."""

    bases: UInt8[Tensor, "batch bases"]
    lengths: Int64[Tensor, " batch"]
    labels: Int64[Tensor, " batch"]
    rows: Int64[Tensor, " batch"]


class ExampleDataset(Dataset[ExampleBatch]):
    """A set of examples that is asked for a whole batch of rows at a time."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples.labels)

    def __getitem__(self, rows: list[int]) -> ExampleBatch:
        chosen = np.asarray(rows, dtype=np.int64)
        return ExampleBatch(
            torch.from_numpy(self.examples.padded(chosen)),
            torch.from_numpy(self.examples.lengths[chosen]),
            torch.from_numpy(np.array(self.examples.labels[chosen])),
            torch.from_numpy(chosen),
        )


class EpisodeDataModule(LightningDataModule):
    """One episode for training, in an order drawn from the seed for every epoch, and the whole test set.

    Test sequences come longest first, so that batches hold little padding.
    """

    def __init__(
        self,
        task: Benchmark,
        episode: Int64[np.ndarray, " _episode"],
        *,
        batch_size: int,
        evaluation_batch: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.episode, self.test = task.pool.take(episode), task.test
        self.batch_size, self.evaluation_batch = batch_size, evaluation_batch
        self.seed = seed

    def train_dataloader(self) -> DataLoader[ExampleBatch]:
        """Batches of the episode; the last one of an epoch may be smaller."""
        dataset = ExampleDataset(self.episode)
        generator = torch.Generator().manual_seed(self.seed)
        order = BatchSampler(RandomSampler(dataset, generator=generator), self.batch_size, drop_last=False)
        return DataLoader(dataset, batch_size=None, sampler=order, generator=generator)

    def test_dataloader(self) -> DataLoader[ExampleBatch]:
        """The whole test set, longest sequences first."""
        longest_first = np.argsort(-self.test.lengths, kind="stable").tolist()
        order = BatchSampler(longest_first, self.evaluation_batch, drop_last=False)
        return DataLoader(ExampleDataset(self.test), batch_size=None, sampler=order)
