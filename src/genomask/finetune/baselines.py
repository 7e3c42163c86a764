"""Classifiers without an encoder, which keep every pretrained one honest: what can be counted, and a small CNN."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64, UInt8
from torch import Tensor, nn
from torch.nn.functional import one_hot, pad

from genomask.alphabet import BASES
from genomask.finetune.classifiers import CnnBaseline, GcBaseline, KmerBaseline
from genomask.finetune.module import CLASSES, EpisodeModule, Objective
from genomask.finetune.settings import FinetuneSettings
from genomask.finetune.shallow import logistic_regression, standardised
from genomask.seeds import derived_seed
from genomask.tasks.alike import both_strands, row_kmers
from genomask.tasks.datamodule import ExampleBatch
from genomask.tasks.examples import Examples


def gc_content(
    train: Examples, test: Examples, *, settings: GcBaseline, seed: int
) -> Float64[np.ndarray, "rows classes"]:
    """Class probabilities of the test rows from their share of G and C, in standard deviations."""
    known, unknown = (examples.gc[:, None] for examples in (train, test))
    known, scale = standardised(known)
    predict = logistic_regression(known, train.labels, inverse_penalty=settings.inverse_penalty, seed=seed)
    return predict(scale(unknown))


def kmer_counts(
    train: Examples, test: Examples, *, settings: KmerBaseline, seed: int
) -> Float64[np.ndarray, "rows classes"]:
    """Class probabilities of the test rows from their counts of every k-mer, those of several k side by side."""
    from scipy.sparse import hstack

    known, unknown = (
        hstack([_table(examples, k, settings.both_strands) for k in settings.lengths], format="csr")
        for examples in (train, test)
    )
    if settings.standardise:
        known, scale = standardised(known)
        unknown = scale(unknown)
    return logistic_regression(known, train.labels, inverse_penalty=settings.inverse_penalty, seed=seed)(unknown)


def _table(examples: Examples, k: int, both: bool) -> Any:
    """A sparse table of counts: one row per sequence, one column per k-mer."""
    from scipy.sparse import csr_array

    shape = (len(examples.labels), 4**k)
    table = csr_array(shape)
    for codes, rows in row_kmers(examples, k):
        columns = both_strands(codes, k) if both else codes
        table += csr_array((np.ones(len(rows)), (rows, columns.astype(np.int64))), shape=shape)
    return table


def class_frequencies(train: Examples, test: Examples, *, classes: int) -> Float64[np.ndarray, "rows classes"]:
    """How frequent every class is among the training examples, for each test row alike.

    A balanced episode has no majority; the first class counts as predicted then, and the accuracy is its
    share of the test set. The AUC of a constant is 0.5.
    """
    frequency = np.bincount(train.labels, minlength=classes) / len(train.labels)
    return np.tile(frequency, (len(test.labels), 1))


class MotifNetwork(nn.Module):
    """One convolution; the largest and the mean answer of every filter over a sequence; one hidden layer."""

    def __init__(self, settings: CnnBaseline, *, classes: int) -> None:
        super().__init__()
        self.width = settings.width
        self.motifs = nn.Conv1d(len(BASES), settings.filters, settings.width)
        self.head = nn.Sequential(
            nn.Dropout(settings.dropout),
            nn.Linear(2 * settings.filters, settings.hidden),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(settings.hidden, classes),
        )

    def forward(
        self, bases: UInt8[Tensor, "batch bases"], lengths: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch classes"]:
        """Class logits; what lies beyond a row's length has no effect on them."""
        letters = one_hot(bases.long(), len(BASES) + 1)[:, :, : len(BASES)]  # other letters are all zeros
        inside = torch.arange(bases.shape[1], device=bases.device) < lengths[:, None]
        letters = (letters * inside[:, :, None]).transpose(1, 2).to(self.motifs.weight.dtype)
        around = pad(letters, (self.width // 2, (self.width - 1) // 2))
        found = self.motifs(around).relu() * inside[:, None]  # no answer is below 0, so 0 changes no maximum
        mean = found.sum(dim=2) / lengths.clamp(min=1)[:, None]
        return self.head(torch.cat((found.amax(dim=2), mean), dim=1))


class CnnModule(EpisodeModule):
    """Train the network on an episode, its initial weights drawn from the seed."""

    def __init__(
        self,
        settings: CnnBaseline,
        *,
        classes: int,
        optimiser: FinetuneSettings,
        seed: int,
        objective: Objective = CLASSES,
    ) -> None:
        super().__init__(settings=optimiser, learning_rate=settings.learning_rate, seed=seed, objective=objective)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derived_seed(seed, "initial weights of the convolution"))
            self.model = MotifNetwork(settings, classes=classes)

    def logits(self, batch: ExampleBatch) -> Float[Tensor, "batch classes"]:
        """Class logits of a batch of sequences."""
        return self.model(batch.bases, batch.lengths)
