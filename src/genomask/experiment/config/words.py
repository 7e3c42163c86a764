"""The words of a command line, as far as they can be understood without Hydra.

Whatever is not plainly ``name=value`` is left to Hydra, and so is everything once choices may lie in other
folders or an experiment or variant may have chosen.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from genomask.experiment.config.choices import default_choices, groups

ELSEWHERE: Final = ("--config", "-cd", "-cp", "-cn", "hydra.searchpath")  # choices may lie in other folders
MULTIRUN: Final = ("-m", "--multirun", "hydra.mode=MULTIRUN")
PRESETS: Final = ("experiment", "variant")  # choices that choose for other groups
_WORD: Final = re.compile(r"(\+{0,2})([A-Za-z_]\w*(?:\.\w+)*)=(.*)", re.DOTALL)
_SEVERAL: Final = re.compile(r"[\w.+-]+(?:,[\w.+-]+)+")


class Word(NamedTuple):
    """One ``name=value``: the name, its values (several in a multirun), and whether it adds a new name."""

    name: str
    values: tuple[str, ...]
    adds: bool

    @property
    def group(self) -> str:
        """What comes before the first point."""
        return self.name.partition(".")[0]

    @property
    def setting(self) -> str:
        """What comes after it; nothing for the choice of a group."""
        return self.name.partition(".")[2]


class Words(NamedTuple):
    """What the command line says.

    Attributes:
        plain: The words that are understood.
        many: Whether it asks for several jobs.
        clear: Whether the plain words and the shipped files say all that there is to know.
    """

    plain: tuple[Word, ...]
    many: bool
    clear: bool

    def chosen(self, group: str) -> tuple[str, ...]:
        """The choices of a group that a run may have; all of them where an experiment or variant chooses."""
        for word in reversed(self.plain):
            if word.name == group and set(word.values) <= {*groups().get(group, ()), "null"}:
                return tuple(choice for choice in word.values if choice != "null")
            if word.name == group:
                return tuple(groups().get(group, ()))
        if any(word.name in PRESETS and word.values != ("null",) for word in self.plain):
            return tuple(groups().get(group, ()))
        choice = default_choices().get(group)
        return () if choice is None else (choice,)

    def given(self, group: str) -> dict[str, tuple[str, ...]]:
        """Values of the settings of a group, by name; the last word counts. ``""`` is outside of groups."""
        return {
            (word.setting or word.name): word.values
            for word in self.plain
            if (word.group if word.setting else "") == group and word.name not in groups()
        }


def read_words(arguments: Sequence[str]) -> Words:
    """Understand what is plain in the arguments of a run.

    Raises:
        ValueError: If several values are given where one job can have only one.
    """
    elsewhere = any(argument.startswith(ELSEWHERE) for argument in arguments)
    preset = any(re.match(rf"\+*({'|'.join(PRESETS)})=(?!null$)", argument) for argument in arguments)
    odd = any(argument.startswith("~") or re.match(r"\+*[\w.]+[/@]", argument) for argument in arguments)
    many = any(argument in MULTIRUN for argument in arguments)
    plain = tuple(_plain(arguments, many=many or preset or elsewhere))
    return Words(plain, many, clear=not (elsewhere or preset or odd))


def _plain(arguments: Iterable[str], *, many: bool) -> Iterable[Word]:
    for argument in arguments:
        found = _WORD.fullmatch(argument)
        if not found:
            continue
        prefix, name, value = found.groups()
        several = _SEVERAL.fullmatch(value)
        if several and not many and not name.startswith("hydra."):
            raise ValueError(
                f"{argument} gives several values: with -m, each is a job of its own; "
                f"for one list write '{name}=[{value}]'."
            )
        yield Word(name, tuple(value.split(",")) if several and many else (value,), bool(prefix))
