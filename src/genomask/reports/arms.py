"""Rows of a table: how each is named, and which fine-tunings are seeds of the same row."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from genomask.reports.collect import Encoder, Finetuning

Json = Mapping[str, Any]
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
EPISODE = ("shots", "task", "seed", "format")  # settings of a fine-tuning that tell no rows apart
NOT_SCORED = ("finetune.save_model", "pretrain.validate_every", "pretrain.validation_segments")  # they shape files only
OPTIONS: Final = ("wc", "hga", "fs")


def has_encoder(result: Json) -> bool:
    """Whether the score is of an encoder, fine-tuned or probed."""
    return result["classifier"] not in BASELINES and result["masking"] != NO_ENCODER


def model_of(result: Json) -> str:
    """The encoder's name; ``-`` for a baseline, which has none."""
    return result["model"] if has_encoder(result) else NO_ENCODER


def kind_of(result: Json) -> str:
    """The masking of the encoder, or the name of a classifier that has none."""
    return result["masking"] if has_encoder(result) else result["classifier"]


def variant(result: Json) -> str:
    """The name of a row as in the paper's tables, such as ``PMI (WC+FS)``, from what its result says."""
    kind, classifier = kind_of(result), result["classifier"]
    if not has_encoder(result):
        return BASELINES.get(kind, kind)
    chosen = [option.upper() for option in options_of(result) if result.get(option) == "on"]
    chosen += [] if classifier == "encoder" else [classifier]
    return f"{NAMES.get(kind, kind)} ({'+'.join(chosen)})" if chosen else NAMES.get(kind, kind)


def options_of(result: Json) -> tuple[str, ...]:
    """The switches that can shape this score: none of pretraining without one, FS in a fine-tuning only."""
    before = () if result["masking"] in (*UNTRAINED, NO_ENCODER) else ("wc", "hga")
    return (*before, "fs") if result["classifier"] == "encoder" else before


def order(kind: str) -> int:
    """Sorts rows: baselines, then no pretraining, then the maskings, PMI last, then all others."""
    return [*BASELINES, *NAMES, kind].index(kind)


def label_arms(results: Sequence[Json], shapes: Sequence[Json]) -> list[str]:
    """The name of every result's row: its variant, and the settings of the shapes that tell variants of one name apart.

    Two results that differ in more than seeds never share a name.
    """
    rows = [(model_of(result), variant(result)) for result in results]
    groups: dict[tuple[Any, ...], list[Json]] = defaultdict(list)
    for result, shape, row in zip(results, shapes, rows, strict=True):
        groups[*row, task_of(result), result["shots"]].append(shape)
    differing: dict[tuple[str, str], set[str]] = defaultdict(set)  # over all cells: a row has one name everywhere
    for (model, name, *_), alike in groups.items():
        settings = {setting for shape in alike for setting in shape}
        differing[model, name] |= {each for each in settings if len({str(shape.get(each)) for shape in alike}) > 1}
    labels = []
    for shape, row in zip(shapes, rows, strict=True):
        parts = ", ".join(f"{each}={shape[each]}" for each in sorted(differing[row]) if each in shape)
        labels.append(f"{row[1]} [{parts}]" if parts else row[1])
    return labels


def short_name(result: Json, label: str, shown: Iterable[str]) -> str:
    """A row's name as a person would say it: the masking, then the settings in the brackets of the ``label``, and of
    the options and the classifier those that are ``shown`` because they differ between rows.
    """
    kind = kind_of(result)
    name = BASELINES.get(kind) or (NAMES[kind] if kind in UNTRAINED else kind.replace("_", " ").replace("pmi", "PMI"))
    words = [option.upper() for option in OPTIONS if option in shown and result.get(option) == "on"]
    words += [result["classifier"]] if "classifier" in shown and has_encoder(result) else []
    settings = label.partition(" [")[2].removesuffix("]").split(", ")
    words += [_say_setting(part) for part in settings if not part.endswith(("=None", "="))]
    return ", ".join([name.replace(" regression", ""), *filter(None, words)])


def _say_setting(part: str) -> str:
    """``pretrain.max_steps=400`` as ``400 steps``."""
    setting, _, value = part.partition("=")
    last = setting.rpartition(".")[2]
    if last == "max_steps":
        return f"{int(value):,} steps"
    return value if setting == "tokens" else f"{last.replace('_', ' ')} {value}" if value else part


def model_title(model: str) -> str:
    """The model's name as a heading."""
    return model.upper() if model in ("dnabert", "logo") else model


def task_of(result: Json) -> tuple[str, str]:
    """A task is its name and its data: the same name over other sequences is another task."""
    return result["task"], result.get("artefacts", {}).get("task", "")


def shapes_of(finetunings: list[Finetuning], encoders: list[Encoder]) -> list[dict[str, Any]]:
    """Everything that shaped a score, except seeds, episode and task; flattened to ``name.setting``."""
    by_digest = {encoder.manifest["digest"]: encoder for encoder in encoders}
    shapes = []
    for item in finetunings:
        digest = item.result.get("artefacts", {}).get("encoder")
        encoder = by_digest.get(digest)
        if encoder is None:
            own = {"encoder": digest[:8]} if digest else {}
        elif not encoder.manifest["settings"]["pretrain"]["max_steps"]:
            own = flatten({"model": encoder.manifest["settings"].get("model", {})})
        else:
            own = encoder_shape(encoder, item.result.get("tokens"), ("seed", "format"))
        shapes.append(flatten(item.manifest["settings"], EPISODE) | own)
    return shapes


def encoder_shape(encoder: Encoder, tokens: str | None, without: Iterable[str]) -> dict[str, Any]:
    """The settings and inputs of a pretraining; its k-mers under the name of the tokens."""
    inputs = {kind: source["name"] for kind, source in encoder.manifest["inputs"].items()}
    return with_named_tokens(flatten(encoder.manifest["settings"], without), tokens) | inputs


def with_named_tokens(shape: Json, name: str | None) -> dict[str, Any]:
    """A shape whose k-mers are called by their name, which says their k and stride; early results know none."""
    if shape.get("tokens.kind") != "kmer" or not name:
        return dict(shape)
    named = {key: value for key, value in shape.items() if key not in ("tokens.kind", "tokens.k", "tokens.stride")}
    return named | {"tokens": name}


def flatten(settings: Json, without: Iterable[str] = (), prefix: str = "") -> dict[str, Any]:
    """Nested settings as ``outer.inner``, those ``without`` and those that shape no score left out."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in without and prefix + name not in NOT_SCORED:
            nested = isinstance(value, Mapping)
            flat |= flatten(value, (), f"{prefix}{name}.") if nested else {prefix + name: value}
    return flat
