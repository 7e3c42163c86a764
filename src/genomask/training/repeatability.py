"""Whether a run, repeated with its configuration and its seeds, gives the same numbers to the last bit."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.utils.deterministic

from genomask.experiment.config.schema import Config

GIVEN = "the same versions, number of threads and kind of processor"
ON_GPU = "on a GPU: kernels that add in no fixed order were not ruled out (torch.use_deterministic_algorithms)"
MEMORY: Any = torch.utils.deterministic  # a module with a switch that type checkers do not see
NOT_ASKED_FOR = "torch.use_deterministic_algorithms was not switched on"


@contextmanager
def fixed_order(config: Config) -> Iterator[None]:
    """On a CPU, let an operation that may add in another order the next time be an error within the block.

    Every one that a training or an evaluation uses has a fixed order there, so this takes no time and changes
    no number; it makes sure that it stays so. Torch is left as it was found, as notebooks compute on.
    """
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    fills = MEMORY.fill_uninitialized_memory
    if not on_gpu(config):
        torch.use_deterministic_algorithms(True)
        MEMORY.fill_uninitialized_memory = False  # it would write all memory once more, to find bugs
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        MEMORY.fill_uninitialized_memory = fills


def repeatability(config: Config) -> dict[str, Any]:
    """What a result says of itself: whether it repeats bit for bit, given what, or why it may not.

    To be asked where the numbers were computed, within ``fixed_order``. Tests run trainings on a CPU twice
    and compare the bits.
    """
    gpu = on_gpu(config)
    strict = torch.are_deterministic_algorithms_enabled()
    repeats = strict and not torch.is_deterministic_algorithms_warn_only_enabled()
    return {
        "bit_for_bit": repeats,
        "given": GIVEN if repeats else None,
        "why_not": None if repeats else ON_GPU if gpu else NOT_ASKED_FOR,
        "device": torch.cuda.get_device_name() if gpu else f"cpu {platform.machine()}",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def on_gpu(config: Config) -> bool:
    """Whether a training of this configuration computes on a GPU."""
    return config.trainer.accelerator != "cpu" and torch.cuda.is_available()
