"""What all masking strategies share: they hide bases, and the model sees something else in their place."""

from abc import ABC, abstractmethod
from copy import deepcopy
from typing import Any, Final, NamedTuple

import torch
from jaxtyping import Bool, Int64
from torch import Tensor, nn

from genomask.alphabet import FIRST_KMER, MASK, UNK, vocabulary_size
from genomask.compiled import on_cpu
from genomask.masking import settings
from genomask.masking.draws import Stream, below, bits
from genomask.masking.geometry import tokens_over

HIDDEN_SHARE: Final = 0.15  # of the tokens, nominally (Sec. 3)
MASK_SHARE: Final = 0.8  # of the hidden tokens; not in the paper, DNABERT's and BERT's
RANDOM_SHARE: Final = 0.1


class MaskedBatch(NamedTuple):
    """What the model sees, and where it must predict the original token ids."""

    input_ids: Int64[Tensor, "batch tokens"]
    hidden: Bool[Tensor, "batch tokens"]


class Sequences(NamedTuple):
    """What a strategy chooses from; ``content`` marks the k-mers and [UNK], ``keys`` are for ``draws``."""

    token_ids: Int64[Tensor, "batch tokens"]
    content: Bool[Tensor, "batch tokens"]
    keys: Int64[Tensor, " batch"]


class Masking(nn.Module, ABC):
    """A strategy, which chooses bases; every token that overlaps one of them is hidden.

    Choosing bases rather than tokens is what keeps a hidden base out of all visible tokens. Masks are a
    pure function of the token ids and the keys of the sequences (see ``draws``).

    Args:
        k: Bases in a k-mer.
        center_probability: Probability that a token is a center, whose center base is to be hidden; None
            for the nominal one, 15 % over the tokens that a center is expected to hide (Sec. 3 and 4.2).
        corrupt: ``token`` draws for every hidden token whether it becomes [MASK] (80 %), a random token
            (10 %) or stays (10 %), as DNABERT; ``span`` draws once for every run of hidden tokens.
        random_specials: Let random tokens be special tokens, as in DNABERT's code.

    Raises:
        ValueError: If a setting is of the wrong type or out of range.
    """

    def __init__(
        self,
        *,
        center_probability: float | None = None,
        k: int = 6,
        corrupt: str = "token",
        random_specials: bool = False,
    ) -> None:
        super().__init__()
        self.k = settings.checked("k", k)
        self._given = settings.checked("center_probability", center_probability)
        self.corrupt = settings.checked("corrupt", corrupt)
        self.random_specials = settings.checked("random_specials", random_specials)

    @property
    def center_probability(self) -> float:
        """Probability that a token is a center."""
        return HIDDEN_SHARE / self.span_tokens() if self._given is None else self._given

    def span_tokens(self) -> float:
        """Tokens that a center is expected to hide if nothing overlaps; k where it hides a single base."""
        return float(self.k)

    @abstractmethod
    def choose_bases(self, sequences: Sequences) -> Bool[Tensor, "batch bases"]:
        """Choose the bases to hide; base x of a row is the first base of its token x.

        Choosing more, beyond the ends of a sequence, has no effect.
        """

    def choose(
        self, token_ids: Int64[Tensor, "batch tokens"], keys: Int64[Tensor, " batch"]
    ) -> Bool[Tensor, "batch tokens"]:
        """Choose the tokens to hide; never [CLS], [SEP] or [PAD]."""
        if on_cpu(token_ids.device.type):
            from genomask.masking import by_loop  # which knows the strategies, and they this module

            hidden = by_loop.choose(self, token_ids, keys)
            if hidden is not None:
                return hidden
        return self.choose_by_torch(token_ids, keys)

    def choose_by_torch(
        self, token_ids: Int64[Tensor, "batch tokens"], keys: Int64[Tensor, " batch"]
    ) -> Bool[Tensor, "batch tokens"]:
        """Choose them on any device, as ``choose_bases`` says."""
        content = maskable(token_ids)
        return tokens_over(self.choose_bases(Sequences(token_ids, content, keys)), self.k) & content

    def forward(self, token_ids: Int64[Tensor, "batch tokens"], keys: Int64[Tensor, " batch"]) -> MaskedBatch:
        """Mask a batch: [CLS], k-mers or [UNK], [SEP], [PAD] in every row, and one key per row."""
        hidden = self.choose(token_ids, keys)
        if on_cpu(token_ids.device.type):
            from genomask.masking import by_loop

            return MaskedBatch(by_loop.show(self, token_ids, hidden, keys), hidden)
        return MaskedBatch(self.show_by_torch(token_ids, hidden, keys), hidden)

    def with_center_probability(self, center_probability: float) -> "Masking":
        """Copy of the strategy that differs in this setting alone."""
        copy = deepcopy(self)
        copy._given = _checked(center_probability)
        return copy

    def draw_centers(self, sequences: Sequences) -> Bool[Tensor, "batch tokens"]:
        """Draw every token as a center, independently, with the center probability (DNABERT)."""
        draw = bits(sequences.keys, stream=Stream.CENTERS, count=sequences.token_ids.shape[1])
        return sequences.content & below(draw, self.center_probability)

    def show_by_torch(
        self,
        token_ids: Int64[Tensor, "batch tokens"],
        hidden: Bool[Tensor, "batch tokens"],
        keys: Int64[Tensor, " batch"],
    ) -> Int64[Tensor, "batch tokens"]:
        """What the model sees, computed on any device."""
        draw = bits(keys, stream=Stream.CORRUPTION, count=token_ids.shape[1])
        # Upper bits decide what becomes of a token, lower ones which token is the random one.
        kmer_ids = FIRST_KMER + (draw & (4**self.k - 1))
        random_ids = draw % vocabulary_size(self.k) if self.random_specials else kmer_ids
        if self.corrupt == "span":
            draw = draw.gather(1, run_numbers(hidden))
        shown = torch.where(below(draw, MASK_SHARE), MASK, random_ids).long()
        return torch.where(hidden & below(draw, MASK_SHARE + RANDOM_SHARE), shown, token_ids)


def maskable(token_ids: Int64[Tensor, "batch tokens"]) -> Bool[Tensor, "batch tokens"]:
    """Tokens that stand for DNA: k-mers, and [UNK] for one with an unknown base."""
    return (token_ids >= FIRST_KMER) | (token_ids == UNK)


def run_numbers(hidden: Bool[Tensor, "batch tokens"]) -> Int64[Tensor, "batch tokens"]:
    """Number the runs of hidden tokens of every row from 0; overlapping spans are one run."""
    starts = hidden & ~nn.functional.pad(hidden[:, :-1], (1, 0))
    return (starts.cumsum(dim=1) - 1).clamp(min=0)


def _checked(center_probability: Any) -> float:
    return settings.probability(center_probability, "masking.center_probability")
