"""Model folders: sound ones, spoilt ones, and a literal reader of safetensors."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from fuzz_spoil import BYTES, spoilt
from genomask.alphabet import SPECIAL_TOKENS, kmer_table
from genomask.models.bert import fresh_config, load_encoder, masked_language_model, sequence_classifier
from genomask.models.export import export_encoder, open_classifier
from genomask.models.initial import load_dnabert
from genomask.models.settings import ModelSettings
from genomask.tokens.kmer import KmerTokens
from tiny_models import drawn_classifier

SETTINGS = ModelSettings("tiny", 8, 1, 2, 16, 0.0, 0.1, 4, max_tokens=16)
TOKENS = KmerTokens(2)
VALUES = [None, True, False, -1, 0, 1, 3, 10**9, 1e30, "8", "x", [], {}, [1], {"0": 1}, 0.5, "gelu", "relu"]


class Folder(NamedTuple):
    """A kind of model folder: how a sound one is made, and what opens it and gives its tensors."""

    name: str
    make: Callable[[Path], None]
    open: Callable[[Path], dict[str, Tensor]]


def _encoder(folder: Path) -> None:
    export_encoder(masked_language_model(SETTINGS, TOKENS, seed=0), folder, TOKENS)


def _classifier(folder: Path) -> None:
    model = drawn_classifier(SETTINGS, TOKENS)
    model.config.id2label = {0: "no", 1: "yes"}
    export_encoder(model, folder, TOKENS)


def _dnabert(folder: Path, *, zipped: bool) -> None:
    weights = masked_language_model(SETTINGS, TOKENS, seed=0).state_dict()
    torch.save(weights, folder / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
    (folder / "vocab.txt").write_text("\n".join([*SPECIAL_TOKENS, *kmer_table(TOKENS.k)]) + "\n")
    shape = fresh_config(SETTINGS, TOKENS).to_dict()
    (folder / "config.json").write_text(json.dumps({name: shape[name] for name in ("num_attention_heads",)}))


def _open_encoder(folder: Path) -> dict[str, Tensor]:
    model = sequence_classifier(load_encoder(folder), classes=2, seed=0, hidden_dropout=0.1)
    weights = {f"bert.{name}": weight for name, weight in model.bert.state_dict().items()}
    return {name: weight for name, weight in weights.items() if "pooler" not in name}


def _load_encoder(folder: Path) -> dict[str, Tensor]:
    return {f"bert.{name}": weight for name, weight in load_encoder(folder).model.state_dict().items()}


def _open_dnabert(folder: Path) -> dict[str, Tensor]:
    return load_dnabert(folder, SETTINGS, TOKENS).state_dict()


FOLDERS = (
    Folder("encoder", _encoder, _open_encoder),
    Folder("encoder of the api", _encoder, _load_encoder),
    Folder("classifier", _classifier, lambda folder: open_classifier(folder).model.state_dict()),
    Folder("dnabert", partial(_dnabert, zipped=True), _open_dnabert),
    Folder("dnabert-old", partial(_dnabert, zipped=False), _open_dnabert),
)


def spoil_folder(folder: Path, draw: Random) -> str:
    """Spoil one file of a model folder in place; returns its name."""
    file = draw.choice(sorted(folder.iterdir()))
    data = file.read_bytes()
    if file.name == "tokenizer.json" and draw.random() < 0.5:
        found = json.loads(data)
        words = found["model"]["vocab"]
        one, other = draw.sample(sorted(words), 2)
        swapped, odd = (words[other], words[one]), (words[one], draw.choice(VALUES))
        words[one], words[other] = draw.choice([swapped, odd])
        data = json.dumps(found).encode()
    elif file.suffix == ".json" and draw.random() < 0.7:
        found = json.loads(data)
        found[draw.choice(sorted(found))] = draw.choice(VALUES)
        if draw.random() < 0.3:
            del found[draw.choice(sorted(found))]
        data = json.dumps(found).encode()
    elif file.suffix == ".safetensors" and draw.random() < 0.5:  # most of its bytes are numbers
        size = 8 + int.from_bytes(data[:8], "little")
        data = spoilt(data[:size], draw, BYTES) + data[size:]
    else:
        data = spoilt(data, draw, BYTES)
    file.write_bytes(data)
    return file.name


def literal_tensors(data: bytes) -> dict[str, Any]:
    """Read safetensors by the letter of the format: eight bytes of length, JSON, numbers."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        start, stop = entry["data_offsets"]
        kind = {"F32": np.float32, "F16": np.float16, "F64": np.float64}[entry["dtype"]]
        tensors[name] = np.frombuffer(data[8 + size :][start:stop], kind).reshape(entry["shape"])
    return tensors
