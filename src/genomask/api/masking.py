"""Mask sequences as a pretraining would, and look at what was masked."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Int64, UInt8
from torch import Tensor

from genomask.api.sequences import encoded, padded
from genomask.checks import require_choice
from genomask.experiment.config.choices import groups, read_choice
from genomask.experiment.stages.strategy import handed_over, strategy_constructor
from genomask.masking.base import Masking, Sequences, maskable
from genomask.masking.draws import sequence_keys
from genomask.masking.half_spans import HalfSpanMasking
from genomask.ranking.table import Ranking
from genomask.ranking.vocabulary import MaskingVocabulary, membership
from genomask.seeds import derived_seed
from genomask.tokens import tokenise


@dataclass(frozen=True, eq=False)
class Masked:
    """A masked batch, and how it came to be.

    Attributes:
        strategy: The strategy that masked it.
        bases: Bases 0..4, padded.
        lengths: Bases of every row.
        token_ids: [CLS], the overlapping k-mers, [SEP], [PAD]: what there was.
        input_ids: What a model sees: [MASK], a random token or the token itself where it is hidden.
        hidden: Tokens that the model must predict.
        centers: Tokens that were drawn as mask centers (Sec. 4.2, step 1).
        hidden_bases: Bases that were chosen; every token that holds one of them is hidden.
        ranks: Rank of every token, 1 the highest normalized PMI; None for strategies without ranks.
    """

    strategy: Masking
    bases: UInt8[Tensor, "batch bases"]
    lengths: Int64[Tensor, " batch"]
    token_ids: Int64[Tensor, "batch tokens"]
    input_ids: Int64[Tensor, "batch tokens"]
    hidden: Bool[Tensor, "batch tokens"]
    centers: Bool[Tensor, "batch tokens"]
    hidden_bases: Bool[Tensor, "batch bases"]
    ranks: Tensor | None

    @property
    def rate(self) -> float:
        """Share of the k-mers that are hidden; 15 % is nominal (Sec. 3)."""
        return int(self.hidden.sum()) / int(maskable(self.token_ids).sum())

    def figure(self, row: int = 0, *, start: int = 0, bases: int = 120) -> Any:
        """Draw a row: its letters, the hidden bases, centers, ranks, and what the model sees of every token.

        Args:
            row: Which sequence.
            start: First base that is drawn, counted from 0.
            bases: How many are drawn.

        Returns:
            A matplotlib Figure, which notebooks show and ``savefig`` writes.

        Raises:
            ValueError: If there is no such row or base.
        """
        from genomask.api.masking_figure import masking_figure

        return masking_figure(self, row, start=start, bases=bases)

    def _repr_png_(self) -> bytes:
        """What a notebook shows: the first row."""
        return self.figure()._repr_png_()

    def __repr__(self) -> str:
        """What a terminal shows."""
        name = type(self.strategy).__name__
        return f"Masked({len(self.lengths)} sequences, {name} hides {self.rate:.1%} of the tokens)"


def mask(
    sequences: Iterable[str],
    masking: str | Masking = "pmi",
    *,
    ranking: Ranking | None = None,
    vocabulary: MaskingVocabulary | None = None,
    seed: int = 0,
    **settings: Any,
) -> Masked:
    """Mask sequences as a strategy of the ``masking`` config group would.

    Args:
        sequences: Letters, or k-mers separated by blanks; each at least k bases.
        masking: A choice of the group (``pmi``, ``random``, ``span``, ...), or a strategy.
        ranking: For the strategies that rank k-mers; ``rank`` makes one.
        vocabulary: For ``pmi_vocab``; ``vocabulary`` makes one.
        seed: Draws the mask; the row's number takes part, so equal sequences get masks of their own.
        settings: Arguments of the strategy, such as ``center_probability=0.05``.

    Raises:
        ValueError: If a sequence is no DNA or too short, or the strategy lacks or refuses something.
    """
    strategy = masking if isinstance(masking, Masking) else _strategy(masking, ranking, vocabulary, settings)
    bases, lengths = padded(encoded(sequences), k=strategy.k)
    token_ids = tokenise(bases, lengths, k=strategy.k)
    keys = sequence_keys(derived_seed(seed, "mask"), 0, torch.arange(len(lengths)))
    found = strategy(token_ids, keys)
    asked = Sequences(token_ids, maskable(token_ids), keys)
    chosen = strategy.choose_bases(asked)[:, 1 : bases.shape[1] + 1]  # base 0 stands under [CLS]
    inside = torch.arange(bases.shape[1]) < lengths[:, None]
    ranks = strategy.ranks(asked) if isinstance(strategy, HalfSpanMasking) else None
    return Masked(
        strategy,
        bases,
        lengths,
        token_ids,
        found.input_ids,
        found.hidden,
        strategy.draw_centers(asked),
        chosen & inside,
        ranks,
    )


def _strategy(
    name: str, ranking: Ranking | None, vocabulary: MaskingVocabulary | None, settings: dict[str, Any]
) -> Masking:
    require_choice(name, "masking", tuple(groups()["masking"]))
    k = settings.get("k", 6 if ranking is None else ranking.k)
    written = {key: value for key, value in read_choice("masking", name).items() if key != "defaults"}
    constructor = strategy_constructor({**written, "k": k, **settings}, f"masking={name}")
    given: dict[str, Any] = {}
    for needed in handed_over(constructor):
        value = {"ranking": ranking, "vocabulary": vocabulary}[needed]
        if value is None:
            raise ValueError(f"masking={name} needs a {needed}: mask(..., {needed}=...).")
        given[needed] = value.rank if isinstance(value, Ranking) else membership(value)
    try:
        return constructor(**given)
    except TypeError as error:
        raise ValueError(f"masking={name}: {error}.") from error
