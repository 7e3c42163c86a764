"""Rows of the pretraining step on a GPU; everywhere else they say that they need one."""

import torch

from benchmarks import model_inputs as inputs_of
from benchmarks.inputs import Inputs
from benchmarks.model_pretrain import Case, row
from benchmarks.row import NotMeasured, Row
from genomask.models.settings import ModelSettings

NO_GPU = "needs a CUDA device: python -m benchmarks.gpu"
MICRO_BATCH = 64  # what a pretraining takes on a GPU


def logo(inputs: Inputs) -> Row:
    """A step of 500 sequences, as in the paper."""
    return _case(inputs_of.LOGO, 500, inputs)


def logo_compiled(inputs: Inputs) -> Row:
    """The same with forward pass and loss compiled."""
    return _case(inputs_of.LOGO, 500, inputs, compiled=True)


def dnabert(inputs: Inputs) -> Row:
    """A step of 200 sequences, a fifth of the paper's, so that the reference does not take all the time."""
    return _case(inputs_of.DNABERT, 200, inputs)


def dnabert_compiled(inputs: Inputs) -> Row:
    """The same with forward pass and loss compiled."""
    return _case(inputs_of.DNABERT, 200, inputs, compiled=True)


def _case(model: ModelSettings, sequences: int, inputs: Inputs, *, compiled: bool = False) -> Row:
    if inputs.quick:
        return row(Case(inputs_of.TINY, 6, 2, torch.float32, _device()))
    if not torch.cuda.is_available():
        raise NotMeasured(NO_GPU)
    return row(Case(model, sequences, MICRO_BATCH, torch.bfloat16, torch.device("cuda"), compiled=compiled))


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
