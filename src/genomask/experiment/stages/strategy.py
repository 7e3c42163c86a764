"""Make the configured masking strategy, with the ranking, vocabulary or motifs that it is made of."""

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
from genomask.experiment.stages.rank import load_ranking, load_vocabulary, ranking_artefact, vocabulary_artefact
from genomask.experiment.store.artefact import Artefact
from genomask.files import read_json, write_json
from genomask.genome.synthetic.dna import ENHANCER_MOTIFS, PROMOTER_MOTIFS
from genomask.genome.synthetic.settings import PLANTED_TRACK, SyntheticGenome
from genomask.masking.base import Masking
from genomask.ranking.table import identity_ranking, scores_by_rank
from genomask.ranking.vocabulary import membership

MOTIFS_FILE: Final = "motifs.json"
MOTIFS_FORMAT: Final = 1


def motifs_artefact(run: Context) -> Artefact:
    """Known motifs: those planted in the synthetic genome, JASPAR's for any other."""
    genome, motifs = run.config.genome, run.config.motifs
    if isinstance(genome, SyntheticGenome):
        return Artefact("motifs", "planted", {"format": MOTIFS_FORMAT, "source": "planted"})
    require(motifs.jaspar is not None, "masking=motif", "a release of JASPAR, motifs.jaspar", motifs.jaspar)
    settings = {"format": MOTIFS_FORMAT, "source": "jaspar", "release": motifs.jaspar, "group": motifs.group}
    return Artefact("motifs", f"jaspar{motifs.jaspar}-{motifs.group}", settings)


def load_motifs(run: Context) -> list[list[list[float]]]:
    """Base probabilities (A, T, C, G) at every position of the known motifs."""
    artefact, settings = motifs_artefact(run), run.config.motifs

    def build(directory: Path) -> None:
        from genomask.analysis.motifs.known import read_jaspar
        from genomask.analysis.motifs.matrix import consensus_matrix

        if settings.jaspar is None or artefact.settings["source"] == "planted":
            every = {motif.consensus for motif in PROMOTER_MOTIFS} | set(ENHANCER_MOTIFS.values())
            found = {consensus: consensus_matrix(consensus) for consensus in sorted(every)}
        else:
            found = {motif.identifier: motif.matrix for motif in read_jaspar(settings.jaspar, settings.group)}
        write_json(directory / MOTIFS_FILE, {name: matrix.round(6).tolist() for name, matrix in found.items()})

    return list(read_json(run.store.build(artefact, build) / MOTIFS_FILE).values())


class Handed(NamedTuple):
    """A constructor argument that comes from an artefact: what builds and reads that, and the argument's value."""

    artefact: Callable[[Context], Artefact]
    load: Callable[[Context], Any]
    value: Callable[[Any], Any]


HANDED_OVER: Final = {
    "ranking": Handed(ranking_artefact, load_ranking, lambda ranking: ranking.rank),
    "scores": Handed(ranking_artefact, load_ranking, scores_by_rank),
    "vocabulary": Handed(vocabulary_artefact, load_vocabulary, membership),
    "motifs": Handed(motifs_artefact, load_motifs, list),
}


def strategy_inputs(run: Context) -> tuple[Artefact, ...]:
    """Artefacts that the configured strategy is made of."""
    made = (HANDED_OVER[name].artefact(run) for name in handed_over(_constructor(run)))
    return tuple({artefact.kind: artefact for artefact in made}.values())  # ranking and scores are of one


def make_strategy(run: Context) -> Masking:
    """Make the strategy, building the ranking, vocabulary or motifs first if they are missing."""
    constructor = _constructor(run)
    given = {name: HANDED_OVER[name] for name in handed_over(constructor)}
    return make(constructor, {name: each.value(each.load(run)) for name, each in given.items()})


def check_strategy(run: Context) -> None:
    """Make the strategy of placeholders, so that a wrong setting is found before anything is built."""
    blank, genome = identity_ranking(run.config.ranking.k), run.config.genome
    words = {2: np.ones(16, dtype=bool)}
    blanks = {"ranking": blank.rank, "scores": blank.normalized_pmi, "vocabulary": words, "motifs": [np.eye(4)]}
    strategy = make(_constructor(run), blanks)
    planted = isinstance(genome, SyntheticGenome)
    tracks = (PLANTED_TRACK,) if planted else tuple(getattr(genome, "tracks", None) or ())
    for name in strategy.tracks():
        needed = f"genome=fasta genome.path=FASTA 'genome.tracks={{{name}: VCF}}'"
        found = f"the tracks: {', '.join(tracks) or 'none'}"
        require(name in tracks, f"masking={run.config.labels['masking']}", needed, found)
    if run.config.weight.by == "track":
        run.config.weight.track_among(tracks)


def strategy_constructor(settings: Mapping[str, Any], choice: str) -> partial[Masking]:
    """The constructor that a choice's ``_target_`` names, with the other settings as its arguments. A setting with a
    ``_target_`` of its own is a strategy, too, and becomes its constructor. Raises ValueError if it cannot be
    imported, is no strategy, or has no such setting."""
    arguments, strategy = dict(settings), None
    target = str(arguments.pop("_target_", None))
    module, _, name = target.rpartition(".")
    try:
        if module.partition(".")[0] not in sys.stdlib_module_names:  # some of which act when they are imported
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
    known = [name for name in inspect.signature(strategy).parameters if name not in HANDED_OVER]
    place = choice.partition("=")[0]
    for name, part in arguments.items():
        if name not in known:
            raise ValueError(f"{place}.{name} is not a setting of {choice}; it takes {', '.join(known)}.")
        if isinstance(part, Mapping) and "_target_" in part:
            arguments[name] = strategy_constructor(part, f"{place}.{name}")
    return partial(strategy, **arguments)


def make(constructor: partial[Masking], given: Mapping[str, Any]) -> Masking:
    """Make a strategy, and the strategies that it is made of, with what is handed over. Raises ValueError if a
    setting has no value, or one that is out of range."""
    parts = {name: make(part, given) for name, part in _parts(constructor).items()}
    own = {name: given[name] for name in HANDED_OVER if name in inspect.signature(constructor.func).parameters}
    try:
        return constructor(**parts, **own)
    except TypeError as error:
        raise ValueError(f"masking: {error}.") from error


def handed_over(constructor: partial[Masking]) -> list[str]:
    """The artefacts that a strategy and its parts are made of: some of ``HANDED_OVER``."""
    inner = {name for part in _parts(constructor).values() for name in handed_over(part)}
    return [name for name in HANDED_OVER if name in {*inspect.signature(constructor.func).parameters, *inner}]


def _parts(constructor: partial[Masking]) -> dict[str, partial[Masking]]:
    return {name: value for name, value in constructor.keywords.items() if isinstance(value, partial)}


def _constructor(run: Context) -> partial[Masking]:
    return strategy_constructor(run.config.masking, f"masking={run.config.labels['masking']}")
