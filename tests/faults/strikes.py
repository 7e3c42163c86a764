"""Faults of a process: where in its work it is struck, how often it is spared before, and how it ends."""

import io
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

CASES = int(os.environ.get("GENOMASK_FAULTS", "8"))  # of every kind: `make test-faults FAULTS=100`
ENDS = ("SIGKILL", "SIGTERM", "SIGINT", "exception")
ANY_TIME = "any time"
# Functions that the program calls, by module: a process is struck as it calls one, or, where it says so,
# as it comes back.
PLACES = {
    "between micro-batches": ("genomask.pretrain.module", "loss_sum"),
    "between optimiser and schedule": ("torch.optim.adam", "adam"),
    "half a checkpoint": ("torch", "save"),
    "checkpoint not renamed": ("genomask.training.checkpoints", "sync"),
    "weights exported": ("genomask.experiment.stages.pretrain", "export_encoder"),
    "manifest": ("genomask.experiment.store.store", "write_manifest"),
    "loss of an episode": ("genomask.finetune.module", "cross_entropy"),
    "scores": ("genomask.experiment.stages.classifier", "score"),
}
AFTER = ("between optimiser and schedule", "weights exported")


class Strike(NamedTuple):
    """End a process by ``end`` at the call number ``count`` of a place, or so many seconds after it began."""

    place: str
    end: str
    count: int = 0
    seconds: float = 0.0

    def arm(self, tells: Path) -> None:
        """Have this process struck; ``tells`` is written just before."""

        def hit() -> None:
            tells.write_text(str(self))
            if self.end != "exception":
                os.kill(os.getpid(), getattr(signal, self.end))
            elif threading.current_thread() is threading.main_thread():
                raise RuntimeError("an injected fault")
            else:
                os.kill(os.getpid(), signal.SIGUSR2)

        signal.signal(signal.SIGUSR2, _raise)
        if self.place == ANY_TIME:
            timer = threading.Timer(self.seconds, hit)
            timer.daemon = True
            timer.start()
        else:
            _watch(self.place, lambda calls: hit() if calls == self.count else None)


def count_calls(file: Path) -> None:
    """Have this process note how often it calls every place."""
    calls = Counter()

    def note(place: str) -> None:
        calls[place] += 1
        file.write_text("\n".join(f"{name}\t{number}" for name, number in calls.items()))

    for place in PLACES:
        _watch(place, lambda _, place=place: note(place))


def draw(case: int, calls: dict[str, int], seconds: float) -> Strike:
    """One strike: at any time as often as at one of the places, which are equally likely."""
    dice = random.Random(f"strike {case}")
    place = ANY_TIME if dice.random() < 0.5 else dice.choice([name for name in PLACES if name in calls])
    end = ENDS[case % len(ENDS)]
    return Strike(place, end, dice.randint(1, calls.get(place, 1)), dice.uniform(0, seconds))


def _watch(place: str, at: Callable[[int], None]) -> None:
    module, name = import_module(PLACES[place][0]), PLACES[place][1]
    real, calls = getattr(module, name), Counter()

    def watched(*args: Any, **kwargs: Any) -> Any:
        calls[place] += 1
        if place == "half a checkpoint":
            return _half_save(real, args, lambda: at(calls[place]))
        if place in AFTER:
            result = real(*args, **kwargs)
            at(calls[place])
            return result
        at(calls[place])
        return real(*args, **kwargs)

    setattr(module, name, watched)


def _half_save(real: Callable, args: tuple[Any, Any], at: Callable[[], None]) -> None:
    """Save as ``torch.save`` does, but let something happen when half of the bytes are on the disk."""
    content, file = args
    whole = io.BytesIO()
    real(content, whole)
    half = whole.tell() // 2
    file.write(whole.getvalue()[:half])
    file.flush()
    at()
    file.write(whole.getvalue()[half:])


def _raise(*_: object) -> None:
    raise RuntimeError("an injected fault")
