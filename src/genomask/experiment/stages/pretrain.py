"""Stage ``pretrain``: from a genome and a masking strategy to an encoder that Hugging Face can open."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from lightning import Callback

from genomask.console import say
from genomask.corpus.datamodule import CorpusDataModule
from genomask.experiment.dashboards.identity import run_identity
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.rank import build_genome, genome_artefact
from genomask.experiment.stages.strategy import make_strategy, strategy_inputs
from genomask.experiment.store.artefact import Artefact
from genomask.files import read_json, sha256, write_json
from genomask.masking import startup
from genomask.masking.base import Masking
from genomask.masking.draws import sequence_keys
from genomask.masking.random import RandomMasking
from genomask.masking.rate import match_rate, realised_rate
from genomask.models.bert import masked_language_model
from genomask.models.checkpoint import weights_file
from genomask.models.export import export_encoder
from genomask.models.weights import load_dnabert
from genomask.pretrain.module import PretrainModule
from genomask.pretrain.throughput import ThroughputCallback
from genomask.seeds import derived_seed
from genomask.tokens import tokenise
from genomask.training.checkpoints import (
    CHECKPOINTS,
    RESUMABLE,
    ResumePoints,
    log_folder,
    newest_checkpoint,
    train_from,
)  # fmt: skip
from genomask.training.host import fixed_order, sequences_at_once
from genomask.training.loggers import loggers
from genomask.training.trainer import is_rank_zero, profiler, trainer

ENCODER_FORMAT = 1  # raised when the code would train other weights
NOT_HASHED = (
    "micro_batch", "fast_path", "shortcut", "log_every", "checkpoint_every", "workers",
)  # fmt: skip  # change rounding, not results
DIVERGED = "diverged"  # batches whose loss was NaN or infinite, below the directory of runs
CALIBRATION_SEED = 2**31 + 1


def encoder_artefact(run: Context) -> Artefact:
    """The encoder, identified by everything that shapes its weights and the curves beside them."""
    config = run.config
    label = f"{config.model.name}-{config.labels['masking']}-{config.genome.label}"
    pretrain = {name: value for name, value in asdict(config.pretrain).items() if name not in NOT_HASHED}
    model = asdict(config.model) | {"weights": _weights_digest(config.model.weights)}
    del model["name"], model["paper_batch"]
    settings = {
        "format": ENCODER_FORMAT,
        "model": model,
        "masking": config.masking,
        "match_rate": config.match_rate,
        "corpus": asdict(config.corpus),
        "pretrain": pretrain | {"batch": _batch(run), "warmup_steps": config.wc.of(config.pretrain.max_steps)},
        "seed": config.pretrain_seed,
    }
    return Artefact("encoder", label, settings, (genome_artefact(run), *strategy_inputs(run)))


def build_encoder(run: Context) -> Path:
    """Pretrain the encoder, or go on with a pretraining that was interrupted.

    The directory is a Hugging Face model with its tokenizer, plus ``pretraining.json`` and ``log/``.
    """
    artefact = encoder_artefact(run)
    if run.store.has(artefact):
        return run.store.open(artefact)
    corpus, masking = _corpus(run), make_strategy(run)
    if not is_rank_zero():
        _pretrain(run, corpus, masking, run.store.building(artefact))
        sys.exit(0)  # the first process of this training goes on alone
    return run.store.build(
        artefact, lambda directory: _pretrain(run, corpus, masking, directory), resume_from=RESUMABLE
    )


def report_encoder(run: Context) -> None:
    """Pretrain and print the perplexities."""
    directory = build_encoder(run)
    found = read_json(directory / "pretraining.json")
    say(
        f"\nEncoder: {directory}\n"
        f"  perplexity {found['perplexity']:.2f} under masking={run.config.labels['masking']}, "
        f"{found['perplexity_common']:.2f} under the common random mask\n"
        f"  open it: AutoModelForMaskedLM.from_pretrained('{directory}')\n"
        "\nNext: the same words without stage=pretrain fine-tune this encoder: python train.py ... shots=10"
    )


def _pretrain(run: Context, corpus: CorpusDataModule, masking: Masking, directory: Path) -> None:
    config = run.config
    masking, rates = _calibrated(masking, corpus, run)
    module = PretrainModule(
        _initial_model(run),
        masking,
        RandomMasking(k=config.model.k),
        settings=config.pretrain,
        shape=config.model,
        warmup_steps=config.wc.of(config.pretrain.max_steps),
        seed=config.pretrain_seed,
    )
    module.diverged = run.store.root / DIVERGED / encoder_artefact(run).name
    throughput = ThroughputCallback(module.meter, config.pretrain)
    perplexity = _fit(run, module, corpus, directory, [throughput])
    if not is_rank_zero():
        return
    export_encoder(module.model, directory, config.model)
    summary = _summary(rates, perplexity, corpus, run)
    if throughput.found:
        summary |= {"throughput": {name: float(f"{rate:.4g}") for name, rate in throughput.found.items()}}
        say(f"       {_speed(throughput.found)}", style="dim")
    write_json(directory / "pretraining.json", summary)
    shutil.rmtree(directory / CHECKPOINTS, ignore_errors=True)


def _fit(
    run: Context,
    module: PretrainModule,
    corpus: CorpusDataModule,
    directory: Path,
    callbacks: list[Callback],
) -> Mapping[str, float]:
    """Train from the newest checkpoint to the last step; returns the perplexities of the final weights."""
    config, budget = run.config, run.config.pretrain
    checkpoints = directory / CHECKPOINTS
    newest = newest_checkpoint(checkpoints)
    log, name = log_folder(directory, newest), encoder_artefact(run).name
    identity = run_identity(config, "pretrain")
    with fixed_order(config.trainer), loggers(config.logger, log, name=name, wandb_run=identity) as logs:
        fit = trainer(
            config.trainer,
            precision=budget.precision,
            loggers=logs,
            callbacks=[ResumePoints(checkpoints, every=budget.checkpoint_every), *callbacks],
            max_steps=budget.max_steps,
            max_epochs=1,  # the loader's one pass is the whole budget
            strategy=config.trainer.strategy,
            devices=config.trainer.devices,
            num_nodes=config.trainer.nodes,
            val_check_interval=min(budget.validate_every, max(budget.max_steps, 1)),
            log_every_n_steps=budget.log_every,
            profiler=profiler(config.trainer.profile, log),
        )
        if budget.max_steps:
            train_from(fit, module, corpus, newest)
        perplexities = fit.validate(module, datamodule=corpus, verbose=False)
    return perplexities[0]


def _speed(found: Mapping[str, float]) -> str:
    share = found["model_flop_utilisation"]
    peak = f"{share:.0%} of the matrix product's" if share <= 1 else "on a device too busy to measure its peak"
    return (
        f"{found['bases_per_second']:,.0f} bases/s, {found['tokens_per_second']:,.0f} tokens/s, "
        f"batch fill {found['batch_fill']:.1%}, {found['flops_per_second'] / 1e9:,.3g} GFLOP/s, {peak}"
    )


def _corpus(run: Context) -> CorpusDataModule:
    config = run.config
    return CorpusDataModule(
        build_genome(run),
        config.corpus,
        seed=config.pretrain_seed,
        batch=_batch(run),
        micro_batch=sequences_at_once(config.trainer, config.pretrain.micro_batch, cpu=4, gpu=64),
        max_steps=config.pretrain.max_steps,
        validation_segments=config.pretrain.validation_segments,
        workers=config.pretrain.workers,
    )


def _batch(run: Context) -> int:
    return run.config.hga.of(run.config.pretrain.batch or run.config.model.paper_batch)


def _initial_model(run: Context):
    settings = run.config.model
    if settings.weights is not None:
        return load_dnabert(Path(settings.weights), settings)
    return masked_language_model(settings, seed=derived_seed(run.config.pretrain_seed, "initial weights"))


def _calibrated(masking: Masking, corpus: CorpusDataModule, run: Context) -> tuple[Masking, dict[str, float]]:
    """Measure the masking on the corpus, after matching it to the rate asked for, if any; say what is odd.

    Raises:
        ValueError: If nothing can be learned under it.
    """
    batch = corpus.sample(run.config.pretrain.calibration_segments)
    token_ids = tokenise(batch.bases, batch.lengths, k=run.config.model.k)
    keys = sequence_keys(CALIBRATION_SEED, batch.epoch, batch.segment)
    if run.config.match_rate is not None:
        masking = match_rate(masking, token_ids, keys, rate=run.config.match_rate)
    rate = realised_rate(masking, token_ids, keys)
    name, probability = run.config.labels["masking"], masking.center_probability
    expected = run.config.match_rate or startup.expected_rate(masking)
    sample = startup.measure(masking, token_ids, keys)
    say(f"       masking={name} hides {rate.mean:.2%} of the tokens", style="dim")
    steps, segments = run.config.pretrain.max_steps, len(corpus.train.start)
    say(f"       {steps:,} steps of {_batch(run):,} sequences, drawn from {segments:,} segments", style="dim")
    for oddity in startup.judge(sample, rate, name=name, expected=expected, k=run.config.model.k):
        say(f"       warning: {oddity}", style="yellow")
    return masking, startup.facts(sample, expected) | {
        "realised_masking_rate": rate.mean,
        "realised_masking_rate_error": rate.standard_error,
        "center_probability": probability,
    }


def _summary(
    rates: dict[str, float], perplexity: Mapping[str, float], corpus: CorpusDataModule, run: Context
) -> dict[str, object]:
    return {
        **rates,
        "perplexity": perplexity["validation/perplexity"],
        "perplexity_common": perplexity["validation/perplexity_common"],
        "max_steps": run.config.pretrain.max_steps,
        "sequences_per_step": _batch(run),
        "training_segments": len(corpus.train.start),
        "validation_segments": len(corpus.validation.start),
    }


def _weights_digest(weights: str | None) -> str | None:
    return None if weights is None else sha256(weights_file(Path(weights)))
