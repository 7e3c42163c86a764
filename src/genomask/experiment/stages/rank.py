"""Stages ``rank`` and ``vocab``, and what else is made of a genome alone: its encoding, counts and tokens."""

from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from genomask.console import say
from genomask.experiment.config.words import typed_again
from genomask.experiment.stages.context import Context, builds
from genomask.experiment.store.artefact import Artefact, Count
from genomask.files import read_json, write_json
from genomask.genome.counts import LONGEST_CONTEXT, context_nats, count_kmers
from genomask.genome.encoded import EncodedGenome, open_genome
from genomask.ranking.table import Ranking, permuted, rank_kmers, read_ranking, write_ranking
from genomask.ranking.vocabulary import MaskingVocabulary, read_vocabulary, write_table5, write_vocabulary
from genomask.ranking.vocabulary import build_vocabulary as choose_words
from genomask.tokens.base import Tokens
from genomask.tokens.kmer import KmerTokens
from genomask.tokens.settings import BpeSettings, KmerSettings

GENOME_FORMAT = 2  # raised when the code would write other bytes
RANKING_FORMAT = VOCABULARY_FORMAT = 2
CONTEXT_FORMAT = TOKENS_FORMAT = 1


def genome_artefact(run: Context, source: Any = None) -> Artefact:
    """The encoded genome, identified by its source's content; a benchmark may need one of its own."""
    source = source or run.config.genome
    settings = {"format": GENOME_FORMAT}
    return run.identify(source, lambda: Artefact("genome", source.label, settings | source.fingerprint()))


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
        unknown = len(genome.bases) - int(np.diff(genome.runs).sum())
        return {
            "records": Count(len(genome.names) + left_out, {"not in genome.chromosomes": left_out}),
            "bases": Count(len(genome.bases), {"not A, C, G or T": unknown}),
        }

    # One byte for a base and four for its value in a track, checked before any of them is written.
    size = source.rough_bases * (1 + 4 * len(source.tracks or ()))
    return run.store.build(genome_artefact(run, source), build, needs=lambda: run.store.check_room(size) or ())


@builds(ranking_artefact, needs=lambda run: [_genome_of_kmers(run, run.config.ranking.k, "ranking.k")])
def build_ranking(run: Context, directory: Path, genome: EncodedGenome) -> None:
    """Rank the genome's k-mers; the directory holds ``ranking.csv``."""
    settings = run.config.ranking
    counts = count_kmers(genome.bases, genome.runs, k=settings.k)
    ranking = rank_kmers(counts, k=settings.k, rare_count=settings.rare_count, mode=settings.mode)
    if settings.permute != "no":
        ranking = permuted(ranking, within=settings.permute, seed=settings.permute_seed)
    write_ranking(ranking, directory / "ranking.csv")


@builds(vocabulary_artefact, needs=lambda run: [_genome_of_kmers(run, run.config.vocab.longest, "vocab.longest")])
def build_vocabulary(run: Context, directory: Path, genome: EncodedGenome) -> None:
    """Select the masking vocabulary; the directory holds ``vocabulary.csv`` and its ``table5.csv``."""
    words = choose_words(count_kmers(genome.bases, genome.runs, k=run.config.vocab.longest), run.config.vocab)
    write_vocabulary(words, directory / "vocabulary.csv")
    write_table5(words, directory / "table5.csv")


def load_ranking(run: Context) -> Ranking:
    """The genome's ranking, built if need be."""
    return read_ranking(build_ranking(run) / "ranking.csv")


def load_vocabulary(run: Context) -> MaskingVocabulary:
    """The masking vocabulary, built if need be."""
    return read_vocabulary(build_vocabulary(run) / "vocabulary.csv")


def load_context(run: Context) -> dict[str, float]:
    """Nats of a base given so many neighbours (``genome.counts``), counted if need be."""
    artefact = Artefact("context", run.config.genome.label, {"format": CONTEXT_FORMAT}, (genome_artefact(run),))

    def build(directory: Path, genome: EncodedGenome) -> None:
        nats = context_nats(count_kmers(genome.bases, genome.runs, k=2 * LONGEST_CONTEXT + 1))
        write_json(directory / "nats.json", {str(n): value for n, value in nats.items()})

    return read_json(run.store.build(artefact, build, needs=lambda: [open_genome(build_genome(run))]) / "nats.json")


def tokens_artefact(run: Context) -> Artefact | None:
    """Tokens that are trained on the genome; None for those that need no training."""
    settings = run.config.tokens
    if not isinstance(settings, BpeSettings) or settings.file is not None:
        return None
    label = f"bpe-{settings.size}-{run.config.genome.label}"
    return Artefact("tokens", label, {"format": TOKENS_FORMAT, "size": settings.size}, (genome_artefact(run),))


def ready_tokens(run: Context) -> Tokens:
    """Tokens that need no training."""
    from genomask.models.architectures import pretrained_tokens
    from genomask.tokens.subword import SubwordTokens

    settings = run.config.tokens
    if isinstance(settings, KmerSettings):
        return KmerTokens(settings.k, settings.stride)
    if isinstance(settings, BpeSettings):
        return SubwordTokens(Path(settings.file or "").expanduser())
    return pretrained_tokens(run.config.model)


def load_tokens(run: Context) -> Tokens:
    """The tokens of the run; trains them if that has not been done yet."""
    from genomask.tokens.subword import SubwordTokens, genome_stretches, train_bpe

    artefact = tokens_artefact(run)
    if artefact is None:
        return ready_tokens(run)

    def build(directory: Path, genome: Path) -> None:
        train_bpe(genome_stretches(open_genome(genome)), run.config.tokens.size).save(str(directory / "tokenizer.json"))

    return SubwordTokens(run.store.build(artefact, build, needs=lambda: [build_genome(run)]) / "tokenizer.json")


def _genome_of_kmers(run: Context, k: int, setting: str) -> EncodedGenome:
    """The genome, if it holds a k-mer."""
    genome = open_genome(build_genome(run))
    longest, source = int(np.diff(genome.runs).max()), run.config.genome
    if longest < k:
        stretch = f"the longest stretch of A, C, G and T has {longest} bases"
        raise ValueError(f"{getattr(source, 'path', source.label)}: {stretch}, fewer than {setting}={k}.")
    return genome


def report_ranking(run: Context) -> None:
    """Build the ranking and print its top."""
    path = build_ranking(run) / "ranking.csv"
    with path.open(encoding="utf-8") as lines:
        best = [line.split(",")[1] for line in islice(lines, 1, 11)]
    say(f"\nRanking of {run.config.genome.label}: {path}")
    say(f"  best {run.config.ranking.k}-mers: {' '.join(best)}")
    say(f"\nNext, pretrain by it:\n  {typed_again('stage=pretrain', 'masking=pmi')}")


def report_vocabulary(run: Context) -> None:
    """Build the masking vocabulary and print how many words of each length it has (Table 5)."""
    directory = build_vocabulary(run)
    say(f"\nMasking vocabulary of {run.config.genome.label}: {directory / 'vocabulary.csv'}")
    say((directory / "table5.csv").read_text(encoding="utf-8").rstrip())
