"""What a fine-tuning may vary, and what the number of shots decides."""

from dataclasses import dataclass
from typing import NamedTuple

from genomask.checks import require_choice, require_each
from genomask.training.settings import OptimiserSettings


@dataclass
class FewShot:
    """Batch size (Sec. 5.3): ``low_batch`` up to ``low_up_to`` shots, else ``high_batch``."""

    low_up_to: int
    low_batch: int
    high_batch: int

    def __post_init__(self) -> None:
        require_each(self, "fewshot", "low_up_to", lambda shots: shots >= 0, "at least 0")
        require_each(self, "fewshot", "low_batch high_batch", lambda size: size >= 1, "at least 1")


@dataclass
class Stability:
    """Fine-tuning stability (FS, Sec. 5.4): longer, at a high rate, up to ``up_to`` shots (None: always)."""

    up_to: int | None
    epochs: int
    learning_rate: float
    plain_epochs: int
    plain_learning_rate: float

    def __post_init__(self) -> None:
        require_each(self, "fs", "up_to", lambda shots: shots is None or shots >= 0, "at least 0")
        require_each(self, "fs", "epochs plain_epochs", lambda epochs: epochs >= 1, "at least 1")
        require_each(self, "fs", "learning_rate plain_learning_rate", lambda rate: rate > 0, "a positive number")


@dataclass
class FinetuneSettings(OptimiserSettings):
    """Everything about fine-tuning that does not depend on the number of shots.

    ``crop`` says what is kept of a sequence longer than the encoder takes: ``start``, ``center``, or none of it, which
    is an error (``refuse``). ``save_model`` keeps the classifier. ``cross_validate`` is a number of folds: the shots
    also score their own folds, to choose a variant by. ``checkpoint_every`` is in steps. ``pool`` says what the head
    reads: the last layer at [CLS], as in the paper, or its mean over the tokens of bases. ``lora`` is the rank of
    adapters that are trained in place of the encoder's own weights.
    """

    warmup_share: float
    hidden_dropout: float
    evaluation_batch: int | None
    crop: str
    save_model: bool
    cross_validate: int | None = None
    checkpoint_every: int = 500
    pool: str = "cls"
    lora: int | None = None

    def __post_init__(self) -> None:
        self.check("finetune")
        require_choice(self.precision, "finetune.precision", ("32-true", "bf16-mixed"))
        require_each(self, "finetune", "warmup_share", lambda share: 0 <= share <= 1, "a share from 0 to 1")
        require_each(self, "finetune", "hidden_dropout", lambda share: 0 <= share < 1, "a number in [0, 1)")
        require_each(
            self, "finetune", "evaluation_batch", lambda size: size is None or size >= 1, "at least 1, or null"
        )
        require_each(
            self, "finetune", "cross_validate", lambda folds: folds is None or folds >= 2, "at least 2, or null"
        )
        require_each(self, "finetune", "checkpoint_every", lambda steps: steps >= 1, "at least 1")
        require_each(self, "finetune", "lora", lambda rank: rank is None or rank >= 1, "a rank from 1, or null")
        require_choice(self.crop, "finetune.crop", ("refuse", "start", "center"))
        require_choice(self.pool, "finetune.pool", ("cls", "mean"))
        if self.save_model and self.pool != "cls":
            raise ValueError("finetune.save_model=true needs finetune.pool=cls: AutoModel's classifiers read [CLS].")


@dataclass
class EmbedSettings:
    """Embeddings of a benchmark by a frozen encoder, which probes learn from.

    ``layers`` are the ``last`` alone, or ``all`` and the token embeddings. A sequence longer than the encoder takes is
    an error (``long=refuse``), or cut into windows whose vectors are averaged (``window``). With ``strands=both``, the
    vector of the reverse complement is averaged with it (of maxima, the larger is kept).
    """

    layers: str = "last"
    long: str = "refuse"
    strands: str = "forward"

    def __post_init__(self) -> None:
        require_choice(self.layers, "embed.layers", ("last", "all"))
        require_choice(self.long, "embed.long", ("refuse", "window"))
        require_choice(self.strands, "embed.strands", ("forward", "both"))

    @property
    def reading(self) -> dict[str, str]:
        """How a sequence is read, for hashing; a setting that came later counts only where it is used."""
        return {"long": self.long, **({"strands": self.strands} if self.strands != "forward" else {})}


class Policy(NamedTuple):
    """What one fine-tuning does, given its number of shots."""

    batch_size: int
    epochs: int
    learning_rate: float
    stable: bool


def policy(shots: int | None, fewshot: FewShot, stability: Stability) -> Policy:
    """Batch size, epochs and rate for this many shots per class; None stands for the full training set."""
    low = shots is not None and shots <= fewshot.low_up_to
    stable = stability.up_to is None or (shots is not None and shots <= stability.up_to)
    return Policy(
        batch_size=fewshot.low_batch if low else fewshot.high_batch,
        epochs=stability.epochs if stable else stability.plain_epochs,
        learning_rate=stability.learning_rate if stable else stability.plain_learning_rate,
        stable=stable,
    )
