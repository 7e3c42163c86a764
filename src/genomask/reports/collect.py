"""Read what a directory of runs holds: whole artefacts only, each checked, nothing guessed."""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from genomask.experiment.store.manifest import MANIFEST, read_manifest
from genomask.files import sha256

SCORES = ("accuracy", "auc")
Item = TypeVar("Item")
NEEDED = ("task", "model", "masking", "wc", "hga", "fs", "shots", "seed", *SCORES, "collapsed", "n_test")


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
    """Perplexities after ``step`` optimiser steps: under the encoder's own mask, and under the common one."""

    step: int
    own: float
    common: float


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
    found = []
    for directory in sorted((runs / kind).glob("*")):
        if directory.suffix == ".building" or not directory.is_dir():
            continue
        name = directory.relative_to(runs).as_posix()
        try:
            found.append(read(directory, name, _manifest(directory)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else error
            problems.append(f"{name} is left out: {reason}".rstrip(".") + ".")
    return found


def _finetuning(directory: Path, name: str, manifest: dict[str, Any]) -> Finetuning:
    found = _checked_json(directory, "result.json", manifest)
    missing = [key for key in NEEDED if key not in found]
    if missing:
        raise ValueError(f"result.json lacks {missing[0]}")
    for score in SCORES:
        if not (isinstance(found[score], float | int) and math.isfinite(found[score])):
            raise ValueError(f"result.json has {score} = {found[score]!r} where a finite number belongs")
    return Finetuning(name, found | _untrained(found, manifest), manifest)


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
    points = {}
    for log in sorted(directory.glob("log*/metrics.csv"), key=_first_step):
        with log.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if row.get("validation/perplexity") and row.get("validation/perplexity_common"):
                    own, common = (
                        float(row["validation/perplexity"]),
                        float(row["validation/perplexity_common"]),
                    )
                    points[int(row["step"])] = CurvePoint(int(row["step"]), own, common)
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
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"it has no {path.name}") from None
    except ValueError as error:
        raise ValueError(f"{path.name} cannot be read ({error})") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} cannot be read (it holds no object)")
    return found
