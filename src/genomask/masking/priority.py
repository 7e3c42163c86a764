"""Hide places that something is known of first, and random bases for the rest: motifs, and positions of variants."""

from abc import abstractmethod
from collections.abc import Sequence as Many
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Int64

from genomask.checks import require
from genomask.masking import kernels
from genomask.masking.base import Masking, Sequence, is_number, require_probability
from genomask.masking.draws import Stream, bits, uniform
from genomask.seeds import generator

LEAST_PROBABILITY: Final = 1e-3  # of a base in a motif


class PriorityMasking(Masking):
    """Hide known places of a sequence in random order, whole, up to the share to hide; then single random bases.

    The share to hide is what as many centers as are expected would hide without overlaps.
    """

    @abstractmethod
    def places(self, sequence: Sequence) -> Int64[np.ndarray, "places 2"]:
        """Start and stop of every known place."""

    def choose(self, sequence: Sequence, probability: float) -> Bool[np.ndarray, " bases"]:
        chosen, (first, stop) = np.zeros(len(sequence.bases), dtype=np.bool_), sequence.centers
        share = min(probability * self.span_bases(), 1.0)
        *drawn, rounding = uniform(sequence.key, stream=Stream.FILL, count=len(chosen) + 1)
        budget = int(share * (stop - first) + rounding)
        places = self.places(sequence)
        for place in np.argsort(bits(sequence.key, stream=Stream.SPANS, count=len(places)), kind="stable"):
            if chosen.sum() >= budget:
                break
            chosen[slice(*places[place])] = True
        missing = budget - int(chosen.sum())
        if missing > 0:
            left = first + np.flatnonzero(~chosen[first:stop])
            chosen[left[np.argsort(np.array(drawn)[left], kind="stable")[:missing]]] = True
        return chosen


@dataclass(kw_only=True, eq=False, repr=False)
class MotifMasking(PriorityMasking):
    """Hide occurrences of known motifs first, on either strand; RNAErnie (Wang et al., 2024) hides RNA motifs so.

    A motif occurs where its log-odds against even base frequencies come as close to their maximum as ``score`` says.

    Args:
        motifs: Probability of every base (A, T, C, G) at every position of every motif.
        score: Share of the way from a motif's worst log-odds to its best.
        shuffled: Shuffle the positions of every motif, once: the control.
        center_probability: As in ``Masking``.
    """

    motifs: Many[Any]
    score: float = 0.9
    shuffled: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require_probability(self.score, "masking.score")
        require(len(self.motifs) > 0, "masking.motifs", "at least one motif", "none")
        draw = generator(0, "shuffled motifs")
        found = [np.asarray(motif, dtype=np.float64) for motif in self.motifs]
        found = [draw.permutation(motif) for motif in found] if self.shuffled else found
        self.width = float(np.mean([len(motif) for motif in found]))
        both = [strand for motif in found for strand in (motif, motif[::-1, [1, 0, 3, 2]])]
        self.order, self.bits, self.least = _scan_tables(both, self.score)
        self._known_sites = lru_cache(maxsize=4096)(self._sites)  # calibration asks for the same sequences many times

    def span_bases(self) -> float:
        return self.width

    def places(self, sequence: Sequence) -> Int64[np.ndarray, "places 2"]:
        return self._known_sites(sequence.bases.tobytes())

    def _sites(self, text: bytes) -> Int64[np.ndarray, "places 2"]:
        bases = np.frombuffer(text, dtype=np.uint8)
        found = np.zeros((len(bases), self.order.shape[1] + 1), dtype=np.bool_)
        kernels.find_motifs(bases, self.order, self.bits, self.least, found)
        starts, widths = np.nonzero(found)
        return np.stack((starts, starts + widths), axis=1)


@dataclass(kw_only=True, eq=False, repr=False)
class VariantsMasking(PriorityMasking):
    """Hide the positions of variants first, as MutBERT does (without its soft targets).

    Args:
        track: Name of the track of the genome that is above 0 at variants: ``genome.tracks={variants: FILE.vcf.gz}``.
        shift: Move every position by so many bases, around the sequence's end: the control.
        center_probability: As in ``Masking``.
    """

    track: str = "variants"
    shift: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        whole = is_number(self.shift) and self.shift == int(self.shift)
        require(whole, "masking.shift", "a whole number of bases", self.shift)

    def tracks(self) -> tuple[str, ...]:
        return (self.track,)

    def places(self, sequence: Sequence) -> Int64[np.ndarray, "places 2"]:
        names = ", ".join(sequence.tracks) or "none"
        require(self.track in sequence.tracks, "masking=variants", f"a track {self.track} of the genome", names)
        starts = np.flatnonzero(np.roll(sequence.tracks[self.track] > 0, self.shift))
        return np.stack((starts, starts + 1), axis=1)


def _scan_tables(motifs: Many[np.ndarray], score: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of every motif, telling ones first (-1 beyond its width), their bits, and the bits needed so far."""
    widest = max(map(len, motifs))
    order = np.full((len(motifs), widest), -1, dtype=np.int64)
    bits_of = np.zeros((len(motifs), widest, 4), dtype=np.float64)
    least = np.zeros((len(motifs), widest), dtype=np.float64)
    for row, motif in enumerate(motifs):
        odds = np.log2(np.maximum(motif, LEAST_PROBABILITY) / 0.25)
        best, worst, width = odds.max(axis=1), odds.min(axis=1), len(motif)
        telling = np.argsort(worst - best, kind="stable")
        order[row, :width], bits_of[row, :width] = telling, odds[telling]
        threshold = worst.sum() + score * (best.sum() - worst.sum()) - 1e-9
        still = best[telling][::-1].cumsum()[::-1]  # the most that this and all later positions can add
        least[row, :width] = threshold - np.append(still[1:], 0.0)
    return order, bits_of, least
