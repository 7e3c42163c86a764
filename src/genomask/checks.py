"""One way to refuse a value: say what was needed and what was found, in one line of bearable length."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Final

LONGEST: Final = 200  # characters that are shown of what was found


def require(condition: object, setting: str, needed: str, found: object) -> None:
    """Raise a ValueError, ``<setting> needs <needed>; found <found>.``, unless the condition holds."""
    if not condition:
        raise ValueError(f"{setting} needs {needed}; found {shown(found)}.")


def require_each(settings: object, group: str, names: str, fits: Callable[[Any], bool], needed: str) -> None:
    """Raise for the first of these settings of a group (names with blanks between them) that does not fit."""
    for name in names.split():
        value = getattr(settings, name)
        require(fits(value), f"{group}.{name}", needed, value)


def require_choice(value: str, setting: str, choices: tuple[str, ...]) -> None:
    """Raise unless the value is one of the choices."""
    require(value in choices, setting, f"one of {', '.join(choices)}", value)


def require_packages(who: str, *packages: str, extra: str) -> None:
    """Raise unless all packages are installed, which the extra brings along. Raises ValueError naming those that are
    missing, and the command that installs them."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        names = ", ".join("scikit-learn" if name == "sklearn" else name.replace("_", "-") for name in missing)
        raise ValueError(f"{who} needs {names}: run pip install '.[{extra}]' in a checkout of genomask.")


def shown(value: object) -> str:
    """What was found, for a message: the beginning, where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def one_line(text: str) -> str:
    """A message that quotes a file, in one line; the beginning, where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= 2 * LONGEST else f"{line[: 2 * LONGEST]}..."
