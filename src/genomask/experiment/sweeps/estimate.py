"""How long artefacts will take: as long as finished ones like them, else their counted work at a measured speed.

A speed is measured for a second or two on work of the same shape: two of the encoder's layers, random tokens, and for
probes and baselines random rows.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any, Final, NamedTuple, cast

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from genomask.experiment.stages.context import Context
from genomask.experiment.stages.pretrain import micro_batch
from genomask.experiment.stages.rank import ready_tokens, tokens_artefact
from genomask.experiment.stages.task import source_artefact
from genomask.experiment.store.artefact import MANIFEST, Artefact, Json
from genomask.files import read_json
from genomask.finetune.classifiers import PROBES, CnnBaseline
from genomask.finetune.embedding import TOKENS_AT_ONCE
from genomask.finetune.shallow import baseline_prediction, fit_probe
from genomask.models.flops import shape_of, training_flops
from genomask.models.forward import MaskedTokens, masked_logits, states
from genomask.models.initial import encoder_sizes, initial_model
from genomask.models.settings import PretrainedSettings
from genomask.tasks.arrays import SUMMARY, summary
from genomask.tasks.examples import PARTS, Examples
from genomask.tokens.kmer import KmerTokens
from genomask.training.host import device_of, on_gpu, prepare_host

MASKED_SHARE: Final = 0.15  # of the tokens
FORWARD: Final = 1 / 3  # of a training step's work, which has a backward pass of twice the size
JOB: Final = 0.3  # seconds of a job beside its training: drawing, scoring, writing
STEP: Final = 0.004  # seconds of an optimiser step beside its arithmetic
LAYERS: Final = 2  # of the encoder that is timed; more of them take as many times as long
PATIENCE: Final = 0.5  # seconds after which no pass is repeated
MOST_ROWS: Final = 100  # that a shallow classifier is timed on; more take longer in proportion
WORK: Final = {"encoder": "pretraining", "embed": "embedding", "finetune": "probes and baselines"}


class Estimate(NamedTuple):
    """Seconds that artefacts will take one after the other, by what is done, and how many of them are not counted."""

    seconds: dict[str, float]
    unknown: Counter[str]


class TaskSize(NamedTuple):
    """What the work on a task depends on: rows of pool and test set, their bases (median), and classes."""

    pool: int
    test: int
    bases: int
    classes: int


class Pass(NamedTuple):
    """Sequences that go through an encoder together; without ``predicted`` tokens, an embedding, only forward."""

    rows: int
    tokens: int
    predicted: int
    precision: str


def estimate(runs: Path, left: Iterable[tuple[Artefact, Context]]) -> Estimate:
    """Add up the seconds of artefacts yet to be built, each with a run that builds it."""
    left = list(left)
    known, speed = _finished(runs, {artefact.kind for artefact, _ in left}), Speed()
    found = Estimate(defaultdict(float), Counter())
    for artefact, run in left:
        inputs = {source.kind: source for source in artefact.inputs}
        model = inputs.get("encoder", artefact).settings.get("model", {})
        task = inputs["task"].name if "task" in inputs else None
        of_one = known.get(_key(artefact.kind, artefact.settings, model, task)) or speed.seconds(artefact, run)
        if of_one is None:
            found.unknown[artefact.kind] += 1
        else:
            tuned = "policy" in artefact.settings
            found.seconds["fine-tuning" if tuned else WORK.get(artefact.kind, artefact.kind)] += of_one + JOB
    return found


def _finished(runs: Path, kinds: set[str]) -> dict[str, float]:
    """Mean seconds of finished artefacts by what they have in common; of results, those of training and evaluation."""
    found: dict[str, list[float]] = defaultdict(list)
    for file in (file for kind in kinds for file in runs.glob(f"{kind}/*/{MANIFEST}")):
        manifest, result = read_json(file), file.with_name("result.json")
        parts = read_json(result)["seconds"] if result.is_file() else {"finetune": manifest["seconds"]}
        model, task = manifest["config"].get("model", {}), manifest["inputs"].get("task", {}).get("name")
        key = _key(manifest["kind"], manifest["settings"], model, task)
        found[key].append(parts.get("finetune", 0.0) + parts.get("evaluate", 0.0))
    return {key: fmean(seconds) for key, seconds in found.items()}


def _key(kind: str, settings: Json, model: Json, task: str | None) -> str:
    """What two artefacts that take about as long have in common."""
    pretrain, policy, corpus = (settings.get(group, {}) for group in ("pretrain", "policy", "corpus"))
    parts = [
        [kind, task, policy.get("epochs"), corpus.get("longest")],
        [model.get(name) for name in ("hidden_size", "layers")],
        [pretrain.get(name) for name in ("max_steps", "batch", "precision")],
        [settings.get(name) for name in ("tokens", "shots", "classifier")],
    ]
    return json.dumps(parts, default=str)


class Speed:
    """Seconds of artefacts by their work: each shape is measured and each task read once."""

    def __init__(self) -> None:
        self.known: dict[str, float] = {}
        self.tasks: dict[str, TaskSize | None] = {}

    def seconds(self, artefact: Artefact, run: Context) -> float | None:
        """Seconds; None for what is neither training nor scoring, a CNN, and a task yet to be cut from a genome."""
        config = run.config
        if artefact.kind == "encoder":
            return self._pretraining(artefact.settings["pretrain"], run)
        task = self._task(run) if artefact.kind in ("embed", "finetune") else None
        if task is None or (artefact.kind == "finetune" and isinstance(config.classifier, CnnBaseline)):
            return None
        tokens = _tokens(run, task.bases)
        if artefact.kind == "embed":
            at_once = max(1, TOKENS_AT_ONCE["cuda" if on_gpu(config.trainer) else "cpu"] // task.bases)
            strands = 2 if config.embed.strands == "both" else 1
            return strands * (task.pool + task.test) * self.sequence(run, Pass(at_once, tokens, 0, "32-true"))
        rows = task.pool if config.shots_or_none is None else config.shots_or_none * task.classes
        if "policy" not in artefact.settings:
            return self.shallow(run, rows=rows, classes=task.classes, bases=task.bases)
        policy = artefact.settings["policy"]
        batch, trained = min(rows, policy["batch_size"]), rows * policy["epochs"]
        trained *= config.finetune.cross_validate or 1
        of_one = self.sequence(run, Pass(batch, tokens, 1, config.finetune.precision))
        return of_one * (trained + FORWARD * task.test) + STEP * trained / batch

    def _pretraining(self, budget: Json, run: Context) -> float:
        corpus = run.config.corpus
        if not budget["max_steps"]:
            return 0.0
        short = (corpus.shortest + corpus.longest) / 2
        tokens = _tokens(run, corpus.full_share * corpus.longest + (1 - corpus.full_share) * short)
        rows, masked = min(micro_batch(run), budget["batch"]), max(1, round(MASKED_SHARE * tokens))
        validations = 1 + budget["max_steps"] // budget["validate_every"]
        validated = 2 * FORWARD * validations * budget["validation_segments"]  # under two masks
        of_one = self.sequence(run, Pass(rows, tokens, masked, budget["precision"]))
        return of_one * (budget["max_steps"] * budget["batch"] + validated)

    def sequence(self, run: Context, work: Pass) -> float:
        """Seconds for one of the sequences that go through the run's encoder together."""
        key = repr((run.config.model, run.config.tokens, run.config.trainer, work))
        if key not in self.known:
            self.known[key] = _seconds_of_pass(run, work) / work.rows
        return self.known[key]

    def shallow(self, run: Context, *, rows: int, classes: int, bases: int) -> float:
        """Seconds that a probe or baseline learns from an episode of so many rows, as random ones take them."""
        settings, sizes = run.config.classifier, encoder_sizes(run.config.model)
        fewer = min(rows, max(MOST_ROWS, 2 * classes))
        key = repr((settings, sizes, fewer, classes, bases))
        if key not in self.known:
            draw, labels = np.random.default_rng(0), np.arange(fewer) % classes
            features = draw.normal(size=(fewer, sizes[1]))
            letters = draw.integers(4, size=fewer * bases, dtype=np.uint8)
            known = Examples(letters, np.arange(fewer + 1) * bases, labels)
            self.known[key] = _best(
                lambda: (
                    fit_probe(settings, features, labels, seed=0)(features)
                    if isinstance(settings, PROBES)
                    else baseline_prediction(settings, known, known, classes=classes, seed=0)
                )
            )
        return rows / fewer * self.known[key]

    def _task(self, run: Context) -> TaskSize | None:
        """The size of the run's task, as it was built; else as its files say, unless a genome is needed to read it."""
        artefact = source_artefact(run)
        if artefact.place not in self.tasks:
            file, found = run.store.path(artefact) / SUMMARY, cast(Any, None)
            if file.is_file():
                found = read_json(file)
            elif run.config.task.genome_source() is None:
                task = run.config.task.read()
                found = {"classes": task.classes, **{part: summary(getattr(task, part), ()) for part in PARTS}}
            if found is not None:
                bases, classes = max(1, round(found["test"]["bases"]["median"])), max(1, len(found["classes"]))
                found = TaskSize(found["pool"]["rows"], found["test"]["rows"], bases, classes)
            self.tasks[artefact.place] = found
        return self.tasks[artefact.place]


def _tokens(run: Context, bases: int | float) -> int:
    """Tokens of a sequence: a token adds the bases of its stride, or about five, the mean of a subword."""
    return max(1, round(bases / float(getattr(run.config.tokens, "stride", 5))))


def _seconds_of_pass(run: Context, work: Pass) -> float:
    """Seconds of a pass through the whole encoder: those of one with two layers, by the operations of both; tokens
    that are yet to be trained are as many as the 6-mers."""
    prepare_host(run.config.trainer)
    rows, device = work.rows, device_of(run.config.trainer.accelerator)
    settings, tokens = run.config.model, KmerTokens(6, 1) if tokens_artefact(run) else ready_tokens(run)
    if not isinstance(settings, PretrainedSettings):  # published weights are as fast as drawn ones
        drawn = {"weights": None} if hasattr(settings, "weights") else {}
        settings = replace(settings, layers=min(LAYERS, settings.layers), **drawn)
    model: Any = initial_model(settings, tokens, seed=0).to(device)  # pyright: ignore[reportArgumentType]
    ids = torch.randint(model.config.vocab_size, (rows, work.tokens), device=device)
    row, place = torch.arange(rows, device=device)[:, None], torch.arange(work.predicted, device=device)
    most = max(work.predicted, 1)
    masked = MaskedTokens((row * work.tokens + place).flatten(), (row * most + place).flatten(), most)

    def go() -> None:
        if work.predicted:
            with torch.autocast(device.type, torch.bfloat16, enabled=work.precision == "bf16-mixed"):
                logits = masked_logits(model.train(), ids, masked).float()
            cross_entropy(logits, ids[:, : work.predicted].flatten()).backward()
            model.zero_grad()
        else:
            with torch.inference_mode():
                states(model.eval(), ids)
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    timed = shape_of(model)
    whole = timed._replace(layers=encoder_sizes(run.config.model)[0])
    counted = {"tokens": work.tokens, "squares": work.tokens**2, "queries": most, "predicted": work.predicted}
    flops = [training_flops(shape, pairs=most * work.tokens, **counted) for shape in (whole, timed)]
    return _best(go) * flops[0] / flops[1]


def _best(work: Callable[[], Any]) -> float:
    """Seconds of the fastest of a few repetitions, after a first one that loads and compiles."""
    work()
    best, end = float("inf"), time.perf_counter() + PATIENCE
    while best == float("inf") or time.perf_counter() < end:
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best
