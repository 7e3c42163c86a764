"""Loops over arrays, compiled by numba."""

import inspect
from collections.abc import Callable
from typing import TypeVar, cast

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """Compile a loop when it is first called, or read its machine code from the cache beside its module. The cache
    knows numba's version, the processor and the module's file. It does not notice that a loop or constant of another
    module has changed, so a loop calls none of another module."""
    from numba import njit

    plain = inspect.unwrap(loop)  # without the checks of types that tests add
    try:
        return cast(Loop, njit(nogil=True, cache=True)(plain))
    except RuntimeError:  # neither the module's folder nor the user's can be written
        return cast(Loop, njit(nogil=True)(plain))
