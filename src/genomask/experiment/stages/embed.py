"""Stage ``embed``: a benchmark embedded by a frozen encoder once for all episodes of probes."""

import math
from pathlib import Path

import numpy as np

from genomask.console import progress, say
from genomask.experiment.config.words import typed_again
from genomask.experiment.stages.context import Context, builds
from genomask.experiment.stages.pretrain import build_encoder, encoder_artefact
from genomask.experiment.stages.task import build_task, rows_read, task_artefact
from genomask.experiment.store.artefact import Artefact, Count
from genomask.files import read_json, write_json
from genomask.finetune import embedding
from genomask.finetune.embedding import POOLS
from genomask.models.bert import Encoder, load_encoder
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
    settings = {"format": EMBED_FORMAT, "layers": config.embed.layers, **config.embed.reading}
    settings |= {} if step is None else {"step": step}
    return Artefact("embed", label, settings, (encoder_artefact(run), task_artefact(run)))


def check_embeddings(run: Context) -> None:
    """Read the task, and see that its embeddings fit on the disk, unless they are there."""
    if not run.store.has(embedding_artefact(run)):
        numbers = sum(map(math.prod, _shapes(run, open_benchmark(build_task(run))).values()))
        run.store.check_room(len(POOLS) * numbers * np.dtype(np.float32).itemsize)


def report_embeddings(run: Context) -> None:
    """Embed and say where the matrices are."""
    directory = build_embeddings(run)
    say(f"\nEmbeddings of {run.config.task.name}: {directory}")
    for file in sorted(directory.glob("*.npy")):
        say(f"  {file.name}: {' x '.join(map(str, np.load(file, mmap_mode='r').shape))}, float32")
    say(f"\nNext, learn from them (also by knn or ridge):\n  {typed_again('stage=finetune', 'classifier=probe')}")


def _inputs(run: Context) -> tuple[Encoder, Benchmark]:
    folder, task = build_encoder(run), open_benchmark(build_task(run))
    encoder = load_encoder(folder)
    for part in PARTS:
        embedding.check_lengths(encoder, getattr(task, part).lengths, long=run.config.embed.long)
    return encoder, task


def _shapes(run: Context, task: Benchmark) -> dict[str, tuple[int, ...]]:
    """Of the matrices of each part: rows, layers if all are kept, and features."""
    layers, features = encoder_sizes(run.config.model)
    width = (layers + 1, features) if run.config.embed.layers == "all" else (features,)
    return {part: (len(getattr(task, part).labels), *width) for part in PARTS}


@builds(embedding_artefact, needs=_inputs, resume_from=POINT)
def build_embeddings(run: Context, directory: Path, encoder: Encoder, task: Benchmark) -> dict[str, Count]:
    """Embed pool and test set batch by batch, from where an interrupted embedding came to. The directory holds
    ``PART-POOLING.npy``: rows by hidden, or by layers by hidden."""
    prepare_host(run.config.trainer)
    device, settings, point = device_of(run.config.trainer.accelerator), run.config.embed, directory / POINT
    encoder.model.to(device)  # pyright: ignore[reportArgumentType]  (the stubs lose its self)
    mode, done = ("r+", read_json(point)["batches"]) if point.is_file() else ("w+", 0)
    matrices = {
        (part, pool): np.lib.format.open_memmap(directory / f"{part}-{pool}.npy", mode, np.float32, shape)
        for part, shape in _shapes(run, task).items()
        for pool in POOLS
    }
    work, both = list[tuple[str, embedding.Batch]](), settings.strands == "both"
    for part in PARTS:
        lengths, tokens = getattr(task, part).lengths, embedding.TOKENS_AT_ONCE[device.type]
        cut = embedding.batches(lengths, longest=encoder.longest, tokens=tokens, both_strands=both)
        work += [(part, batch) for batch in cut]
    with progress("Embedding", sum(len(set(batch.rows)) for _, batch in work[done:]), unit="sequences") as advance:
        for number, (part, batch) in enumerate(work[done:], start=done + 1):
            known: Examples = getattr(task, part)
            rows, vectors = embedding.embed_batch(encoder, batch, known.bases, known.offsets, layers=settings.layers)
            for pool, values in vectors.items():
                matrices[part, pool][rows] = values if settings.layers == "all" else values[:, 0]
            advance(len(rows))
            if number % SAVE_EVERY == 0 or number == len(work):
                for matrix in matrices.values():
                    matrix.flush()
                write_json(point, {"batches": number})
    point.unlink(missing_ok=True)
    return rows_read(task)
