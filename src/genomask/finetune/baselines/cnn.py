"""A small convolutional network, trained on nothing but the episode."""

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor, nn
from torch.nn.functional import one_hot, pad

from genomask.alphabet import BASES
from genomask.finetune.classifiers import CnnBaseline
from genomask.finetune.module import CLASSES, EpisodeModule, Objective
from genomask.finetune.settings import FinetuneSettings
from genomask.seeds import derived_seed
from genomask.tasks.datamodule import ExampleBatch


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


class CnnModule(EpisodeModule):
    """Train the network on an episode, its initial weights drawn from the seed."""

    def __init__(
        self,
        settings: CnnBaseline,
        *,
        classes: int,
        optimiser: FinetuneSettings,
        seed: int,
        objective: Objective = CLASSES,
    ) -> None:
        super().__init__(settings=optimiser, learning_rate=settings.learning_rate, seed=seed, objective=objective)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derived_seed(seed, "initial weights of the convolution"))
            self.model = MotifNetwork(settings, classes=classes)

    def logits(self, batch: ExampleBatch) -> Float[Tensor, "batch classes"]:
        """Class logits of a batch of sequences."""
        return self.model(batch.bases, batch.lengths)
