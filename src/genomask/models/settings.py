"""What shapes a model: the fields of ``conf/model/*.yaml`` (Table 4)."""

from dataclasses import dataclass

from genomask.checks import require

CLASSIFIER = "model"  # folder in which a fine-tuning keeps its classifier, if asked to


@dataclass
class ModelSettings:
    """A BERT encoder, and the batch that the paper trains it with.

    Attributes:
        name: What tables call the model.
        hidden_size: Features of a token, shared evenly by the heads.
        max_tokens: Longest input, [CLS] and [SEP] included (Table 4 calls it "embedding size").
        initializer_range: Standard deviation of freshly drawn weights.
        paper_batch: Sequences per optimiser step of pretraining, over all devices and accumulation.
        weights: Folder of published weights in DNABERT's layout to start from; nothing draws them afresh.

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
    weights: str | None = None

    def __post_init__(self) -> None:
        for setting in ("hidden_size", "layers", "heads", "intermediate_size", "paper_batch"):
            value = getattr(self, setting)
            require(value >= 1, f"model.{setting}", "a number above 0", value)
        for setting in ("hidden_dropout", "attention_dropout"):
            value = getattr(self, setting)
            require(0 <= value < 1, f"model.{setting}", "a probability below 1", value)
        for setting in ("layer_norm_eps", "initializer_range"):
            value = getattr(self, setting)
            require(value > 0, f"model.{setting}", "a number above 0", value)
        divides = self.hidden_size % self.heads == 0
        require(divides, "model.heads", f"a divisor of hidden_size = {self.hidden_size}", self.heads)
        require(self.max_tokens >= 3, "model.max_tokens", "a number above 2", self.max_tokens)
