"""What a fine-tuning may vary, and what the number of shots decides."""

from dataclasses import dataclass
from typing import NamedTuple

from genomask.checks import require, require_choice


@dataclass
class FewShot:
    """Batch size (Sec. 5.3): ``low_batch`` up to ``low_up_to`` shots, else ``high_batch``."""

    low_up_to: int
    low_batch: int
    high_batch: int

    def __post_init__(self) -> None:
        require(self.low_up_to >= 0, "fewshot.low_up_to", "at least 0", self.low_up_to)
        require(self.low_batch >= 1, "fewshot.low_batch", "at least 1", self.low_batch)
        require(self.high_batch >= 1, "fewshot.high_batch", "at least 1", self.high_batch)


@dataclass
class Stability:
    """Fine-tuning stability (FS, Sec. 5.4): longer, at a high rate, up to ``up_to`` shots (None: always)."""

    up_to: int | None
    epochs: int
    learning_rate: float
    plain_epochs: int
    plain_learning_rate: float

    def __post_init__(self) -> None:
        require(self.up_to is None or self.up_to >= 0, "fs.up_to", "at least 0", self.up_to)
        for name in ("epochs", "plain_epochs"):
            require(getattr(self, name) >= 1, f"fs.{name}", "at least 1", getattr(self, name))
        for name in ("learning_rate", "plain_learning_rate"):
            require(getattr(self, name) > 0, f"fs.{name}", "a positive number", getattr(self, name))


@dataclass
class FinetuneSettings:
    """Everything about fine-tuning that does not depend on the number of shots.

    ``crop`` says what is kept of a sequence longer than the encoder takes: ``"start"``, ``"center"``, or none
    of it, which is an error (``"refuse"``). ``save_model`` keeps the fine-tuned classifier beside its result.
    ``cross_validate`` is a number of folds: the shots also score their own folds, to choose a variant by.
    A training that is stopped goes on from the last of the checkpoints, one every ``checkpoint_every`` steps. ``pool``
    says what the head reads: the last layer's features of [CLS], as in the paper, or the mean over the tokens of bases.
    ``lora`` is the rank of adapters that are trained in place of the encoder's own weights; None trains these.
    """

    warmup_share: float
    weight_decay: float
    hidden_dropout: float
    beta1: float
    beta2: float
    epsilon: float
    clip_norm: float
    precision: str
    evaluation_batch: int | None
    crop: str
    save_model: bool
    cross_validate: int | None = None
    checkpoint_every: int = 500
    pool: str = "cls"
    lora: int | None = None

    def __post_init__(self) -> None:
        require(0 <= self.warmup_share <= 1, "finetune.warmup_share", "a share from 0 to 1", self.warmup_share)
        require(0 <= self.hidden_dropout < 1, "finetune.hidden_dropout", "a number in [0, 1)", self.hidden_dropout)
        for name in ("weight_decay", "epsilon", "clip_norm"):
            require(getattr(self, name) >= 0, f"finetune.{name}", "at least 0", getattr(self, name))
        for name in ("beta1", "beta2"):
            require(0 <= getattr(self, name) < 1, f"finetune.{name}", "a number in [0, 1)", getattr(self, name))
        size = self.evaluation_batch
        require(size is None or size >= 1, "finetune.evaluation_batch", "at least 1, or null", size)
        folds = self.cross_validate
        require(folds is None or folds >= 2, "finetune.cross_validate", "at least 2, or null", folds)
        every = self.checkpoint_every
        require(every >= 1, "finetune.checkpoint_every", "at least 1", every)
        require_choice(self.crop, "finetune.crop", ("refuse", "start", "center"))
        require(self.lora is None or self.lora >= 1, "finetune.lora", "a rank from 1, or null", self.lora)
        require_choice(self.pool, "finetune.pool", ("cls", "mean"))
        if self.save_model and self.pool != "cls":
            raise ValueError("finetune.save_model=true needs finetune.pool=cls: AutoModel's classifiers read [CLS].")
        require_choice(self.precision, "finetune.precision", ("32-true", "bf16-mixed"))


@dataclass
class EmbedSettings:
    """Embeddings of a benchmark by a frozen encoder, which probes learn from.

    ``layers=all`` keeps the token embeddings and every layer, ``last`` the last layer alone. A sequence that is longer
    than the encoder takes is an error (``long=refuse``), or cut into windows whose vectors are averaged
    (``long=window``). With ``strands=both``, the vector of the reverse complement is averaged with it (of maxima, the
    larger is kept).
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
