"""Settings of masking that are no strategy's own: what masked tokens become, and how many tokens are masked."""

from dataclasses import dataclass
from typing import Final

from genomask.checks import require, require_choice

MASKED_SHARE: Final = 0.15  # of the tokens, nominally (Sec. 3)
UNITS: Final = ("token", "span", "base")  # what one draw of the corruption decides for


@dataclass
class Corruption:
    """What the encoder sees in the place of masked tokens.

    Attributes:
        unit: What one draw decides for. ``token``: every masked token for itself, as DNABERT and the paper; ``span``: a
            run of masked tokens; ``base``: every hidden base, and with it all tokens that cover it, so that no token
            shows a base that another one replaces ([MASK] before a random token before the token itself).
        mask_share: Probability of [MASK]; not in the paper, DNABERT's and BERT's.
        random_share: Probability of a random token; the rest stay as they are.
        random_specials: Let random tokens be special tokens, as in DNABERT's code.
    """

    unit: str = "token"
    mask_share: float = 0.8
    random_share: float = 0.1
    random_specials: bool = False

    def __post_init__(self) -> None:
        require_choice(self.unit, "corrupt.unit", tuple(UNITS))
        require(0 < self.mask_share <= 1, "corrupt.mask_share", "a number above 0 and at most 1", self.mask_share)
        most = 1 - self.mask_share
        fits = 0 <= self.random_share <= most + 1e-9
        require(
            fits, "corrupt.random_share", f"a number from 0 to 1 - corrupt.mask_share = {most:g}", self.random_share
        )


@dataclass
class MatchSettings:
    """Share of the tokens, or of the bases, that every strategy is calibrated to mask; None for its nominal rate."""

    tokens: float | None = None
    bases: float | None = None

    def __post_init__(self) -> None:
        one = self.tokens is None or self.bases is None
        require(one, "match", "one target, match.tokens or match.bases", f"{self.tokens} and {self.bases}")
        for name, value in (("tokens", self.tokens), ("bases", self.bases)):
            require(value is None or 0 < value < 1, f"match.{name}", "a share between 0 and 1, or null", value)
