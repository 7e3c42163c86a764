"""Weights between files and modules: nothing is executed, everything must fit."""

import struct
import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from genomask.checks import require

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
# What the readers raise over files that were cut at any byte, or had bits flipped.
CORRUPTION_ERRORS = (
    SafetensorError, UnpicklingError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError,
    RuntimeError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError, AssertionError,
    MemoryError,
)  # fmt: skip


def weights_file(directory: Path) -> Path:
    """The file that holds the weights of a model folder: safetensors where there is a choice."""
    if not directory.is_dir():
        raise FileNotFoundError(f"Weights need a folder; {directory} is none.")
    for name in WEIGHT_FILES:
        if (directory / name).is_file():
            return directory / name
    raise FileNotFoundError(f"Weights need {' or '.join(WEIGHT_FILES)}; {directory} holds neither.")


def read_weights(directory: Path) -> dict[str, Tensor]:
    """Named tensors of a model folder, on the CPU; ValueError for anything else, which is not run, or NaN."""
    file = weights_file(directory)
    try:
        weights = load_file(file) if file.suffix == ".safetensors" else unpickled(file)
    except CORRUPTION_ERRORS as error:
        raise ValueError(f"{file} needs to be whole and hold named tensors alone; it was refused.") from error
    kind, weights = type(weights).__name__, weights if isinstance(weights, Mapping) else {}
    named = bool(weights) and all(isinstance(weight, Tensor) for weight in weights.values())
    require(named, str(file), "named tensors alone", kind)
    for name, weight in weights.items():
        require(isinstance(name, str), str(file), "tensors with names", name)
        plain = weight.layout == torch.strided and not weight.is_quantized and not weight.is_meta
        # A view that repeats a few numbers a trillion times would be written out by whoever computes with it.
        plain = plain and weight.nbytes <= weight.untyped_storage().nbytes()
        require(plain, f"{name} in {file}", "an array of numbers", str(weight.layout))
        if weight.is_floating_point():
            require(bool(weight.isfinite().all()), f"{name} in {file}", "finite numbers", "NaN or infinity")
    return dict(weights)


def unpickled(file: Path) -> object:
    """What PyTorch saved, on the CPU, if it is tensors and plain containers; nothing in the file is called.

    Anything else raises one of ``CORRUPTION_ERRORS``. PyTorch itself reads no checksums.
    """
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            packed = [entry.filename for entry in archive.infolist() if entry.compress_type]
            broken = packed[0] if packed else archive.testzip()  # PyTorch packs nothing: it could be endless
        if broken is not None:
            raise zipfile.BadZipFile(f"{broken} is not as PyTorch wrote it")
    return torch.load(file, map_location="cpu", weights_only=True)


def fill(module: nn.Module, weights: Mapping[str, Tensor], source: Path, *, keep: Collection[str] = ()) -> None:
    """Copy weights into a module: all that it has, but those to keep, and no other; ValueError if one does not fit."""
    wanted = {name: weight for name, weight in module.state_dict().items() if name not in keep}
    faults = [f"lacks {name}" for name in wanted if name not in weights]
    faults += [f"has an unknown {name}" for name in weights if name not in wanted]
    for name, own in wanted.items():
        given = weights.get(name, own)
        if given.shape != own.shape:
            faults.append(f"has {name} of shape {tuple(given.shape)}, not {tuple(own.shape)}")
        if given.is_floating_point() != own.is_floating_point():
            faults.append(f"has {name} of type {given.dtype}, not {own.dtype}")
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    if faults:
        raise ValueError(f"{source} does not fit the model: it {faults[0]}{more}.")
    module.load_state_dict(weights, strict=False)
