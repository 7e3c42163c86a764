"""Stage ``pretrain``: from a genome and a masking strategy to an encoder that Hugging Face can open."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning import Callback
from transformers import PreTrainedModel

from genomask.checks import require
from genomask.console import note, say
from genomask.corpus.datamodule import CorpusDataModule
from genomask.experiment.config.schema import Config, existing_encoder
from genomask.experiment.config.words import typed_again
from genomask.experiment.stages.calibrate import calibrate, warn_of_drift
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.rank import (
    build_genome,
    genome_artefact,
    load_context,
    load_tokens,
    ready_tokens,
    tokens_artefact,
)
from genomask.experiment.stages.strategy import make_strategy, strategy_inputs
from genomask.experiment.store.artefact import Artefact, Count
from genomask.experiment.wandb_run import log_masked_sequence, run_identity
from genomask.files import read_json, sha256, write_json
from genomask.masking.masker import Masker
from genomask.masking.random import RandomMasking
from genomask.masking.settings import Corruption
from genomask.models.export import export_encoder
from genomask.models.initial import initial_model, max_tokens, model_identity
from genomask.pretrain.keep import KeepSteps, counting_line, nats_line, speed_line, step_folder
from genomask.pretrain.module import PretrainModule
from genomask.seeds import derived_seed
from genomask.tokens.base import Tokens
from genomask.training import checkpoints
from genomask.training.host import described, fixed_order, on_gpu, resolved_precision, sequences_at_once, workers
from genomask.training.loggers import loggers
from genomask.training.sharded import whole
from genomask.training.trainer import is_rank_zero, profiler, trainer

ENCODER_FORMAT = 3  # raised when the code would train other weights, or measure them otherwise
# Change rounding, not results; where to start from is no part of a training.
NOT_HASHED = ("micro_batch", "log_every", "checkpoint_every", "workers", "step")
GPU_BASES = 64 * 512  # of a micro-batch; with DNABERT in bf16 an estimated 10 GB, not measured
DIVERGED = "diverged"  # batches whose loss was NaN or infinite, below the directory of runs


def encoder_artefact(run: Context) -> Artefact:
    """The encoder, identified by everything that shapes its weights and the curves beside them."""
    config = run.config
    if config.encoder is not None:
        return run.identify(config.encoder, partial(existing_encoder, config.encoder))
    label = f"{config.model.name}-{config.labels['masking']}-{config.genome.label}"
    pretrain = {name: value for name, value in asdict(config.pretrain).items() if name not in NOT_HASHED}
    warmup = config.wc.of(config.pretrain.max_steps)
    pretrain |= {"batch": _batch(run), "warmup_steps": warmup, "precision": _precision(config)}
    trained, regions = tokens_artefact(run), config.corpus.regions
    # Rate and weight count where they are not what every encoder had before there was a choice; so does the way in
    # which the strategies of a schedule are matched: each by itself.
    terms = {name: asdict(term) for name in ("rate", "weight") if (term := getattr(config, name)) != type(term)()}
    in_parts = (config.match.tokens or config.match.bases) and "second" in config.masking
    settings = {
        "format": ENCODER_FORMAT,
        "model": model_identity(config.model),
        "tokens": {} if trained else ready_tokens(run).identity(),
        "masking": config.masking,
        "corrupt": asdict(config.corrupt),
        "match": asdict(config.match) | ({"parts": "each"} if in_parts else {}),
        **terms,
        "corpus": asdict(config.corpus) | {"regions": regions and sha256(Path(regions).expanduser())},
        "pretrain": pretrain,
        "seed": config.pretrain_seed,
    }
    inputs = (genome_artefact(run), *strategy_inputs(run), *([trained] if trained else []))
    return Artefact("encoder", label, settings, inputs)


def build_encoder(run: Context) -> Path:
    """Pretrain the encoder, or go on with an interrupted pretraining: a Hugging Face model, its tokenizer,
    ``pretraining.json``; with ``pretrain.step``, the one that was kept at this step."""
    artefact, step = encoder_artefact(run), run.config.pretrain.step
    if not (is_rank_zero() or run.store.has(artefact)):
        _pretrain(run, run.store.building(artefact), *_inputs(run))
        sys.exit(0)  # the first process of this training goes on alone
    train, needs = partial(_pretrain, run), partial(_inputs, run)
    directory = run.store.build(artefact, train, needs=needs, resume_from=checkpoints.RESUMABLE)
    return directory if step is None else step_folder(directory, step)


def report_encoder(run: Context) -> None:
    """Pretrain and print what the encoder has learned."""
    directory = build_encoder(run)
    found = read_json(directory / "pretraining.json")
    if found["perplexity"] is None:
        say(f"\nEncoder: {directory}\n  not trained: its weights are as they were drawn or published")
        return
    say(
        f"\nEncoder: {directory}\n"
        f"  perplexity {found['perplexity']:.2f} under masking={run.config.labels['masking']} "
        f"(the overlap of tokens alone gives {found['overlap_floor']:.2f}), "
        f"{found['perplexity_common']:.2f} under the common random mask ({found['overlap_floor_common']:.2f})\n"
        f"  {nats_line(found)}\n"
        f"  counting alone: {counting_line(found['context_nats'])}\n"
        f"  open it: AutoModelForMaskedLM.from_pretrained('{directory}')\n"
        f"\nNext, fine-tune it:\n  {typed_again('stage=finetune', 'shots=10')}"
    )


def _pretrain(run: Context, directory: Path, corpus: CorpusDataModule, tokens: Tokens) -> dict[str, Count]:
    """Pretrain; if the GPU's memory is too small for its micro-batches, once more with half of them."""
    config, facts = run.config, {"tokens": tokens.name, "corrupt": run.config.labels["corrupt"]}
    if not config.pretrain.max_steps:  # weights as they were drawn or published: nothing is measured on them
        export_encoder(_initial(run, tokens), directory, tokens)
        write_json(directory / "pretraining.json", facts | _summary({}, corpus, 0))
        return {}
    facts = calibrate(corpus, run) | facts
    facts["context_nats"] = {neighbours: round(nats, 6) for neighbours, nats in load_context(run).items()}
    machine = described(config.trainer, _precision(config))
    note(f"{machine}, micro-batches of {corpus.micro_batch}, {corpus.workers} workers")
    first = corpus.micro_batch
    while True:
        try:
            return _train(run, directory, corpus, tokens, facts)
        except torch.OutOfMemoryError as error:
            problem = f"out of memory with micro-batches of {corpus.micro_batch} sequences"
            if corpus.micro_batch < max(first, 2) or config.trainer.devices * config.trainer.nodes > 1:
                raise ValueError(f"{problem}: lower pretrain.micro_batch.") from error
        corpus.micro_batch //= 2
        say(f"warning: {problem}: going on from the newest checkpoint with {corpus.micro_batch}", style="yellow")


def _initial(run: Context, tokens: Tokens) -> PreTrainedModel:
    return initial_model(run.config.model, tokens, seed=derived_seed(run.config.pretrain_seed, "initial weights"))


def _train(
    run: Context, directory: Path, corpus: CorpusDataModule, tokens: Tokens, facts: dict[str, Any]
) -> dict[str, Count]:
    """Train to the last step, from the newest checkpoint if there is one, and export."""
    config = run.config
    module = PretrainModule(
        _initial(run, tokens),
        tokens,
        settings=config.pretrain,
        warmup_steps=config.wc.of(config.pretrain.max_steps),
        seed=config.pretrain_seed,
        masking=corpus.masker.strategy,
    )
    module.diverged = run.store.root / DIVERGED / encoder_artefact(run).name

    def export(folder: Path, metrics: Mapping[str, float], steps: int) -> None:
        weights = whole(module.model.state_dict())  # by all processes
        if not is_rank_zero():
            return
        folder.mkdir(exist_ok=True)
        export_encoder(module.model, folder, tokens, weights)
        write_json(folder / "pretraining.json", facts | _summary(metrics, corpus, steps))

    keep = KeepSteps(config.pretrain.keep, directory, export)
    metrics = _fit(run, module, corpus, directory, [keep])
    share, speed = module.meter.masked_share, module.meter.found
    facts |= {} if share is None else {"trained_masking_rate": round(share, 6)}
    facts |= {"throughput": {name: float(f"{rate:.4g}") for name, rate in speed.items()}} if speed else {}
    export(directory, metrics, config.pretrain.max_steps)
    if not is_rank_zero():
        return {}
    if share is not None:
        warn_of_drift(share, facts["realised_masking_rate"])
    if speed:
        note(speed_line(speed))
    note(nats_line(read_json(directory / "pretraining.json")))
    shutil.rmtree(directory / checkpoints.CHECKPOINTS, ignore_errors=True)
    known = int(np.diff(corpus.corpus.genome.runs).sum())
    return {"bases": Count(known, {"in no segment": max(known - round(corpus.held * known), 0)})}


def _fit(
    run: Context, module: PretrainModule, corpus: CorpusDataModule, directory: Path, callbacks: list[Callback]
) -> Mapping[str, float]:
    """Train from the newest checkpoint to the last step; returns the validation metrics of the final weights."""
    config, budget = run.config, run.config.pretrain
    name, identity = encoder_artefact(run).name, run_identity(config, "pretrain")
    saved = directory / checkpoints.CHECKPOINTS
    newest = checkpoints.newest_checkpoint(saved)
    log = checkpoints.log_folder(directory, newest)
    with fixed_order(config.trainer), loggers(config.logger, log, name=name, wandb_run=identity) as logs:
        log_masked_sequence(logs, corpus)
        fit = trainer(
            config.trainer,
            precision=_precision(config),
            loggers=logs,
            callbacks=[checkpoints.ResumePoints(saved, every=budget.checkpoint_every), *callbacks],
            max_steps=budget.max_steps,
            max_epochs=1,  # the loader's one pass is the whole budget
            strategy=config.trainer.strategy,
            devices=config.trainer.devices,
            num_nodes=config.trainer.nodes,
            val_check_interval=min(budget.validate_every, budget.max_steps),
            log_every_n_steps=budget.log_every,
            profiler=profiler(config.trainer.profile, log),
        )
        checkpoints.train_from(fit, module, corpus, newest)
        return fit.validate(module, datamodule=corpus, verbose=False)[0]


def _inputs(run: Context) -> tuple[CorpusDataModule, Tokens]:
    config, tokens, strategy = run.config, load_tokens(run), make_strategy(run)
    corpus = CorpusDataModule(
        build_genome(run),
        config.corpus,
        Masker(strategy, tokens, config.corrupt, config.rate, config.weight),
        Masker(RandomMasking(), tokens, Corruption()),
        seed=config.pretrain_seed,
        batch=_batch(run),
        micro_batch=micro_batch(run),
        max_steps=config.pretrain.max_steps,
        validation_segments=config.pretrain.validation_segments,
        workers=workers(config.trainer, config.pretrain.workers),
        few_shapes=_in_bf16_on_cpu(config),
    )
    return corpus, tokens


def micro_batch(run: Context) -> int:
    """Sequences that go through the encoder together."""
    config, at_once = run.config, max(1, min(64, GPU_BASES // run.config.corpus.longest))
    cpu = 8 if _in_bf16_on_cpu(config) else 4
    return sequences_at_once(config.trainer, config.pretrain.micro_batch, cpu=cpu, gpu=at_once)


def _precision(config: Config) -> str:
    return resolved_precision(config.pretrain.precision, config.trainer)


def _in_bf16_on_cpu(config: Config) -> bool:
    return _precision(config) != "32-true" and not on_gpu(config.trainer)


def _batch(run: Context) -> int:
    return run.config.hga.of(run.config.pretrain.batch or run.config.model.paper_batch)


def check_pretraining(run: Context) -> None:
    """Refuse segments that are longer than what the encoder takes, and processes without a sequence."""
    config = run.config
    processes = config.trainer.devices * config.trainer.nodes
    require(_batch(run) >= processes, "pretrain.batch", f"a sequence for each of {processes} processes", _batch(run))
    if config.pretrain.max_steps == 0 or tokens_artefact(run) is not None:
        return
    longest, tokens = config.corpus.longest + config.corpus.extra_bases, ready_tokens(run)
    room = max_tokens(config.model)
    if longest > (most := tokens.longest(room)):
        raise ValueError(
            f"segments too long: {longest} bases (corpus.longest), the encoder takes at most {most} "
            f"(model.max_tokens={room} tokens of {tokens.name})."
        )


def _summary(metrics: Mapping[str, float], corpus: CorpusDataModule, steps: int) -> dict[str, Any]:
    names = ("perplexity", "perplexity_common", "nats_per_base", "nats_per_base_common")
    return {
        **{name: metrics.get(f"validation/{name}") for name in names},
        "max_steps": steps,
        "sequences_per_step": corpus.batch,
        "training_segments": len(corpus.train.start),
        "validation_segments": len(corpus.validation.start),
    }
