"""Pretrain encoders for a given time, at the paper's scale, without Hydra: the second mode of ``gpu.py``."""

import time
from argparse import Namespace
from pathlib import Path
from typing import Any, Final

import torch
from lightning import Trainer

from benchmarks.pretrain import LOGO, TINY
from genomask.corpus.datamodule import CorpusDataModule
from genomask.corpus.segments import CorpusSettings
from genomask.masking.base import Masking
from genomask.masking.masker import Masker
from genomask.masking.pmi import PmiMasking
from genomask.masking.random import RandomMasking, WholeSpanMasking
from genomask.models.bert import masked_language_model
from genomask.pretrain.module import PretrainModule
from genomask.pretrain.settings import PretrainSettings
from genomask.tokens.files import save_tokens
from genomask.tokens.kmer import KmerTokens

K: Final = {"logo": 6, "base": 1}  # bases of a token; both have LOGO's shape
SHARD: Final = "15MB"  # of a file of weights
TIMED_STEPS: Final = 5  # on which the number of steps that fit into the time is estimated
WARMUP_SHARE: Final = 0.1


def pretrain_arms(words: Namespace) -> None:
    """Pretrain every arm for its share of the time."""
    arms = words.pretrain.split(",")
    for arm in arms:
        model, _, masking = arm.partition(":")
        if model not in K or masking not in ("random", "span", "pmi"):
            raise SystemExit(f"error: --pretrain needs arms such as logo:pmi and base:random; found {arm!r}")
        if masking == "pmi" and words.ranking is None:
            raise SystemExit(f"error: {arm} needs --ranking, such as runs/rank/NAME/ranking.csv")
    for arm in arms:
        pretrain(arm, words, seconds=60 * words.minutes / len(arms))


def pretrain(arm: str, words: Namespace, *, seconds: float) -> None:
    """Time a few steps, then train as many as fit into what is left, with the whole schedule, and write the encoder."""
    started = time.monotonic()
    fit(arm, words, steps=1)  # loads kernels
    before = time.monotonic()
    fit(arm, words, steps=TIMED_STEPS)
    per_step = (time.monotonic() - before) / TIMED_STEPS
    left = seconds - (time.monotonic() - started)
    steps = max(1, int(0.95 * left / per_step))
    module, tokens = fit(arm, words, steps=steps)
    folder = words.out / arm.replace(":", "-")
    folder.mkdir(parents=True, exist_ok=True)
    module.model.half().save_pretrained(folder, max_shard_size=SHARD)
    save_tokens(tokens, folder, max_tokens=module.model.config.max_position_embeddings)
    loss = float(module.trainer.callback_metrics.get("pretrain/loss", torch.nan))
    print(f"{arm}: {steps} steps, loss {loss:.3f}, {folder}", flush=True)  # noqa: T201


def fit(arm: str, words: Namespace, *, steps: int) -> tuple[PretrainModule, KmerTokens]:
    """Pretrain for so many optimiser steps."""
    model, _, masking = arm.partition(":")
    tokens, shape = KmerTokens(K[model]), TINY if words.quick else LOGO
    settings = _settings(steps, shape.paper_batch if not words.quick else 8)
    masker = Masker(_strategy(masking, words.ranking), tokens)
    corpus = CorpusDataModule(
        words.genome,
        CorpusSettings(510, 5, 0.5, 1000, 0, "drop", 0.1),
        masker,
        masker,
        seed=0,
        batch=settings.batch or 1,
        micro_batch=settings.micro_batch or 1,
        max_steps=steps,
        validation_segments=1,
        workers=words.workers,
    )
    warmup = round(WARMUP_SHARE * steps)
    network = masked_language_model(shape, tokens, seed=0)
    module = PretrainModule(network, tokens, settings=settings, warmup_steps=warmup, seed=0)
    options: dict[str, Any] = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    options |= {"enable_model_summary": False, "use_distributed_sampler": False, "limit_val_batches": 0}
    precision = "bf16-mixed" if torch.cuda.is_available() else "32-true"
    Trainer(devices=1, precision=precision, max_steps=steps, max_epochs=1, **options).fit(module, corpus)
    return module, tokens


def _strategy(name: str, ranking: Path | None) -> Masking:
    if name == "pmi":
        from genomask.ranking.table import read_ranking

        assert ranking is not None
        return PmiMasking(ranking=read_ranking(ranking).rank)
    return RandomMasking() if name == "random" else WholeSpanMasking()


def _settings(steps: int, batch: int) -> PretrainSettings:
    """The paper's, in micro-batches for a GPU."""
    return PretrainSettings(
        max_steps=steps,
        batch=batch,
        micro_batch=min(64, batch),
        learning_rate=4e-4,
        beta1=0.9,
        beta2=0.98,
        epsilon=1e-6,
        weight_decay=0.01,
        clip_norm=1.0,
        precision="32-true",
        validate_every=steps,
        validation_segments=1,
        calibration_segments=1,
        log_every=max(1, min(50, steps)),
        checkpoint_every=steps,
        workers=0,
    )
