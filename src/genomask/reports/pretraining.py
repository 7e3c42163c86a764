"""Encoders and vocabularies as tables and plots: masking rates, perplexities, nats per base, words."""

from collections.abc import Callable
from typing import Any, Final

from genomask.reports.arms import UNTRAINED, flatten, model_of, order, say_setting, short_name, variant, without
from genomask.reports.cells import model_title
from genomask.reports.collect import CurvePoint, Encoder, Vocabulary
from genomask.reports.document import ABSENT, Entry, Plot, Table, number
from genomask.reports.lines import GREY, colour_of, line_styles
from genomask.reports.paper import read_table

# Columns of the table that newer encoders' summaries fill: head, key of pretraining.json, format of the number.
MEASURED: Final = {
    "nats per base, common mask": ("nats_per_base_common", "{:.3f}"),
    "nats per base, own mask": ("nats_per_base", "{:.3f}"),
    "perplexity, common mask": ("perplexity_common", "{:,.2f}"),
    "perplexity, own mask": ("perplexity", "{:,.2f}"),
    "perplexity of the overlap rule": ("overlap_floor_common", "{:,.2f}"),
    "masked bases": ("masked_share_of_bases", "{:.2%}"),
    "masked bases in a kept token": ("kept_share_of_hidden_bases", "{:.1%}"),
}
CURVES: Final[dict[str, Callable[[CurvePoint], float | None]]] = {
    "nats per base, common mask": lambda point: point.nats_common,
    "nats per base, own mask": lambda point: point.nats_own,
    "perplexity, common mask": lambda point: point.common,
    "perplexity, own mask": lambda point: point.own,
}


def label_encoders(encoders: list[Encoder]) -> dict[str, Encoder]:
    """Encoders by a short name that no two share: masking, what else differs between encoders, and the seed."""
    shapes = [_shape(encoder) for encoder in encoders]
    results = [_as_result(encoder) for encoder in encoders]
    shown = {
        option for option in ("wc", "hga") if len({r[option] for r in results if r["masking"] not in UNTRAINED}) > 1
    }
    models = {model_name(encoder) for encoder in encoders}
    groups: dict[str, list[int]] = {}
    for place, (encoder, result) in enumerate(zip(encoders, results, strict=True)):
        model = f"{model_title(model_name(encoder))} " if len(models) > 1 else ""
        groups.setdefault(model + short_name(result, "", shown), []).append(place)
    named: dict[str, Encoder] = {}
    for name, places in groups.items():
        keys = sorted({key for place in places for key in shapes[place]})
        differing = [key for key in keys if len({str(shapes[place].get(key)) for place in places}) > 1]
        for place in places:
            parts = [say_setting(f"{key}={shapes[place].get(key)}") for key in differing if key != "seed"]
            parts += [f"seed {shapes[place]['seed']}"] if "seed" in differing else []
            named[", ".join([name, *parts])] = encoders[place]
    return dict(sorted(named.items(), key=lambda item: (model_name(item[1]), order(identity(item[1])), item[0])))


def _shape(encoder: Encoder) -> dict[str, Any]:
    settings = flatten(without(encoder.manifest["settings"], ("format",)))
    return settings | {kind: source["name"] for kind, source in encoder.manifest["inputs"].items()}


def _as_result(encoder: Encoder) -> dict[str, Any]:
    """What a result would say of the encoder, without FS, which is not about pretraining."""
    labels = encoder.manifest["config"]["labels"]
    model = encoder.manifest["config"]["model"]["name"]
    return {"masking": masking(encoder), "wc": labels["wc"], "hga": labels["hga"], "fs": "off", "model": model}


def masking(encoder: Encoder) -> str:
    """The masking that the encoder was pretrained with; ``none`` and ``published`` as in results."""
    config = encoder.manifest["config"]
    if encoder.manifest["settings"]["pretrain"]["max_steps"]:
        return config["labels"]["masking"]
    return "none" if config["model"]["weights"] is None else "published"


def identity(encoder: Encoder) -> str:
    """The row's name of Tables 1 and 2."""
    return variant(_as_result(encoder))


def model_name(encoder: Encoder) -> str:
    """The encoder's model, such as ``logo``."""
    return model_of(_as_result(encoder))


def encoder_table(named: dict[str, Encoder]) -> Table:
    """The setting of every pretraining, and what came out of it."""
    columns = ["<model", "<genome", "<tokens", "<encoder", *MEASURED, "realised masking", "steps", "sequences a step",
               "seconds", "<directory"]  # fmt: skip
    return Table("", columns, [_row(name, encoder) for name, encoder in named.items()], 3)


def _row(name: str, encoder: Encoder) -> list[str]:
    summary = encoder.summary
    rate, error = summary.get("realised_masking_rate"), summary.get("realised_masking_rate_error")
    return [
        model_title(model_name(encoder)),
        encoder.manifest["inputs"]["genome"]["name"],
        str(summary.get("tokens") or ABSENT),
        Entry(name, full=f"{model_title(model_name(encoder))} {identity(encoder)}: {encoder.directory}"),
        *(text.format(summary[key]) if summary.get(key) is not None else "" for key, text in MEASURED.values()),
        f"{rate:.2%} ± {error:.2%}" if masking(encoder) not in UNTRAINED else ABSENT,
        f"{summary['max_steps']:,}",
        f"{summary['sequences_per_step']:,}",
        number(encoder.manifest["seconds"], 0),
        encoder.directory,
    ]


def vocabulary_table(vocabularies: list[Vocabulary]) -> Table:
    """Words of every length beside the paper's Table 5."""
    printed = {int(row["length"]): int(row["words"]) for row in read_table("table5")}
    words = [*(item.words for item in vocabularies), printed]
    lengths = sorted({length for each in words for length in each})
    rows = [[str(length), *(f"{each.get(length, 0):,}" for each in words)] for length in lengths]
    total = ["all", *(f"{sum(each.values()):,}" for each in words)]
    return Table("", ["length", *(item.directory for item in vocabularies), "paper"], [*rows, total])


def curves(named: dict[str, Encoder]) -> list[Plot]:
    """Fig. 1: nats per base, where they were logged, and perplexity against steps, under either mask."""
    logged = {name: encoder for name, encoder in named.items() if encoder.curve}
    styles = line_styles({name: masking(encoder) for name, encoder in logged.items()})
    plots = []
    for title, value in CURVES.items():
        lines = {
            name: [(p.step, y) for p in encoder.curve if (y := value(p)) is not None]
            for name, encoder in logged.items()
        }
        data = [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": [step for step, _ in points],
                "y": [y for _, y in points],
                "hovertemplate": "%{y:,.3f} at step %{x}<extra>%{fullData.name}</extra>",
                **styles[name],
            }
            for name, points in lines.items()
            if points
        ]
        quantity, _, mask = title.partition(", ")
        scale = "log" if quantity == "perplexity" else "linear"
        axes = {"xaxis": {"title": {"text": "optimiser steps"}}, "yaxis": {"type": scale, "title": {"text": quantity}}}
        plots += [Plot(f"{quantity}, {mask}".capitalize(), data, axes, 380 + 9 * len(data))] if data else []
    return plots


def masking_rates(named: dict[str, Encoder]) -> Plot | None:
    """Realised share of masked tokens of every encoder, with two standard errors."""
    pretrained = {name: encoder for name, encoder in named.items() if masking(encoder) not in UNTRAINED}
    if not pretrained:
        return None
    encoders = list(pretrained.values())
    rates = [encoder.summary["realised_masking_rate"] for encoder in encoders]
    errors = [2 * encoder.summary["realised_masking_rate_error"] for encoder in encoders]
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": rates,
            "y": list(pretrained),
            "error_x": {"type": "data", "array": errors, "color": GREY},
            "marker": {"size": 10, "color": [colour_of(masking(encoder)) for encoder in encoders]},
            "hovertemplate": "%{x:.2%}<extra>%{y}</extra>",
        }
    ]
    nominal = {"type": "line", "x0": 0.15, "x1": 0.15, "yref": "paper", "y0": 0, "y1": 1}
    axes = {
        "xaxis": {"tickformat": ".1%", "title": {"text": "masked tokens"}},
        "yaxis": {"autorange": "reversed", "automargin": True},
        "shapes": [nominal | {"line": {"dash": "dot", "color": GREY}}],
        "showlegend": False,
    }
    return Plot("Realised masking rates; dotted: the nominal 15 %", data, axes, 130 + 34 * len(rates))
