"""What glibc is told about freed memory."""

import ctypes
import subprocess
import sys

import pytest

from genomask.training.host import keep_freed_memory

# Whether much of a large array's memory goes back to the system when it is freed.
PROBE = """
import ctypes, sys
from genomask.training.host import keep_freed_memory
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
keep_freed_memory()
block = libc.malloc(16 << 20)
ctypes.memset(block, 1, 16 << 20)
held = resident()
libc.free(block)
print(held - resident() > 8 << 20)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="needs glibc")
@pytest.mark.parametrize(("set_by_user", "returned"), [({}, "False"), ({"MALLOC_TRIM_THRESHOLD_": "131072"}, "True")])
def test_freed_memory_is_kept_unless_the_user_has_told_glibc_what_to_do(set_by_user, returned, monkeypatch):
    for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in set_by_user.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == returned


@pytest.mark.parametrize("library", [object(), None], ids=["without mallopt", "none"])
def test_another_c_library_is_left_alone(library, monkeypatch):
    def load(_name):
        if library is None:
            raise OSError("no such library")
        return library

    monkeypatch.setattr(ctypes, "CDLL", load)
    keep_freed_memory()
