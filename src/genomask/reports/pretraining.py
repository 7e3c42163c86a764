"""Encoders and vocabularies as tables and plots: masking rates, perplexities, nats per base, words."""

from collections import Counter
from typing import Any, Final

from matplotlib.figure import Figure

from genomask.analysis.figure_style import look
from genomask.reports.arms import UNTRAINED, encoder_shape, label_arms, model_title, order, short_name, variant
from genomask.reports.collect import Encoder, Vocabulary, contender, untrained
from genomask.reports.document import ABSENT, Entry, Plot, Section, Table, number
from genomask.reports.paper import read_table
from genomask.reports.plots import line_styles, scatter, titled

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
CURVES: Final = {  # titles of Fig. 1's curves, by the field of a curve's point
    "nats_per_base_common": "Nats per base, common mask",
    "nats_per_base_own": "Nats per base, own mask",
    "perplexity_common": "Perplexity, common mask",
    "perplexity_own": "Perplexity, own mask",
}
DASHES: Final = {"solid": "-", "dash": "--", "dot": ":", "dashdot": "-."}  # from plotly to matplotlib


def pretraining_section(encoders: list[Encoder]) -> Section:
    """Every encoder with its curves."""
    named = label_encoders(encoders)
    notes = ["Realised masking is the share of tokens that the strategy hides, ± one standard error; nominal is 15 %."]
    if any(not encoder.curve for encoder in encoders):
        notes.append("An encoder without a curve was pretrained without a CSV log.")
    table = Table.of("", [_row(name, encoder) for name, encoder in named.items()], 3)
    return Section("pretraining", "Pretraining (Figure 1)", notes, [table], _curves(named))


def label_encoders(encoders: list[Encoder]) -> dict[str, Encoder]:
    """Encoders by a short name that no two share: masking, and what else differs between encoders of one model."""
    results = [_as_result(encoder) for encoder in encoders]
    shapes = [encoder_shape(encoder, encoder.summary.get("tokens"), ("format",)) for encoder in encoders]
    trained = [result for result in results if result["masking"] not in UNTRAINED]
    shown = {option for option in ("wc", "hga") if len({result[option] for result in trained}) > 1}
    several = len({result["model"] for result in results}) > 1
    named = []
    for result, label, encoder in zip(results, label_arms(results, shapes), encoders, strict=True):
        model = f"{model_title(result['model'])} " if several else ""
        named.append((result["model"], order(result["masking"]), model + short_name(result, label, shown), encoder))
    counts = Counter(name for _, _, name, _ in named)
    rows = sorted(named, key=lambda row: row[:3])
    return {name if counts[name] == 1 else f"{name}, {encoder.directory}": encoder for *_, name, encoder in rows}


def _as_result(encoder: Encoder) -> dict[str, Any]:
    """What a result would say of the encoder, without FS, which is not about pretraining."""
    config = encoder.manifest["config"]
    labels = config["labels"] | contender(encoder.manifest)
    trained = encoder.manifest["settings"]["pretrain"]["max_steps"]
    masking = labels["masking"] if trained else untrained(encoder.manifest)
    same = {"task": "", "shots": 0, "fs": "off", "classifier": "encoder"}
    return same | {"masking": masking, "wc": labels["wc"], "hga": labels["hga"], "model": config["model"]["name"]}


def _row(name: str, encoder: Encoder) -> dict[str, str]:
    """The setting of a pretraining, and what came out of it."""
    summary, result = encoder.summary, _as_result(encoder)
    rate, error = summary.get("realised_masking_rate"), summary.get("realised_masking_rate_error")
    model = model_title(result["model"])
    return {
        "<model": model,
        "<genome": encoder.manifest["inputs"]["genome"]["name"],
        "<tokens": str(summary.get("tokens") or ABSENT),
        "<encoder": Entry(name, full=f"{model} {variant(result)}: {encoder.directory}"),
        **{h: text.format(summary[key]) if summary.get(key) is not None else "" for h, (key, text) in MEASURED.items()},
        "realised masking": f"{rate:.2%} ± {error:.2%}" if result["masking"] not in UNTRAINED else ABSENT,
        "steps": f"{summary['max_steps']:,}",
        "sequences a step": f"{summary['sequences_per_step']:,}",
        "seconds": number(encoder.manifest["seconds"], 0),
        "<directory": encoder.directory,
    }


def vocabularies_section(vocabularies: list[Vocabulary]) -> Section | None:
    """Words of every length beside the paper's Table 5; None without a vocabulary."""
    paper = {int(row["length"]): int(row["words"]) for row in read_table("table5")}
    words = {item.directory: item.words for item in vocabularies} | {"paper": paper}
    rows = [
        {"length": str(n), **{name: f"{own.get(n, 0):,}" for name, own in words.items()}}
        for n in sorted(set().union(*words.values()))
    ]
    rows.append({"length": "all", **{name: f"{sum(own.values()):,}" for name, own in words.items()}})
    notes = ["Words of every length in the masking vocabulary. The paper's rows add up to 40,005, not 40,000."]
    section = Section("vocabularies", "Masking vocabularies (Table 5)", notes, [Table.of("", rows)])
    return section if vocabularies else None


def _curves(named: dict[str, Encoder]) -> list[Plot]:
    """Fig. 1: nats per base, where they were logged, and perplexity against steps, under either mask."""
    styles = line_styles({name: _as_result(encoder)["masking"] for name, encoder in named.items()})
    plots = []
    for field, title in CURVES.items():
        data = []
        for name, encoder in named.items():
            points = {point["step"]: point[field] for point in encoder.curve if point[field] is not None}
            if points:
                hover = "%{y:,.3f} at step %{x}<extra>%{fullData.name}</extra>"
                steps, values = list(points), list(points.values())
                data.append(scatter("lines+markers", steps, values, name=name, hovertemplate=hover, **styles[name]))
        quantity = title.partition(", ")[0].lower()
        layout = titled(xaxis="optimiser steps", yaxis=quantity)
        layout["yaxis"]["type"] = "log" if quantity == "perplexity" else "linear"
        plots += [Plot(title, data, layout, 380 + 9 * len(data))] if data else []
    return plots


def draw_perplexity(encoders: list[Encoder]) -> Figure | None:
    """Draw Fig. 1, one line an encoder on a logarithmic axis; None where no encoder has a curve.

    The paper compares perplexities each measured under its encoder's own mask, which differ in difficulty; the panel
    on the left shows all of them under one common random mask.
    """
    named = {name: encoder for name, encoder in label_encoders(encoders).items() if encoder.curve}
    styles = line_styles({name: _as_result(encoder)["masking"] for name, encoder in named.items()})
    with look():
        figure = Figure(figsize=(7.2, 2.8 + 0.2 * -(-len(named) // 2)))  # a line of the legend for two encoders
        panels = figure.subplots(1, 2, sharey=True)
        for panel, mask in zip(panels, ("common", "own"), strict=True):
            for name, encoder in named.items():
                steps, values = zip(*((at["step"], at[f"perplexity_{mask}"]) for at in encoder.curve), strict=True)
                line = styles[name]["line"]
                panel.plot(steps, values, DASHES[line["dash"]], marker=".", color=line["color"], label=name)
            panel.set(title={"common": "common random mask", "own": "own mask"}[mask])
            panel.set(xlabel="optimiser steps", yscale="log")
        panels[0].set_ylabel("perplexity")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure if named else None
