"""Whether a run, repeated with its configuration and its seeds, gives the same numbers to the last bit."""

import platform
from typing import Any

import torch

from genomask.config.schema import Config

GIVEN = "the same versions, number of threads and kind of processor"
ON_GPU = (
    "on a GPU: kernels that add in no fixed order were not ruled out (torch.use_deterministic_algorithms)"
)


def repeatability(config: Config) -> dict[str, Any]:
    """What a result says of itself: whether it repeats bit for bit, given what, or why it may not.

    On a CPU every operation of a training adds in an order that the number of threads decides; tests run
    trainings twice and compare the bits.
    """
    on_gpu = config.trainer.accelerator != "cpu" and torch.cuda.is_available()
    repeats = not on_gpu or torch.are_deterministic_algorithms_enabled()
    return {
        "bit_for_bit": repeats,
        "given": GIVEN if repeats else None,
        "why_not": None if repeats else ON_GPU,
        "device": torch.cuda.get_device_name() if on_gpu else f"cpu {platform.machine()}",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
