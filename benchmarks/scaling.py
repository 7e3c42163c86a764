"""How a pretraining scales past this machine: measured rates, named assumptions, and arithmetic.

    python -m benchmarks.scaling

prints the tables of docs/scaling.md. Rates of the data stages are measured here and now, on one thread, in
processor time; how a step's work falls on ranks is simulated with the corpus's own code; GPUs are assumed.
"""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from benchmarks.model_inputs import DNABERT, LOGO, LONGEST, SHORTEST, draw
from genomask.alphabet import vocabulary_size
from genomask.corpus.segments import cut, lay_out
from genomask.corpus.settings import CorpusSettings
from genomask.corpus.steps import Steps
from genomask.genome.counts import count_kmers
from genomask.models.flops import Work, training_flops
from genomask.models.settings import ModelSettings
from genomask.ranking.pmi import normalized_pmi, pmi
from genomask.seeds import generator

GENOMES: Final = {"chromosome, 60 Mb": 6.0e7, "human genome, 3.1 Gb": 3.1e9, "100 genomes, 310 Gb": 3.1e11}
GPUS: Final = (1, 8, 64)
HIDDEN_SHARE: Final = 0.1425  # realised by masking=pmi at its defaults
PARAMETERS: Final = {"logo": 4_933_125, "dnabert": 89_196_549}  # tied MLM head included

# Assumptions, none of them measured: there is no GPU here.
PEAK: Final = 989e12  # bfloat16 operations a second of one H100, its data sheet's
UTILISATION: Final = {"logo": 0.15, "dnabert": 0.40}  # share of the peak; LOGO's matrices are small
BUS: Final = {1: float("inf"), 8: 300e9, 64: 40e9}  # bytes a second of an all-reduce: NVLink, 400 Gb/s a GPU
LATENCY: Final = {1: 0.0, 8: 5e-5, 64: 3e-4}  # seconds of an all-reduce of nothing
HOST: Final = 5e-3  # seconds a step that the host needs to launch it, and to wait for the mask's counts

CORPUS: Final = CorpusSettings(
    longest=LONGEST,
    shortest=SHORTEST,
    full_share=0.5,
    first_start=1000,
    extra_bases=0,
    gaps="drop",
    validation_share=0.1,
)


class Step(NamedTuple):
    """Seconds of an optimiser step on so many GPUs, by what takes them."""

    compute: float
    imbalance: float
    exchange: float

    @property
    def total(self) -> float:
        """Nothing of the exchange is hidden: only the last micro-batch could hide it. The host runs ahead."""
        return max(self.compute * self.imbalance, HOST) + self.exchange


def step_on(model: ModelSettings, gpus: int) -> Step:
    """One optimiser step of the paper's batch, split over data-parallel GPUs."""
    tokens = rank_tokens(model.paper_batch, gpus, steps=20)
    work = _work(draw(model.paper_batch).segments.length - model.k + 3)
    flops = training_flops(model, work, vocabulary=vocabulary_size(model.k))
    compute = flops / gpus / (PEAK * UTILISATION[model.name])
    volume = 2 * (gpus - 1) / gpus * 4 * PARAMETERS[model.name]  # a ring sends each gradient about twice
    imbalance = float((tokens.max(axis=1) / tokens.mean(axis=1)).mean())
    return Step(compute, imbalance, volume / BUS[gpus] + LATENCY[gpus])


def rank_tokens(batch: int, ranks: int, *, steps: int) -> np.ndarray:
    """Tokens that every rank gets in every step, ``[steps, ranks]``, as the corpus deals them out.

    Raises:
        ValueError: If the ranks together do not get each sequence of a step just once.
    """
    drawn = draw(batch * steps)
    axis = lay_out(drawn.genome, gaps="drop")
    common = {"seed": 0, "batch": batch, "micro_batch": batch}
    parts = (drawn.genome, axis, drawn.segments)
    dealt = [Steps(*parts, **common, rank=rank, ranks=ranks) for rank in range(ranks)]
    whole = Steps(*parts, **common)
    table = np.zeros((steps, ranks))
    for step in range(steps):
        shares = [part[step] for part in dealt]
        union = sorted(row for share in shares for row in share.segment.tolist())
        if union != sorted(whole[step].segment.tolist()):
            raise ValueError(f"the {ranks} ranks of step {step} do not share its sequences out")
        table[step] = [int(share.lengths.sum()) for share in shares]
    return table


def _work(tokens: np.ndarray) -> Work:
    asked = HIDDEN_SHARE * tokens
    return Work(*(int(column.sum()) for column in (tokens, tokens**2, asked, asked * tokens)))


def data_rates(bases: int = 20_000_000) -> dict[str, float]:
    """Seconds of processor time here: to count a base, to cut and shuffle a segment, and to rank once."""
    count = bases // 380
    drawn = draw(count)
    genome = drawn.genome
    count_kmers(genome.bases[:1000], np.array([[0, 1000]]), k=10, threads=1)  # compiles
    counts: list[np.ndarray] = []
    counting = _seconds(lambda: counts.extend(count_kmers(genome.bases, genome.runs, k=10, threads=1)))
    cutting = _seconds(lambda: cut(genome, CORPUS, generator(0, "scaling")))
    return {
        "count a base": counting / len(genome.bases),
        "rank": _seconds(lambda: normalized_pmi(pmi(counts), counts[-1])),
        "cut a segment": cutting / count,
        "shuffle a segment": _seconds(lambda: generator(0, "scaling").permutation(5_000_000)) / 5e6,
    }


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def tables() -> Iterable[str]:
    """The page's tables in Markdown."""
    yield _table(DATA_HEAD, _data_rows(data_rates()))
    for model in (LOGO, DNABERT):
        yield _table((f"{model.name} on GPUs", *STEP_HEAD), _step_rows(model))


DATA_HEAD: Final = (
    "genome",
    "on disk",
    "count, 1 thread",
    "rank, k <= 10",
    "segments",
    "cut and shuffle",
    "memory a rank",
    "LOGO steps an epoch",
    "DNABERT",
)
STEP_HEAD: Final = ("compute", "slowest rank", "exchange", "step", "speed-up", "10,000 steps")
SEGMENT_BYTES: Final = 32  # start, length, and its place in two epochs' orders


def _data_rows(rate: dict[str, float]) -> Iterable[tuple[str, ...]]:
    mean = 0.5 * LONGEST + 0.5 * (SHORTEST + LONGEST) / 2
    for name, bases in GENOMES.items():
        segments = bases / mean
        trained = segments * (1 - CORPUS.validation_share)
        yield (
            name,
            f"{bases / 1e9:.2f} GB",
            f"{bases * rate['count a base']:,.1f} s",
            f"{rate['rank']:.2f} s",
            f"{segments / 1e6:,.1f} M",
            f"{segments * (rate['cut a segment'] + rate['shuffle a segment']):,.1f} s",
            f"{segments * SEGMENT_BYTES / 1e9:,.2f} GB",
            f"{trained / LOGO.paper_batch:,.0f}",
            f"{trained / DNABERT.paper_batch:,.0f}",
        )


def _step_rows(model: ModelSettings) -> Iterable[tuple[object, ...]]:
    alone = step_on(model, 1).total
    for gpus in GPUS:
        step = step_on(model, gpus)
        yield (
            gpus,
            f"{1e3 * step.compute:.2f} ms",
            f"x{step.imbalance:.3f}",
            f"{1e3 * step.exchange:.2f} ms",
            f"{1e3 * step.total:.2f} ms",
            f"{alone / step.total:.1f}x",
            f"{step.total * 10_000 / 60:.1f} min",
        )


def _table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    for part in tables():
        sys.stdout.write(part + "\n")
