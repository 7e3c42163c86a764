"""Start from DNABERT's published weights (ORI 120K, Sec. 5.4), in the layout of its own code."""

from pathlib import Path

import torch
from torch import Tensor
from transformers import BertForMaskedLM

from genomask.checks import require
from genomask.files import read_object
from genomask.models.bert import bert_config, seeded
from genomask.models.checkpoint import fill, read_weights
from genomask.models.settings import ModelSettings
from genomask.tokens.files import check_vocabulary
from genomask.tokens.kmer import KmerTokens

OLD_NAMES = {".gamma": ".weight", ".beta": ".bias"}  # of layer norms, in the oldest checkpoints
UNUSED = ("bert.embeddings.position_ids", "bert.pooler.", "cls.seq_relationship.")  # MLM trains no pooler
COMPARED = ("num_attention_heads", "hidden_act", "layer_norm_eps")  # what no tensor's shape tells


def load_dnabert(directory: Path, settings: ModelSettings, tokens: KmerTokens) -> BertForMaskedLM:
    """Read weights that DNABERT's code trained; the module then gives the logits that DNABERT gave.

    The folder holds pytorch_model.bin or model.safetensors. config.json (which names no model type),
    vocab.txt and tokenizer.json are compared with the settings where they are present: weights under another
    order of k-mers or split into other heads would load, and mean nothing.

    Raises:
        FileNotFoundError: If there is no such folder, or no weights in it.
        ValueError: If the files do not fit the settings or one another.
    """
    weights = _modern(read_weights(directory))
    check_vocabulary(directory, tokens)
    _check_config(directory / "config.json", settings, tokens)
    with seeded(0):
        model = BertForMaskedLM(bert_config(settings, tokens))
    _check_tied(weights, directory)
    own = {name: weight for name, weight in weights.items() if name not in model.all_tied_weights_keys}
    if "cls.predictions.bias" in own:
        # DNABERT's head adds its bias twice: in the linear layer that shares it, and once more after it.
        own["cls.predictions.bias"] = 2 * own["cls.predictions.bias"]
    fill(model, own, directory, keep=model.all_tied_weights_keys)
    return model


def _modern(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    renamed = {}
    for name, weight in weights.items():
        stem, dot, last = name.rpartition(".")
        renamed[stem + OLD_NAMES.get(dot + last, dot + last)] = weight
    return {name: weight for name, weight in renamed.items() if not name.startswith(UNUSED)}


def _check_tied(weights: dict[str, Tensor], directory: Path) -> None:
    decoder = weights.get("cls.predictions.decoder.weight")
    table = weights.get("bert.embeddings.word_embeddings.weight")
    tied = decoder is None or (table is not None and torch.equal(decoder, table))
    require(tied, f"The MLM decoder in {directory}", "the weights of the token embeddings", "others")


def _check_config(file: Path, settings: ModelSettings, tokens: KmerTokens) -> None:
    if not file.is_file():
        return
    found, wanted = read_object(file), bert_config(settings, tokens)
    for name in COMPARED:
        value = getattr(wanted, name)
        other = found.get(name, value)
        require(other == value, f"{name} in {file}", f"{value} for model={settings.name}", other)
