"""The tokens of a run, trained on its genome first where they have to be."""

from pathlib import Path

from genomask.experiment.stages.context import Context
from genomask.experiment.stages.rank import build_genome, genome_artefact
from genomask.experiment.store.artefact import Artefact, Json
from genomask.genome.encoded import open_genome
from genomask.models.architectures import pretrained_tokens
from genomask.tokens.base import Tokens
from genomask.tokens.kmer import KmerTokens
from genomask.tokens.settings import BpeSettings, KmerSettings
from genomask.tokens.subword import SubwordTokens, genome_stretches, train_bpe

TOKENS_FORMAT = 1  # raised when the code would train other tokens


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
        train_bpe(genome_stretches(open_genome(genome)), run.config.tokens.size).save(str(directory / "tokenizer.json"))

    return SubwordTokens(run.store.build(artefact, build, needs=lambda: [build_genome(run)]) / "tokenizer.json")
