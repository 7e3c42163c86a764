"""What shapes a model: the fields of ``conf/model/*.yaml`` (Table 4)."""

from dataclasses import dataclass
from pathlib import Path

from genomask.checks import require

CLASSIFIER = "model"  # folder in which a fine-tuning keeps its classifier, if asked to


@dataclass
class EncoderShape:
    """Sizes of an encoder, and the batch that it is trained with.

    Attributes:
        name: What tables call the model.
        hidden_size: Features of a token, shared evenly by the heads.
        max_tokens: Longest input, [CLS] and [SEP] included (Table 4 calls it "embedding size").
        initializer_range: Standard deviation of freshly drawn weights.
        paper_batch: Sequences per optimiser step of pretraining, over all devices and accumulation.

    Raises:
        ValueError: If a value is out of its range.
    """

    name: str
    hidden_size: int
    layers: int
    heads: int
    intermediate_size: int
    hidden_dropout: float
    attention_dropout: float
    paper_batch: int
    max_tokens: int = 512
    layer_norm_eps: float = 1e-12
    initializer_range: float = 0.02

    def __post_init__(self) -> None:
        for setting in ("hidden_size", "layers", "heads", "intermediate_size", "paper_batch"):
            require(getattr(self, setting) >= 1, f"model.{setting}", "a number above 0", getattr(self, setting))
        for setting in ("hidden_dropout", "attention_dropout"):
            require(
                0 <= getattr(self, setting) < 1, f"model.{setting}", "a probability below 1", getattr(self, setting)
            )
        for setting in ("layer_norm_eps", "initializer_range"):
            require(getattr(self, setting) > 0, f"model.{setting}", "a number above 0", getattr(self, setting))
        divides = self.hidden_size % self.heads == 0
        require(divides, "model.heads", f"a divisor of hidden_size = {self.hidden_size}", self.heads)
        require(self.max_tokens >= 3, "model.max_tokens", "a number above 2", self.max_tokens)


@dataclass
class ModelSettings(EncoderShape):
    """A BERT encoder.

    Attributes:
        weights: Folder of published weights in DNABERT's layout to start from; nothing draws them afresh.
    """

    weights: str | None = None


@dataclass
class ModernBertSettings(EncoderShape):
    """A ModernBERT encoder: rotary positions, gated feed-forward parts, and attention that is mostly local.

    Attributes:
        global_every: Every so many layers, one attends to the whole sequence.
        local_tokens: Tokens that the other layers attend to, half of them on either side.
    """

    global_every: int = 3
    local_tokens: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.global_every >= 1, "model.global_every", "a number above 0", self.global_every)
        require(self.local_tokens >= 2, "model.local_tokens", "a number above 1", self.local_tokens)
        even = self.hidden_size // self.heads % 2 == 0
        require(even, "model.heads", f"an even number of features a head, of {self.hidden_size}", self.heads)


@dataclass
class PretrainedSettings:
    """A masked language model that is trained on: a folder, or a repository of the Hugging Face hub.

    Attributes:
        name: What tables call the model.
        path: The folder; or the repository's name, where there is a network.
        paper_batch: Sequences per optimiser step of pretraining, where ``pretrain.batch`` is null.
        revision: Commit of the repository; a folder has none.
        trust_remote_code: Let code that the model brings along run.
    """

    name: str
    path: str
    paper_batch: int
    revision: str | None = None
    trust_remote_code: bool = False

    def __post_init__(self) -> None:
        require(self.paper_batch >= 1, "model.paper_batch", "a number above 0", self.paper_batch)
        plain = self.revision is None or not Path(self.path).expanduser().is_dir()
        require(plain, "model.revision", "null where model.path is a folder", self.revision)
