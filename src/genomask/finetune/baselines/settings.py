"""The choices of the ``classifier`` config group: the fine-tuned encoder, and baselines that need none."""

from dataclasses import dataclass
from typing import ClassVar

from genomask.checks import require

LONGEST_K = 8  # 65,536 features


@dataclass
class EncoderClassifier:
    """The pretrained transformer, fine-tuned: ``model``, ``pretrain``, ``finetune`` and the rest apply."""

    kind: ClassVar[str] = "encoder"
    name: str = "encoder"


@dataclass
class MajorityBaseline:
    """Always the class that is most frequent in the episode; of equally frequent ones, the first."""

    kind: ClassVar[str] = "majority"
    name: str


@dataclass
class GcBaseline:
    """Logistic regression on one number, the share of G and C; ``inverse_penalty`` as below."""

    kind: ClassVar[str] = "gc"
    name: str
    inverse_penalty: float

    def __post_init__(self) -> None:
        _check_penalty(self.inverse_penalty)


@dataclass
class KmerBaseline:
    """Logistic regression on how often every k-mer occurs.

    Attributes:
        name: What tables call the baseline.
        k: Bases in a k-mer.
        both_strands: Count a k-mer and its reverse complement as one.
        standardise: Turn counts into z-scores of the episode; k-mers that do not vary in it count nothing.
        inverse_penalty: scikit-learn's C; None chooses it by cross-validation within the episode.
    """

    kind: ClassVar[str] = "kmer_logistic"
    name: str
    k: int
    both_strands: bool
    standardise: bool
    inverse_penalty: float | None

    def __post_init__(self) -> None:
        require(1 <= self.k <= LONGEST_K, "classifier.k", f"a number from 1 to {LONGEST_K}", self.k)
        _check_penalty(self.inverse_penalty)


@dataclass
class CnnBaseline:
    """A convolution over one-hot bases, pooled over the sequence, trained from scratch on the episode.

    Attributes:
        name: What tables call the baseline.
        filters: Motifs that the convolution looks for.
        width: Bases in a motif.
        hidden: Units between the pooled motifs and the classes.
        dropout: Share of the units that is dropped in training.
        epochs: Passes over the episode; as many more as it takes to make ``steps``.
        steps: Optimiser steps at least. The batch is ``fewshot``'s, the optimiser ``finetune``'s.
        learning_rate: Rate after warmup.
    """

    kind: ClassVar[str] = "cnn"
    name: str
    filters: int
    width: int
    hidden: int
    dropout: float
    epochs: int
    steps: int
    learning_rate: float

    def __post_init__(self) -> None:
        for setting in ("filters", "width", "hidden", "epochs", "steps"):
            value = getattr(self, setting)
            require(value >= 1, f"classifier.{setting}", "at least 1", value)
        require(0 <= self.dropout < 1, "classifier.dropout", "a number in [0, 1)", self.dropout)
        require(self.learning_rate > 0, "classifier.learning_rate", "a positive number", self.learning_rate)


def _check_penalty(value: float | None) -> None:
    positive = value is None or value > 0
    require(positive, "classifier.inverse_penalty", "a number above 0, or null where it may be chosen", value)
