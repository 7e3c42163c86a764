"""The machine that was measured."""

import os
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from genomask.experiment.store.artefact import git_commit

PACKAGES = ("torch", "lightning", "transformers", "numpy", "numba", "pyfastx")


def machine() -> dict[str, object]:
    """Properties that stay the same between runs: processor, memory, versions; and the GPU if torch is in use."""
    return {
        "processor": _field(Path("/proc/cpuinfo"), "model name") or platform.processor() or platform.machine(),
        "instructions": _instructions(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.platform(),
        "versions": {"python": platform.python_version()} | _versions(),
        **_gpu(),
    }


def moment() -> dict[str, object]:
    """Properties that change: time, load (processes that wanted to run in the last minute), commit of the code."""
    return {
        "date": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "load": round(os.getloadavg()[0], 1),
        "commit": git_commit(),
    }


def _gpu() -> dict[str, str]:
    torch = sys.modules.get("torch")
    return {"gpu": torch.cuda.get_device_name()} if torch and torch.cuda.is_available() else {}


def _instructions() -> list[str]:
    """Vector instructions that decide how products are computed, as Linux names them."""
    known = (_field(Path("/proc/cpuinfo"), "flags") or "").split()
    return [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_tile") if name in known]


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _field(path: Path, name: str) -> str | None:
    if not path.is_file():
        return None
    lines = (line.partition(":") for line in path.read_text(encoding="utf-8").splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), None)
