"""Stage ``embed``: a benchmark embedded by a frozen encoder once for all episodes of probes."""

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from genomask.console import progress, say
from genomask.experiment.config.words import typed_again
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.pretrain import build_encoder, encoder_artefact
from genomask.experiment.stages.task import build_task, task_artefact
from genomask.experiment.store.artefact import Artefact, Count
from genomask.files import read_json, write_json
from genomask.finetune.embedding import (
    POOLS,
    TOKENS_AT_ONCE,
    LoadedEncoder,
    batches,
    check_lengths,
    embed_batch,
    load_encoder,
)  # fmt: skip
from genomask.models.initial import encoder_sizes
from genomask.tasks.arrays import PARTS, open_benchmark
from genomask.tasks.examples import Benchmark, Examples
from genomask.training.host import device_of, prepare_host

EMBED_FORMAT = 1  # raised when the code would write other numbers
POINT = "embedded.json"  # how far an interrupted embedding came
SAVE_EVERY = 100  # batches between two such points


def embedding_artefact(run: Context) -> Artefact:
    """The embeddings, identified by their encoder, their benchmark and how layers and long sequences are treated."""
    config = run.config
    label, step = f"{config.task.name}-{config.model.name}-{config.labels['masking']}", config.pretrain.step
    settings = {
        "format": EMBED_FORMAT,
        "layers": config.embed.layers,
        **config.embed.reading,
        **({} if step is None else {"step": step}),
    }
    return Artefact("embed", label, settings, (encoder_artefact(run), task_artefact(run)))


def check_embeddings(run: Context) -> None:
    """Read the task, and see that its embeddings fit on the disk, unless they are there."""
    if not run.store.has(embedding_artefact(run)):
        task, width = open_benchmark(build_task(run)), _width(run, *encoder_sizes(run.config.model))
        rows = sum(len(getattr(task, part).labels) for part in PARTS)
        run.store.check_room(len(POOLS) * rows * math.prod(width) * np.dtype(np.float32).itemsize)


def build_embeddings(run: Context) -> Path:
    """Embed pool and test set; the directory holds ``PART-POOLING.npy``: rows by hidden, or by layers by hidden."""
    return run.store.build(embedding_artefact(run), partial(_embed, run), needs=lambda: _inputs(run), resume_from=POINT)


def report_embeddings(run: Context) -> None:
    """Embed and say where the matrices are."""
    directory = build_embeddings(run)
    say(f"\nEmbeddings of {run.config.task.name}: {directory}")
    for file in sorted(directory.glob("*.npy")):
        say(f"  {file.name}: {' x '.join(map(str, np.load(file, mmap_mode='r').shape))}, float32")
    say(f"\nNext, learn from them (also by knn or ridge):\n  {typed_again('stage=finetune', 'classifier=probe')}")


def _inputs(run: Context) -> tuple[LoadedEncoder, Benchmark]:
    folder, task = build_encoder(run), open_benchmark(build_task(run))
    encoder = load_encoder(folder)
    for part in PARTS:
        check_lengths(encoder, getattr(task, part).lengths, long=run.config.embed.long)
    return encoder, task


def _width(run: Context, layers: int, features: int) -> tuple[int, ...]:
    """Layers, if all are kept, and features of an embedding."""
    return (layers + 1, features) if run.config.embed.layers == "all" else (features,)


def _embed(run: Context, directory: Path, encoder: LoadedEncoder, task: Benchmark) -> dict[str, Count]:
    """Embed batch by batch, from where an interrupted embedding came to."""
    prepare_host(run.config.trainer)
    device = device_of(run.config.trainer.accelerator)
    encoder.model.to(device)  # pyright: ignore[reportArgumentType]  (the stubs lose its self)
    settings, tokens = run.config.embed, TOKENS_AT_ONCE[device.type]
    layers, both = settings.layers, settings.strands == "both"
    matrices = {part: _matrices(run, encoder, len(getattr(task, part).labels), directory, part) for part in PARTS}
    work = [
        (part, batch)
        for part in PARTS
        for batch in batches(getattr(task, part).lengths, longest=encoder.longest, tokens=tokens, both_strands=both)
    ]
    done = read_json(directory / POINT)["batches"] if (directory / POINT).is_file() else 0
    with progress("Embedding", sum(len(set(batch.rows)) for _, batch in work[done:]), unit="sequences") as advance:
        for number, (part, batch) in enumerate(work[done:], start=done + 1):
            examples: Examples = getattr(task, part)
            rows, vectors = embed_batch(encoder, batch, examples.bases, examples.offsets, layers=layers)
            for pool, values in vectors.items():
                matrices[part][pool][rows] = values if layers == "all" else values[:, 0]
            advance(len(rows))
            if number % SAVE_EVERY == 0:
                _flush(matrices)
                write_json(directory / POINT, {"batches": number})
    _flush(matrices)
    (directory / POINT).unlink(missing_ok=True)
    rows = {part: len(getattr(task, part).labels) for part in PARTS}
    return {f"{part} rows": Count(read, read, {}) for part, read in rows.items()}


def _matrices(run: Context, encoder: LoadedEncoder, rows: int, directory: Path, part: str) -> dict[str, np.ndarray]:
    """Mapped matrices of one part, by pooling; those of an interrupted embedding where they are."""
    config = encoder.model.config
    shape = (rows, *_width(run, config.num_hidden_layers, config.hidden_size))
    mode = "r+" if (directory / POINT).is_file() else "w+"
    return {
        pool: np.lib.format.open_memmap(directory / f"{part}-{pool}.npy", mode=mode, dtype=np.float32, shape=shape)
        for pool in POOLS
    }


def _flush(matrices: dict[str, dict[str, Any]]) -> None:
    for part in matrices.values():
        for matrix in part.values():
            matrix.flush()
