"""Directories of runs with scores that a test chooses, written by the store as real ones are."""

import csv
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from genomask.experiment.store.artefact import Artefact
from genomask.experiment.store.store import Store
from genomask.files import write_json

LABELS = {"masking": "random", "wc": "on", "hga": "off", "fs": "auto", "match_rate": None}


def encoder_of(masking: str, *, seed: int = 0, model: str = "logo", steps: int = 400, **labels: Any) -> Artefact:
    """An encoder's identity; equal arguments give equal digests."""
    choices = {**LABELS, **labels}
    settings = {
        "format": 1,
        "model": {"hidden_size": 256},
        "masking": {"_target_": f"genomask.masking.{masking}"},
        "match_rate": choices["match_rate"],
        "pretrain": {
            "max_steps": steps,
            "batch": 64,
            "warmup": choices["wc"],
            "accumulation": choices["hga"],
        },
        "seed": seed,
    }
    return Artefact("encoder", f"{model}-{masking}-chr20", settings, (Artefact("genome", "chr20", {}),))


def make_encoder(
    runs: Path,
    masking: str,
    *,
    curve=((200, 900.0), (400, 700.0)),
    rate=0.14,
    nats: float | None = None,
    **options: Any,
) -> Path:
    """An encoder's summary and curve; ``nats`` per base only where they are given, as in newer encoders."""
    artefact = encoder_of(masking, **options)
    labels = LABELS | {"masking": masking} | {name: options[name] for name in ("wc", "hga") if name in options}
    labels |= options.pop("labels", {})
    config = {"labels": labels, "model": {"name": options.get("model", "logo"), "weights": None}}

    def build(directory: Path) -> None:
        summary = {
            "realised_masking_rate": rate,
            "realised_masking_rate_error": 0.001,
            "max_steps": options.get("steps", 400),
            "sequences_per_step": 64,
            "perplexity": curve[-1][1] - 20 if curve else 4100.0,
            "perplexity_common": curve[-1][1] if curve else 4101.0,
        }
        summary |= {} if nats is None else {"nats_per_base": nats, "nats_per_base_common": nats}
        write_json(directory / "pretraining.json", summary)
        write_curve(directory / "log", curve, nats=nats)

    return Store(runs, config).build(artefact, build)


def write_curve(log: Path, curve, *, nats: float | None = None) -> None:
    """A CSV logger's file: steps of training between those of validation."""
    log.mkdir()
    with (log / "metrics.csv").open("w", newline="") as lines:
        writer = csv.writer(lines)
        names = ["perplexity", "perplexity_common", "nats_per_base", "nats_per_base_common"]
        writer.writerow(["epoch", "pretrain/loss", "step", *(f"validation/{name}" for name in names)])
        for step, perplexity in curve:
            writer.writerow([0, 7.0, step - 1, "", "", "", ""])
            writer.writerow([0, "", step, perplexity - 20, perplexity, nats, nats])


def make_finetuning(
    runs: Path,
    masking: str,
    *,
    accuracy: float,
    auc: float | None = None,
    task: str = "prom_core",
    model: str = "logo",
    shots: int | str = 10,
    seed: int = 0,
    pretrain_seed: int = 0,
    fs: str = "on",
    steps: int = 400,
    data: str = "data",
    save_model: bool = False,
    learning_rate: float = 4e-4,
    folder: str | None = None,
    labels: Mapping[str, str | None] = MappingProxyType({}),
    encoder: str | None = None,
    **others: Any,
) -> Path:
    """A fine-tuning's result; all but ``wc``, ``hga`` and ``match_rate`` reach the result alone.

    ``labels`` are the configuration's, and ``encoder`` is what made the encoder, if not ``masking``.
    """
    switches = {name: others.get(name, LABELS[name]) for name in ("wc", "hga", "match_rate")}
    start = encoder_of(encoder or masking, seed=pretrain_seed, model=model, steps=steps, **switches)
    source = Artefact("task", task, {"data": data})
    settings = {"format": 1, "shots": shots, "seed": seed, "task": task, "policy": {"fs": fs}}
    settings["policy"]["learning_rate"] = learning_rate
    settings |= {"finetune": {"save_model": save_model}}
    result = {
        "task": task,
        "model": model,
        "genome": "chr20",
        "masking": masking,
        "ranking": "eq1",
        **switches,
        "fs": fs,
        "shots": shots,
        "seed": seed,
        "pretrain_seed": pretrain_seed,
        "n_train": 40_000 if shots == "full" else 2 * int(shots),
        "n_test": 5920,
        "classes": ["0", "1"],
        "accuracy": accuracy,
        "auc": accuracy + 0.05 if auc is None else auc,
        "collapsed": False,
        "artefacts": {"encoder": start.digest, "task": source.digest},
        **others,
    }
    label = f"{task}-{model}-{masking}-shots={shots}-seed={seed}"
    artefact = Artefact("finetune", label, settings, (start, source))
    config = {"model": {"name": model, "weights": None}, "task": {"name": task, "dir": folder}, "labels": {**labels}}
    store = Store(runs, config)
    return store.build(artefact, lambda directory: write_json(directory / "result.json", result))


def make_baseline(runs: Path, classifier: str, *, accuracy: float, **options: Any) -> Path:
    """A baseline's result, which has neither an encoder nor what shapes one."""
    absent = dict.fromkeys(("wc", "hga", "genome", "ranking"), "-")
    source = Artefact("task", options.get("task", "prom_core"), {"data": "data"})
    others = {"classifier": classifier, "pretrain_seed": None, "artefacts": {"task": source.digest}}
    chosen = {"model": classifier, "fs": "-"} | options
    return make_finetuning(runs, "-", accuracy=accuracy, **chosen, **absent, **others)


def make_comparison(
    runs: Path, *, gain: float = 0.03, seeds: int = 10, shots=(10, 100), **options: Any
) -> dict[str, np.ndarray]:
    """Random against PMI on shared draws; returns the accuracies of the last number of shots."""
    draw, scores = np.random.default_rng(0), {}
    for size in shots:
        base = draw.normal(0.6 if size == 10 else 0.7, 0.03, seeds)
        scores = {"random": base, "pmi": base + gain + draw.normal(0, 0.01, seeds)}
        for masking, values in scores.items():
            for seed, value in enumerate(values):
                make_finetuning(runs, masking, accuracy=float(value), shots=size, seed=seed, **options)
    return scores
