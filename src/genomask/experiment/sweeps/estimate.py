"""How long artefacts will take: as long as finished ones like them, else their counted work at a measured speed."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Final, NamedTuple

from genomask.experiment.stages.context import Context
from genomask.experiment.store.artefact import Artefact, Json
from genomask.experiment.store.manifest import MANIFEST
from genomask.experiment.sweeps.speed import Pass, Speed, bases_per_token
from genomask.files import read_json
from genomask.finetune.classifiers import CnnBaseline

MASKED_SHARE: Final = 0.15  # of the tokens
FORWARD: Final = 1 / 3  # of a training step's work, which has a backward pass of twice the size
JOB: Final = 0.3  # seconds of a job beside its training: drawing, scoring, writing
STEP: Final = 0.004  # seconds of an optimiser step beside its arithmetic


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


def estimate(runs: Path, left: Iterable[tuple[Artefact, Context]]) -> Estimate:
    """Add up the seconds of artefacts yet to be built, each with a run that builds it."""
    left = list(left)
    known, count = _known(runs, {artefact.kind for artefact, _ in left}), _Count()
    seconds: dict[str, float] = defaultdict(float)
    unknown: Counter[str] = Counter()
    for artefact, run in left:
        of_one = known.get(_like(artefact)) or count.seconds(artefact, run)
        if of_one is None:
            unknown[artefact.kind] += 1
        else:
            seconds[work_of(artefact)] += of_one + JOB
    return Estimate(dict(seconds), unknown)


def work_of(artefact: Artefact) -> str:
    """What building an artefact is called."""
    names = {"encoder": "pretraining", "embed": "embedding"}
    scored = "fine-tuning" if "policy" in artefact.settings else "probes and baselines"
    return names.get(artefact.kind, scored if artefact.kind == "finetune" else artefact.kind)


def _known(runs: Path, kinds: set[str]) -> dict[str, float]:
    """Mean seconds of finished artefacts by what they have in common."""
    found: dict[str, list[float]] = defaultdict(list)
    for kind in kinds:
        for file in runs.glob(f"{kind}/*/{MANIFEST}"):
            manifest = json.loads(file.read_text(encoding="utf-8"))
            model, inputs = manifest["config"].get("model", {}), manifest["inputs"]
            task = inputs.get("task", {}).get("name")
            found[_key(kind, manifest["settings"], model, task)].append(_seconds(file.parent, manifest))
    return {key: fmean(seconds) for key, seconds in found.items()}


def _seconds(directory: Path, manifest: Json) -> float:
    """Seconds of training and evaluation where a result names them, else of the whole build."""
    result = directory / "result.json"
    if not result.is_file():
        return manifest["seconds"]
    seconds = json.loads(result.read_text(encoding="utf-8"))["seconds"]
    return sum(seconds.get(part, 0.0) for part in ("finetune", "evaluate"))


def _like(artefact: Artefact) -> str:
    inputs = {source.kind: source for source in artefact.inputs}
    model = inputs.get("encoder", artefact).settings.get("model", {})
    return _key(artefact.kind, artefact.settings, model, inputs["task"].name if "task" in inputs else None)


def _key(kind: str, settings: Json, model: Json, task: str | None) -> str:
    """What two artefacts that take about as long have in common."""
    pretrain, policy, corpus = (settings.get(group, {}) for group in ("pretrain", "policy", "corpus"))
    parts = {
        "kind": kind,
        "model": [model.get(name) for name in ("hidden_size", "layers")],
        "budget": [pretrain.get(name) for name in ("max_steps", "batch", "precision")],
        "read": [corpus.get("longest"), settings.get("tokens")],
        "task": [task, *(settings.get(name) for name in ("shots", "classifier"))],
        "epochs": policy.get("epochs"),
    }
    return json.dumps(parts, default=str)


class _Count:
    """Seconds of artefacts by their work: each speed is measured and each task read once."""

    def __init__(self) -> None:
        self.speed = Speed()
        self.tasks: dict[str, TaskSize | None] = {}

    def seconds(self, artefact: Artefact, run: Context) -> float | None:
        """Seconds; None for what is neither training nor scoring, or if its task is yet to be cut from a genome."""
        if artefact.kind == "encoder":
            return self._pretraining(artefact, run)
        task = self._task(run) if artefact.kind in ("embed", "finetune") else None
        if task is None:
            return None
        if artefact.kind == "embed":
            return self._embedding(run, task)
        rows = task.pool if run.config.shots_or_none is None else run.config.shots_or_none * task.classes
        if "policy" in artefact.settings:
            return self._finetuning(artefact, run, task, rows)
        if isinstance(run.config.classifier, CnnBaseline):
            return self._convolution(run, task, rows)
        return self.speed.shallow(run, rows=rows, classes=task.classes, bases=task.bases)

    def _pretraining(self, artefact: Artefact, run: Context) -> float:
        from genomask.experiment.stages.pretrain import micro_batch

        corpus, pretrain = run.config.corpus, artefact.settings["pretrain"]
        if not pretrain["max_steps"]:
            return 0.0
        short = (corpus.shortest + corpus.longest) / 2
        bases = corpus.full_share * corpus.longest + (1 - corpus.full_share) * short
        tokens = max(1, round(bases / bases_per_token(run)))
        rows, masked = min(micro_batch(run), pretrain["batch"]), max(1, round(MASKED_SHARE * tokens))
        validations = 1 + pretrain["max_steps"] // pretrain["validate_every"]
        validated = 2 * FORWARD * validations * pretrain["validation_segments"]  # under two masks
        of_one = self.speed.sequence(run, Pass(rows, tokens, masked, pretrain["precision"]))
        return of_one * (pretrain["max_steps"] * pretrain["batch"] + validated)

    def _finetuning(self, artefact: Artefact, run: Context, task: TaskSize, rows: int) -> float:
        policy, settings = artefact.settings["policy"], run.config.finetune
        batch, tokens = min(rows, policy["batch_size"]), max(1, round(task.bases / bases_per_token(run)))
        of_one = self.speed.sequence(run, Pass(batch, tokens, 1, settings.precision))
        trained = rows * policy["epochs"] * (settings.cross_validate or 1)
        return of_one * (trained + FORWARD * task.test) + STEP * trained / batch

    def _convolution(self, run: Context, task: TaskSize, rows: int) -> float:
        from genomask.experiment.stages.finetune import recipe_of

        batch, settings = recipe_of(run).policy.batch_size, run.config.classifier
        steps = max(settings.steps, settings.epochs * -(-rows // batch))
        of_one = self.speed.convolution(run, rows=min(rows, batch), classes=task.classes, bases=task.bases)
        return (of_one + STEP) * steps

    def _embedding(self, run: Context, task: TaskSize) -> float:
        from genomask.finetune.embedding import TOKENS_AT_ONCE
        from genomask.training.host import on_gpu

        at_once = TOKENS_AT_ONCE["cuda" if on_gpu(run.config.trainer) else "cpu"]
        work = Pass(max(1, at_once // task.bases), max(1, round(task.bases / bases_per_token(run))), 0, "32-true")
        strands = 2 if run.config.embed.strands == "both" else 1
        return strands * (task.pool + task.test) * self.speed.sequence(run, work)

    def _task(self, run: Context) -> TaskSize | None:
        from genomask.experiment.stages.task import source_artefact

        name = source_artefact(run).place
        if name not in self.tasks:
            self.tasks[name] = _task_size(run)
        return self.tasks[name]


def _task_size(run: Context) -> TaskSize | None:
    """The size of the run's task, as it was built; else as its files say, unless a genome is needed to read them."""
    from genomask.experiment.stages.task import source_artefact
    from genomask.tasks.arrays import PARTS, SUMMARY, summary

    file = run.store.path(source_artefact(run)) / SUMMARY
    if file.is_file():
        found = read_json(file)
    elif run.config.task.genome_source() is None:
        task = run.config.task.read()
        found = {"classes": task.classes, **{part: summary(getattr(task, part), ()) for part in PARTS}}
    else:
        return None
    pool, test = found["pool"], found["test"]
    return TaskSize(pool["rows"], test["rows"], max(1, round(test["bases"]["median"])), max(1, len(found["classes"])))
