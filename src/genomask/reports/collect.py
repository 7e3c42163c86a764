"""Read what a directory of runs holds: whole artefacts only, each checked, nothing guessed."""

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from jaxtyping import Float64, Int64

from genomask.experiment.store.artefact import MANIFEST, read_manifest
from genomask.files import read_object, sha256
from genomask.tasks.arrays import open_benchmark

Json = dict[str, Any]
SCORES = ("accuracy", "auc", "mcc")
TITLES = {"auc": "AUC", "accuracy": "Accuracy", "mcc": "MCC"}  # in the order in which they are read
REQUIRED_SCORES = ("accuracy", "auc")  # of which every result has both; the paper prints these two
REQUIRED = ("task", "model", "masking", "wc", "hga", "fs", "shots", "seed", *REQUIRED_SCORES, "collapsed", "n_test")
MOST_POINTS = 1_000  # sequences of an embedding that are kept, evenly spaced in the test set
LOGGED = {  # columns of a validation log, under the mask that all encoders share and the encoder's own, by our names
    "perplexity_common": "validation/perplexity_common",
    "perplexity_own": "validation/perplexity",
    "nats_per_base_common": "validation/nats_per_base_common",
    "nats_per_base_own": "validation/nats_per_base",
}
Item = TypeVar("Item")


class Finetuning(NamedTuple):
    """A scored classifier: its ``result.json``, and the manifest that says what shaped it."""

    directory: str
    result: Json
    manifest: Json


class Encoder(NamedTuple):
    """A pretrained encoder: its summary, its manifest, and its validation curve (``step``, and the keys of LOGGED)."""

    directory: str
    summary: Json
    manifest: Json
    curve: list[Json]


class Vocabulary(NamedTuple):
    """A masking vocabulary: how many words of every length it has."""

    directory: str
    words: dict[int, int]


class Embedding(NamedTuple):
    """Embedded test sequences on their principal components, with the components' shares of the variance."""

    name: str  # of the artefact
    task: str
    points: Float64[np.ndarray, "rows 2"]
    explained: list[float]
    labels: Int64[np.ndarray, " rows"]
    classes: tuple[str, ...]


class Results(NamedTuple):
    """All that has finished below a directory of runs, and one line for everything that cannot be read."""

    runs: Path
    finetunings: list[Finetuning]
    targets: list[Finetuning]  # of tasks of regression and of several labels, which have scores of their own
    encoders: list[Encoder]
    vocabularies: list[Vocabulary]
    embeddings: list[Embedding]
    problems: list[str]


def collect(runs: Path) -> Results:
    """Read every finished artefact, not what is still being built; FileNotFoundError if there is no such directory."""
    if not runs.is_dir():
        raise FileNotFoundError(f"A report needs a directory of runs; there is none at {runs}.")
    problems: list[str] = []

    def read_all(kind: str, read: Callable[[Path, str, Json], Item]) -> list[Item]:
        items = []
        for directory in sorted((runs / kind).glob("*")):
            if directory.suffix == ".building" or not directory.is_dir():
                continue
            name = directory.relative_to(runs).as_posix()
            try:
                if not (directory / MANIFEST).is_file():
                    raise ValueError(f"it has no {MANIFEST}")
                items.append(read(directory, name, read_manifest(directory)))
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                reason = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else error
                problems.append(f"{name} is left out: {reason}".rstrip(".") + ".")
        return items

    finetunings = read_all("finetune", _finetuning)
    return Results(
        runs,
        [item for item in finetunings if "kind" not in item.result],
        [item for item in finetunings if "kind" in item.result],
        read_all("encoder", _encoder),
        read_all("vocab", _vocabulary),
        read_all("embed", _embedding),
        problems,
    )


def _checked(directory: Path, name: str, manifest: Json) -> Path:
    """The path of a file that is as its manifest describes it."""
    expected = manifest["files"].get(name)
    if expected is None or not (directory / name).is_file():
        raise ValueError(f"{name} is missing")
    if sha256(directory / name) != expected["sha256"]:
        raise ValueError(f"the content of {name} has changed since it was written")
    return directory / name


def _finetuning(directory: Path, name: str, manifest: Json) -> Finetuning:
    result: Json = {"classifier": "encoder"}  # which early results do not say
    result |= read_object(_checked(directory, "result.json", manifest))
    if absent := [key for key in REQUIRED if key not in result]:
        raise ValueError(f"result.json lacks {absent[0]}")
    for score in (score for score in SCORES if score in result and "kind" not in result):
        value = result[score]
        if not (isinstance(value, float | int) and math.isfinite(value)):
            raise ValueError(f"result.json has {score} = {value!r} where a finite number belongs")
    folder = manifest["config"].get("task", {}).get("dir")
    if folder and str(result["task"]).isdigit() and Path(folder).name == result["task"]:  # as of GUE's tf/0
        result["task"] = "/".join(Path(folder).parts[-2:])
    if result["masking"] != "-":
        result |= contender(manifest)
    if result.get("pretraining", {}).get("max_steps") == 0:  # early results name the configured masking instead
        result["masking"] = untrained(manifest)
    return Finetuning(name, result, manifest)


def contender(manifest: Json) -> dict[str, str]:
    """The idea that an encoder stands for, in place of its masking, and the name of its control, where one is given."""
    labels = manifest["config"].get("labels", {})
    named = {"masking": labels.get("contender"), "control": labels.get("control")}
    return {name: value for name, value in named.items() if value}


def untrained(manifest: Json) -> str:
    """The masking of an encoder without pretraining: its weights were drawn, or published."""
    model = manifest["config"]["model"]
    return "published" if model.get("weights") or model.get("path") else "none"


def _encoder(directory: Path, name: str, manifest: Json) -> Encoder:
    """An encoder with the curves of its CSV logs, those of a resumed pretraining joined: the later log counts."""
    points: dict[int, Json] = {}
    logs = {int(log.parent.name.partition("-from-step=")[2] or 0): log for log in directory.glob("log*/metrics.csv")}
    for _, log in sorted(logs.items()):
        with log.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                point = {ours: float(row[key]) if row.get(key) else None for ours, key in LOGGED.items()}
                if None not in (point["perplexity_common"], point["perplexity_own"]):
                    points[int(row["step"])] = {"step": int(row["step"]), **point}
    summary = read_object(_checked(directory, "pretraining.json", manifest))
    return Encoder(name, summary, manifest, [points[step] for step in sorted(points)])


def _vocabulary(directory: Path, name: str, manifest: Json) -> Vocabulary:
    with _checked(directory, "table5.csv", manifest).open(encoding="utf-8", newline="") as lines:
        return Vocabulary(name, {int(row["length"]): int(row["words"]) for row in csv.DictReader(lines)})


def _embedding(directory: Path, _: str, manifest: Json) -> Embedding:
    vectors = np.load(_checked(directory, "test-mean.npy", manifest), mmap_mode="r", allow_pickle=False)
    task = open_benchmark(directory.parents[1] / "task" / manifest["inputs"]["task"]["name"])
    rows = np.linspace(0, len(vectors) - 1, min(MOST_POINTS, len(vectors))).astype(int)
    chosen = np.asarray(vectors[rows] if vectors.ndim == 2 else vectors[rows, -1], dtype=np.float64)
    turned, size = np.linalg.svd(chosen - chosen.mean(axis=0), full_matrices=False)[:2]
    explained = (size**2 / max((size**2).sum(), np.finfo(float).tiny))[:2].tolist()
    name = str(manifest["config"]["task"]["name"])
    return Embedding(directory.name, name, (turned * size)[:, :2], explained, task.test.labels[rows], task.classes)
