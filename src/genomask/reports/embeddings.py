"""Embeddings at hand as pictures: test sequences on the plane in which their vectors vary most, coloured by label."""

from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from genomask.analysis.figure_style import COLOURS
from genomask.reports.document import Plot, Section
from genomask.tasks.arrays import open_benchmark

MOST: Final = 1_000  # sequences of a picture, evenly spaced in the test set
SHOWN: Final = 6  # pictures of a task
READING: Final = (
    "Mean embeddings of test sequences on their first two principal components (PCA), coloured by label: {shown} of "
    "{all} embeddings at hand, up to {most:,} sequences each. A picture and no score: classes that overlap on this "
    "plane may be told apart in others."
)


class Embedding(NamedTuple):
    """Test sequences that an encoder has embedded: coordinates, and the components' variance shares.

    ``name`` is the artefact's.
    """

    name: str
    task: str
    points: Float64[np.ndarray, "rows 2"]
    explained: list[float]
    labels: Int64[np.ndarray, " rows"]
    classes: tuple[str, ...]


def read_embedding(matrix: Path, manifest: dict[str, Any]) -> Embedding:
    """Read the embeddings of a test set, ``test-mean.npy``, and find its principal components."""
    folder, vectors = matrix.parent, np.load(matrix, mmap_mode="r", allow_pickle=False)
    task = open_benchmark(folder.parents[1] / "task" / manifest["inputs"]["task"]["name"])
    rows = np.linspace(0, len(vectors) - 1, min(MOST, len(vectors))).astype(int)
    chosen = np.asarray(vectors[rows] if vectors.ndim == 2 else vectors[rows, -1], dtype=np.float64)
    turned, size, _ = np.linalg.svd(chosen - chosen.mean(axis=0), full_matrices=False)
    explained = (size**2 / max((size**2).sum(), np.finfo(float).tiny))[:2].tolist()
    name = str(manifest["config"]["task"]["name"])
    return Embedding(folder.name, name, (turned * size)[:, :2], explained, task.test.labels[rows], task.classes)


def embeddings_section(found: list[Embedding]) -> Section:
    """A picture of every embedding, up to ``SHOWN`` a task."""
    by_task = {each.task: [other for other in found if other.task == each.task] for each in found}
    shown = [each for embeddings in by_task.values() for each in embeddings[:SHOWN]]
    note = READING.format(shown=len(shown), all=len(found), most=MOST)
    return Section("embeddings", "Embeddings", [note] if shown else [], [], [_plot(each) for each in shown])


def _plot(embedding: Embedding) -> Plot:
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": embedding.points[embedding.labels == label, 0].round(4).tolist(),
            "y": embedding.points[embedding.labels == label, 1].round(4).tolist(),
            "marker": {"size": 5, "opacity": 0.6, "color": COLOURS[label % (len(COLOURS) - 1)]},
        }
        for label, name in enumerate(embedding.classes)
    ]
    titles = [f"component {n}: {share:.0%} of the variance" for n, share in enumerate(embedding.explained, start=1)]
    axes = {axis: {"title": {"text": title}} for axis, title in zip(("xaxis", "yaxis"), titles, strict=True)}
    return Plot(embedding.name, data, axes, 420, embedding.task)
