"""The process and its machine: the device, the allocator, the order of sums, and whether a run repeats bit for bit."""

import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch
import torch.utils.deterministic

from genomask.checks import require
from genomask.training.settings import TrainerSettings

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_LARGEST_FROM_HEAP: Final = 32 << 20  # bytes; glibc allows no more
_KEPT: Final = 1 << 30
_SET_BY_USERS: Final = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")

FULL_MEMORY: Final = 40e9  # bytes of a GPU that takes as many sequences at once as are set for GPUs
MOST_WORKERS: Final = 8

MEMORY: Any = torch.utils.deterministic  # a module with a switch that type checkers do not see


def device_of(accelerator: str) -> torch.device:
    """The device that a trainer's accelerator means: auto, cpu or gpu; ValueError if there is no GPU to take."""
    available = torch.cuda.is_available()
    require(accelerator != "gpu" or available, "trainer=gpu", "a CUDA device", "none")
    return torch.device("cuda" if available and accelerator != "cpu" else "cpu")


def on_gpu(machine: TrainerSettings) -> bool:
    """Whether a training on this machine computes on a GPU."""
    return machine.accelerator != "cpu" and torch.cuda.is_available()


def sequences_at_once(machine: TrainerSettings, chosen: int | None, *, cpu: int, gpu: int) -> int:
    """Sequences that go through the encoder together: as configured, or what suits the machine and its memory."""
    if chosen is not None or not on_gpu(machine):
        return chosen or cpu
    memory = torch.cuda.get_device_properties(0).total_memory
    return max(1, min(gpu, int(gpu * memory / FULL_MEMORY)))


def workers(machine: TrainerSettings, chosen: int | None) -> int:
    """Processes that prepare batches: as configured, or none on a CPU, and up to 8 for a GPU."""
    if chosen is not None or not on_gpu(machine):
        return chosen or 0
    return min(MOST_WORKERS, (os.cpu_count() or 1) // machine.devices)


def described(machine: TrainerSettings, precision: str) -> str:
    """What a training on this machine computes with, in a line."""
    if not on_gpu(machine):
        threads = machine.threads or torch.get_num_threads()
        return f"on a CPU with {threads} thread{'s' * (threads > 1)}, {precision}"
    device, tf32 = torch.cuda.get_device_properties(0), "on" if machine.tf32 else "off (trainer.tf32)"
    count = machine.devices * machine.nodes
    return f"on {count} {device.name} of {device.total_memory / 1e9:.0f} GB, {precision}, TF32 {tf32}"


def resolved_precision(setting: str, machine: TrainerSettings) -> str:
    """The precision that ``auto`` means: bfloat16 where the device computes it natively, else float32."""
    if setting != "auto":
        return setting
    native = torch.cuda.is_bf16_supported(including_emulation=False) if on_gpu(machine) else has_bfloat16()
    return "bf16-mixed" if native else "32-true"


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16; emulated, a step takes many times as long as in float32."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def prepare_host(machine: TrainerSettings) -> None:
    """Set what the process computes with: threads, glibc's allocator, TF32."""
    keep_freed_memory()
    torch.set_float32_matmul_precision("high" if machine.tf32 else "highest")
    if machine.threads is not None:
        torch.set_num_threads(machine.threads)


def keep_freed_memory() -> None:
    """Let glibc keep up to 1 GiB of freed memory for what is allocated next, unless its user has told it what to do.

    Each step on a CPU allocates and frees the same arrays of megabytes. Given back to the system in between, they are
    cleared and mapped anew, page by page: about a fifth of the time of LOGO's k-shot step (5 sequences of 70 bp).
    """
    if any(name in os.environ for name in _SET_BY_USERS):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library than glibc
        return
    mallopt(_MMAP_THRESHOLD, _LARGEST_FROM_HEAP)
    mallopt(_TRIM_THRESHOLD, _KEPT)


@contextmanager
def fixed_order(machine: TrainerSettings) -> Iterator[None]:
    """On a CPU, make it an error in the block if an operation may add in another order the next time: none does."""
    before, fills = torch.are_deterministic_algorithms_enabled(), MEMORY.fill_uninitialized_memory
    only_warns = torch.is_deterministic_algorithms_warn_only_enabled()
    if not on_gpu(machine):
        torch.use_deterministic_algorithms(True)
        MEMORY.fill_uninitialized_memory = False  # it would write all memory once more, to find bugs
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=only_warns)
        MEMORY.fill_uninitialized_memory = fills


def repeatability(machine: TrainerSettings) -> dict[str, Any]:
    """Say, within ``fixed_order``, whether a result that is computed again is the same to the last bit, or why not."""
    gpu = on_gpu(machine)
    strict = torch.are_deterministic_algorithms_enabled()
    repeats = strict and not torch.is_deterministic_algorithms_warn_only_enabled()
    off = "torch.use_deterministic_algorithms was not switched on"
    if gpu:
        off = "on a GPU: kernels that add in no fixed order were not ruled out (torch.use_deterministic_algorithms)"
    return {
        "bit_for_bit": repeats,
        "given": "the same versions, number of threads and kind of processor" if repeats else None,
        "why_not": None if repeats else off,
        "device": torch.cuda.get_device_name() if gpu else f"cpu {platform.machine()}",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
