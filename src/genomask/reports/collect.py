"""Read what a directory of runs holds: whole artefacts only, each checked, nothing guessed."""

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from genomask.experiment.store.manifest import MANIFEST, read_manifest
from genomask.files import read_object, sha256
from genomask.reports.embeddings import Embedding, read_embedding

Json = dict[str, Any]
SCORES = ("accuracy", "auc", "mcc")
REQUIRED_SCORES = ("accuracy", "auc")  # of which every result has both; the paper prints these two
REQUIRED = ("task", "model", "masking", "wc", "hga", "fs", "shots", "seed", *REQUIRED_SCORES, "collapsed", "n_test")
LOGGED = ("perplexity", "perplexity_common", "nats_per_base", "nats_per_base_common")  # validation/NAME
Item = TypeVar("Item")


class Finetuning(NamedTuple):
    """A scored classifier: its ``result.json``, and the manifest that says what shaped it."""

    directory: str
    result: Json
    manifest: Json


class CurvePoint(NamedTuple):
    """Validation after ``step`` optimiser steps: perplexity, and nats per masked base where they were logged.

    ``own`` is under the encoder's own mask, ``common`` under the mask that all encoders share.
    """

    step: int
    own: float
    common: float
    nats_own: float | None = None
    nats_common: float | None = None


class Encoder(NamedTuple):
    """A pretrained encoder: its summary, its manifest, and its validation curve."""

    directory: str
    summary: Json
    manifest: Json
    curve: list[CurvePoint]


class Vocabulary(NamedTuple):
    """A masking vocabulary: how many words of every length it has."""

    directory: str
    manifest: Json
    words: dict[int, int]


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
    """Read every finished artefact; what is still being built is passed over.

    Raises:
        FileNotFoundError: If there is no such directory.
    """
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
                items.append(read(directory, name, _manifest(directory)))
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                reason = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else error
                problems.append(f"{name} is left out: {reason}".rstrip(".") + ".")
        return items

    finetunings = read_all("finetune", _finetuning)
    classes = [item for item in finetunings if "kind" not in item.result]
    targets = [item for item in finetunings if "kind" in item.result]
    encoders, vocabularies = read_all("encoder", _encoder), read_all("vocab", _vocabulary)
    embeddings = read_all("embed", _embedding)
    return Results(runs, classes, targets, encoders, vocabularies, embeddings, problems)


def _finetuning(directory: Path, name: str, manifest: Json) -> Finetuning:
    result = read_object(_checked(directory, "result.json", manifest))
    missing = [key for key in REQUIRED if key not in result]
    if missing:
        raise ValueError(f"result.json lacks {missing[0]}")
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
    """The masking of an encoder without pretraining."""
    return "none" if manifest["config"]["model"]["weights"] is None else "published"


def _encoder(directory: Path, name: str, manifest: Json) -> Encoder:
    summary = read_object(_checked(directory, "pretraining.json", manifest))
    return Encoder(name, summary, manifest, read_curve(directory))


def _vocabulary(directory: Path, name: str, manifest: Json) -> Vocabulary:
    with _checked(directory, "table5.csv", manifest).open(encoding="utf-8", newline="") as lines:
        words = {int(row["length"]): int(row["words"]) for row in csv.DictReader(lines)}
    return Vocabulary(name, manifest, words)


def _embedding(directory: Path, _: str, manifest: Json) -> Embedding:
    return read_embedding(_checked(directory, "test-mean.npy", manifest), manifest)


def read_curve(directory: Path) -> list[CurvePoint]:
    """The validation curve that the CSV loggers of an encoder wrote, those of a resumed pretraining joined.

    Empty where no CSV was logged. Where two logs hold the same step, the later log counts.
    """
    points: dict[int, CurvePoint] = {}
    for log in sorted(directory.glob("log*/metrics.csv"), key=_first_step):
        with log.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                names = [f"validation/{name}" for name in LOGGED]
                own, common, *nats = (float(row[name]) if row.get(name) else None for name in names)
                if own is not None and common is not None:
                    points[int(row["step"])] = CurvePoint(int(row["step"]), own, common, *nats)
    return [points[step] for step in sorted(points)]


def _first_step(log: Path) -> int:
    _, resumed, step = log.parent.name.partition("-from-step=")
    return int(step) if resumed else 0


def _checked(directory: Path, name: str, manifest: Json) -> Path:
    """The path of a file that is as its manifest describes it."""
    expected = manifest["files"].get(name)
    if expected is None or not (directory / name).is_file():
        raise ValueError(f"{name} is missing")
    if sha256(directory / name) != expected["sha256"]:
        raise ValueError(f"the content of {name} has changed since it was written")
    return directory / name


def _manifest(directory: Path) -> Json:
    if not (directory / MANIFEST).is_file():
        raise ValueError(f"it has no {MANIFEST}")
    return read_manifest(directory)
