"""Encoders and vocabularies as tables: realised masking rates, perplexities, words (Fig. 1, Table 5)."""

from collections import defaultdict
from typing import Any

from genomask.reports.arms import flatten, model_of, order, variant, without
from genomask.reports.collect import Encoder, Vocabulary
from genomask.reports.document import ABSENT, Plot, Table, number
from genomask.reports.lines import GREY, colour_of, line_styles
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


def perplexities(named: dict[str, Encoder]) -> list[Plot]:
    """Fig. 1: perplexity against steps, under one common mask and under each encoder's own."""
    curves = {name: encoder for name, encoder in named.items() if len(encoder.curve) > 0}
    if not curves:
        return []
    styles = line_styles({name: masking(encoder) for name, encoder in curves.items()})
    titles = {"common": "Under the common random mask", "own": "Under each encoder's own mask"}
    plots = []
    for field, title in titles.items():
        data = [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": [point.step for point in encoder.curve],
                "y": [getattr(point, field) for point in encoder.curve],
                "hovertemplate": "%{y:,.1f} at step %{x}<extra>%{fullData.name}</extra>",
                **styles[name],
            }
            for name, encoder in curves.items()
        ]
        axes = {
            "xaxis": {"title": {"text": "optimiser steps"}},
            "yaxis": {"type": "log", "title": {"text": "perplexity"}},
        }
        plots.append(Plot(title, data, axes, 420))
    return plots


def masking_rates(named: dict[str, Encoder]) -> Plot | None:
    """Realised share of hidden tokens of every encoder, with two standard errors."""
    pretrained = {name: e for name, e in named.items() if masking(e) not in ("none", "published")}
    if not pretrained:
        return None
    encoders = list(pretrained.values())
    rates = [encoder.summary["realised_masking_rate"] for encoder in encoders]
    errors = [2 * encoder.summary["realised_masking_rate_error"] for encoder in encoders]
    colours = [colour_of(masking(encoder)) for encoder in encoders]
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": rates,
            "y": [name.replace(" [", "<br><sub>[") for name in pretrained],
            "error_x": {"type": "data", "array": errors, "color": GREY},
            "marker": {"size": 10, "color": colours},
            "hovertemplate": "%{x:.2%}<extra>%{y}</extra>",
        }
    ]
    axes = {
        "xaxis": {"tickformat": ".1%", "title": {"text": "hidden tokens"}},
        "yaxis": {"autorange": "reversed", "automargin": True},
        "shapes": [
            {"type": "line", "x0": 0.15, "x1": 0.15, "yref": "paper", "y0": 0, "y1": 1,
             "line": {"dash": "dot", "color": GREY}}
        ],
        "showlegend": False,
    }  # fmt: skip
    return Plot("Realised masking rates; dotted: the nominal 15 %", data, axes, 130 + 42 * len(rates))
