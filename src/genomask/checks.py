"""One way to refuse a value: say what was needed and what was found, in one line of bearable length."""

from typing import Final

LONGEST: Final = 200  # characters that are shown of what was found


def require(condition: object, setting: str, needed: str, found: object) -> None:
    """Raise unless the condition holds.

    Raises:
        ValueError: ``<setting> needs <needed>; found <found>.``
    """
    if not condition:
        raise ValueError(f"{setting} needs {needed}; found {shown(found)}.")


def require_choice(value: str, setting: str, choices: tuple[str, ...]) -> None:
    """Raise unless the value is one of the choices."""
    require(value in choices, setting, f"one of {', '.join(choices)}", value)


def shown(value: object) -> str:
    """What was found, for a message: the beginning, where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def one_line(text: str) -> str:
    """A message that quotes a file, in one line; the beginning, where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= 2 * LONGEST else f"{line[: 2 * LONGEST]}..."
