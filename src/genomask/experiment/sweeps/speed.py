"""How fast this machine computes what a sweep consists of: measured for a second or two on work of the same shape."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np

from genomask.experiment.stages.context import Context
from genomask.experiment.stages.tokens import ready_tokens, tokens_artefact
from genomask.finetune.classifiers import PROBES, CnnBaseline

LAYERS: Final = 2  # of the encoder that is timed; more of them take as many times as long
PATIENCE: Final = 0.5  # seconds after which no pass is repeated
MOST_ROWS: Final = 100  # that a shallow classifier is timed on; more take longer in proportion


class Pass(NamedTuple):
    """Sequences that go through an encoder together: ``predicted`` tokens of each have logits.

    Without predicted tokens it is an embedding, which has no backward pass.
    """

    rows: int
    tokens: int
    predicted: int
    precision: str


class Speed:
    """Seconds of the parts of a sweep, each shape measured once."""

    def __init__(self) -> None:
        self.known: dict[str, float] = {}

    def sequence(self, run: Context, work: Pass) -> float:
        """Seconds for one of the sequences that go through the run's encoder together."""
        config = run.config
        key = repr((config.model, config.tokens, config.trainer, work))
        return self._once(key, lambda: _seconds_of_pass(run, work) / work.rows)

    def shallow(self, run: Context, *, rows: int, classes: int, bases: int) -> float:
        """Seconds that a probe or baseline learns from an episode of so many rows."""
        settings = run.config.classifier
        fewer = min(rows, max(MOST_ROWS, 2 * classes))
        key = repr((settings, run.config.model, fewer, classes, bases))
        return rows / fewer * self._once(key, lambda: _seconds_of_fit(run, fewer, classes, bases))

    def convolution(self, run: Context, *, rows: int, classes: int, bases: int) -> float:
        """Seconds of an optimiser step of the CNN."""
        key = repr((run.config.classifier, rows, classes, bases))
        return self._once(key, lambda: _seconds_of_convolution(run.config.classifier, rows, classes, bases))

    def _once(self, key: str, measure: Callable[[], float]) -> float:
        if key not in self.known:
            self.known[key] = measure()
        return self.known[key]


def bases_per_token(run: Context) -> float:
    """Bases that a token adds to a sequence: those of its stride, or the mean of a subword."""
    return float(getattr(run.config.tokens, "stride", 5))


def _seconds_of_pass(run: Context, work: Pass) -> float:
    """Seconds of a pass through the whole encoder: those of one with two layers, by the operations of both."""
    import torch
    from torch.nn.functional import cross_entropy

    from genomask.models.flops import shape_of, training_flops
    from genomask.models.forward import MaskedTokens, masked_logits, states
    from genomask.models.initial import encoder_sizes, initial_model
    from genomask.models.settings import PretrainedSettings
    from genomask.tokens.kmer import KmerTokens
    from genomask.training.host import device_of, prepare_host

    settings, rows = run.config.model, work.rows
    if not isinstance(settings, PretrainedSettings):
        settings = replace(settings, layers=min(LAYERS, settings.layers), **_without_weights(settings))
    # Tokens that are yet to be trained are as many as the 6-mers.
    tokens = KmerTokens(6, 1) if tokens_artefact(run) else ready_tokens(run)
    prepare_host(run.config.trainer)
    device = device_of(run.config.trainer.accelerator)
    model: Any = initial_model(settings, tokens, seed=0).to(device)  # pyright: ignore[reportArgumentType]
    ids = torch.randint(model.config.vocab_size, (rows, work.tokens), device=device)
    row, place = torch.arange(rows, device=device)[:, None], torch.arange(work.predicted, device=device)
    most = max(work.predicted, 1)
    masked = MaskedTokens((row * work.tokens + place).flatten(), (row * most + place).flatten(), most)
    targets = ids[:, : work.predicted].flatten()

    def go() -> None:
        if not work.predicted:
            with torch.inference_mode():
                states(model.eval(), ids)
            return
        with torch.autocast(device.type, torch.bfloat16, enabled=work.precision == "bf16-mixed"):
            loss = cross_entropy(masked_logits(model.train(), ids, masked).float(), targets)
        loss.backward()
        model.zero_grad()

    def finish() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    seconds = _best(go, finish)
    timed = shape_of(model)
    whole = timed._replace(layers=encoder_sizes(run.config.model)[0])
    counted = {"tokens": work.tokens, "squares": work.tokens**2, "queries": most, "predicted": work.predicted}
    flops = [training_flops(shape, pairs=most * work.tokens, **counted) for shape in (whole, timed)]
    return seconds * flops[0] / flops[1]


def _without_weights(settings: Any) -> dict[str, None]:
    """Published weights are as fast as drawn ones."""
    return {"weights": None} if hasattr(settings, "weights") else {}


def _seconds_of_fit(run: Context, rows: int, classes: int, bases: int) -> float:
    """Seconds that a shallow classifier takes to learn from random rows."""
    from genomask.experiment.stages.baseline import shallow_prediction
    from genomask.finetune.shallow import fit_probe
    from genomask.tasks.examples import Examples

    settings, draw = run.config.classifier, np.random.default_rng(0)
    labels = np.arange(rows) % classes
    if isinstance(settings, PROBES):
        from genomask.models.initial import encoder_sizes

        features = draw.normal(size=(rows, encoder_sizes(run.config.model)[1]))
        return _best(lambda: fit_probe(settings, features, labels, seed=0)(features))
    letters = draw.integers(4, size=rows * bases, dtype=np.uint8)
    known = Examples(letters, np.arange(rows + 1) * bases, labels)
    return _best(lambda: shallow_prediction(settings, known, known, classes=classes, seed=0))


def _seconds_of_convolution(settings: CnnBaseline, rows: int, classes: int, bases: int) -> float:
    import torch

    from genomask.finetune.baselines.cnn import MotifNetwork

    network = MotifNetwork(settings, classes=classes)
    letters, lengths = torch.zeros(rows, bases, dtype=torch.uint8), torch.full((rows,), bases)
    return _best(lambda: network(letters, lengths).sum().backward())


def _best(work: Callable[[], Any], finish: Callable[[], None] = lambda: None) -> float:
    """Seconds of the fastest of a few repetitions, after a first one that loads and compiles."""
    work()
    finish()
    best, end = float("inf"), time.perf_counter() + PATIENCE
    while best == float("inf") or time.perf_counter() < end:
        started = time.perf_counter()
        work()
        finish()
        best = min(best, time.perf_counter() - started)
    return best
