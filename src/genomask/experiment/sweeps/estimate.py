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
from typing import Any, Final, NamedTuple

import numpy as np

from genomask.experiment.stages.context import Context
from genomask.experiment.store.artefact import MANIFEST, Artefact, Json
from genomask.files import read_json
from genomask.finetune.classifiers import PROBES, CnnBaseline

MASKED_SHARE: Final = 0.15  # of the tokens
FORWARD: Final = 1 / 3  # of a training step's work, which has a backward pass of twice the size
JOB: Final = 0.3  # seconds of a job beside its training: drawing, scoring, writing
STEP: Final = 0.004  # seconds of an optimiser step beside its arithmetic
LAYERS: Final = 2  # of the encoder that is timed; more of them take as many times as long
PATIENCE: Final = 0.5  # seconds after which no pass is repeated
MOST_ROWS: Final = 100  # that a shallow classifier is timed on; more take longer in proportion


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
    """Sequences that go through an encoder together: ``predicted`` tokens of each have logits.

    Without predicted tokens it is an embedding, which has no backward pass.
    """

    rows: int
    tokens: int
    predicted: int
    precision: str


def estimate(runs: Path, left: Iterable[tuple[Artefact, Context]]) -> Estimate:
    """Add up the seconds of artefacts yet to be built, each with a run that builds it."""
    left = list(left)
    known, speed = _finished(runs, {artefact.kind for artefact, _ in left}), Speed()
    seconds: dict[str, float] = defaultdict(float)
    unknown: Counter[str] = Counter()
    for artefact, run in left:
        inputs = {source.kind: source for source in artefact.inputs}
        model = inputs.get("encoder", artefact).settings.get("model", {})
        task = inputs["task"].name if "task" in inputs else None
        of_one = known.get(_key(artefact.kind, artefact.settings, model, task)) or speed.seconds(artefact, run)
        if of_one is None:
            unknown[artefact.kind] += 1
        else:
            seconds[_work(artefact)] += of_one + JOB
    return Estimate(dict(seconds), unknown)


def _work(artefact: Artefact) -> str:
    """What building an artefact is called."""
    names = {"encoder": "pretraining", "embed": "embedding"}
    scored = "fine-tuning" if "policy" in artefact.settings else "probes and baselines"
    return names.get(artefact.kind, scored if artefact.kind == "finetune" else artefact.kind)


def _finished(runs: Path, kinds: set[str]) -> dict[str, float]:
    """Mean seconds of finished artefacts by what they have in common; of results, those of training and evaluation."""
    found: dict[str, list[float]] = defaultdict(list)
    for file in (file for kind in kinds for file in runs.glob(f"{kind}/*/{MANIFEST}")):
        manifest, result, seconds = read_json(file), file.with_name("result.json"), None
        if result.is_file():
            parts = read_json(result)["seconds"]
            seconds = parts.get("finetune", 0.0) + parts.get("evaluate", 0.0)
        model, task = manifest["config"].get("model", {}), manifest["inputs"].get("task", {}).get("name")
        key = _key(manifest["kind"], manifest["settings"], model, task)
        found[key].append(manifest["seconds"] if seconds is None else seconds)
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
        if artefact.kind == "encoder":
            return self._pretraining(artefact, run)
        task = self._task(run) if artefact.kind in ("embed", "finetune") else None
        if task is None or (artefact.kind == "finetune" and isinstance(run.config.classifier, CnnBaseline)):
            return None
        if artefact.kind == "embed":
            return self._embedding(run, task)
        rows = task.pool if run.config.shots_or_none is None else run.config.shots_or_none * task.classes
        if "policy" in artefact.settings:
            return self._finetuning(artefact, run, task, rows)
        return self.shallow(run, rows=rows, classes=task.classes, bases=task.bases)

    def _pretraining(self, artefact: Artefact, run: Context) -> float:
        from genomask.experiment.stages.pretrain import micro_batch

        corpus, pretrain = run.config.corpus, artefact.settings["pretrain"]
        if not pretrain["max_steps"]:
            return 0.0
        short = (corpus.shortest + corpus.longest) / 2
        tokens = _tokens(run, corpus.full_share * corpus.longest + (1 - corpus.full_share) * short)
        rows, masked = min(micro_batch(run), pretrain["batch"]), max(1, round(MASKED_SHARE * tokens))
        validations = 1 + pretrain["max_steps"] // pretrain["validate_every"]
        validated = 2 * FORWARD * validations * pretrain["validation_segments"]  # under two masks
        of_one = self.sequence(run, Pass(rows, tokens, masked, pretrain["precision"]))
        return of_one * (pretrain["max_steps"] * pretrain["batch"] + validated)

    def _finetuning(self, artefact: Artefact, run: Context, task: TaskSize, rows: int) -> float:
        policy, settings = artefact.settings["policy"], run.config.finetune
        batch = min(rows, policy["batch_size"])
        of_one = self.sequence(run, Pass(batch, _tokens(run, task.bases), 1, settings.precision))
        trained = rows * policy["epochs"] * (settings.cross_validate or 1)
        return of_one * (trained + FORWARD * task.test) + STEP * trained / batch

    def _embedding(self, run: Context, task: TaskSize) -> float:
        from genomask.finetune.embedding import TOKENS_AT_ONCE
        from genomask.training.host import on_gpu

        at_once = TOKENS_AT_ONCE["cuda" if on_gpu(run.config.trainer) else "cpu"]
        work = Pass(max(1, at_once // task.bases), _tokens(run, task.bases), 0, "32-true")
        strands = 2 if run.config.embed.strands == "both" else 1
        return strands * (task.pool + task.test) * self.sequence(run, work)

    def sequence(self, run: Context, work: Pass) -> float:
        """Seconds for one of the sequences that go through the run's encoder together."""
        key = repr((run.config.model, run.config.tokens, run.config.trainer, work))
        return self._once(key, lambda: _seconds_of_pass(run, work) / work.rows)

    def shallow(self, run: Context, *, rows: int, classes: int, bases: int) -> float:
        """Seconds that a probe or baseline learns from an episode of so many rows."""
        fewer = min(rows, max(MOST_ROWS, 2 * classes))
        key = repr((run.config.classifier, run.config.model, fewer, classes, bases))
        return rows / fewer * self._once(key, lambda: _seconds_of_fit(run, fewer, classes, bases))

    def _once(self, key: str, measure: Callable[[], float]) -> float:
        if key not in self.known:
            self.known[key] = measure()
        return self.known[key]

    def _task(self, run: Context) -> TaskSize | None:
        """The size of the run's task, as it was built; else as its files say, unless a genome is needed to read it."""
        from genomask.experiment.stages.task import source_artefact
        from genomask.tasks.arrays import SUMMARY, summary
        from genomask.tasks.examples import PARTS

        artefact = source_artefact(run)
        if artefact.place in self.tasks:
            return self.tasks[artefact.place]
        file, size = run.store.path(artefact) / SUMMARY, None
        if file.is_file() or run.config.task.genome_source() is None:
            if file.is_file():
                found = read_json(file)
            else:
                task = run.config.task.read()
                found = {"classes": task.classes, **{part: summary(getattr(task, part), ()) for part in PARTS}}
            pool, test = found["pool"], found["test"]
            bases, classes = max(1, round(test["bases"]["median"])), max(1, len(found["classes"]))
            size = TaskSize(pool["rows"], test["rows"], bases, classes)
        self.tasks[artefact.place] = size
        return size


def _tokens(run: Context, bases: int | float) -> int:
    """Tokens of a sequence: a token adds the bases of its stride, or about five, the mean of a subword."""
    return max(1, round(bases / float(getattr(run.config.tokens, "stride", 5))))


def _seconds_of_pass(run: Context, work: Pass) -> float:
    """Seconds of a pass through the whole encoder: those of one with two layers, by the operations of both."""
    import torch
    from torch.nn.functional import cross_entropy

    from genomask.models.flops import shape_of, training_flops
    from genomask.models.forward import MaskedTokens, masked_logits, states
    from genomask.models.initial import encoder_sizes
    from genomask.training.host import device_of, prepare_host

    prepare_host(run.config.trainer)
    rows, device = work.rows, device_of(run.config.trainer.accelerator)
    model = _short_model(run).to(device)
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


def _short_model(run: Context) -> Any:
    """The run's encoder with two layers; tokens that are yet to be trained are as many as the 6-mers."""
    from genomask.experiment.stages.rank import ready_tokens, tokens_artefact
    from genomask.models.initial import initial_model
    from genomask.models.settings import PretrainedSettings
    from genomask.tokens.kmer import KmerTokens

    settings, tokens = run.config.model, KmerTokens(6, 1) if tokens_artefact(run) else ready_tokens(run)
    if not isinstance(settings, PretrainedSettings):  # published weights are as fast as drawn ones
        drawn = {"weights": None} if hasattr(settings, "weights") else {}
        settings = replace(settings, layers=min(LAYERS, settings.layers), **drawn)
    return initial_model(settings, tokens, seed=0)


def _seconds_of_fit(run: Context, rows: int, classes: int, bases: int) -> float:
    """Seconds that a shallow classifier takes to learn from random rows."""
    from genomask.experiment.stages.learners import shallow_prediction
    from genomask.finetune.shallow import fit_probe
    from genomask.models.initial import encoder_sizes
    from genomask.tasks.examples import Examples

    settings, draw, labels = run.config.classifier, np.random.default_rng(0), np.arange(rows) % classes
    if isinstance(settings, PROBES):
        features = draw.normal(size=(rows, encoder_sizes(run.config.model)[1]))
        return _best(lambda: fit_probe(settings, features, labels, seed=0)(features))
    letters = draw.integers(4, size=rows * bases, dtype=np.uint8)
    known = Examples(letters, np.arange(rows + 1) * bases, labels)
    return _best(lambda: shallow_prediction(settings, known, known, classes=classes, seed=0))


def _best(work: Callable[[], Any]) -> float:
    """Seconds of the fastest of a few repetitions, after a first one that loads and compiles."""
    work()
    best, end = float("inf"), time.perf_counter() + PATIENCE
    while best == float("inf") or time.perf_counter() < end:
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best
