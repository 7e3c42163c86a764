"""DNABERT's masking, the paper's baseline ORI (Sec. 3, "MLM training")."""

from jaxtyping import Bool
from torch import Tensor

from genomask.masking.base import Masking, Sequences
from genomask.masking.geometry import center_bases


class RandomMasking(Masking):
    """Hide random bases, each with the k tokens that hold it.

    Nominally 15 % / 6 = 2.5 % of the bases; as their spans overlap, that hides about 14 % of the tokens.
    """

    def choose_bases(self, sequences: Sequences) -> Bool[Tensor, "batch bases"]:
        """Choose the base at every center."""
        return center_bases(self.draw_centers(sequences), self.k)
