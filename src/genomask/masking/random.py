"""DNABERT's masking, the paper's baseline ORI (Sec. 3, "MLM training")."""

from jaxtyping import Bool, Int64
from torch import Tensor

from genomask.masking.base import Masking
from genomask.masking.geometry import center_bases


class RandomMasking(Masking):
    """Hide random bases, each with the k tokens that hold it.

    The nominal center probability is 15 % / 6 = 2.5 %, which hides about 14 % of the tokens, as spans overlap.
    """

    def __init__(
        self,
        *,
        center_probability: float | None = None,
        k: int = 6,
        corrupt: str = "token",
        random_specials: bool = False,
    ) -> None:
        super().__init__(
            k=k, center_probability=center_probability, corrupt=corrupt, random_specials=random_specials
        )

    def choose_bases(
        self,
        token_ids: Int64[Tensor, "batch tokens"],
        content: Bool[Tensor, "batch tokens"],
        keys: Int64[Tensor, " batch"],
    ) -> Bool[Tensor, "batch bases"]:
        """Choose the center base of every center."""
        return center_bases(self.draw_centers(content, keys), self.k)
