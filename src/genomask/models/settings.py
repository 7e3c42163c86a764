"""What shapes a model: the fields of ``conf/model/*.yaml`` (Table 4)."""

from dataclasses import dataclass
from pathlib import Path

from genomask.checks import require, require_each

CLASSIFIER = "model"  # folder in which a fine-tuning keeps its classifier, if asked to


@dataclass
class EncoderShape:
    """Sizes of an encoder, and the batch that it is trained with (``paper_batch``, over all devices and accumulation).

    The heads share the ``hidden_size`` features of a token evenly. ``max_tokens`` is the longest input, [CLS] and [SEP]
    included (Table 4's "embedding size"); ``initializer_range`` the standard deviation of drawn weights.
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
        counts = "hidden_size layers heads intermediate_size paper_batch layer_norm_eps initializer_range"
        require_each(self, "model", counts, lambda n: n > 0, "a number above 0")
        require_each(self, "model", "hidden_dropout attention_dropout", lambda p: 0 <= p < 1, "a probability below 1")
        divides = self.hidden_size % self.heads == 0
        require(divides, "model.heads", f"a divisor of hidden_size = {self.hidden_size}", self.heads)
        require(self.max_tokens >= 3, "model.max_tokens", "a number above 2", self.max_tokens)


@dataclass
class ModelSettings(EncoderShape):
    """A BERT encoder; ``weights`` is a folder of published weights in DNABERT's layout to start from."""

    weights: str | None = None


@dataclass
class ModernBertSettings(EncoderShape):
    """A ModernBERT encoder: rotary positions, gated feed-forward parts, and attention that is mostly local.

    One of ``global_every`` layers attends to the whole sequence, the others to ``local_tokens``, half on either side.
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
    """A masked language model to train on: a folder, or a repository of the Hugging Face hub.

    Attributes:
        path: The folder; or the repository's name, where there is a network.
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
