"""Encoders and vocabularies as tables: realised masking rates, perplexities, words (Fig. 1, Table 5)."""

from collections import defaultdict
from typing import Any

from genomask.reports.arms import flatten, model_of, order, variant, without
from genomask.reports.collect import Encoder, Vocabulary
from genomask.reports.document import ABSENT, Table, number
from genomask.reports.paper import read_table
from genomask.reports.scores import model_title


def label_encoders(encoders: list[Encoder]) -> dict[str, Encoder]:
    """Encoders by a name that no two share: masking and options, what else differs, and the seed."""
    shapes = [_shape(encoder) for encoder in encoders]
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for encoder, shape in zip(encoders, shapes, strict=True):
        groups[model_name(encoder), encoder_variant(encoder)].append(shape)
    named = {}
    for encoder, shape in zip(encoders, shapes, strict=True):
        alike = groups[model_name(encoder), encoder_variant(encoder)]
        keys = sorted({key for other in alike for key in other})
        telling = [key for key in keys if len({str(other.get(key)) for other in alike}) > 1]
        parts = [f"{key}={shape.get(key)}" for key in telling if key != "seed"]
        parts += [f"seed {shape['seed']}"] if "seed" in telling else []
        name = f"{model_title(model_name(encoder))} {encoder_variant(encoder)}"
        named[f"{name} [{', '.join(parts)}]" if parts else name] = encoder
    return dict(sorted(named.items(), key=lambda item: (model_name(item[1]), order(encoder_variant(item[1])), item[0])))


def _shape(encoder: Encoder) -> dict[str, Any]:
    settings = flatten(without(encoder.manifest["settings"], ("format",)))
    return settings | {kind: source["name"] for kind, source in encoder.manifest["inputs"].items()}


def masking(encoder: Encoder) -> str:
    """The masking that the encoder was pretrained with; ``none`` and ``published`` as in results."""
    config = encoder.manifest["config"]
    if encoder.manifest["settings"]["pretrain"]["max_steps"]:
        return config["labels"]["masking"]
    return "none" if config["model"]["weights"] is None else "published"


def encoder_variant(encoder: Encoder) -> str:
    """The row's name of Tables 1 and 2, without FS, which is not about pretraining."""
    labels = encoder.manifest["config"]["labels"]
    return variant({"masking": masking(encoder), "wc": labels["wc"], "hga": labels["hga"], "fs": "off"})


def model_name(encoder: Encoder) -> str:
    """The encoder's model, such as ``logo``."""
    return model_of({"model": encoder.manifest["config"]["model"]["name"]})


def encoder_table(named: dict[str, Encoder]) -> Table:
    """What every pretraining was, and what came out of it."""
    columns = [
        "<encoder", "<genome", "steps", "sequences a step", "realised masking", "perplexity, common mask",
        "perplexity, own mask", "seconds", "<directory",
    ]  # fmt: skip
    return Table("", columns, [_row(name, encoder) for name, encoder in named.items()])


def _row(name: str, encoder: Encoder) -> list[str]:
    found = encoder.summary
    rate, error = found["realised_masking_rate"], found["realised_masking_rate_error"]
    return [
        name,
        encoder.manifest["inputs"]["genome"]["name"],
        f"{found['max_steps']:,}",
        f"{found['sequences_per_step']:,}",
        f"{rate:.2%} ± {error:.2%}" if masking(encoder) not in ("none", "published") else ABSENT,
        number(found["perplexity_common"], 2),
        number(found["perplexity"], 2),
        f"{encoder.manifest['seconds']:,.0f}",
        encoder.directory,
    ]


def vocabulary_table(vocabularies: list[Vocabulary]) -> Table:
    """Words of every length beside the paper's Table 5."""
    printed = {int(row["length"]): int(row["words"]) for row in read_table("table5")}
    lengths = sorted(printed.keys() | {length for found in vocabularies for length in found.words})
    rows = [
        [
            str(length),
            *(f"{found.words.get(length, 0):,}" for found in vocabularies),
            f"{printed.get(length, 0):,}",
        ]
        for length in lengths
    ]
    total = [
        "all",
        *(f"{sum(found.words.values()):,}" for found in vocabularies),
        f"{sum(printed.values()):,}",
    ]
    return Table("", ["length", *(found.directory for found in vocabularies), "paper"], [*rows, total])
