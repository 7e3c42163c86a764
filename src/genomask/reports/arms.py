"""Rows of a table: how each is named, and which fine-tunings are seeds of the same row."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from genomask.reports.collect import Encoder, Finetuning

NAMES: Final = {
    "none": "no pretraining",
    "published": "published weights",
    "random": "ORI",
    "whole_span": "whole spans",
    "span": "PMI's spans without PMI",
    "pmi_vocab": "PMI-VOCAB",
    "pmi_released": "PMI as released",
    "pmi": "PMI",
}
BASELINES: Final = {
    "majority": "majority class",
    "gc": "GC content",
    "kmer_logistic": "k-mer logistic regression",
    "cnn": "CNN",
}
UNTRAINED: Final = ("none", "published")  # encoders that no masking of ours has shaped
NO_ENCODER: Final = "-"  # the model of a baseline
SEEDS = ("seed", "format")  # settings of an artefact that tell no rows apart
CURVE = ("pretrain.validate_every", "pretrain.validation_segments")  # shape curves, not weights
EPISODE = ("shots", "task", *SEEDS)
NOT_SCORED = ("finetune.save_model",)  # shapes the files that are left, not the score
OPTIONS: Final = ("wc", "hga", "fs")


def classifier_of(result: Mapping[str, Any]) -> str:
    """The classifier; early results name none, as there was one."""
    return result.get("classifier", "encoder")


def has_encoder(result: Mapping[str, Any]) -> bool:
    """Whether the score is of an encoder, fine-tuned or probed."""
    return classifier_of(result) not in BASELINES and result["masking"] != NO_ENCODER


def model_of(result: Mapping[str, Any]) -> str:
    """The encoder's name; ``-`` for a baseline, which has none."""
    return result["model"] if has_encoder(result) else NO_ENCODER


def kind_of(result: Mapping[str, Any]) -> str:
    """The masking of the encoder, or the name of a classifier that has none."""
    return result["masking"] if has_encoder(result) else classifier_of(result)


def variant(result: Mapping[str, Any]) -> str:
    """The name of a row as in the paper's tables, such as ``PMI (WC+FS)``, from what its result says."""
    classifier = classifier_of(result)
    if not has_encoder(result):
        return BASELINES.get(classifier, str(classifier))
    options = options_of(result)
    chosen = [option.upper() for option in options if result.get(option) == "on"]
    chosen += [] if classifier == "encoder" else [classifier]
    name = NAMES.get(result["masking"], str(result["masking"]))
    return f"{name} ({'+'.join(chosen)})" if chosen else name


def options_of(result: Mapping[str, Any]) -> tuple[str, ...]:
    """The switches that can shape this score: none of pretraining without one, FS in a fine-tuning only."""
    before = () if result["masking"] in (*UNTRAINED, NO_ENCODER) else ("wc", "hga")
    return (*before, "fs") if classifier_of(result) == "encoder" else before


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
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for item, shape in zip(finetunings, shapes, strict=True):
        result = item.result
        groups[task_of(result), model_of(result), result["shots"], variant(result)].append(shape)
    differing: dict[tuple[str, str], set[str]] = defaultdict(set)  # over all cells: a row has one name everywhere
    for (_, model, _, name), alike in groups.items():
        names = {setting for shape in alike for setting in shape}
        differing[model, name] |= {each for each in names if len({str(shape.get(each)) for shape in alike}) > 1}
    labels = []
    for result, shape in zip((item.result for item in finetunings), shapes, strict=True):
        name = variant(result)
        parts = [f"{each}={shape[each]}" for each in sorted(differing[model_of(result), name]) if each in shape]
        labels.append(f"{name} [{', '.join(parts)}]" if parts else name)
    return labels


def short_name(result: Mapping[str, Any], label: str, shown: Iterable[str]) -> str:
    """A row's name as a person would say it: the masking, then of options and settings only those that tell.

    Args:
        result: A result of the row.
        label: The row's full name; what its brackets hold is kept, in fewer words.
        shown: Options, and ``classifier``, that differ between rows.
    """
    kind = kind_of(result)
    name = BASELINES.get(kind) or (NAMES[kind] if kind in UNTRAINED else kind.replace("_", " ").replace("pmi", "PMI"))
    name = name.replace("k-mer logistic regression", "k-mer logistic")
    words = [option.upper() for option in OPTIONS if option in shown and result.get(option) == "on"]
    words += [classifier_of(result)] if "classifier" in shown and has_encoder(result) else []
    _, _, settings = label.partition(" [")
    words += [say_setting(part) for part in settings.removesuffix("]").split(", ") if not part.endswith(("=None", "="))]
    return ", ".join([name, *filter(None, words)])


def say_setting(part: str) -> str:
    """``pretrain.max_steps=400`` as ``400 steps``."""
    setting, _, value = part.partition("=")
    last = setting.rpartition(".")[2]
    if last == "max_steps":
        return f"{int(value):,} steps"
    if setting == "tokens":
        return value
    return f"{last.replace('_', ' ')} {value}" if value else part


def task_of(result: Mapping[str, Any]) -> tuple[str, str]:
    """A task is its name and its data: the same name over other sequences is another task."""
    return result["task"], result.get("artefacts", {}).get("task", "")


def shapes_of(finetunings: list[Finetuning], encoders: list[Encoder]) -> list[dict[str, Any]]:
    """Everything that shaped a score, except seeds, episode and task; flattened to ``name.setting``."""
    by_digest = {encoder.manifest["digest"]: encoder for encoder in encoders}
    return [_shape(item, by_digest) for item in finetunings]


def _shape(item: Finetuning, by_digest: Mapping[str, Encoder]) -> dict[str, Any]:
    shape = without(flatten(without(item.manifest["settings"], EPISODE)), NOT_SCORED)
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
    trained = with_named_tokens(without(flatten(without(settings, SEEDS)), CURVE), item.result.get("tokens"))
    return shape | trained | inputs


def with_named_tokens(shape: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    """A shape whose k-mers are called by their name, which says their k and stride; early results know none."""
    if shape.get("tokens.kind") != "kmer" or not name:
        return dict(shape)
    return without(shape, ("tokens.kind", "tokens.k", "tokens.stride")) | {"tokens": name}


def without(settings: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The settings less those named."""
    return {name: value for name, value in settings.items() if name not in set(names)}


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as ``outer.inner``."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= flatten(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return flat
