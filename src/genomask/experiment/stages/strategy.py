"""Make the configured masking strategy, with the ranking or vocabulary that it asks for."""

import inspect
import sys
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import Any, Final

import numpy as np

from genomask.experiment.config.choices import program
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.rank import (
    build_ranking,
    build_vocabulary,
    ranking_artefact,
    vocabulary_artefact,
)
from genomask.experiment.store.artefact import Artefact
from genomask.masking.base import Masking
from genomask.ranking.table import identity_ranking, read_ranking
from genomask.ranking.vocabulary import membership
from genomask.ranking.vocabulary_csv import read_vocabulary

# Constructor arguments that are artefacts: each artefact, and the value that is read from it.
HANDED_OVER: Final = {
    "ranking": (ranking_artefact, lambda run: read_ranking(build_ranking(run) / "ranking.csv").rank),
    "vocabulary": (
        vocabulary_artefact,
        lambda run: membership(read_vocabulary(build_vocabulary(run) / "vocabulary.csv")),
    ),
}


def strategy_inputs(run: Context) -> tuple[Artefact, ...]:
    """Artefacts that the configured strategy is made of."""
    return tuple(HANDED_OVER[name][0](run) for name in handed_over(_constructor(run)))


def make_strategy(run: Context) -> Masking:
    """Make the strategy, building the ranking or vocabulary first if it is missing."""
    constructor = _constructor(run)
    return constructor(**{name: HANDED_OVER[name][1](run) for name in handed_over(constructor)})


def check_strategy(run: Context) -> None:
    """Make the strategy of placeholders, so that a wrong setting is found before anything is built.

    Raises:
        ValueError: If the constructor does not take a configured argument, lacks one, or refuses its value.
    """
    constructor = _constructor(run)
    accepted = inspect.signature(constructor.func).parameters
    settings = [name for name in accepted if name not in HANDED_OVER]
    for name in constructor.keywords:
        if name not in settings:
            raise ValueError(f"masking.{name} is not a setting of {_choice(run)}; it takes {', '.join(settings)}.")
    blanks = {
        "ranking": identity_ranking(run.config.ranking.k).rank,
        "vocabulary": {2: np.ones(16, dtype=bool)},
    }
    try:
        constructor(**{name: blanks[name] for name in handed_over(constructor)})
    except TypeError as error:
        raise ValueError(f"{_choice(run)}: {error}.") from error


def strategy_constructor(settings: Mapping[str, Any], choice: str) -> partial[Masking]:
    """The constructor that a choice's ``_target_`` names, with the other settings as its arguments.

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
    return partial(strategy, **arguments)


def handed_over(constructor: partial[Masking]) -> list[str]:
    """The artefacts that a strategy is made of: ``ranking``, ``vocabulary`` or none."""
    parameters = inspect.signature(constructor.func).parameters
    return [name for name in HANDED_OVER if name in parameters]


def _constructor(run: Context) -> partial[Masking]:
    return strategy_constructor(run.config.masking, _choice(run))


def _choice(run: Context) -> str:
    return f"masking={run.config.labels['masking']}"
