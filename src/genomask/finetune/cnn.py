"""A small convolutional network, trained from scratch on an episode: a classifier without an encoder."""

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor, nn
from torch.nn.functional import one_hot, pad

from genomask.alphabet import BASES
from genomask.finetune.classifiers import CnnBaseline
from genomask.models.bert import seeded
from genomask.seeds import derived_seed


class MotifNetwork(nn.Module):
    """One convolution; the largest and the mean answer of every filter over a sequence; one hidden layer."""

    def __init__(self, settings: CnnBaseline, *, classes: int) -> None:
        super().__init__()
        self.width = settings.width
        self.motifs = nn.Conv1d(len(BASES), settings.filters, settings.width)
        self.head = nn.Sequential(
            nn.Dropout(settings.dropout),
            nn.Linear(2 * settings.filters, settings.hidden),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(settings.hidden, classes),
        )

    def forward(
        self, bases: UInt8[Tensor, "batch bases"], lengths: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch classes"]:
        """Class logits; what lies beyond a row's length has no effect on them."""
        letters = one_hot(bases.long(), len(BASES) + 1)[:, :, : len(BASES)]  # other letters are all zeros
        inside = torch.arange(bases.shape[1], device=bases.device) < lengths[:, None]
        letters = (letters * inside[:, :, None]).transpose(1, 2).to(self.motifs.weight.dtype)
        around = pad(letters, (self.width // 2, (self.width - 1) // 2))
        found = self.motifs(around).relu() * inside[:, None]  # no answer is below 0, so 0 changes no maximum
        mean = found.sum(dim=2) / lengths.clamp(min=1)[:, None]
        return self.head(torch.cat((found.amax(dim=2), mean), dim=1))


def fresh_network(settings: CnnBaseline, *, classes: int, seed: int) -> MotifNetwork:
    """The network with its initial weights, which the seed draws."""
    with seeded(derived_seed(seed, "initial weights of the convolution")):
        return MotifNetwork(settings, classes=classes)
