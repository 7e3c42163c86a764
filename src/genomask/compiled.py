"""Loops over arrays, compiled by numba; they serve the CPU, and torch's operations every device."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import TypeVar, cast

Loop = TypeVar("Loop", bound=Callable[..., object])


@cache
def has_numba() -> bool:
    """Whether numba is there: always, but where the GPU benchmark runs without the project's dependencies."""
    return find_spec("numba") is not None


def on_cpu(device_type: str) -> bool:
    """Whether compiled loops are to serve a batch there, rather than torch: where the two paths part."""
    return device_type == "cpu" and has_numba()


def compiled(loop: Loop) -> Loop:
    """A loop as machine code: compiled when it is first called, or read from the cache beside its module.

    The cache knows numba's version, the processor and the module's file. It does not notice that a loop or
    constant of another module has changed, so a loop calls none of another module.
    """
    if not has_numba():
        return loop  # which is slow, but does the same
    from numba import njit

    try:
        return cast(Loop, njit(nogil=True, cache=True)(loop))
    except RuntimeError:  # no folder that could be written, neither the module's nor the user's
        return cast(Loop, njit(nogil=True)(loop))
