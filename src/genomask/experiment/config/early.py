"""Refuse a wrong command line before anything heavy is imported, as Hydra and the stages would do later.

The types are those that Hydra fills, and each is imported only if the command line touches its group. What
is not plain is left to Hydra, so that nothing is refused here that it would take.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, fields
from itertools import islice, product
from typing import Any, Final, get_type_hints

from genomask.analysis.variants.settings import check_variants
from genomask.experiment.config.choices import read_choice, read_defaults
from genomask.experiment.config.homes import HOMES, KIND_HOMES
from genomask.experiment.config.machine import check_run
from genomask.experiment.config.names import check_choices, check_names, kind_of, kinds
from genomask.experiment.config.values import UnclearError, converted, parsed
from genomask.experiment.config.words import ELSEWHERE, Words, read_words

MOST: Final = 1_000  # combinations of swept values that are looked at
ABSENT: Final = "???"  # what a file says of a setting that has no default
OUTSIDE: Final = {"seed": int, "pretrain_seed": int, "shots": int | str}


def check_arguments(arguments: Sequence[str]) -> None:
    """Find what is wrong with the arguments of a run.

    Raises:
        ValueError: For a choice or a setting that does not exist, and for a value that is missing, of the
            wrong type, or out of its range.
    """
    if any(argument.startswith(ELSEWHERE) for argument in arguments):
        return
    check_choices(arguments)
    words = read_words(arguments)
    check_names(words)
    if words.clear:
        for group in (*HOMES, *KIND_HOMES):
            _check_group(words, group)
        _check_outside(words)
        _check_stage(words)


def _check_group(words: Words, group: str) -> None:
    """Build the settings of a group if the command line touches them, or has to."""
    choices = words.chosen(group)
    if len(choices) > 1:
        return
    file = read_choice(group, choices[0]) if choices else read_defaults().get(group, {})
    if set(map(str, file.get("defaults", ()))) - {f"/schema/{group}/{kind_of(group, file)}@_here_"}:
        return  # it is made of other choices too
    for values in _combinations(words, group):
        merged = {**file, **values}
        absent = sorted(f"{group}.{name}" for name, value in merged.items() if value == ABSENT)
        if absent:
            raise ValueError(f"{absent[0]} needs a value: give it as {absent[0]}=VALUE.")
        if values:
            for kind in kinds(words, group):
                _build(words, kind, group, merged)


def _build(words: Words, kind: type, group: str, values: dict[str, Any]) -> Any:
    """Settings of this type; None if that is not plain."""
    hints, arguments = get_type_hints(kind), {}
    try:
        for field in fields(kind):
            name = f"{group}.{field.name}"
            if field.name in values:
                value = _resolved(words, values[field.name])
                arguments[field.name] = converted(value, hints[field.name], name)
            elif field.default is MISSING and field.default_factory is MISSING:
                raise UnclearError
        return kind(**arguments)
    except UnclearError:
        return None


def _check_outside(words: Words) -> None:
    for values in _combinations(words, ""):
        given = {name: values.get(name, read_defaults()[name]) for name in OUTSIDE}
        try:
            plain: dict[str, Any] = {
                name: converted(_resolved(words, given[name]), hint, name) for name, hint in OUTSIDE.items()
            }
            check_run(**plain, folds=_setting(words, "finetune", "cross_validate"))
        except UnclearError:
            continue


def _check_stage(words: Words) -> None:
    """Find what the stages lack that take a file of their own."""
    stages, given = words.chosen("stage"), list(_combinations(words, "variants"))
    if len(stages) == len(given) == 1 and stages[0] in ("variants", "mutagenesis"):
        kind, file = kinds(words, "variants")[0], read_choice("variants", *words.chosen("variants"))
        settings = _build(words, kind, "variants", {**file, **given[0]})
        if settings is not None:
            check_variants(settings, stages[0])


def _combinations(words: Words, group: str) -> Iterator[dict[str, Any]]:
    """Values of a group's settings, job after job; ``UnclearError`` stands for what only Hydra can tell."""
    given = words.given(group)
    for texts in islice(product(*given.values()), MOST):
        yield dict(zip(given, map(_parsed, texts), strict=True))


def _parsed(text: str) -> Any:
    try:
        return parsed(text)
    except UnclearError:
        return UnclearError


def _resolved(words: Words, value: Any) -> Any:
    """The value that ``${group.setting}`` stands for."""
    if value is UnclearError:
        raise UnclearError
    if not (isinstance(value, str) and "$" in value):
        return value
    found = re.fullmatch(r"\$\{(\w+)\.(\w+)\}", value)
    if not found:
        raise UnclearError
    return _setting(words, found[1], found[2])


def _setting(words: Words, group: str, name: str) -> Any:
    """The one value that a setting will have."""
    texts, choices = words.given(group).get(name), words.chosen(group)
    if texts and len(texts) == 1:
        return parsed(texts[0])
    if texts or len(choices) != 1:
        raise UnclearError
    return _resolved(words, read_choice(group, choices[0]).get(name))
