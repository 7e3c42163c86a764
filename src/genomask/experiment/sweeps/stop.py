"""A sweep that is told to stop leaves no worker behind."""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>


@contextmanager
def stoppable(end_workers: Callable[[], None] | None = None) -> Iterator[None]:
    """A block that SIGTERM interrupts as Ctrl-C does; whatever interrupts it, the workers are ended first.

    A SIGTERM that something else listens to, such as submitit on a cluster, is left to it.
    """
    free = signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    listens = free and threading.current_thread() is threading.main_thread()

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    if listens:
        signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        if end_workers is not None:
            end_workers()
        raise
    finally:
        if listens:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def end_with(parent: int) -> None:
    """Have the system end this process when the one that started it ends, however that ends. Linux alone."""
    if sys.platform != "linux" or os.getpid() == parent:
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before
        os.kill(os.getpid(), signal.SIGKILL)
