"""What of the hidden bases the encoder can still see, and what a reader without any knowledge of DNA makes of it."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from genomask.masking.masker import Masked
from genomask.masking.pieces import covered

LN_4 = float(np.log(4))  # nats of a base of which nothing is known


class Visibility(NamedTuple):
    """Counts over masked sequences; they add up.

    Attributes:
        tokens: Tokens of DNA.
        masked_tokens: How many of them are masked.
        bases: Bases that a token covers.
        masked_bases: Bases that no visible token covers.
        kept_bases: How many of these stand in a masked token that was left as it is.
        floor_nats: Nats that a reader pays for the masked tokens who knows that neighbours overlap, recognises tokens
            that were left as they are, and knows nothing of DNA: ln 4 for every base of a token that neither shows.
        mask_ids: Masked tokens that show [MASK].
    """

    tokens: int
    masked_tokens: int
    bases: int
    masked_bases: int
    kept_bases: int
    floor_nats: float
    mask_ids: int

    @property
    def overlap_floor(self) -> float:
        """Perplexity of that reader: what an encoder reaches by learning the overlap alone."""
        return float(np.exp(self.floor_nats / max(self.masked_tokens, 1)))

    @property
    def kept_share(self) -> float:
        """Share of the hidden bases that a token left as it is shows."""
        return self.kept_bases / max(self.masked_bases, 1)

    def plus(self, other: "Visibility") -> "Visibility":
        """Counts of both."""
        return Visibility(**{name: getattr(self, name) + getattr(other, name) for name in self._fields})


NOTHING = Visibility(0, 0, 0, 0, 0, 0.0, 0)


def masked_bases(sequence: Masked) -> Bool[np.ndarray, " bases"]:
    """Bases that masked tokens cover and no visible one does."""
    (_, start, stop), masked, size = sequence.tokens, sequence.masked, len(sequence.chosen)
    return covered(start[masked], stop[masked], size) & ~covered(start[~masked], stop[~masked], size)


def visibility(sequence: Masked, *, overlapping: bool, mask: int) -> Visibility:
    """Count one masked sequence.

    Args:
        sequence: The sequence.
        overlapping: Whether neighbouring tokens share bases; only then can a reader recognise a masked token that was
            left as it is, by its neighbours.
        mask: Id of [MASK].
    """
    (ids, start, stop), masked, size = sequence.tokens, sequence.masked, len(sequence.chosen)
    hidden = masked_bases(sequence)
    same = masked & (sequence.input_ids == ids)
    kept = covered(start[same], stop[same], size) & hidden
    unseen = np.concatenate(([0], np.cumsum(hidden & ~kept if overlapping else hidden)))
    nats = LN_4 * int((unseen[stop] - unseen[start])[masked].sum())
    everywhere = covered(start, stop, size)
    return Visibility(
        len(ids),
        int(masked.sum()),
        int(everywhere.sum()),
        int(hidden.sum()),
        int(kept.sum()),
        nats,
        int((masked & (sequence.input_ids == mask)).sum()),
    )
