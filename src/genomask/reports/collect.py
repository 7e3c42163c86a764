"""Read what a directory of runs holds: whole artefacts only, each checked, nothing guessed."""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from genomask.experiment.store.manifest import MANIFEST, read_manifest
from genomask.files import sha256

SCORES = ("accuracy", "auc", "mcc")
REQUIRED_SCORES = ("accuracy", "auc")  # of which every result has both; the paper prints these two
REQUIRED = ("task", "model", "masking", "wc", "hga", "fs", "shots", "seed", *REQUIRED_SCORES, "collapsed", "n_test")
LOGGED = ("perplexity", "perplexity_common", "nats_per_base", "nats_per_base_common")  # validation/NAME
Item = TypeVar("Item")


class Finetuning(NamedTuple):
    """A scored classifier: its ``result.json``, and the manifest that says what shaped it."""

    directory: str
    result: dict[str, Any]
    manifest: dict[str, Any]


class Encoder(NamedTuple):
    """A pretrained encoder: its summary, its manifest, and its validation curve."""

    directory: str
    summary: dict[str, Any]
    manifest: dict[str, Any]
    curve: list["CurvePoint"]


class CurvePoint(NamedTuple):
    """Validation after ``step`` optimiser steps: perplexity, and nats per masked base where they were logged.

    ``own`` is under the encoder's own mask, ``common`` under the mask that all encoders share.
    """

    step: int
    own: float
    common: float
    nats_own: float | None = None
    nats_common: float | None = None


class Vocabulary(NamedTuple):
    """A masking vocabulary: how many words of every length it has."""

    directory: str
    manifest: dict[str, Any]
    words: dict[int, int]


class Results(NamedTuple):
    """All that has finished below a directory of runs, and one line for everything that cannot be read."""

    runs: Path
    finetunings: list[Finetuning]
    encoders: list[Encoder]
    vocabularies: list[Vocabulary]
    problems: list[str]


def collect(runs: Path) -> Results:
    """Read every finished artefact; what is still being built is passed over.

    Raises:
        FileNotFoundError: If there is no such directory.
    """
    if not runs.is_dir():
        raise FileNotFoundError(f"A report needs a directory of runs; there is none at {runs}.")
    problems: list[str] = []
    return Results(
        runs,
        _read_all(runs, "finetune", _finetuning, problems),
        _read_all(runs, "encoder", _encoder, problems),
        _read_all(runs, "vocab", _vocabulary, problems),
        problems,
    )


def _read_all(
    runs: Path, kind: str, read: Callable[[Path, str, dict[str, Any]], Item], problems: list[str]
) -> list[Item]:
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


def _finetuning(directory: Path, name: str, manifest: dict[str, Any]) -> Finetuning:
    result = _checked_json(directory, "result.json", manifest)
    missing = [key for key in REQUIRED if key not in result]
    if missing:
        raise ValueError(f"result.json lacks {missing[0]}")
    for score in SCORES:
        value = result.get(score)
        if (score in result or score in REQUIRED_SCORES) and not (
            isinstance(value, float | int) and math.isfinite(value)
        ):
            raise ValueError(f"result.json has {score} = {value!r} where a finite number belongs")
    return Finetuning(name, result | _untrained(result, manifest) | _task(result, manifest), manifest)


def _task(result: dict[str, Any], manifest: dict[str, Any]) -> dict[str, str]:
    """The task's name with its folder where the name alone is a number, as of GUE's ``tf/0``."""
    folder = manifest["config"].get("task", {}).get("dir")
    if folder and str(result["task"]).isdigit() and Path(folder).name == result["task"]:
        return {"task": "/".join(Path(folder).parts[-2:])}
    return {}


def _untrained(result: dict[str, Any], manifest: dict[str, Any]) -> dict[str, str]:
    """The masking of an encoder without pretraining; early results name the configured one instead."""
    if result.get("pretraining", {}).get("max_steps") != 0:
        return {}
    return {"masking": "none" if manifest["config"]["model"]["weights"] is None else "published"}


def _encoder(directory: Path, name: str, manifest: dict[str, Any]) -> Encoder:
    summary = _checked_json(directory, "pretraining.json", manifest)
    return Encoder(name, summary, manifest, read_curve(directory))


def _vocabulary(directory: Path, name: str, manifest: dict[str, Any]) -> Vocabulary:
    with _checked(directory, "table5.csv", manifest).open(encoding="utf-8", newline="") as lines:
        words = {int(row["length"]): int(row["words"]) for row in csv.DictReader(lines)}
    return Vocabulary(name, manifest, words)


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


def _checked_json(directory: Path, name: str, manifest: dict[str, Any]) -> dict[str, Any]:
    return _json(_checked(directory, name, manifest))


def _checked(directory: Path, name: str, manifest: dict[str, Any]) -> Path:
    """The path of a file that is as its manifest describes it."""
    expected = manifest["files"].get(name)
    if expected is None or not (directory / name).is_file():
        raise ValueError(f"{name} is missing")
    if sha256(directory / name) != expected["sha256"]:
        raise ValueError(f"the content of {name} has changed since it was written")
    return directory / name


def _manifest(directory: Path) -> dict[str, Any]:
    if not (directory / MANIFEST).is_file():
        raise ValueError(f"it has no {MANIFEST}")
    return read_manifest(directory)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"it has no {path.name}") from None
    except ValueError as error:
        raise ValueError(f"{path.name} cannot be read ({error})") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} cannot be read (it holds no object)")
    return content
