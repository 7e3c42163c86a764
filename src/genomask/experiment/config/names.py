"""Refuse choices and settings that do not exist, with those that may have been meant."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from genomask.experiment.config.choices import groups, read_choice, read_defaults
from genomask.experiment.config.homes import HOMES, KIND_HOMES, load
from genomask.experiment.config.nearby import meant, question
from genomask.experiment.config.words import Word, Words, read_words

OURS: Final = ("labels", "sweep")  # settings that are there, but not for people to give
LEFT: Final = ("hydra", "labels")  # names below these are not ours to know


def check_choices(arguments: Sequence[str]) -> None:
    """Refuse a word of the command line that names a choice which its group does not have.

    Raises:
        ValueError: For the first such word, with the choices that there are.
    """
    for word in read_words(arguments).plain:
        for value in word.values if word.name in groups() else ():
            _check_choice(word.name, value)


def check_names(words: Words) -> None:
    """Refuse a setting that does not exist.

    Raises:
        ValueError: For the first such word, with the names that may have been meant.
    """
    for word in words.plain:
        if word.adds or word.group in LEFT or word.name in groups() or word.name in outside():
            continue
        setting = word.setting.partition(".")[0]
        if setting in written(words, word.group) or setting in settings(words, word.group):
            continue
        raise ValueError(_unknown(words, word))


def outside() -> list[str]:
    """Settings that belong to no group: ``shots``, ``seed`` and so on."""
    return [name for name in read_defaults() if name not in ("defaults", "hydra")]


def written(words: Words, group: str) -> list[str]:
    """Settings that the files of a group's possible choices spell out."""
    files = [read_choice(group, choice) for choice in words.chosen(group) if choice in groups()[group]]
    files += [read_defaults()[group]] if isinstance(read_defaults().get(group), dict) else []
    names = (str(name) for file in files for name in file if name not in ("defaults", "_target_"))
    return list(dict.fromkeys(names))


def settings(words: Words, group: str) -> list[str]:
    """Names of the settings of a group, whichever of its possible choices is taken."""
    fields_ = (field.name for kind in kinds(words, group) for field in fields(kind))
    return sorted({*written(words, group), *fields_})


def kinds(words: Words, group: str) -> list[type]:
    """The types of the possible choices of a group; none where a constructor is the type (``masking``)."""
    if group in HOMES:
        return [load(HOMES[group])]
    homes = KIND_HOMES.get(group, {})
    files = [read_choice(group, choice) for choice in words.chosen(group) if choice in groups()[group]]
    return [load(homes[kind]) for file in files for kind in [kind_of(group, file)] if kind]


def kind_of(group: str, file: dict[str, Any]) -> str | None:
    """The kind that the defaults list of a choice's file names, such as ``table`` for ``task=csv``."""
    place = f"/schema/{group}/"
    entries = [str(entry) for entry in file.get("defaults", ())]
    return next((entry[len(place) :].partition("@")[0] for entry in entries if entry.startswith(place)), None)


def _check_choice(group: str, choice: str) -> None:
    choices = groups()[group]
    if choice.isidentifier() and choice not in (*choices, "null"):
        near = question(meant(choice, choices))
        raise ValueError(f"{group} has no choice {choice!r}; it has {', '.join(choices)}.{near}")


def _unknown(words: Words, word: Word) -> str:
    """What is wrong with a name, and what it may have been meant to be."""
    known = [group for group in (*groups(), *outside()) if group not in OURS]
    everything = [*known, *(f"{group}.{name}" for group in known for name in written(words, group))]
    if word.setting and word.group in known:
        own = settings(words, word.group)
        near = [f"{word.group}.{name}" for name in meant(word.setting, own)] or meant(word.name, everything)
        return f"{word.name} is no setting; {word.group} has {', '.join(own)}.{question(near)}"
    near = question(meant(word.name, everything))
    return f"{word.name} is neither a group nor a setting.{near} All of them: python train.py --cfg job"
