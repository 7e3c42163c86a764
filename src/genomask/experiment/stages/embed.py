"""Stage ``embed``: a benchmark embedded by a frozen encoder once for all episodes; probes that learn from it."""

import time
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from genomask.console import progress, say
from genomask.experiment.stages.cleaning import build_task, task_artefact
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.pretrain import build_encoder, encoder_artefact
from genomask.experiment.stages.result import Outcome, contender_of, draw_rows, job_loggers, write_result
from genomask.experiment.store.artefact import Artefact
from genomask.files import read_json, write_json
from genomask.finetune.classifiers import NearestNeighbours, Probe
from genomask.finetune.embedding import (
    POOLS,
    TOKENS_AT_ONCE,
    LoadedEncoder,
    batches,
    check_lengths,
    embed_batch,
    load_encoder,
)  # fmt: skip
from genomask.finetune.shallow import (
    logistic_regression,
    nearest_neighbours,
    need_sklearn,
    ridge_regression,
    standardised,
)  # fmt: skip
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.examples import Benchmark, Examples
from genomask.training.host import device_of, prepare_host

EMBED_FORMAT = PROBE_FORMAT = 1  # raised when the code would write other numbers
PARTS = ("pool", "test")
POINT = "embedded.json"  # how far an interrupted embedding came
SAVE_EVERY = 100  # batches between two such points


def embedding_artefact(run: Context) -> Artefact:
    """The embeddings, identified by their encoder, their benchmark and how layers and long sequences are treated."""
    config = run.config
    label, step = f"{config.task.name}-{config.model.name}-{config.labels['masking']}", config.pretrain.step
    settings = {"format": EMBED_FORMAT, **asdict(config.embed), **({} if step is None else {"step": step})}
    return Artefact("embed", label, settings, (encoder_artefact(run), task_artefact(run)))


def probe_artefact(run: Context) -> Artefact:
    """One probe, identified by its encoder, its task, its episode and its own settings."""
    config = run.config
    step = config.pretrain.step
    choices = f"{config.task.name}-{config.model.name}-{config.labels['masking']}"
    choices += "" if step is None else f"-step={step}"
    settings = {
        "format": PROBE_FORMAT,
        "shots": config.shots,
        "seed": config.seed,
        "task": config.task.name,  # names the draw of the episode
        "classifier": {**asdict(config.classifier), "name": config.classifier.kind},
        "long": config.embed.long,
        **({} if step is None else {"step": step}),
        **contender_of(run),
    }
    label = f"{choices}-{config.classifier.name}-shots={config.shots}-seed={config.seed}"
    return Artefact("finetune", label, settings, (encoder_artefact(run), task_artefact(run)))


def check_probe(run: Context) -> None:
    """Find what is wrong with a probe before an encoder is trained for it.

    Raises:
        ValueError: If scikit-learn is absent, or a layer is wanted that is not kept or that there is not.
    """
    need_sklearn()
    layer, last = run.config.classifier.layer, run.config.model.layers
    if layer is not None and run.config.embed.layers != "all":
        raise ValueError(
            f"classifier.layer={layer} needs embed.layers=all; found embed.layers={run.config.embed.layers}."
        )
    if layer is not None and layer > last:
        raise ValueError(f"classifier.layer needs a layer from 0 to {last}, the model's last; found {layer}.")


def build_embeddings(run: Context) -> Path:
    """Embed pool and test set; the directory holds ``PART-POOLING.npy``: rows by hidden, or by layers by hidden."""
    artefact = embedding_artefact(run)
    if run.store.has(artefact):
        return run.store.open(artefact)
    folder, task = build_encoder(run), open_benchmark(build_task(run))
    encoder = load_encoder(folder)
    for part in PARTS:
        check_lengths(encoder, getattr(task, part).lengths, long=run.config.embed.long)
    return run.store.build(artefact, lambda directory: _embed(run, encoder, task, directory), resume_from=POINT)


def report_embeddings(run: Context) -> None:
    """Embed and say where the matrices are."""
    directory = build_embeddings(run)
    say(f"\nEmbeddings of {run.config.task.name}: {directory}")
    for file in sorted(directory.glob("*.npy")):
        say(f"  {file.name}: {' x '.join(map(str, np.load(file, mmap_mode='r').shape))}, float32")
    say("\nNext: the same words with classifier=probe (or knn, ridge) in place of stage=embed")


def build_probe(run: Context) -> Path:
    """Fit a probe and evaluate it; the directory holds the same files as a fine-tuning's."""
    artefact = probe_artefact(run)
    if run.store.has(artefact):
        return run.store.open(artefact)
    embeddings, folder, source = build_embeddings(run), build_encoder(run), build_task(run)
    task = _open_task(source)

    def build(directory: Path) -> None:
        rows = draw_rows(run, task)
        with job_loggers(run, artefact, directory) as logs:
            started = time.perf_counter()
            settings = run.config.classifier
            train, test = (_open_matrix(embeddings, part, settings.pool, settings.layer) for part in PARTS)
            predict = _fit(settings, train[rows], task.pool.labels[rows], seed=run.config.seed)
            seconds = {"finetune": round(time.perf_counter() - started, 3)}
            outcome = Outcome(predict(test), {}, seconds)
            write_result(run, directory, outcome, task=task, rows=rows, logs=logs, encoder=folder)

    return run.store.build(artefact, build)


def _fit(settings: Any, train: np.ndarray, labels: np.ndarray, *, seed: int) -> Any:
    """What the classifier learned, as a function of embeddings."""
    if isinstance(settings, NearestNeighbours):
        return nearest_neighbours(train, labels, neighbours=settings.neighbours)
    scaled = not isinstance(settings, Probe) or settings.standardise
    train, scale = standardised(train) if scaled else (train, lambda table: table)
    if isinstance(settings, Probe):
        penalty, steps = settings.inverse_penalty, settings.max_steps
        predict = logistic_regression(train, labels, inverse_penalty=penalty, seed=seed, max_steps=steps)
    else:
        predict = ridge_regression(train, labels)
    return lambda table: predict(scale(table))


def _embed(run: Context, encoder: LoadedEncoder, task: Benchmark, directory: Path) -> None:
    """Embed batch by batch, from where an interrupted embedding came to."""
    prepare_host(run.config.trainer)
    device = device_of(run.config.trainer.accelerator)
    encoder.model.to(device)  # pyright: ignore[reportArgumentType]  (the stubs lose its self)
    tokens, layers = TOKENS_AT_ONCE[device.type], run.config.embed.layers
    matrices = {part: _matrices(run, encoder, len(getattr(task, part).labels), directory, part) for part in PARTS}
    work = [
        (part, batch)
        for part in PARTS
        for batch in batches(getattr(task, part).lengths, longest=encoder.longest, tokens=tokens)
    ]
    done = read_json(directory / POINT)["batches"] if (directory / POINT).is_file() else 0
    with progress("Embedding", sum(len(batch.rows) for _, batch in work[done:]), unit="sequences") as advance:
        for number, (part, batch) in enumerate(work[done:], start=done + 1):
            examples: Examples = getattr(task, part)
            rows, vectors = embed_batch(encoder, batch, examples.bases, examples.offsets, layers=layers)
            for pool, values in vectors.items():
                matrices[part][pool][rows] = values if layers == "all" else values[:, 0]
            advance(len(batch.rows))
            if number % SAVE_EVERY == 0:
                _flush(matrices)
                write_json(directory / POINT, {"batches": number})
    _flush(matrices)
    (directory / POINT).unlink(missing_ok=True)


def _matrices(run: Context, encoder: LoadedEncoder, rows: int, directory: Path, part: str) -> dict[str, np.ndarray]:
    """Mapped matrices of one part, by pooling; those of an interrupted embedding where they are."""
    layers = (encoder.model.config.num_hidden_layers + 1,) if run.config.embed.layers == "all" else ()
    shape = (rows, *layers, encoder.model.config.hidden_size)
    mode = "r+" if (directory / POINT).is_file() else "w+"
    return {
        pool: np.lib.format.open_memmap(directory / f"{part}-{pool}.npy", mode=mode, dtype=np.float32, shape=shape)
        for pool in POOLS
    }


def _flush(matrices: dict[str, dict[str, Any]]) -> None:
    for part in matrices.values():
        for matrix in part.values():
            matrix.flush()


# What the episodes of a cell share. The directories are artefacts, which never change once they are there.
_open_task = lru_cache(maxsize=1)(open_benchmark)


@lru_cache(maxsize=2)
def _open_matrix(directory: Path, part: str, pool: str, layer: int | None) -> Float32[np.ndarray, "rows hidden"]:
    matrix = np.load(directory / f"{part}-{pool}.npy", mmap_mode="r", allow_pickle=False)
    return matrix if matrix.ndim == 2 else matrix[:, -1 if layer is None else layer]
