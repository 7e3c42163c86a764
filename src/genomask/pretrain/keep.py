"""What a pretraining leaves: encoders on its way, and lines for the terminal."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning import Callback, Trainer
from lightning.pytorch.trainer.states import TrainerFn

from genomask.genome.counts import UNIFORM, level

Export = Callable[[Path, Mapping[str, float], int], None]


class KeepSteps(Callback):
    """Export the encoder at chosen steps, each after its validation, to ``step=N`` below the directory."""

    def __init__(self, steps: Sequence[int], directory: Path, export: Export) -> None:
        self.steps, self.directory, self.export = frozenset(steps), directory, export

    def on_validation_end(self, trainer: Trainer, *_: Any, **__: Any) -> None:
        if trainer.state.fn != TrainerFn.FITTING or trainer.global_step not in self.steps:
            return
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.export(step_folder(self.directory, trainer.global_step), metrics, trainer.global_step)


def step_folder(directory: Path, step: int) -> Path:
    """Where the encoder of a step is kept below that of its pretraining."""
    return directory / f"step={step}"


def nats_line(found: Mapping[str, Any]) -> str:
    """Where a pretraining ends, in words: what its nats per base compare with."""
    nats, contexts = found["nats_per_base_common"], {int(n): value for n, value in found["context_nats"].items()}
    floor = found["overlap_floor_common"]
    reached = level(nats, contexts)
    if found["overlapping"] and found["perplexity_common"] > floor and not reached:
        place = f"still learning that tokens overlap (which alone is worth a perplexity of {floor:.1f})"
    else:
        bases = "1 base" if reached == 1 else f"{reached} bases"
        place = "not yet at the frequencies of bases" if reached is None else f"at the level of {bases} of context"
    return f"{nats:.3f} nats per hidden base ({UNIFORM:.3f} knows nothing): {place}"


def counting_line(contexts: Mapping[str, float]) -> str:
    """Nats of a base by the number of bases on either side that k-mer counts know it by."""
    return ", ".join(f"{nats:.3f} from {n} on either side" for n, nats in contexts.items() if int(n))


def speed_line(found: Mapping[str, float]) -> str:
    """How fast a pretraining was, beside what the device can do."""
    share = found["model_flop_utilisation"]
    peak = f"{share:.0%} of the matrix product's" if share <= 1 else "on a device too busy to measure its peak"
    return (
        f"{found['bases_per_second']:,.0f} bases/s, {found['tokens_per_second']:,.0f} tokens/s, "
        f"batch fill {found['batch_fill']:.1%}, {found['flops_per_second'] / 1e9:,.3g} GFLOP/s, {peak}"
    )
