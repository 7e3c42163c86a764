"""What a strategy does to the corpus, measured on a sample before a pretraining begins."""

from typing import Any, Final, NamedTuple

import torch
from jaxtyping import Int64
from torch import Tensor

from genomask.alphabet import FIRST_KMER, MASK, UNK
from genomask.checks import require
from genomask.masking.base import MASK_SHARE, Masking, maskable
from genomask.masking.rate import ROWS, Rate

BOUNDS: Final = (0.01, 0.5)  # shares of hidden tokens outside are allowed, but hardly meant
TOLERANCE: Final = 0.15  # relative: spans are cut at the ends of a sequence, and centers are not everywhere
UNKNOWN_SHARE: Final = 0.1  # of the tokens
COMMON_SHARE: Final = 0.25  # of the tokens; the commonest 6-mer of the human genome makes up 0.4 %
ERRORS: Final = 5.0  # standard errors that chance hardly exceeds


class Sample(NamedTuple):
    """Counts on a sample: tokens, hidden ones, what these became, and which k-mers there are.

    Attributes:
        tokens: Tokens that stand for DNA.
        hidden: How many of them are hidden.
        masked: How many of these show [MASK].
        unknown: Tokens that are [UNK].
        distinct: Different k-mers.
        commonest: Occurrences of the commonest k-mer.
    """

    tokens: int
    hidden: int
    masked: int
    unknown: int
    distinct: int
    commonest: int


def measure(masking: Masking, token_ids: Int64[Tensor, "batch tokens"], keys: Int64[Tensor, " batch"]) -> Sample:
    """Mask a sample of sequences and count.

    Raises:
        ValueError: If the strategy hides what is no DNA, or changes what it does not hide.
    """
    hidden = masked = 0
    for ids, part in zip(token_ids.split(ROWS), keys.split(ROWS), strict=True):
        batch = masking(ids, part)
        stray = int((batch.hidden & ~maskable(ids)).sum())
        require(not stray, "A masking", "to hide tokens of DNA only", f"{stray} others hidden")
        changed = int(((batch.input_ids != ids) & ~batch.hidden).sum())
        require(not changed, "A masking", "to leave visible tokens as they are", f"{changed} changed")
        hidden += int(batch.hidden.sum())
        masked += int((batch.hidden & (batch.input_ids == MASK)).sum())
    content = token_ids[maskable(token_ids)]
    counts = torch.bincount(content[content >= FIRST_KMER])
    return Sample(
        tokens=len(content),
        hidden=hidden,
        masked=masked,
        unknown=int((content == UNK).sum()),
        distinct=int((counts > 0).sum()),
        commonest=int(counts.max()) if len(counts) else 0,
    )


def expected_rate(masking: Masking) -> float:
    """Share of hidden tokens where any token is a center with the same probability, and spans overlap."""
    return 1 - (1 - masking.center_probability) ** masking.span_tokens()


def judge(sample: Sample, rate: Rate, *, name: str, expected: float, k: int) -> list[str]:
    """Say in a line each what is odd about the masking or the corpus.

    Args:
        sample: What was counted.
        rate: The realised share of hidden tokens.
        name: What the strategy is called.
        expected: The share that is expected, or asked for.
        k: Bases in a k-mer.

    Raises:
        ValueError: If nothing can be learned: nothing is hidden, or everything, or every token is [UNK].
    """
    require(sample.unknown < sample.tokens, "A corpus", "k-mers of A, C, G and T", "[UNK] tokens only")
    some = 0 < sample.hidden < sample.tokens
    needed = f"to hide some of the tokens and not all ({sample.tokens:,} in the sample)"
    require(some, f"masking={name}", needed, f"{sample.hidden:,} hidden")
    shares = {
        "unknown": (sample.unknown / sample.tokens, UNKNOWN_SHARE, "of the tokens are [UNK]"),
        "common": (
            sample.commonest / sample.tokens,
            COMMON_SHARE,
            "of the tokens are the same k-mer",
        ),
    }
    odd = [f"{share:.1%} {what}" for share, most, what in shares.values() if share > most]
    if sample.distinct < min(4**k, sample.tokens) // 20:
        odd.append(f"only {sample.distinct:,} different k-mers in {sample.tokens:,} tokens")
    if not BOUNDS[0] <= rate.mean <= BOUNDS[1]:
        odd.append(f"masking={name} hides {rate.mean:.2%} of the tokens; 15 % is usual")
    if abs(rate.mean - expected) > TOLERANCE * expected + ERRORS * rate.standard_error:
        odd.append(f"masking={name} hides {rate.mean:.2%} of the tokens, where {expected:.2%} are expected")
    shown, deviation = sample.masked / sample.hidden, (MASK_SHARE * (1 - MASK_SHARE) / sample.hidden) ** 0.5
    if abs(shown - MASK_SHARE) > 3 * ERRORS * deviation:  # where corrupt=span, a run is drawn as one
        odd.append(f"{shown:.1%} of the hidden tokens become [MASK], where {MASK_SHARE:.0%} are expected")
    return odd


def facts(sample: Sample, expected: float) -> dict[str, Any]:
    """What of this is kept beside an encoder."""
    return {
        "expected_masking_rate": round(expected, 6),
        "sample_tokens": sample.tokens,
        "unknown_share": round(sample.unknown / sample.tokens, 6),
        "distinct_kmers": sample.distinct,
        "masked_share_of_hidden": round(sample.masked / sample.hidden, 6),
    }
