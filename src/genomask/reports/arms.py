"""What a row of a table is called, and which fine-tunings are seeds of the same row."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from genomask.reports.collect import Encoder, Finetuning

NAMES = {
    "none": "no pretraining",
    "published": "published weights",
    "random": "ORI",
    "whole_span": "whole spans",
    "span": "PMI's spans without PMI",
    "pmi_vocab": "PMI-VOCAB",
    "pmi_released": "PMI as released",
    "pmi": "PMI",
}
BASELINES = {
    "majority": "majority class",
    "gc": "GC content",
    "kmer_logistic": "k-mer logistic regression",
    "cnn": "CNN",
}
NO_ENCODER = "-"  # the model of a baseline
SEEDS = ("seed", "format")  # settings of an artefact that tell no rows apart
CURVE = ("pretrain.validate_every", "pretrain.validation_segments")  # shape curves, not weights
EPISODE = ("shots", "task", *SEEDS)
KEPT = ("finetune.save_model",)  # shapes what is left behind, not the score


def variant(result: Mapping[str, Any]) -> str:
    """The name of a row as in the paper's tables, such as ``PMI (WC+FS)``, from what its result says."""
    classifier = result.get("classifier", "encoder")
    if classifier != "encoder":
        return BASELINES.get(classifier, str(classifier))
    untrained = result["masking"] in ("none", "published")
    options = ("fs",) if untrained else ("wc", "hga", "fs")
    chosen = "+".join(option.upper() for option in options if result[option] == "on")
    name = NAMES.get(result["masking"], str(result["masking"]))
    return f"{name} ({chosen})" if chosen else name


def model_of(result: Mapping[str, Any]) -> str:
    """The encoder's name; ``-`` for a baseline, which has none."""
    return result["model"] if result.get("classifier", "encoder") == "encoder" else NO_ENCODER


def order(label: str) -> tuple[int, str]:
    """Sorts rows: baselines, then no pretraining, then the maskings, PMI last."""
    names = [*BASELINES.values(), *NAMES.values()]
    places = [place for place, name in enumerate(names) if label.startswith(name)]
    return (max(places, key=lambda place: len(names[place])) if places else len(names)), label


def label_arms(finetunings: list[Finetuning], shapes: list[dict[str, Any]]) -> list[str]:
    """The name of every fine-tuning's row.

    Two fine-tunings that differ in more than seeds never share a name: where the variant does not tell them
    apart, the settings of their shapes that do are added to it.
    """
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for place, item in enumerate(finetunings):
        result = item.result
        groups[task_of(result), model_of(result), result["shots"], variant(result)].append(place)
    telling: dict[tuple[Any, ...], set[str]] = defaultdict(set)  # over all cells: a row has one name everywhere
    for (_, model, _, name), places in groups.items():
        telling[model, name] |= _telling([shapes[place] for place in places])
    return [
        variant(item.result) + _suffix(shape, telling[model_of(item.result), variant(item.result)])
        for item, shape in zip(finetunings, shapes, strict=True)
    ]


def task_of(result: Mapping[str, Any]) -> tuple[str, str]:
    """A task is its name and its data: the same name over other sequences is another task."""
    return result["task"], result.get("artefacts", {}).get("task", "")


def shapes_of(finetunings: list[Finetuning], encoders: list[Encoder]) -> list[dict[str, Any]]:
    """Everything that shaped a score, except seeds, episode and task; flattened to ``name.setting``."""
    by_digest = {encoder.manifest["digest"]: encoder for encoder in encoders}
    return [_shape(item, by_digest) for item in finetunings]


def _shape(item: Finetuning, by_digest: Mapping[str, Encoder]) -> dict[str, Any]:
    shape = without(flatten(without(item.manifest["settings"], EPISODE)), KEPT)
    digest = item.result.get("artefacts", {}).get("encoder")
    if not digest:
        return shape
    encoder = by_digest.get(digest)
    if encoder is None:
        return shape | {"encoder": digest[:8]}
    settings = encoder.manifest["settings"]
    if not settings["pretrain"]["max_steps"]:
        return shape | flatten({"model": settings.get("model", {})})
    inputs = {kind: source["name"] for kind, source in encoder.manifest["inputs"].items()}
    return shape | without(flatten(without(settings, SEEDS)), CURVE) | inputs


def without(settings: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The settings less those named."""
    return {name: value for name, value in settings.items() if name not in set(names)}


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as ``outer.inner``."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= flatten(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return flat


def _telling(shapes: list[dict[str, Any]]) -> set[str]:
    """The settings that differ among fine-tunings which share a name."""
    names = {name for shape in shapes for name in shape}
    return {name for name in names if len({str(shape.get(name)) for shape in shapes}) > 1}


def _suffix(shape: Mapping[str, Any], telling: set[str]) -> str:
    parts = [f"{name}={shape[name]}" for name in sorted(telling) if name in shape]
    return f" [{', '.join(parts)}]" if parts else ""
