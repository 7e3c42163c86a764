"""The pretraining corpus as a LightningDataModule."""

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from lightning import LightningDataModule
from torch.utils.data import DataLoader, Dataset, Sampler

from genomask.corpus.segments import Corpus, CorpusSettings, Segments, cut, lay_out
from genomask.corpus.steps import StepBatch, Steps, collate
from genomask.genome.encoded import open_genome
from genomask.genome.synthetic.settings import with_planted
from genomask.masking.calibration import Sample
from genomask.masking.draws import sequence_keys
from genomask.masking.masker import Masker
from genomask.seeds import generator

CALIBRATION_SEED: Final = 2**31 + 1
VALIDATION_SEED: Final = 2**31  # one fixed draw for every model, so that perplexities can be compared

Batch = TypeVar("Batch")


class ValidationBatch(NamedTuple):
    """The same sequences under the model's own masking and under the one that all models share (Fig. 1)."""

    own: StepBatch
    common: StepBatch


class CorpusDataModule(LightningDataModule):
    """Masked segments of a genome: one item per optimiser step for training, a fixed sample for validation. ``masker``
    masks training sequences, and may be exchanged before the training begins; ``common`` masks validation sequences
    alike for every model. The seed draws cuts, split, orders and masks; the batch is that of all ranks."""

    def __init__(
        self,
        genome: Path,
        settings: CorpusSettings,
        masker: Masker,
        common: Masker,
        *,
        seed: int,
        batch: int,
        micro_batch: int,
        max_steps: int,
        validation_segments: int,
        workers: int,
        few_shapes: bool = False,
    ) -> None:
        super().__init__()
        encoded = with_planted(open_genome(genome), genome)
        self.corpus = Corpus(encoded, lay_out(encoded, gaps=settings.gaps), settings.strand, settings.jitter)
        segments = cut(encoded, settings, generator(seed, "segments"))
        self.held = float(segments.length.sum() / np.diff(encoded.runs).sum())  # of the genome's A, C, G and T
        self.train, held_out = split(segments, settings, seed)
        self.validation = held_out.take(slice(validation_segments))
        self.masker, self.common = masker, common
        self.seed, self.batch, self.micro_batch = seed, batch, micro_batch
        self.max_steps, self.workers, self.few_shapes = max_steps, workers, few_shapes

    def sample(self, size: int) -> Sample:
        """Training segments from all over the corpus, at times spread evenly over the training, to calibrate on."""
        count = len(self.train.start)
        rows = np.sort(generator(self.seed, "calibration").permutation(count)[:size])
        keys = sequence_keys(CALIBRATION_SEED, 0, rows)
        progress = generator(self.seed, "calibration progress").permutation(len(rows)) / len(rows)
        return Sample(self.corpus.read(self.train.take(rows), keys), keys, progress)

    def train_dataloader(self) -> DataLoader[StepBatch]:
        """One item per optimiser step, beginning with the step that a resumed training has come to."""
        first = self.trainer.global_step if self.trainer else 0
        budget = (self.seed, self.batch, self.micro_batch, self.max_steps, self.few_shapes)
        steps = Steps(self.corpus, self.train, self.masker, *budget, *self._rank())
        return self._loader(steps, Numbers(lambda: range(first, self.max_steps), self.max_steps))

    def val_dataloader(self) -> DataLoader[ValidationBatch]:
        """The validation sample in micro-batches; identical for every model pretrained on this corpus."""
        batches, (rank, ranks) = ValidationBatches(self), self._rank()
        own = range(rank, len(batches), ranks)

        def numbers() -> Iterable[tuple[int, float]]:  # with the progress, which worker processes cannot see
            step = self.trainer.global_step if self.trainer else 0
            return [(batch, step / max(self.max_steps, 1)) for batch in own]

        return self._loader(batches, Numbers(numbers, len(own)))

    def _rank(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    def _loader(self, dataset: Dataset[Batch], sampler: Sampler[Any]) -> DataLoader[Batch]:
        # A strategy that validations change is asked in this process, where it changes, and one step at a time.
        workers = 0 if self.masker.strategy.state_dict() else self.workers
        on_gpu = self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"
        return StatelessLoader(
            dataset,
            batch_size=None,
            sampler=sampler,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=on_gpu,  # or every transfer would wait for the device
        )


class StatelessLoader(DataLoader[Batch]):
    """A loader that Lightning may resume; it keeps no state, as the trainer's step and the data say where to go on."""

    def state_dict(self) -> dict[str, int]:
        return {}

    def load_state_dict(self, state: dict[str, int]) -> None:
        pass


class Numbers(Sampler[Any]):
    """Items of a loader, by a function; their length is that of the whole training, which is how Lightning counts."""

    def __init__(self, numbers: Callable[[], Iterable[Any]], length: int) -> None:
        self.numbers, self.length = numbers, length

    def __iter__(self) -> Iterator[Any]:
        return iter(self.numbers())

    def __len__(self) -> int:
        return self.length


class ValidationBatches(Dataset[ValidationBatch]):
    """The validation sample, longest segments first, in micro-batches."""

    def __init__(self, module: CorpusDataModule) -> None:
        self.module = module
        self.order = np.argsort(-module.validation.length, kind="stable")

    def __len__(self) -> int:
        return math.ceil(len(self.order) / self.module.micro_batch)

    def __getitem__(self, place: tuple[int, float]) -> ValidationBatch:
        batch, progress = place
        module, size = self.module, self.module.micro_batch
        rows = self.order[batch * size : (batch + 1) * size]
        keys = sequence_keys(VALIDATION_SEED, 0, rows)
        pieces = module.corpus.read(module.validation.take(rows), keys)
        sequences, found = [piece.bases for piece in pieces], list[StepBatch]()
        for masker in (module.masker, module.common):
            masked = [masker(*piece, key=key, progress=progress) for piece, key in zip(pieces, keys, strict=True)]
            how = {"with_hidden": True, "few_shapes": module.few_shapes}
            found.append(collate(masker, sequences, masked, micro_batch=size, **how))
        return ValidationBatch(*found)


def split(segments: Segments, settings: CorpusSettings, seed: int) -> tuple[Segments, Segments]:
    """Split segments into training and validation (which comes shuffled); ValueError if there are too few for both."""
    count = len(segments.start)
    held_out = round(count * settings.validation_share)
    if not 0 < held_out < count:
        raise ValueError(
            f"The genome yields {count} segments, too few to hold out a share of {settings.validation_share} "
            "for validation: choose a longer genome or more chromosomes, or shorter segments (corpus.longest), or, if "
            "it is in many short pieces, begin closer to their starts (corpus.first_start=1)."
        )
    order = generator(seed, "validation split").permutation(count)
    return segments.take(np.sort(order[held_out:])), segments.take(order[:held_out])
