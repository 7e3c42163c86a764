"""What a strategy does to a corpus, measured on a sample before a pretraining begins, and matched to a target."""

from collections.abc import Iterator
from collections.abc import Sequence as Many
from copy import copy
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from numpy.lib.stride_tricks import sliding_window_view

from genomask.checks import require
from genomask.genome.synthetic.settings import PLANTED_TRACK
from genomask.masking.base import Masking, Sequence, require_probability
from genomask.masking.masker import Masker, Visibility, masked_bases, visibility
from genomask.masking.ranked import RankedByContent
from genomask.masking.schedule import ScheduleMasking

HALVINGS: Final = 20
TOLERANCE: Final = 0.001  # of a matched share
BEST_SHARE: Final = 0.1  # of the k-mers, for the contrast of a ranking
USUAL: Final = (0.01, 0.5)  # shares of masked tokens outside are allowed, but hardly meant
EXPECTED_WITHIN: Final = 0.15  # relative: spans are cut at the ends of a sequence, and centers are not everywhere
UNKNOWN_SHARE: Final = 0.1  # of the tokens
COMMON_SHARE: Final = 0.25  # of the tokens; the commonest 6-mer of the human genome makes up 0.4 %
ERRORS: Final = 5.0  # standard errors that chance hardly exceeds
FEW_TOKENS: Final = 8  # a vocabulary with fewer tokens of DNA has no rare ones


class Sample(NamedTuple):
    """Pieces (bases and, if known, lower case and tracks), their keys, and how much of the training is done at each."""

    pieces: Many[tuple[Any, ...]]
    keys: Int64[np.ndarray, " batch"]
    progress: Float64[np.ndarray, " batch"]

    def sequences(self, masker: Masker) -> Iterator[Sequence]:
        """What the masker's strategy sees of every piece."""
        for piece, key, progress in zip(*self, strict=True):
            yield masker.sequence(*piece, key=key, progress=float(progress))


class Measured(NamedTuple):
    """What a masker does to a sample."""

    seen: Visibility
    share: float  # masked tokens over all tokens
    error: float  # standard error of that share, from the spread over sequences
    unknown: int  # tokens that stand for no known k-mer
    distinct: int  # different tokens
    commonest: int  # occurrences of the commonest token


def measure(masker: Masker, sample: Sample) -> Measured:
    """Mask a sample and count; ValueError if there are fewer than two sequences, or none holds a token."""
    require(len(sample.pieces) > 1, "The sample of a corpus", "at least 2 sequences", len(sample.pieces))
    masked = [masker.mask(sequence) for sequence in sample.sequences(masker)]
    seen, rows = visibility(masked, masker.tokens), np.array([(len(row.masked), row.masked.sum()) for row in masked])
    counts = np.bincount(np.concatenate([row.tokens.ids for row in masked]), minlength=masker.tokens.vocabulary_size)
    require(seen.tokens > 0, "The sample of a corpus", "sequences of at least one token", "none")
    share = seen.masked_tokens / seen.tokens
    # The variance of a ratio of sums, by linearisation.
    error = (rows[:, 1] - share * rows[:, 0]).std(ddof=1) * len(rows) ** 0.5 / seen.tokens
    unknown = int(counts[masker.tokens.unk])
    counts[masker.tokens.unk] = 0
    return Measured(seen, share, float(error), unknown, int((counts > 0).sum()), int(counts.max()))


def contrast(masker: Masker, sample: Sample) -> tuple[float, float] | None:
    """How often a k-mer is hidden whole: one of the best-ranked tenth, and any other; None without a ranking."""
    if not isinstance(masker.strategy, RankedByContent):
        return None
    strategy, hidden, total = masker.strategy, np.zeros(2), np.zeros(2)
    for sequence in sample.sequences(masker):
        ranks, chosen = strategy.ranks(sequence), masker.choose(sequence).bases
        if len(ranks):
            best = ranks <= BEST_SHARE * len(strategy.table)
            whole = sliding_window_view(chosen, strategy.k).all(axis=1)
            hidden += (whole & best).sum(), (whole & ~best).sum()
            total += best.sum(), (~best).sum()
    best, others = (hidden / np.maximum(total, 1)).tolist()
    return best, others


def planted_shares(masker: Masker, sample: Sample) -> tuple[float, float] | None:
    """Share of the bases of planted motifs that is hidden, and of all bases; None where nothing is known of motifs."""
    hidden, total = np.zeros(2), np.zeros(2)
    for sequence in sample.sequences(masker):
        if PLANTED_TRACK not in sequence.tracks:
            return None
        chosen, planted = masker.choose(sequence).bases, sequence.tracks[PLANTED_TRACK] > 0
        hidden += chosen[planted].sum(), chosen.sum()
        total += planted.sum(), len(chosen)
    return (float(hidden[0] / total[0]), float(hidden[1] / total[1])) if total[0] else None


def match(masker: Masker, sample: Sample, *, tokens: float | None = None, bases: float | None = None) -> Masker:
    """Copy of a masker whose center probability makes it mask this share of the sample's tokens, or of its bases.

    All probabilities are tried with the same draws, so that the share hardly ever falls as one grows, and bisection
    finds where it passes the target; one out of reach is a ValueError. The two strategies of a schedule are matched
    each by itself, so that the share stays the same whenever the second takes over.
    """
    if isinstance(masker.strategy, ScheduleMasking):
        parts: list[Masking] = []
        for part in (masker.strategy.first, masker.strategy.second):
            found = match(replace(masker, strategy=part), sample, tokens=tokens, bases=bases)
            parts.append(copy(found.strategy))
            parts[-1].center_probability = found.center_probability
        schedule = replace(masker.strategy, first=parts[0], second=parts[1], center_probability=None)
        return replace(masker, strategy=schedule, probability=None)
    setting = "match.bases" if tokens is None else "match.tokens"
    target = require_probability(bases if tokens is None else tokens, setting)
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        reached = _share(masker.with_probability(middle), sample, of_bases=tokens is None)
        low, high = (middle, high) if reached < target else (low, middle)
    matched = masker.with_probability(high)
    reached = _share(matched, sample, of_bases=tokens is None)
    if abs(reached - target) > TOLERANCE:
        name, unit = type(masker.strategy).__name__, setting.partition(".")[2]
        raise ValueError(
            f"{setting}={target:g} is out of reach: {name} masks {reached:.2%} of the sample's {unit} with a center "
            f"probability of {high:.3g}. Lower the target, or calibrate on more segments."
        )
    return matched


def _share(masker: Masker, sample: Sample, *, of_bases: bool) -> float:
    """Share of the tokens, or of the bases, that is masked."""
    part = whole = 0
    for sequence in sample.sequences(masker):
        choice, tokens, masked = masker.hide(sequence)
        size = len(choice.bases) if of_bases and len(masked) else len(masked)
        part += int((masked_bases(tokens, masked, size) if of_bases else masked).sum())
        whole += size
    return part / max(whole, 1)


def expected_share(masker: Masker) -> float:
    """Share of masked tokens where any base is a center with the same probability, and spans overlap."""
    probability = min(masker.center_probability * masker.rate.mean(), 1.0)
    return 1 - (1 - probability) ** masker.strategy.expected_tokens(masker.tokens.bases_per_token)


def warnings(measured: Measured, masker: Masker, *, name: str, expected: float) -> list[str]:
    """Say in a line each what is unusual about the masking or the corpus; ValueError if nothing can be learned."""
    seen, share = measured.seen, measured.share
    require(measured.unknown < seen.tokens, "The corpus", "A, C, G and T", "[UNK] tokens only")
    some = 0 < seen.masked_tokens < seen.tokens
    needed = f"to mask some of the tokens and not all ({seen.tokens:,} in the sample)"
    require(some, f"masking={name}", needed, f"{seen.masked_tokens:,} masked")
    kinds = len(masker.tokens.random_ids)
    found: list[str] = []
    if measured.unknown > UNKNOWN_SHARE * seen.tokens:
        found.append(f"{measured.unknown / seen.tokens:.1%} of the tokens are [UNK]")
    if kinds > FEW_TOKENS and measured.commonest > COMMON_SHARE * seen.tokens:
        found.append(f"{measured.commonest / seen.tokens:.1%} of the tokens are the same")
    if measured.distinct < min(kinds, seen.tokens) // 20:
        found.append(f"only {measured.distinct:,} different tokens among {seen.tokens:,}")
    if not USUAL[0] <= share <= USUAL[1]:
        found.append(f"masking={name} masks {share:.2%} of the tokens; 15 % is usual")
    if abs(share - expected) > EXPECTED_WITHIN * expected + ERRORS * measured.error:
        found.append(f"masking={name} masks {share:.2%} of the tokens, where {expected:.2%} are expected")
    return found


def facts(measured: Measured, masker: Masker, expected: float) -> dict[str, Any]:
    """What of this is kept beside an encoder."""
    seen = measured.seen
    return {
        "expected_masking_rate": round(expected, 6),
        "realised_masking_rate": round(measured.share, 6),
        "realised_masking_rate_error": round(measured.error, 6),
        "masked_share_of_bases": round(seen.masked_bases / max(seen.bases, 1), 6),
        "kept_share_of_hidden_bases": round(seen.kept_share, 6),
        "overlap_floor": round(seen.overlap_floor, 4),
        "mask_token_share": round(seen.mask_ids / max(seen.masked_tokens, 1), 6),
        "center_probability": masker.center_probability,
        "sample_tokens": seen.tokens,
        "unknown_share": round(measured.unknown / seen.tokens, 6),
        "distinct_tokens": measured.distinct,
    }
