"""Encoders and vocabularies as tables and plots: masking rates, perplexities, nats per base, words."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

from matplotlib.figure import Figure

from genomask.analysis.figure_style import COLOURS, MASKING_COLOUR, look
from genomask.reports.arms import (
    UNTRAINED,
    flatten,
    model_of,
    order,
    say_setting,
    short_name,
    variant,
    with_named_tokens,
    without,
)
from genomask.reports.cells import model_title
from genomask.reports.collect import CurvePoint, Encoder, Vocabulary, contender, untrained
from genomask.reports.document import ABSENT, Entry, Plot, Section, Table, number
from genomask.reports.paper import read_table
from genomask.reports.plots import line_styles

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
STYLES: Final = ("-", "--", ":", "-.")


def pretraining_section(encoders: list[Encoder]) -> Section | None:
    """Every encoder with its curves; None without one."""
    if not encoders:
        return None
    named = label_encoders(encoders)
    notes = ["Realised masking is the share of tokens that the strategy hides, ± one standard error; nominal is 15 %."]
    if any(not encoder.curve for encoder in encoders):
        notes.append("An encoder without a curve was pretrained without a CSV log.")
    return Section("pretraining", "Pretraining (Figure 1)", notes, [encoder_table(named)], curves(named))


def label_encoders(encoders: list[Encoder]) -> dict[str, Encoder]:
    """Encoders by a short name that no two share: masking, what else differs between encoders, and the seed."""
    shapes = [_shape(encoder) for encoder in encoders]
    results = [_as_result(encoder) for encoder in encoders]
    trained = [result for result in results if result["masking"] not in UNTRAINED]
    shown = {option for option in ("wc", "hga") if len({result[option] for result in trained}) > 1}
    several = len({model_of(result) for result in results}) > 1
    groups: dict[str, list[int]] = defaultdict(list)
    for place, result in enumerate(results):
        model = f"{model_title(model_of(result))} " if several else ""
        groups[model + short_name(result, "", shown)].append(place)
    named: dict[str, int] = {}
    for name, places in groups.items():
        keys = sorted({key for place in places for key in shapes[place]})
        differing = [key for key in keys if len({str(shapes[place].get(key)) for place in places}) > 1]
        for place in places:
            parts = [say_setting(f"{key}={shapes[place].get(key)}") for key in differing if key != "seed"]
            parts += [f"seed {shapes[place]['seed']}"] if "seed" in differing else []
            named[", ".join([name, *parts])] = place
    by_row = sorted(
        named, key=lambda name: (model_of(results[named[name]]), order(variant(results[named[name]])), name)
    )
    return {name: encoders[named[name]] for name in by_row}


def _shape(encoder: Encoder) -> dict[str, Any]:
    settings = flatten(without(encoder.manifest["settings"], ("format",)))
    inputs = {kind: source["name"] for kind, source in encoder.manifest["inputs"].items()}
    return with_named_tokens(settings, encoder.summary.get("tokens")) | inputs


def _as_result(encoder: Encoder) -> dict[str, Any]:
    """What a result would say of the encoder, without FS, which is not about pretraining."""
    config = encoder.manifest["config"]
    labels = config["labels"] | contender(encoder.manifest)
    trained = encoder.manifest["settings"]["pretrain"]["max_steps"]
    masking = labels["masking"] if trained else untrained(encoder.manifest)
    return {"masking": masking, "wc": labels["wc"], "hga": labels["hga"], "fs": "off", "model": config["model"]["name"]}


def encoder_table(named: dict[str, Encoder]) -> Table:
    """The setting of every pretraining, and what came out of it."""
    columns = ["<model", "<genome", "<tokens", "<encoder", *MEASURED, "realised masking", "steps", "sequences a step",
               "seconds", "<directory"]  # fmt: skip
    return Table("", columns, [_row(name, encoder) for name, encoder in named.items()], 3)


def _row(name: str, encoder: Encoder) -> list[str]:
    summary, result = encoder.summary, _as_result(encoder)
    rate, error = summary.get("realised_masking_rate"), summary.get("realised_masking_rate_error")
    model = model_title(model_of(result))
    return [
        model,
        encoder.manifest["inputs"]["genome"]["name"],
        str(summary.get("tokens") or ABSENT),
        Entry(name, full=f"{model} {variant(result)}: {encoder.directory}"),
        *(text.format(summary[key]) if summary.get(key) is not None else "" for key, text in MEASURED.values()),
        f"{rate:.2%} ± {error:.2%}" if result["masking"] not in UNTRAINED else ABSENT,
        f"{summary['max_steps']:,}",
        f"{summary['sequences_per_step']:,}",
        number(encoder.manifest["seconds"], 0),
        encoder.directory,
    ]


def vocabularies_section(vocabularies: list[Vocabulary]) -> Section | None:
    """Words of every length beside the paper's Table 5; None without a vocabulary."""
    if not vocabularies:
        return None
    printed = {int(row["length"]): int(row["words"]) for row in read_table("table5")}
    words = [*(item.words for item in vocabularies), printed]
    lengths = sorted({length for each in words for length in each})
    rows = [[str(length), *(f"{each.get(length, 0):,}" for each in words)] for length in lengths]
    total = ["all", *(f"{sum(each.values()):,}" for each in words)]
    table = Table("", ["length", *(item.directory for item in vocabularies), "paper"], [*rows, total])
    notes = ["Words of every length in the masking vocabulary. The paper's rows add up to 40,005, not 40,000."]
    return Section("vocabularies", "Masking vocabularies (Table 5)", notes, [table])


def curves(named: dict[str, Encoder]) -> list[Plot]:
    """Fig. 1: nats per base, where they were logged, and perplexity against steps, under either mask."""
    styles = line_styles({name: _as_result(encoder)["masking"] for name, encoder in named.items()})
    plots = []
    for title, value in CURVES.items():
        lines = {
            name: [(p.step, y) for p in encoder.curve if (y := value(p)) is not None] for name, encoder in named.items()
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
        quantity = title.partition(", ")[0]
        scale = "log" if quantity == "perplexity" else "linear"
        axes = {"xaxis": {"title": {"text": "optimiser steps"}}, "yaxis": {"type": scale, "title": {"text": quantity}}}
        plots += [Plot(title.capitalize(), data, axes, 380 + 9 * len(data))] if data else []
    return plots


def draw_perplexity(encoders: list[Encoder]) -> Figure | None:
    """Draw Fig. 1, one line an encoder on a logarithmic axis; None where no encoder has a curve.

    The paper's figure compares perplexities each measured under its encoder's own mask, which differ in
    difficulty; the panel on the left shows all of them under one common random mask.
    """
    named = {name: encoder for name, encoder in label_encoders(encoders).items() if encoder.curve}
    if not named:
        return None
    with look():
        figure = Figure(figsize=(7.2, 2.8 + 0.2 * -(-len(named) // 2)))  # a line of the legend for two encoders
        panels = figure.subplots(1, 2, sharey=True)
        for panel, mask in zip(panels, ("common", "own"), strict=True):
            seen: dict[str, int] = defaultdict(int)
            for name, encoder in named.items():
                masking = _as_result(encoder)["masking"]
                style, seen[masking] = STYLES[seen[masking] % len(STYLES)], seen[masking] + 1
                steps, values = [p.step for p in encoder.curve], [getattr(p, mask) for p in encoder.curve]
                colour = MASKING_COLOUR.get(masking, COLOURS[-1])
                panel.plot(steps, values, style, marker=".", color=colour, label=name)
            panel.set(title="common random mask" if mask == "common" else "own mask")
            panel.set(xlabel="optimiser steps", yscale="log")
        panels[0].set_ylabel("perplexity")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
