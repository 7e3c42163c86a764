"""The choices of the ``classifier`` group: the fine-tuned encoder, probes of a frozen one, baselines without any."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from genomask.checks import require, require_choice

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
        k: Bases in a k-mer, from 1 to 8; a list puts the counts of several lengths side by side.
        both_strands: Count a k-mer and its reverse complement as one.
        standardise: Divide counts by their standard deviation in the episode; k-mers that do not vary there are left
            out.
        inverse_penalty: scikit-learn's C; None chooses it by cross-validation within the episode.
    """

    kind: ClassVar[str] = "kmer_logistic"
    name: str
    k: Any
    both_strands: bool
    standardise: bool
    inverse_penalty: float | None

    def __post_init__(self) -> None:
        each = self.lengths
        fits = bool(each) and all(type(k) is int and 1 <= k <= LONGEST_K for k in each) and len(set(each)) == len(each)
        require(fits, "classifier.k", f"a number from 1 to {LONGEST_K}, or a list of different ones", self.k)
        _check_penalty(self.inverse_penalty)

    @property
    def lengths(self) -> list[int]:
        """Every length of k-mers that is counted."""
        return list(self.k) if isinstance(self.k, list | tuple) else [self.k]


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


@dataclass
class OfEmbeddings:
    """A classifier on the embeddings of a frozen encoder.

    Attributes:
        name: What tables call the classifier.
        pool: ``mean`` over the tokens of bases, ``cls``, or ``max``.
        layer: A layer of ``embed.layers=all``, 0 for the token embeddings; None for the last one.
    """

    name: str
    pool: str
    layer: int | None

    def __post_init__(self) -> None:
        require_choice(self.pool, "classifier.pool", ("mean", "cls", "max"))
        known = self.layer is None or self.layer >= 0
        require(known, "classifier.layer", "a number from 0, or null for the last layer", self.layer)


@dataclass
class Probe(OfEmbeddings):
    """Logistic regression on the embeddings of a frozen encoder.

    Attributes:
        standardise: Turn features into z-scores of the episode.
        inverse_penalty: scikit-learn's C; None chooses it by cross-validation within the episode.
        max_steps: Steps of the optimiser at most.
    """

    kind: ClassVar[str] = "probe"
    standardise: bool
    inverse_penalty: float | None
    max_steps: int

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_penalty(self.inverse_penalty)
        require(self.max_steps >= 1, "classifier.max_steps", "at least 1", self.max_steps)


@dataclass
class NearestNeighbours(OfEmbeddings):
    """The most frequent class among the nearest embeddings of the episode, by cosine.

    ``neighbours`` are as many as the rarest class has examples, if that is fewer.
    """

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


def _check_penalty(value: float | None) -> None:
    positive = value is None or value > 0
    require(positive, "classifier.inverse_penalty", "a number above 0, or null where it may be chosen", value)
