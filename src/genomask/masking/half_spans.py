"""The geometry of PMI-masking: half of the centers hide a whole k-mer, half a single base (Sec. 4.2)."""

from abc import abstractmethod

from jaxtyping import Bool, Int32
from torch import Tensor

from genomask.checks import require
from genomask.masking import settings
from genomask.masking.base import Masking, Sequences
from genomask.masking.draws import Stream, bits
from genomask.masking.geometry import bases_of, best_nearby, center_bases, move, smallest


class HalfSpanMasking(Masking):
    """Rank the tokens; centers near the best ranks hide all bases of a token, the others a single base.

    With k = 6 a hidden token takes 11 tokens out of sight, a hidden base 6. The score of a center is the
    best rank among the tokens that hold its center base; a strategy says what the ranks are.

    Args:
        count: ``bernoulli`` draws every token as a center independently, as DNABERT; ``fixed`` draws
            round(center probability * tokens) centers in every sequence.
        high_half: What half of an odd number of centers is: ``ceil`` or ``floor``.
        span_at: The token that a center of the high half hides: ``best`` hides the token of its score,
            ``center`` the center itself.
    """

    def __init__(
        self,
        *,
        center_probability: float | None = None,
        count: str = "bernoulli",
        high_half: str = "ceil",
        span_at: str = "best",
        k: int = 6,
        corrupt: str = "token",
        random_specials: bool = False,
    ) -> None:
        super().__init__(k=k, center_probability=center_probability, corrupt=corrupt, random_specials=random_specials)
        self.count = settings.checked("count", count)
        self.high_half = settings.checked("high_half", high_half)
        self.span_at = settings.checked("span_at", span_at)

    def span_tokens(self) -> float:
        """Half k, half 2k - 1: 8.5 tokens for k = 6 (Sec. 4.2)."""
        return 0.5 * self.k + 0.5 * (2 * self.k - 1)

    @abstractmethod
    def ranks(self, sequences: Sequences) -> Int32[Tensor, "batch tokens"]:
        """Rank of every token, smallest best; worse than all others outside the content."""

    def require_room(self, tokens: int) -> None:
        """Refuse sequences of more tokens than there is room for.

        Raises:
            ValueError: If a rank and a position do not fit into 32 bits.
        """
        limit = 2 ** (30 - 2 * self.k)
        require(tokens <= limit, "Masking of spans", f"at most {limit} tokens with k = {self.k}", tokens)

    def choose_bases(self, sequences: Sequences) -> Bool[Tensor, "batch bases"]:
        """Choose the center base of every center, and all bases of a token near every high one.

        Raises:
            ValueError: As ``require_room``.
        """
        self.require_room(sequences.token_ids.shape[1])
        centers = self.draw_centers(sequences)
        score, best = best_nearby(self.ranks(sequences), self.k)
        high = self.high_centers(centers, score)
        whole = high if self.span_at == "center" else move(high, best)
        return center_bases(centers, self.k) | bases_of(whole, self.k)

    def draw_centers(self, sequences: Sequences) -> Bool[Tensor, "batch tokens"]:
        """Draw the mask centers, "spread uniformly over the DNA string" (Sec. 4.2, step 1)."""
        if self.count == "bernoulli":
            return super().draw_centers(sequences)
        _, content, keys = sequences
        count = (content.sum(dim=1).double() * self.center_probability).round().long()
        draw = bits(keys, stream=Stream.CENTERS, count=content.shape[1]).long()
        return smallest(draw, content, count)

    def high_centers(
        self, centers: Bool[Tensor, "batch tokens"], score: Int32[Tensor, "batch tokens"]
    ) -> Bool[Tensor, "batch tokens"]:
        """Take the half of the centers with the best scores (Sec. 4.2, step 3)."""
        extra = 1 if self.high_half == "ceil" else 0
        return smallest(score, centers, (centers.sum(dim=1) + extra) // 2)
