"""Everything about a GPU in one command, on a machine with PyTorch, Lightning, Transformers and NumPy alone.

    python benchmarks/gpu.py --minutes 8 --json gpu.json
    python benchmarks/gpu.py --pretrain logo:pmi,base:random --minutes 20 --genome FOLDER --out encoders

The first compares a step with the CPU, then measures. The second pretrains encoders on an encoded genome (the folder of
a genome artefact) for as long as it is given, and leaves each in fp16, in files below 16 MB.
"""

import argparse
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import lightning  # noqa: F401  # before a stand-in could change what it finds
import numpy as np
import torch
import transformers  # noqa: F401  # likewise

ROOT: Final = Path(__file__).resolve().parents[1]
OPTIONAL: Final = ("jaxtyping", "numba", "rich", "filelock", "pyfastx", "omegaconf", "hydra", "yaml")
STEPS: Final = 10_000  # of a pretraining (Sec. 5.3)
VOCABULARY, LONGEST, MASKED_SHARE = 4101, 507, 0.15  # of 6-mers; tokens of 510 bases; share of the paper
EMBEDDED: Final = 297  # tokens of a sequence of 300 bp, with [CLS] and [SEP]


class Absent:
    """Anything that is imported from a package that is not installed: a decorator, a base, a part of an annotation."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __call__(self, *arguments: Any, **_: Any) -> Any:
        return arguments[0] if arguments and callable(arguments[0]) else self

    def __getitem__(self, _: Any) -> "Absent":
        return self

    def __or__(self, _: Any) -> "Absent":
        return self

    __ror__ = __or__

    def __mro_entries__(self, _: Any) -> tuple[()]:
        return ()

    def __getattr__(self, name: str) -> "Absent":
        if name.startswith("__"):
            raise AttributeError(name)
        return self


class Absentees(MetaPathFinder, Loader):
    """Finds packages that are not installed."""

    def __init__(self, packages: list[str]) -> None:
        self.packages = packages

    def find_spec(self, fullname: str, *_: Any) -> ModuleSpec | None:
        """Find a package or a module in it."""
        return ModuleSpec(fullname, self, is_package=True) if fullname.partition(".")[0] in self.packages else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A module in which everything is ``Absent``."""
        module = ModuleType(spec.name)
        module.__getattr__ = Absent().__getattr__  # PEP 562
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


def tolerate_missing() -> list[str]:
    """Let genomask be imported without packages that nothing here computes with; without numba, tokens are slow."""
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    missing = [name for name in OPTIONAL if name not in sys.modules and importlib.util.find_spec(name) is None]
    sys.meta_path.append(Absentees(missing))
    return missing


def measure(*, minutes: float, quick: bool) -> dict[str, Any]:
    """Compare with the CPU, then measure case by case until the time is over.

    Raises:
        ValueError: If the device computes another loss or gradient than the CPU.
    """
    from benchmarks.machine import machine, moment
    from benchmarks.pretrain import DNABERT, LOGO, MODERNBERT, TINY

    ends, device = time.monotonic() + 60 * minutes, "cuda" if torch.cuda.is_available() else "cpu"
    record: dict[str, Any] = {"machine": machine() | moment(), "quick": quick, "equality": equality(device)}
    record["peak_tflops"] = peak = matrix_peak(device, 256 if quick else 8192)
    tiny = replace(MODERNBERT, name="tiny modernbert", hidden_size=16, heads=2, intermediate_size=32)
    models = ((TINY, 6), (tiny, 6)) if quick else ((LOGO, 500), (DNABERT, 200), (MODERNBERT, 500))
    cases: dict[str, Callable[[], dict[str, Any]]] = {
        f"{model.name}, bf16{', padded' * padded}{', compiled' * compiled}": partial(
            step, model, count, device, peak, padded=padded, compiled=compiled
        )
        for compiled in (False, *([True] if device == "cuda" else []))  # a compiler for the CPU is not the question
        for padded in (False, True)
        for model, count in models
    }
    cases[f"embeddings, {models[0][0].name}, 300 bp"] = partial(embeddings, models[0][0], device, 8 if quick else 512)
    record["cases"] = {}
    for name, case in cases.items():
        try:
            record["cases"][name] = {"not_measured": "time is over"} if time.monotonic() > ends else case()
        except RuntimeError as error:  # out of memory, or the compiler's: the other cases can be measured
            record["cases"][name] = {"not_measured": next(iter(str(error).splitlines()), type(error).__name__)}
        sys.stdout.write(f"{name}: {record['cases'][name]}\n")
    return record


def equality(device: str) -> str:
    """Compare a float32 step on the device with the CPU's."""
    from benchmarks.pretrain import TINY, difference, our_step
    from genomask.tokens.kmer import KmerTokens

    batch = random_step(6, micro_batch=2)
    ours, theirs = (
        our_step(TINY, KmerTokens(6), partial(on, batch, where), torch.float32, device=where)()
        for where in (device, "cpu")
    )
    loss, gradient = difference(ours, theirs)
    if not (loss < 1e-4 and gradient < 1e-3):
        raise ValueError(f"{device} and the CPU differ: the loss by {loss:.1e}, the gradient by {gradient:.1e}")
    return f"loss within {loss:.0e}, gradient within {gradient:.0e} of the CPU's"


def random_step(count: int, *, micro_batch: int, padded: bool = False) -> Any:
    """A step's batch of the paper's lengths, 15 % of the tokens masked; no strategy, so no numba.

    Longest first, so that little is padded; or padded to the longest sequence in random order, as in the scripts.
    """
    from genomask.corpus.steps import Cut, StepBatch, Work

    random = np.random.default_rng(0)
    lengths = np.where(random.random(count) < 0.5, LONGEST, random.integers(8, LONGEST, count))
    lengths[0] = LONGEST
    lengths = lengths if padded else np.sort(lengths)[::-1].copy()
    cuts, flats, slots = [], [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for start in range(0, count, micro_batch):
        part = lengths[start : start + micro_batch]
        width = int(lengths.max() if padded else part.max())
        masked = (random.random((len(part), width)) < MASKED_SHARE) & (np.arange(width) < part[:, None])
        most = max(1, int(masked.sum(axis=1).max()))
        rows, places = masked.nonzero()
        first = sum(map(len, flats))
        flats.append(rows * width + places)
        slots.append(rows * most + masked.cumsum(axis=1)[rows, places] - 1)
        cut = Cut(start, start + len(part), width, bool(part.min() < width), first, first + len(rows), most)
        cuts.append((cut, int((masked.sum(axis=1) * part).sum())))
    flat, slot = (torch.from_numpy(np.concatenate(parts)) for parts in (flats, slots))
    tokens, pairs = int(lengths.sum()), sum(pairs for _, pairs in cuts)
    squares, positions = int((lengths**2).sum()), sum((cut.stop - cut.start) * cut.width for cut, _ in cuts)
    work = Work(0, tokens, squares, tokens - 2 * count, len(flat), pairs, 0, positions, float(len(flat)))
    ids = torch.from_numpy(random.integers(5, VOCABULARY, (count, int(lengths.max()))))
    targets = torch.from_numpy(random.integers(5, VOCABULARY, len(flat)))
    ids[torch.arange(ids.shape[1]) >= torch.from_numpy(lengths)[:, None]] = 0
    return StepBatch(ids, torch.from_numpy(lengths), flat, slot, targets, None, None, tuple(c for c, _ in cuts), work)


def step(model: Any, count: int, device: str, peak: float, *, padded: bool, compiled: bool) -> dict[str, Any]:
    """Time optimiser steps of masked sequences of the paper's lengths, in bf16."""
    from benchmarks.pretrain import our_step
    from genomask.models.flops import shape_of, training_flops
    from genomask.pretrain.step import logits_of, loss_sum
    from genomask.tokens.kmer import KmerTokens

    tokens = KmerTokens(6)
    batch = on(random_step(count, micro_batch=min(64, count), padded=padded), device)
    work = batch.work

    def loss_of(network: Any, part: Any) -> torch.Tensor:
        return loss_sum(logits_of(network, part), part)

    loss_of = torch.compile(loss_of, dynamic=True) if compiled else loss_of
    call = our_step(model, tokens, lambda: batch, torch.bfloat16, device=device, loss_of=loss_of)
    seconds = time_calls(call, device)
    flops = training_flops(
        shape_of(call().model),
        tokens=work.tokens,
        squares=work.squares,
        queries=work.masked,
        pairs=work.pairs,
        predicted=work.masked,
    )
    whole = seconds * model.paper_batch / count
    return {
        "tokens_per_second": work.tokens / seconds,
        "utilisation": flops / seconds / 1e12 / peak,
        "minutes_of_10000_steps": whole * STEPS / 60,
        "gb": torch.cuda.max_memory_allocated() / 1e9 if device == "cuda" else None,
        "host_waits": waits(call) if device == "cuda" else None,
    }


@torch.inference_mode()
def embeddings(model: Any, device: str, batch: int) -> dict[str, Any]:
    """Time mean embeddings of sequences of 300 bp, in bf16, ids already on the device."""
    from genomask.models.bert import masked_language_model
    from genomask.models.forward import states
    from genomask.tokens.kmer import KmerTokens

    network = masked_language_model(model, KmerTokens(6), seed=0).eval()
    torch.nn.Module.to(network, device)
    ids = torch.randint(5, VOCABULARY, (batch, EMBEDDED), generator=torch.Generator().manual_seed(0)).to(device)

    def call() -> torch.Tensor:
        with torch.autocast(device, torch.bfloat16):
            return states(network, ids).mean(dim=1).float().cpu()

    rate = batch / time_calls(call, device)
    return {"sequences_per_second": rate, "minutes_per_million": 1e6 / rate / 60}


def time_calls(call: Callable[[], Any], device: str, *, seconds: float = 5.0) -> float:
    """Mean seconds of a call, after three that compile and allocate."""
    quick = device == "cpu"
    for _ in range(1 if quick else 3):
        call()
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        torch.cuda.synchronize()
    started, calls = time.perf_counter(), 0
    while calls < 2 or (not quick and time.perf_counter() - started < seconds):
        call()
        calls += 1
        if device == "cuda":
            torch.cuda.synchronize()
    return (time.perf_counter() - started) / calls


def waits(call: Callable[[], Any]) -> bool:
    """Whether a step makes the host wait for the device."""
    torch.cuda.set_sync_debug_mode("error")
    try:
        call()
    except RuntimeError:
        return True
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return False


def matrix_peak(device: str, size: int) -> float:
    """TFLOP/s of a square bf16 matrix product."""
    one, other = (torch.ones(size, size, dtype=torch.bfloat16, device=device) for _ in range(2))
    return 2 * size**3 / time_calls(lambda: one @ other, device, seconds=1.0) / 1e12


def on(batch: Any, device: str) -> Any:
    """A named tuple with its tensors on a device."""
    tensors = {name: part.to(device) for name, part in batch._asdict().items() if isinstance(part, torch.Tensor)}
    return batch._replace(**tensors)


def main(arguments: list[str] | None = None) -> int:
    """Measure or pretrain; 1 if the device computes something else than the CPU."""
    words = _parser().parse_args(arguments)
    missing = tolerate_missing()
    if missing:
        sys.stdout.write(f"not installed, and not used: {', '.join(missing)}\n")
    if not (torch.cuda.is_available() or words.quick):
        sys.exit("error: there is no CUDA device; --quick runs everything on the CPU at a toy size, as a test.")
    if words.pretrain:
        if words.genome is None:
            sys.exit("error: --pretrain needs --genome, the folder of an encoded genome (runs/genome/NAME).")
        if "numba" in missing:
            sys.exit("error: --pretrain needs numba, which compiles the k-mer tokens: pip install numba")
        from benchmarks.arms import pretrain_arms

        pretrain_arms(words)
        return 0
    try:
        record = measure(minutes=words.minutes, quick=words.quick)
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    if words.json:
        words.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    kind = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python benchmarks/gpu.py", description=__doc__, formatter_class=kind)
    parser.add_argument("--minutes", type=float, default=8, help="when to begin no further case, or stop pretraining")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results, for docs/performance.md")
    parser.add_argument("--quick", action="store_true", help="a toy size, on any device, to see that all runs")
    parser.add_argument("--pretrain", metavar="ARM,ARM", help="such as logo:pmi,base:random (or span)")
    parser.add_argument("--genome", type=Path, metavar="FOLDER", help="the folder of an encoded genome")
    parser.add_argument("--ranking", type=Path, metavar="CSV", help="runs/rank/NAME/ranking.csv, for masking pmi")
    parser.add_argument("--out", type=Path, default=Path("encoders"), help="where encoders are written")
    parser.add_argument("--workers", type=int, default=8, help="processes that mask sequences")
    return parser


if __name__ == "__main__":
    sys.exit(main())
