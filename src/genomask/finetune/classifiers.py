"""The choices of the ``classifier`` group: the fine-tuned encoder, probes of a frozen one, baselines without any.

``name`` is what tables call a classifier.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from genomask.checks import require, require_choice, require_each

LONGEST_K = 8  # 65,536 features
MOST_STEPS: Final = 10_000  # of logistic regression


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


class LogisticSettings:
    """Logistic regression on features, with at most ``max_steps`` steps of the optimiser.

    ``standardise`` turns features into z-scores of the episode (counts are only divided by their standard deviation);
    those that do not vary there are left out. ``inverse_penalty`` is scikit-learn's C; None chooses it by
    cross-validation within the episode.
    """

    standardise: bool
    inverse_penalty: float | None
    max_steps: int

    def __post_init__(self) -> None:
        value = self.inverse_penalty
        positive = value is None or value > 0
        require(positive, "classifier.inverse_penalty", "a number above 0, or null where it may be chosen", value)


@dataclass
class GcBaseline(LogisticSettings):
    """Logistic regression on one number, the share of G and C."""

    kind: ClassVar[str] = "gc"
    standardise: ClassVar[bool] = True  # pyright: ignore[reportIncompatibleVariableOverride]
    max_steps: ClassVar[int] = MOST_STEPS  # pyright: ignore[reportIncompatibleVariableOverride]
    name: str
    inverse_penalty: float  # pyright: ignore[reportIncompatibleVariableOverride]


@dataclass
class KmerBaseline(LogisticSettings):
    """Logistic regression on how often every k-mer occurs.

    A list of ``k`` puts the counts of several lengths side by side; ``both_strands`` counts reverse complements as one.
    """

    kind: ClassVar[str] = "kmer_logistic"
    max_steps: ClassVar[int] = MOST_STEPS  # pyright: ignore[reportIncompatibleVariableOverride]
    name: str
    k: Any
    both_strands: bool
    standardise: bool
    inverse_penalty: float | None

    def __post_init__(self) -> None:
        super().__post_init__()
        each = self.lengths
        fits = bool(each) and all(type(k) is int and 1 <= k <= LONGEST_K for k in each) and len(set(each)) == len(each)
        require(fits, "classifier.k", f"a number from 1 to {LONGEST_K}, or a list of different ones", self.k)

    @property
    def lengths(self) -> list[int]:
        """Every length of k-mers that is counted."""
        return list(self.k) if isinstance(self.k, list | tuple) else [self.k]


@dataclass
class CnnBaseline:
    """A convolution over one-hot bases, pooled over the sequence, trained from scratch on the episode.

    Passes over the episode are as many more than ``epochs`` as it takes to make ``steps`` optimiser steps. The batch is
    ``fewshot``'s, the optimiser ``finetune``'s.
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
        require_each(self, "classifier", "filters width hidden epochs steps", lambda n: n >= 1, "at least 1")
        require(0 <= self.dropout < 1, "classifier.dropout", "a number in [0, 1)", self.dropout)
        require(self.learning_rate > 0, "classifier.learning_rate", "a positive number", self.learning_rate)


@dataclass
class OfEmbeddings:
    """A classifier on embeddings of a frozen encoder, pooled by ``mean`` over the tokens of bases, ``cls``, ``max``.

    ``layer`` is one of ``embed.layers=all``, 0 for the token embeddings; None for the last one.
    """

    name: str
    pool: str
    layer: int | None

    def __post_init__(self) -> None:
        require_choice(self.pool, "classifier.pool", ("mean", "cls", "max"))
        known = self.layer is None or self.layer >= 0
        require(known, "classifier.layer", "a number from 0, or null for the last layer", self.layer)


@dataclass
class Probe(OfEmbeddings, LogisticSettings):
    """Logistic regression on the embeddings of a frozen encoder."""

    kind: ClassVar[str] = "probe"
    standardise: bool
    inverse_penalty: float | None
    max_steps: int

    def __post_init__(self) -> None:
        super().__post_init__()
        LogisticSettings.__post_init__(self)
        require(self.max_steps >= 1, "classifier.max_steps", "at least 1", self.max_steps)


@dataclass
class NearestNeighbours(OfEmbeddings):
    """The most frequent class among the nearest embeddings by cosine: no more than the rarest class has examples."""

    kind: ClassVar[str] = "knn"
    neighbours: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.neighbours >= 1, "classifier.neighbours", "at least 1", self.neighbours)


@dataclass
class Ridge(OfEmbeddings):
    """Ridge regression on standardised embeddings."""

    kind: ClassVar[str] = "ridge"


PROBES: Final = (Probe, NearestNeighbours, Ridge)
_ALL = (EncoderClassifier, MajorityBaseline, GcBaseline, KmerBaseline, CnnBaseline, *PROBES)
KINDS: Final[dict[str, type]] = {each.kind: each for each in _ALL}
OF_TARGETS: Final = (EncoderClassifier, CnnBaseline, Ridge)  # learn numbers and several labels, too


def uses_encoder(classifier: Any) -> bool:
    """Whether the classifier starts from an encoder; a baseline needs neither encoder nor genome."""
    return isinstance(classifier, EncoderClassifier | OfEmbeddings)
