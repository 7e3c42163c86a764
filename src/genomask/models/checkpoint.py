"""Weights between files and modules: nothing is executed, everything must fit."""

import struct
from collections.abc import Collection, Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from genomask.checks import require

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
# What the readers raise over files that were cut at any byte.
DAMAGE = (SafetensorError, UnpicklingError, RuntimeError, LookupError, OSError, EOFError, struct.error)


def weights_file(directory: Path) -> Path:
    """The file that holds the weights of a model folder: safetensors where there is a choice.

    Raises:
        FileNotFoundError: If there is no such folder, or no weights in it.
    """
    if not directory.is_dir():
        raise FileNotFoundError(f"Weights need a folder; {directory} is none.")
    for name in WEIGHT_FILES:
        if (directory / name).is_file():
            return directory / name
    raise FileNotFoundError(f"Weights need {' or '.join(WEIGHT_FILES)}; {directory} holds neither.")


def read_weights(directory: Path) -> dict[str, Tensor]:
    """Named tensors of a model folder, on the CPU. A pickle of anything else is refused, not run.

    Raises:
        FileNotFoundError: If there is no such folder, or no weights in it.
        ValueError: If the file is damaged or holds more than tensors.
    """
    file = weights_file(directory)
    try:
        safe = file.suffix == ".safetensors"
        weights = load_file(file) if safe else torch.load(file, map_location="cpu", weights_only=True)
    except DAMAGE as error:
        raise ValueError(f"{file} needs to be whole and hold named tensors alone; it was refused.") from error
    named = isinstance(weights, Mapping) and all(isinstance(weight, Tensor) for weight in weights.values())
    require(named, str(file), "named tensors alone", type(weights).__name__)
    return dict(weights)


def fill(
    module: nn.Module, weights: Mapping[str, Tensor], source: Path, *, keep: Collection[str] = ()
) -> None:
    """Copy weights into a module: every one that the module has, but those to keep, and no other.

    Raises:
        ValueError: If a weight is missing, unknown to the module, or of another shape.
    """
    wanted = {name: weight.shape for name, weight in module.state_dict().items() if name not in keep}
    faults = [f"lacks {name}" for name in wanted if name not in weights]
    faults += [f"has an unknown {name}" for name in weights if name not in wanted]
    faults += [
        f"has {name} of shape {tuple(weights[name].shape)}, not {tuple(shape)}"
        for name, shape in wanted.items()
        if name in weights and weights[name].shape != shape
    ]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    if faults:
        raise ValueError(f"{source} does not fit the model: it {faults[0]}{more}.")
    module.load_state_dict(weights, strict=False)
