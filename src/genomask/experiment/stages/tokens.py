"""The tokens of a run, trained on its genome first where they have to be."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from genomask.alphabet import decode
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.rank import build_genome, genome_artefact
from genomask.experiment.store.artefact import Artefact, Json
from genomask.genome.encoded import open_genome
from genomask.models.architectures import pretrained_tokens
from genomask.seeds import generator
from genomask.tokens.base import Tokens
from genomask.tokens.kmer import KmerTokens
from genomask.tokens.settings import BpeSettings, KmerSettings
from genomask.tokens.subword import SubwordTokens, train_bpe

TOKENS_FORMAT = 1  # raised when the code would train other tokens
STRETCH = 500  # bases that tokens are trained on at a time
STRETCHES = 20_000  # of the genome, drawn at random


def tokens_artefact(run: Context) -> Artefact | None:
    """Tokens that are trained on the genome; None for those that need no training."""
    settings = run.config.tokens
    if not isinstance(settings, BpeSettings) or settings.file is not None:
        return None
    label = f"bpe-{settings.size}-{run.config.genome.label}"
    return Artefact("tokens", label, {"format": TOKENS_FORMAT, "size": settings.size}, (genome_artefact(run),))


def tokens_identity(run: Context) -> Json:
    """What tells the tokens of this run from others; trained ones are an input of their own."""
    return {} if tokens_artefact(run) else ready_tokens(run).identity()


def ready_tokens(run: Context) -> Tokens:
    """Tokens that need no training."""
    settings = run.config.tokens
    if isinstance(settings, KmerSettings):
        return KmerTokens(settings.k, settings.stride)
    if isinstance(settings, BpeSettings):
        return SubwordTokens(Path(settings.file or "").expanduser())
    return pretrained_tokens(run.config.model)


def build_tokens(run: Context) -> Tokens:
    """The tokens of the run; trains them if that has not been done yet."""
    artefact = tokens_artefact(run)
    if artefact is None:
        return ready_tokens(run)

    def build(directory: Path, genome: Path) -> None:
        train_bpe(_stretches(genome), run.config.tokens.size).save(str(directory / "tokenizer.json"))

    return SubwordTokens(run.store.build(artefact, build, needs=lambda: [build_genome(run)]) / "tokenizer.json")


def _stretches(folder: Path) -> Iterator[str]:
    """Stretches of A, C, G and T from all over the genome, the same at every call."""
    genome = open_genome(folder)
    whole = genome.runs[genome.runs[:, 1] - genome.runs[:, 0] >= STRETCH]
    runs = whole if len(whole) else genome.runs
    draw, lengths = generator(0, "tokens"), (runs[:, 1] - runs[:, 0]).astype(float)
    for run, place in zip(
        draw.choice(len(runs), STRETCHES, p=lengths / lengths.sum()), draw.random(STRETCHES), strict=True
    ):
        first, stop = runs[run].tolist()
        start = first + int(place * max(stop - first - STRETCH, 0))
        yield decode(np.asarray(genome.bases[start : min(start + STRETCH, stop)]))
