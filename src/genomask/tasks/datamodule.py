"""A k-shot episode and its test set as a LightningDataModule."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float32, Int64, UInt8
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset

from genomask.corpus.datamodule import StatelessLoader
from genomask.tasks.examples import Benchmark, Examples


class ExampleBatch(NamedTuple):
    """Sequences with their lengths in bases, class indices, and rows in the set they come from; tokens, once cut."""

    bases: UInt8[Tensor, "batch bases"]
    lengths: Int64[Tensor, " batch"]
    labels: Int64[Tensor, " batch"]
    rows: Int64[Tensor, " batch"]
    token_ids: Int64[Tensor, "batch tokens"] | None = None
    targets: Float32[Tensor, "batch classes"] | None = None  # of rows that have no class of their own


class ExampleDataset(Dataset[ExampleBatch]):
    """A set of examples that is asked for a whole batch of rows at a time."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples.labels)

    def __getitem__(self, rows: list[int]) -> ExampleBatch:
        chosen, known = np.asarray(rows, dtype=np.int64), self.examples
        arrays = (known.padded(chosen), known.lengths[chosen], np.array(known.labels[chosen]), chosen)
        targets = None if known.targets is None else torch.from_numpy(known.targets[chosen]).float()
        return ExampleBatch(*map(torch.from_numpy, arrays), targets=targets)


class EpisodeDataModule(LightningDataModule):
    """An episode, in an order that the seed draws for every epoch, and the whole test set, longest sequences first."""

    def __init__(
        self, task: Benchmark, episode: Int64[np.ndarray, " _"], *, batch_size: int, evaluation_batch: int, seed: int
    ) -> None:
        super().__init__()
        self.episode, self.test = task.pool.take(episode), task.test
        self.classes, self.kind = task.classes, task.kind
        self.batch_size, self.evaluation_batch, self.seed = batch_size, evaluation_batch, seed

    def train_dataloader(self) -> DataLoader[ExampleBatch]:
        """Batches of the episode; the last one of an epoch may be smaller."""
        unused = torch.Generator()  # or the loader would draw from the global one
        order = EpisodeOrder(self)
        return StatelessLoader(ExampleDataset(self.episode), batch_size=None, sampler=order, generator=unused)

    def test_dataloader(self) -> DataLoader[ExampleBatch]:
        """The whole test set, longest sequences first."""
        longest_first = np.argsort(-self.test.lengths, kind="stable").tolist()
        order = BatchSampler(longest_first, self.evaluation_batch, drop_last=False)
        return DataLoader(ExampleDataset(self.test), batch_size=None, sampler=order)


class EpisodeOrder(BatchSampler):
    """Batches of rows in an order that the seed draws for every epoch; a resumed epoch lacks the batches that are done,
    but its length counts them, as Lightning does. (A loader used to draw a number before each order.)"""

    def __init__(self, data: EpisodeDataModule) -> None:
        super().__init__(range(len(data.episode.labels)), data.batch_size, drop_last=False)
        self.data, self.epoch = data, -1

    def __iter__(self) -> Iterator[list[int]]:
        self.epoch, done = self.epoch + 1, 0
        if self.data.trainer is not None:
            self.epoch, done = divmod(self.data.trainer.global_step, len(self))
        draws, order = torch.Generator().manual_seed(self.data.seed), torch.empty(0, dtype=torch.int64)
        for _ in range(self.epoch + 1):
            torch.empty((), dtype=torch.int64).random_(generator=draws)
            order = torch.randperm(len(self.data.episode.labels), generator=draws)
        for batch in order.split(self.batch_size)[done:]:
            yield batch.tolist()
