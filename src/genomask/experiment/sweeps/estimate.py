"""How long what is left will take, going by what was finished before."""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from genomask.experiment.store.artefact import Artefact
from genomask.experiment.store.manifest import MANIFEST

SHAPE = ("hidden_size", "layers")  # of a model, which decide how long a step takes


class Estimate(NamedTuple):
    """Seconds that the artefacts will take one after the other, and how many of them nothing is known of."""

    seconds: float
    unknown: int


def estimate(runs: Path, left: Iterable[Artefact]) -> Estimate:
    """Add up, for artefacts yet to be built, the mean seconds of built ones of the same kind."""
    left = list(left)
    known = _known(runs, {artefact.kind for artefact in left})
    seconds = [known.get(_like(artefact)) for artefact in left]
    return Estimate(sum(filter(None, seconds)), seconds.count(None))


def _known(runs: Path, kinds: set[str]) -> dict[str, float]:
    found: dict[str, list[float]] = defaultdict(list)
    for kind in kinds:
        for file in runs.glob(f"{kind}/*/{MANIFEST}"):
            manifest = json.loads(file.read_text(encoding="utf-8"))
            model = manifest["config"].get("model", {})
            found[_key(kind, manifest["settings"], model)].append(_seconds(file.parent, manifest))
    return {key: fmean(seconds) for key, seconds in found.items()}


def _seconds(directory: Path, manifest: dict[str, Any]) -> float:
    """Seconds of training and evaluation where a result names them, else of the whole build."""
    result = directory / "result.json"
    if not result.is_file():
        return manifest["seconds"]
    seconds = json.loads(result.read_text(encoding="utf-8"))["seconds"]
    return sum(seconds.get(part, 0.0) for part in ("finetune", "evaluate"))


def _like(artefact: Artefact) -> str:
    models = [source.settings["model"] for source in artefact.inputs if source.kind == "encoder"]
    return _key(artefact.kind, artefact.settings, models[0] if models else artefact.settings.get("model", {}))


def _key(kind: str, settings: dict[str, Any], model: dict[str, Any]) -> str:
    """What two artefacts that take about as long have in common."""
    pretrain, policy = settings.get("pretrain", {}), settings.get("policy", {})
    parts = {
        "kind": kind,
        "model": [model.get(name) for name in SHAPE],
        "budget": [pretrain.get(name) for name in ("max_steps", "batch", "precision")],
        "task": [settings.get(name) for name in ("task", "shots", "classifier")],
        "epochs": policy.get("epochs"),
    }
    return json.dumps(parts, default=str)
