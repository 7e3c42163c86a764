"""Stages ``rank`` and ``vocab``, and what else is made of a genome alone: its encoding, counts and tokens."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from genomask.console import say
from genomask.experiment.config.words import typed_again
from genomask.experiment.stages.context import Context
from genomask.experiment.store.artefact import Artefact, Count, Json
from genomask.files import read_json, write_json
from genomask.genome.counts import LONGEST_CONTEXT, context_nats, count_kmers
from genomask.genome.encoded import EncodedGenome, open_genome
from genomask.ranking.table import permuted, rank_kmers, write_ranking
from genomask.ranking.vocabulary import build_vocabulary as choose_words
from genomask.ranking.vocabulary import write_table5, write_vocabulary
from genomask.tokens.base import Tokens
from genomask.tokens.kmer import KmerTokens
from genomask.tokens.settings import BpeSettings, KmerSettings

GENOME_FORMAT = 2  # raised when the code would write other bytes
RANKING_FORMAT = VOCABULARY_FORMAT = 2
CONTEXT_FORMAT = TOKENS_FORMAT = 1


def genome_artefact(run: Context, source: Any = None) -> Artefact:
    """The encoded genome, identified by its source's content; a benchmark may need one of its own."""
    source = source or run.config.genome
    return run.identify(
        source,
        lambda: Artefact("genome", source.label, {"format": GENOME_FORMAT, **source.fingerprint()}),
    )


def ranking_artefact(run: Context) -> Artefact:
    """The ranking, identified by its genome and settings."""
    settings = run.config.ranking
    label = f"{run.config.genome.label}-{settings.mode}" + ("" if settings.permute == "no" else "-permuted")
    return Artefact("rank", label, {"format": RANKING_FORMAT, **asdict(settings)}, (genome_artefact(run),))


def vocabulary_artefact(run: Context) -> Artefact:
    """The masking vocabulary, identified by its genome, its settings and how k-mers are scored."""
    settings = {"format": VOCABULARY_FORMAT, **asdict(run.config.vocab)}
    return Artefact("vocab", run.config.genome.label, settings, (genome_artefact(run),))


def build_genome(run: Context, source: Any = None) -> Path:
    """Encode the run's genome, or another, if that has not been done yet."""
    source = source or run.config.genome

    def build(directory: Path) -> dict[str, Count]:
        left_out = len(source.encode(directory))
        genome = open_genome(directory)
        known, kept = int(np.diff(genome.runs).sum()), len(genome.names)
        return {
            "records": Count(kept + left_out, kept, {"not in genome.chromosomes": left_out}),
            "bases": Count(len(genome.bases), known, {"not A, C, G or T": len(genome.bases) - known}),
        }

    # One byte for a base and four for its value in a track, checked before any of them is written.
    size = source.rough_bases * (1 + 4 * len(source.tracks or ()))
    return run.store.build(genome_artefact(run, source), build, needs=lambda: run.store.check_room(size) or ())


def build_ranking(run: Context) -> Path:
    """Rank the genome's k-mers; the directory holds ``ranking.csv``."""
    settings = run.config.ranking

    def build(directory: Path, genome: EncodedGenome) -> None:
        counts = count_kmers(genome.bases, genome.runs, k=settings.k)
        ranking = rank_kmers(counts, k=settings.k, rare_count=settings.rare_count, mode=settings.mode)
        if settings.permute != "no":
            ranking = permuted(ranking, within=settings.permute, seed=settings.permute_seed)
        write_ranking(ranking, directory / "ranking.csv")

    return run.store.build(ranking_artefact(run), build, needs=lambda: _genome_of_kmers(run, settings.k, "ranking.k"))


def build_vocabulary(run: Context) -> Path:
    """Select the masking vocabulary; the directory holds ``vocabulary.csv`` and its ``table5.csv``."""
    settings = run.config.vocab

    def build(directory: Path, genome: EncodedGenome) -> None:
        words = choose_words(count_kmers(genome.bases, genome.runs, k=settings.longest), settings)
        write_vocabulary(words, directory / "vocabulary.csv")
        write_table5(words, directory / "table5.csv")

    return run.store.build(
        vocabulary_artefact(run), build, needs=lambda: _genome_of_kmers(run, settings.longest, "vocab.longest")
    )


def build_context(run: Context) -> dict[int, float]:
    """Nats of a base given its neighbours, from the genome's counts (``genome.counts``)."""
    artefact = Artefact("context", run.config.genome.label, {"format": CONTEXT_FORMAT}, (genome_artefact(run),))

    def build(directory: Path, genome: EncodedGenome) -> None:
        nats = context_nats(count_kmers(genome.bases, genome.runs, k=2 * LONGEST_CONTEXT + 1))
        write_json(directory / "nats.json", {str(n): value for n, value in nats.items()})

    directory = run.store.build(artefact, build, needs=lambda: [open_genome(build_genome(run))])
    return {int(n): value for n, value in read_json(directory / "nats.json").items()}


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
    from genomask.models.architectures import pretrained_tokens
    from genomask.tokens.subword import SubwordTokens

    if isinstance(settings, KmerSettings):
        return KmerTokens(settings.k, settings.stride)
    if isinstance(settings, BpeSettings):
        return SubwordTokens(Path(settings.file or "").expanduser())
    return pretrained_tokens(run.config.model)


def build_tokens(run: Context) -> Tokens:
    """The tokens of the run; trains them if that has not been done yet."""
    from genomask.tokens.subword import SubwordTokens, genome_stretches, train_bpe

    artefact = tokens_artefact(run)
    if artefact is None:
        return ready_tokens(run)

    def build(directory: Path, genome: Path) -> None:
        train_bpe(genome_stretches(open_genome(genome)), run.config.tokens.size).save(str(directory / "tokenizer.json"))

    return SubwordTokens(run.store.build(artefact, build, needs=lambda: [build_genome(run)]) / "tokenizer.json")


def _genome_of_kmers(run: Context, k: int, setting: str) -> list[EncodedGenome]:
    """The genome alone, if it holds a k-mer."""
    genome = open_genome(build_genome(run))
    longest, source = int(np.diff(genome.runs).max()), run.config.genome
    if longest < k:
        stretch = f"the longest stretch of A, C, G and T has {longest} bases"
        raise ValueError(f"{getattr(source, 'path', source.label)}: {stretch}, fewer than {setting}={k}.")
    return [genome]


def report_ranking(run: Context) -> None:
    """Build the ranking and print its top."""
    path = build_ranking(run) / "ranking.csv"
    with path.open(encoding="utf-8") as lines:
        best = [line.split(",")[1] for _, line in zip(range(11), lines, strict=False)][1:]
    say(f"\nRanking of {run.config.genome.label}: {path}")
    say(f"  best {run.config.ranking.k}-mers: {' '.join(best)}")
    say(f"\nNext, pretrain by it:\n  {typed_again('stage=pretrain', 'masking=pmi')}")


def report_vocabulary(run: Context) -> None:
    """Build the masking vocabulary and print how many words of each length it has (Table 5)."""
    directory = build_vocabulary(run)
    say(f"\nMasking vocabulary of {run.config.genome.label}: {directory / 'vocabulary.csv'}")
    say((directory / "table5.csv").read_text(encoding="utf-8").rstrip())
