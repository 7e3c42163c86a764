"""A k-shot episode and its test set as a LightningDataModule."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

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
        return EpisodeLoader(self)

    def test_dataloader(self) -> DataLoader[ExampleBatch]:
        """The whole test set, longest sequences first."""
        longest_first = np.argsort(-self.test.lengths, kind="stable").tolist()
        order = BatchSampler(longest_first, self.evaluation_batch, drop_last=False)
        return DataLoader(ExampleDataset(self.test), batch_size=None, sampler=order)


class EpisodeLoader(DataLoader[ExampleBatch]):
    """Batches of an episode, which a resumed training goes on with where it was.

    One generator draws the order of every epoch, so its state at the start of an epoch is what is saved; the
    trainer's step says which batches of that epoch are done.
    """

    def __init__(self, data: EpisodeDataModule) -> None:
        dataset = ExampleDataset(data.episode)
        self.draws = torch.Generator().manual_seed(data.seed)
        self.order = ResumedBatches(RandomSampler(dataset, generator=self.draws), data.batch_size)
        self.data = data
        self.epoch, self.state = -1, self.draws.get_state()  # the last epoch that began, and the state then
        super().__init__(dataset, batch_size=None, sampler=self.order, generator=self.draws)

    def __iter__(self) -> Iterator[ExampleBatch]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Begin an epoch, or go on in the middle of one."""
        if self.data.trainer is not None:
            epoch, self.order.done = divmod(self.data.trainer.global_step, len(self))
            if epoch == self.epoch:
                self.draws.set_state(self.state)
            self.epoch, self.state = epoch, self.draws.get_state()
        return super().__iter__()

    def state_dict(self) -> dict[str, Any]:
        """The epoch that the next step belongs to, and the state that its order is drawn from."""
        assert self.data.trainer is not None, "only a trainer asks"
        epoch = self.data.trainer.global_step // len(self)
        return {"epoch": epoch, "state": self.state if epoch == self.epoch else self.draws.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Begin that epoch with that state."""
        self.epoch, self.state = state["epoch"], state["state"]


class ResumedBatches(BatchSampler):
    """Batches of rows without the first ``done`` ones; its length counts them, as Lightning does."""

    def __init__(self, order: RandomSampler, size: int) -> None:
        super().__init__(order, size, drop_last=False)
        self.done = 0

    def __iter__(self) -> Iterator[list[int]]:
        return islice(super().__iter__(), self.done, None)
