"""How the C library's allocator treats memory that is freed."""

import ctypes
import os
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_LARGEST_FROM_HEAP: Final = 32 << 20  # bytes; glibc allows no more
_KEPT: Final = 1 << 30
_OF_USERS: Final = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed_memory() -> None:
    """Let glibc keep up to 1 GiB of freed memory for what is allocated next; elsewhere, do nothing.

    Each step of a training on a CPU allocates and frees the same arrays of megabytes. Given back to the
    system in between, they have to be cleared and mapped anew, page by page: about a fifth of the time of
    LOGO's k-shot step (5 sequences of 70 bp). A user who has told glibc what to do is obeyed.
    """
    if any(name in os.environ for name in _OF_USERS):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library than glibc
        return
    mallopt(_MMAP_THRESHOLD, _LARGEST_FROM_HEAP)
    mallopt(_TRIM_THRESHOLD, _KEPT)
