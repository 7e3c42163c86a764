"""Make the configured masking strategy, with the ranking, vocabulary or motifs that it asks for."""

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from genomask.checks import require
from genomask.console import program
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.rank import (
    build_ranking,
    build_vocabulary,
    ranking_artefact,
    vocabulary_artefact,
)
from genomask.experiment.store.artefact import Artefact
from genomask.files import read_json, write_json
from genomask.genome.synthetic.motifs import ENHANCER_MOTIFS, PROMOTER_MOTIFS
from genomask.genome.synthetic.settings import PLANTED_TRACK, SyntheticGenome
from genomask.masking.base import Masking
from genomask.ranking.table import Ranking, identity_ranking, read_ranking, scores_by_rank
from genomask.ranking.vocabulary import MaskingVocabulary, membership
from genomask.ranking.vocabulary_csv import read_vocabulary

MOTIFS_FILE: Final = "motifs.json"
MOTIFS_FORMAT: Final = 1


def strategy_inputs(run: Context) -> tuple[Artefact, ...]:
    """Artefacts that the configured strategy is made of."""
    made = (HANDED_OVER[name].artefact(run) for name in handed_over(_constructor(run)))
    return tuple({artefact.kind: artefact for artefact in made}.values())  # ranking and scores are of one


def make_strategy(run: Context) -> Masking:
    """Make the strategy, building the ranking, vocabulary or motifs first if they are missing."""
    constructor = _constructor(run)
    given = {name: HANDED_OVER[name] for name in handed_over(constructor)}
    return make(constructor, {name: handed.value(handed.read(run)) for name, handed in given.items()})


def motifs_artefact(run: Context) -> Artefact:
    """Known motifs: those planted in the synthetic genome, JASPAR's for any other."""
    genome, motifs = run.config.genome, run.config.motifs
    if isinstance(genome, SyntheticGenome):
        return Artefact("motifs", "planted", {"format": MOTIFS_FORMAT, "source": "planted"})
    require(motifs.jaspar is not None, "masking=motif", "a release of JASPAR, motifs.jaspar", motifs.jaspar)
    settings = {"format": MOTIFS_FORMAT, "source": "jaspar", "release": motifs.jaspar, "group": motifs.group}
    return Artefact("motifs", f"jaspar{motifs.jaspar}-{motifs.group}", settings)


def build_motifs(run: Context) -> Path:
    """The folder of the known motifs: base probabilities (A, T, C, G) at every position, by name."""
    artefact, settings = motifs_artefact(run), run.config.motifs

    def build(directory: Path) -> None:
        from genomask.analysis.motifs.jaspar import read_jaspar
        from genomask.analysis.motifs.matrix import consensus_matrix

        if isinstance(run.config.genome, SyntheticGenome):
            every = {motif.consensus for motif in PROMOTER_MOTIFS} | set(ENHANCER_MOTIFS.values())
            found = {consensus: consensus_matrix(consensus) for consensus in sorted(every)}
        else:
            assert settings.jaspar is not None  # motifs_artefact has refused it
            found = {motif.identifier: motif.matrix for motif in read_jaspar(settings.jaspar, settings.group)}
        write_json(directory / MOTIFS_FILE, {name: matrix.round(6).tolist() for name, matrix in found.items()})

    return run.store.build(artefact, build)


class Handed(NamedTuple):
    """A constructor argument that comes from an artefact: what builds and reads that, and the argument's value."""

    artefact: Callable[[Context], Artefact]
    read: Callable[[Context], Any]
    value: Callable[[Any], Any]


def _ranking(run: Context) -> Ranking:
    return read_ranking(build_ranking(run) / "ranking.csv")


def _vocabulary(run: Context) -> MaskingVocabulary:
    return read_vocabulary(build_vocabulary(run) / "vocabulary.csv")


def _motifs(run: Context) -> list[Any]:
    return list(read_json(build_motifs(run) / MOTIFS_FILE).values())


HANDED_OVER: Final = {
    "ranking": Handed(ranking_artefact, _ranking, lambda ranking: ranking.rank),
    "scores": Handed(ranking_artefact, _ranking, scores_by_rank),
    "vocabulary": Handed(vocabulary_artefact, _vocabulary, membership),
    "motifs": Handed(motifs_artefact, _motifs, list),
}


def check_strategy(run: Context) -> None:
    """Make the strategy of placeholders, so that a wrong setting is found before anything is built.

    Raises:
        ValueError: If the constructor does not take a configured argument, lacks one, or refuses its value, or the
            genome lacks a track.
    """
    constructor = _constructor(run)
    _check_settings(constructor, "masking", _choice(run))
    blank = identity_ranking(run.config.ranking.k)
    blanks = {
        "ranking": blank.rank,
        "scores": blank.normalized_pmi,
        "vocabulary": {2: np.ones(16, dtype=bool)},
        "motifs": [np.eye(4)],
    }
    try:
        strategy = make(constructor, blanks)
    except TypeError as error:
        raise ValueError(f"{_choice(run)}: {error}.") from error
    planted = isinstance(run.config.genome, SyntheticGenome)
    tracks = (PLANTED_TRACK,) if planted else tuple(getattr(run.config.genome, "tracks", None) or ())
    for name in strategy.tracks():
        needed = f"genome=fasta genome.path=FASTA 'genome.tracks={{{name}: VCF}}'"
        require(name in tracks, _choice(run), needed, f"the tracks: {', '.join(tracks) or 'none'}")
    if run.config.weight.by == "track":
        run.config.weight.track_among(tracks)


def _check_settings(constructor: partial[Masking], place: str, choice: str) -> None:
    settings = [name for name in inspect.signature(constructor.func).parameters if name not in HANDED_OVER]
    for name, value in constructor.keywords.items():
        if name not in settings:
            raise ValueError(f"{place}.{name} is not a setting of {choice}; it takes {', '.join(settings)}.")
        if isinstance(value, partial):
            _check_settings(value, f"{place}.{name}", f"{place}.{name}")


def strategy_constructor(settings: Mapping[str, Any], choice: str) -> partial[Masking]:
    """The constructor that a choice's ``_target_`` names, with the other settings as its arguments.

    A setting with a ``_target_`` of its own is a strategy, too, and becomes its constructor.

    Raises:
        ValueError: If it cannot be imported, or is no strategy.
    """
    arguments = dict(settings)
    target = str(arguments.pop("_target_", None))
    module, _, name = target.rpartition(".")
    if module.partition(".")[0] in sys.stdlib_module_names:  # some of which act when they are imported
        raise ValueError(f"{choice}: masking._target_={target} is not a subclass of genomask.masking.base.Masking.")
    try:
        strategy = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{choice}: there is no module {error.name} on Python's path, which masking._target_={target} needs. "
            f"Name its folder: PYTHONPATH=FOLDER {program()} ..."
        ) from error
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"{choice}: masking._target_={target} cannot be imported: {error}.") from error
    if not (isinstance(strategy, type) and issubclass(strategy, Masking)):
        raise ValueError(f"{choice}: masking._target_={target} is not a subclass of genomask.masking.base.Masking.")
    parts = {name: value for name, value in arguments.items() if isinstance(value, Mapping) and "_target_" in value}
    made = {name: strategy_constructor(part, f"{choice}, masking.{name}") for name, part in parts.items()}
    return partial(strategy, **{**arguments, **made})


def make(constructor: partial[Masking], given: Mapping[str, Any]) -> Masking:
    """Make a strategy, and the strategies that it is made of, with what is handed over."""
    parts = {name: make(part, given) for name, part in _parts(constructor).items()}
    own = {name: given[name] for name in HANDED_OVER if name in inspect.signature(constructor.func).parameters}
    return constructor(**parts, **own)


def handed_over(constructor: partial[Masking]) -> list[str]:
    """The artefacts that a strategy and its parts are made of: some of ``HANDED_OVER``."""
    inner = {name for part in _parts(constructor).values() for name in handed_over(part)}
    return [name for name in HANDED_OVER if name in {*inspect.signature(constructor.func).parameters, *inner}]


def _parts(constructor: partial[Masking]) -> dict[str, partial[Masking]]:
    return {name: value for name, value in constructor.keywords.items() if isinstance(value, partial)}


def _constructor(run: Context) -> partial[Masking]:
    return strategy_constructor(run.config.masking, _choice(run))


def _choice(run: Context) -> str:
    return f"masking={run.config.labels['masking']}"
