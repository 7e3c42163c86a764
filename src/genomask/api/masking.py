"""Mask sequences as a pretraining would, and look at what was masked."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from genomask.api.sequences import encoded
from genomask.checks import require, require_choice
from genomask.experiment.config.choices import groups
from genomask.experiment.run import configured
from genomask.experiment.stages.strategy import HANDED_OVER, handed_over, make, strategy_constructor
from genomask.masking.base import Masking
from genomask.masking.draws import sequence_keys
from genomask.masking.masker import Masked as MaskedSequence
from genomask.masking.masker import Masker, Visibility, visibility
from genomask.masking.ranked import RankedMasking
from genomask.ranking.table import Ranking
from genomask.ranking.vocabulary import MaskingVocabulary
from genomask.seeds import derived_seed
from genomask.tokens.base import Tokens
from genomask.tokens.kmer import KmerTokens


@dataclass(frozen=True, eq=False)
class Masked:
    """Masked sequences, and how they came to be.

    Attributes:
        masker: Strategy, tokens and corruption.
        bases: Bases 0..4 of every sequence.
        rows: What became of every sequence: ``tokens``, ``input_ids``, ``masked``, ``chosen`` bases, ``weights``.
        centers: Which bases of every sequence were mask centers (Sec. 4.2, step 1).
        ranks: Rank of every k-mer by its first base, 1 the highest normalized PMI; None for strategies without ranks.
    """

    masker: Masker
    bases: list[UInt8[np.ndarray, " _bases"]]
    rows: list[MaskedSequence]
    centers: list[np.ndarray]
    ranks: list[Int64[np.ndarray, " _kmers"]] | None

    @property
    def seen(self) -> Visibility:
        """Counts over all sequences: masked tokens, hidden bases, and what of these is still in sight."""
        return visibility(self.rows, self.masker.tokens)

    @property
    def rate(self) -> float:
        """Share of the tokens that is masked; 15 % is nominal (Sec. 3)."""
        return self.seen.masked_tokens / max(self.seen.tokens, 1)

    def figure(self, row: int = 0, *, start: int = 0, bases: int = 120) -> Any:
        """Draw a row: its letters, the hidden bases, centers, ranks, and what the model sees of every token.

        Args:
            row: Which sequence.
            start: First base that is drawn, counted from 0.
            bases: How many are drawn, fewer where the sequence ends.

        Returns:
            A matplotlib Figure, which notebooks show and ``savefig`` writes; a ValueError if there is no such place.
        """
        from genomask.api.masking_figure import masking_figure

        require(0 <= row < len(self.rows), "row", f"0 to {len(self.rows) - 1}", row)
        return masking_figure(self, row, start=start, bases=bases)

    def _repr_png_(self) -> bytes:
        """What a notebook shows: the first row."""
        return self.figure()._repr_png_()

    def __repr__(self) -> str:
        """What a terminal shows."""
        name, tokens = type(self.masker.strategy).__name__, self.masker.tokens.name
        return f"Masked({len(self.rows)} sequences, {name} masks {self.rate:.1%} of the {tokens} tokens)"


def mask(
    sequences: Iterable[str],
    masking: str | Masking = "pmi",
    *,
    tokens: Tokens | None = None,
    ranking: Ranking | None = None,
    vocabulary: MaskingVocabulary | None = None,
    motifs: Iterable[Float64[np.ndarray, "_width 4"]] | None = None,
    corrupt: str = "token",
    seed: int = 0,
    **settings: Any,
) -> Masked:
    """Mask sequences as a strategy of the ``masking`` config group would.

    Args:
        sequences: Letters, or k-mers separated by blanks; each long enough for a token.
        masking: A choice of the group (``pmi``, ``random``, ``span``, ...), or a strategy.
        tokens: What a model would read; overlapping 6-mers by default.
        ranking: For the strategies that rank k-mers; ``rank`` makes one.
        vocabulary: For ``pmi_vocab``; ``vocabulary`` makes one.
        motifs: For ``motif``: probabilities of A, T, C, G at every position of each.
        corrupt: A choice of the ``corrupt`` config group.
        seed: Draws the mask; the row's number takes part, so equal sequences get masks of their own.
        settings: Arguments of the strategy, such as ``center_probability=0.05``.

    Raises:
        ValueError: If a sequence is no DNA or too short, or the strategy lacks or refuses something.
    """
    given = {"ranking": ranking, "scores": ranking, "vocabulary": vocabulary, "motifs": motifs}
    strategy = masking if isinstance(masking, Masking) else _strategy(masking, given, settings)
    masker = Masker(strategy, tokens or KmerTokens(), _choice("corrupt", corrupt))
    bases = encoded(sequences)
    for one in bases:
        require(len(one) >= masker.tokens.shortest, "A sequence", f"at least {masker.tokens.shortest} bases", len(one))
    keys = sequence_keys(derived_seed(seed, "mask"), 0, np.arange(len(bases)))
    rows = [masker(one, key=key) for one, key in zip(bases, keys, strict=True)]
    seen = [masker.sequence(one, key=key) for one, key in zip(bases, keys, strict=True)]
    centers = [strategy.centers(one, masker.center_probability) for one in seen]
    ranks = [strategy.ranks(one) for one in seen] if isinstance(strategy, RankedMasking) else None
    return Masked(masker, bases, rows, centers, ranks)


@cache
def _choice(group: str, name: str) -> Any:
    """The settings of a choice of the configuration."""
    require_choice(name, group, tuple(groups()[group]))
    return getattr(configured([f"{group}={name}"]), group)


def _strategy(name: str, given: dict[str, Any], settings: dict[str, Any]) -> Masking:
    constructor = strategy_constructor({**_choice("masking", name), **settings}, f"masking={name}")
    needed = handed_over(constructor)
    if absent := ["ranking" if one == "scores" else one for one in needed if given[one] is None]:
        article = "" if absent[0] == "motifs" else "a "
        raise ValueError(f"masking={name} needs {article}{absent[0]}: mask(..., {absent[0]}=...).")
    return make(constructor, {one: HANDED_OVER[one].value(given[one]) for one in needed})
