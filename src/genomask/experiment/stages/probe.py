"""Probes: what a shallow classifier learns from the embeddings of a frozen encoder."""

import time
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from genomask.experiment.stages.context import Context
from genomask.experiment.stages.embed import PARTS, build_embeddings
from genomask.experiment.stages.pretrain import build_encoder
from genomask.experiment.stages.result import Episode, Outcome
from genomask.experiment.stages.task import build_task
from genomask.experiment.store.artefact import Json
from genomask.finetune.shallow import fit_probe, fit_targets, way_of_choosing
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.examples import Benchmark

PROBE_FORMAT = 1  # raised when the code would score otherwise


def shaping(run: Context) -> Json:
    """A probe's own settings, and how sequences are read for their embeddings."""
    settings = run.config.classifier
    own = {**asdict(settings), "name": settings.kind, **way_of_choosing(settings)}
    return {"format": PROBE_FORMAT, "classifier": own, **run.config.embed.reading}


def prepare(run: Context) -> tuple[Path, Benchmark]:
    """The encoder's directory, and the benchmark, whose embeddings are there."""
    build_embeddings(run)
    return build_encoder(run), _open_task(build_task(run))


def train(run: Context, episode: Episode) -> Outcome:
    """Fit the probe on the episode's embeddings and predict the test set's."""
    settings, folder, started = run.config.classifier, build_embeddings(run), time.perf_counter()
    pool, test = (_open_matrix(folder, part, settings.pool, settings.layer) for part in PARTS)
    task, known = episode.task, pool[episode.rows]
    if task.targets is None:
        predict = fit_probe(settings, known, task.pool.labels[episode.rows], seed=run.config.seed)
    else:
        predict = fit_targets(known, task.targets[0][episode.rows])
    return Outcome(predict(test), {}, {"finetune": round(time.perf_counter() - started, 3)})


# What the episodes of a cell share. The directories are artefacts, which never change once they are there.
_open_task = lru_cache(maxsize=1)(open_benchmark)


@lru_cache(maxsize=2)
def _open_matrix(directory: Path, part: str, pool: str, layer: int | None) -> Float32[np.ndarray, "rows hidden"]:
    matrix = np.load(directory / f"{part}-{pool}.npy", mmap_mode="r", allow_pickle=False)
    return matrix if matrix.ndim == 2 else matrix[:, -1 if layer is None else layer]
