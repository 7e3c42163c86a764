"""Hide places that something is known of first, and random bases for the rest: motifs, and positions of variants."""

from abc import abstractmethod
from collections.abc import Sequence as Many
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Int64
from numpy.lib.stride_tricks import sliding_window_view

from genomask.alphabet import OTHER
from genomask.checks import require
from genomask.masking.base import Masking, Sequence, is_number, require_probability
from genomask.masking.draws import Stream, bits, uniform
from genomask.seeds import generator

LEAST_PROBABILITY: Final = 1e-3  # of a base in a motif
NEVER: Final = -1e6  # log-odds of a letter that is no base


class PriorityMasking(Masking):
    """Hide known places in random order, whole, up to the share to hide without overlaps; then single random bases."""

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

    ``motifs`` are the probabilities of A, T, C and G at every position. A motif occurs where its log-odds against even
    base frequencies come the share ``score`` of the way from its worst to its best. ``shuffled`` shuffles the positions
    of every motif, once: the control.
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
        self.widths, self.least = np.array([len(motif) for motif in both]), np.empty(len(both))
        odds = np.zeros((max(self.widths), OTHER + 1, len(both)))  # that a letter at a position adds to a motif's
        for number, motif in enumerate(both):
            own = np.log2(np.maximum(motif, LEAST_PROBABILITY) / 0.25)
            best, worst = own.max(axis=1).sum(), own.min(axis=1).sum()
            odds[: len(motif), :OTHER, number], odds[: len(motif), OTHER, number] = own, NEVER
            self.least[number] = worst + self.score * (best - worst) - 1e-9
        self.odds = odds.reshape(-1, len(both))
        self._known_sites = lru_cache(maxsize=4096)(self._sites)  # calibration asks for the same sequences many times

    def span_bases(self) -> float:
        return self.width

    def places(self, sequence: Sequence) -> Int64[np.ndarray, "places 2"]:
        return self._known_sites(sequence.bases.tobytes())

    def _sites(self, text: bytes) -> Int64[np.ndarray, "places 2"]:
        bases, widest = np.frombuffer(text, dtype=np.uint8), max(self.widths)
        letters = np.eye(OTHER + 1)[np.append(bases, np.full(widest, OTHER, dtype=np.uint8))]
        windows = sliding_window_view(letters, widest, axis=0).transpose(0, 2, 1).reshape(len(bases) + 1, -1)
        start, motif = np.nonzero(windows @ self.odds >= self.least)
        return np.unique(np.stack((start, start + self.widths[motif]), axis=1), axis=0)


@dataclass(kw_only=True, eq=False, repr=False)
class VariantsMasking(PriorityMasking):
    """Hide the positions of variants first, as MutBERT does (without its soft targets): bases where a track is above 0.

    ``track`` is its name in the genome (``genome.tracks={variants: FILE.vcf.gz}``). ``shift`` moves every position by
    so many bases, around the sequence's end: the control.
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
