"""Compile loops over arrays with numba, and keep the machine code from one process to the next."""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """A loop as machine code, compiled when it is first called, or read from the cache beside its module.

    numba knows its own version, the processor and the module's file; when constants or loops of another
    module change, it does not notice, so that a loop should call none of another module.
    """
    try:
        return cast(Loop, njit(nogil=True, cache=True)(loop))
    except RuntimeError:  # no folder that could be written: neither the module's nor the user's
        return cast(Loop, njit(nogil=True)(loop))
