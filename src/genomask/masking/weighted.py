"""Hide k-mers with a probability of their own: by their PMI, or by how badly a validation predicted them."""

from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float64

from genomask.checks import require
from genomask.masking.base import Masking, Sequence, Validation, covered, is_number, k_of_table, known_codes
from genomask.masking.draws import Stream, uniform
from genomask.masking.ranked import K_RANGE
from genomask.seeds import generator

BINS: Final = 100  # of a k-mer's misses (biomed-multi-omic)


class WeightedMasking(Masking):
    """Hide k-mers whole, each drawn by itself with a probability in proportion to its weight.

    The mean probability of a sequence is the same whatever the weights: these shift what is hidden and not how much.
    """

    k: int
    weights: Float64[np.ndarray, " kmers"]

    def span_bases(self) -> float:
        return float(self.k)

    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        codes = known_codes(sequence.bases, self.k)
        weight = np.where(codes < 0, 0.0, self.weights[codes])
        if not weight.any():
            return np.zeros(len(sequence.bases), dtype=np.bool_)
        drawn = uniform(sequence.key, stream=Stream.CENTERS, count=len(codes))
        starts = np.flatnonzero(drawn < probability * weight / weight.mean())
        return covered(starts, starts + self.k, len(sequence.bases))


@dataclass(kw_only=True, eq=False, repr=False)
class InformativeMasking(WeightedMasking):
    """Soft PMI: a k-mer's weight is exp(normalized PMI / temperature), after InforMask (Sadeq et al., 2022).

    ``scores`` are normalized PMI by code, minus infinity for a k-mer that never occurs. Low temperatures hide the best
    k-mers alone, high ones all alike.
    """

    scores: Any
    temperature: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        table, heat = np.asarray(self.scores, dtype=np.float64), self.temperature
        self.k = k_of_table(table, K_RANGE, "masking.scores", "a score for each of the 4**k k-mers")
        require(is_number(heat) and heat > 0, "masking.temperature", "a positive number", heat)
        self.weights = np.exp((table - table.max()) / heat)


@dataclass(kw_only=True, eq=False, repr=False)
class AdaptiveMasking(WeightedMasking):
    """Hide k-mers more often that the last validation predicted worse, after biomed-multi-omic.

    The misses of a k-mer are the probability that the model gives to wrong tokens, on average over the masked tokens in
    whose middle it stands; its weight is (bin + 1) / 101, with 100 bins between the fewest and the most misses. Before
    the first validation all weigh the same; a k-mer that the last one has not met weighs the mean of the others.
    ``harder=False`` hides what is predicted worse less often; ``permuted`` hands the weights to other k-mers, once: the
    control.
    """

    k: int = 4
    harder: bool = True
    permuted: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.k in range(1, 7), "masking.k", "a number from 1 to 6", self.k)
        self.counted_k, self.weights = self.k, np.ones(4**self.k)

    def observe(self, validation: Validation) -> None:
        """Weigh every k-mer by its misses."""
        met = validation.counts > 0
        if not met.any():
            return
        missed = validation.misses[met] / validation.counts[met] * (1 if self.harder else -1)
        bins = (BINS * (missed - missed.min()) / max(np.ptp(missed), 1e-12)).astype(np.int64)
        weights = np.full(len(met), (bins + 1).mean())
        weights[met] = bins + 1
        order = generator(0, "permuted misses").permutation(len(met)) if self.permuted else slice(None)
        self.weights = weights[order] / (BINS + 1)

    def state_dict(self) -> dict[str, Many[float]]:
        return {"weights": self.weights.tolist()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.weights = np.array(state["weights"], dtype=np.float64)
