"""How long artefacts will take: as long as finished ones like them, else their work at the speed of this machine."""

import json
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Final, NamedTuple

from genomask.experiment.store.artefact import Artefact, Json
from genomask.experiment.store.manifest import MANIFEST
from genomask.models.flops import BACKWARD, Shape, training_flops

# Share of a large matrix product's speed that a training reaches: 0.5 to 0.7 on CPUs, and cautiously on a GPU.
REACHED: Final = {"cpu": 0.5, "cuda": 0.3}
MASKED_SHARE: Final = 0.15  # of the tokens
BASES_PER_SUBWORD: Final = 5.0
VALIDATION: Final = 2 / 3  # of a training step's work: two masks, and no backward pass


class Estimate(NamedTuple):
    """Seconds that the artefacts will take one after the other, and how many of them nothing is known of."""

    seconds: float
    unknown: int


def estimate(runs: Path, left: Iterable[Artefact]) -> Estimate:
    """Add up the seconds of artefacts yet to be built."""
    left = list(left)
    known = _known(runs, {artefact.kind for artefact in left})
    seconds = [known.get(_like(artefact)) or _counted(runs, artefact) for artefact in left]
    return Estimate(sum(filter(None, seconds), start=0.0), seconds.count(None))


def _known(runs: Path, kinds: set[str]) -> dict[str, float]:
    """Mean seconds of finished artefacts by what they have in common."""
    found: dict[str, list[float]] = defaultdict(list)
    for kind in kinds:
        for file in runs.glob(f"{kind}/*/{MANIFEST}"):
            manifest = json.loads(file.read_text(encoding="utf-8"))
            model = manifest["config"].get("model", {})
            found[_key(kind, manifest["settings"], model)].append(_seconds(file.parent, manifest))
    return {key: fmean(seconds) for key, seconds in found.items()}


def _seconds(directory: Path, manifest: Json) -> float:
    """Seconds of training and evaluation where a result names them, else of the whole build."""
    result = directory / "result.json"
    if not result.is_file():
        return manifest["seconds"]
    seconds = json.loads(result.read_text(encoding="utf-8"))["seconds"]
    return sum(seconds.get(part, 0.0) for part in ("finetune", "evaluate"))


def _like(artefact: Artefact) -> str:
    models = [source.settings["model"] for source in artefact.inputs if source.kind == "encoder"]
    return _key(artefact.kind, artefact.settings, models[0] if models else artefact.settings.get("model", {}))


def _key(kind: str, settings: Json, model: Json) -> str:
    """What two artefacts that take about as long have in common."""
    pretrain, policy = settings.get("pretrain", {}), settings.get("policy", {})
    parts = {
        "kind": kind,
        "model": [model.get(name) for name in ("hidden_size", "layers")],
        "budget": [pretrain.get(name) for name in ("max_steps", "batch", "precision")],
        "task": [settings.get(name) for name in ("task", "shots", "classifier")],
        "epochs": policy.get("epochs"),
    }
    return json.dumps(parts, default=str)


def _counted(runs: Path, artefact: Artefact) -> float | None:
    """Seconds by the work of a training; None for what is none, whose task is not there yet, or a model from a hub."""
    inputs = {source.kind: source for source in artefact.inputs}
    if "layers" not in inputs.get("encoder", artefact).settings.get("model", {}):
        return None
    if artefact.kind == "encoder":
        return _encoder_flops(artefact) / _speed(artefact.settings["pretrain"]["precision"])
    file = runs / "task" / (inputs["task"].name if "task" in inputs else "") / "benchmark.json"
    if artefact.kind != "finetune" or "policy" not in artefact.settings or not file.is_file():
        return None
    task = json.loads(file.read_text(encoding="utf-8"))
    return _finetuning_flops(artefact.settings, inputs["encoder"], task) / _speed(
        artefact.settings["finetune"]["precision"]
    )


def _encoder_flops(encoder: Artefact) -> float:
    corpus, pretrain = encoder.settings["corpus"], encoder.settings["pretrain"]
    short = (corpus["shortest"] + corpus["longest"]) / 2
    bases = corpus["full_share"] * corpus["longest"] + (1 - corpus["full_share"]) * short
    tokens = round(bases / _bases_per_token(encoder))
    of_one = _flops(encoder, tokens, predicted=round(MASKED_SHARE * tokens))
    validations = 1 + pretrain["max_steps"] // pretrain["validate_every"]
    validated = VALIDATION * validations * pretrain["validation_segments"]
    return of_one * (pretrain["max_steps"] * pretrain["batch"] + validated * (pretrain["max_steps"] > 0))


def _finetuning_flops(settings: Json, encoder: Artefact, task: Json) -> float:
    shots = settings["shots"]
    rows = task["pool"]["rows"] if shots == "full" else shots * len(task["classes"])
    tokens = round(task["test"]["bases"]["median"] / _bases_per_token(encoder))
    tested = task["test"]["rows"] / (1 + BACKWARD)  # without the backward pass
    return _flops(encoder, tokens, predicted=1) * (rows * settings["policy"]["epochs"] + tested)


def _flops(encoder: Artefact, tokens: int, predicted: int) -> int:
    """Of a training step on one sequence, whose last layer is computed for what is predicted."""
    model, width = encoder.settings["model"], encoder.settings["model"]["hidden_size"]
    layer = 4 * width**2 + 2 * width * model["intermediate_size"]
    shape = Shape(model["layers"], width, layer, width**2 + width * _vocabulary(encoder))
    return training_flops(
        shape, tokens=tokens, squares=tokens**2, queries=predicted, pairs=predicted * tokens, predicted=predicted
    )


def _bases_per_token(encoder: Artefact) -> float:
    return float(encoder.settings["tokens"].get("stride", BASES_PER_SUBWORD))


def _vocabulary(encoder: Artefact) -> int:
    k = encoder.settings["tokens"].get("k")
    trained = (source.settings["size"] for source in encoder.inputs if source.kind == "tokens")
    return 4**k if k else next(trained, 4096)


@cache
def _speed(precision: str) -> float:
    """Operations a second that a training can be expected to reach here; measured in a fifth of a second."""
    import torch

    from genomask.pretrain.meter import matmul_peak

    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if precision == "bf16-mixed" else torch.float32
    return REACHED[device] * matmul_peak(torch.device(device), dtype)
