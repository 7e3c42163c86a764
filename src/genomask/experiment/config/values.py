"""Values of a command line as Hydra and its types read them, as far as they are plain."""

import re
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

NAMES: Final = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a word",
    NoneType: "null",
}


class UnclearError(Exception):
    """What only Hydra can tell."""


def parsed(text: str) -> Any:
    """A value as Hydra reads it, where that is plain.

    Raises:
        UnclearError: If it is more than a number, a word, null, true, false or a list of these.
    """
    listed = re.fullmatch(r"\[([^\[\]{}\"'$]*)\]", text)
    if listed:
        return [parsed(part.strip()) for part in listed[1].split(",")] if listed[1].strip() else []
    if re.search(r"[\[\]{}\"'$(),\\]", text) or text != text.strip() or not text:
        raise UnclearError
    word = {"null": None, "true": True, "false": False}
    if text.lower() in word:
        return word[text.lower()]
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)", text):
        return float(text)
    return text


def converted(value: Any, hint: Any, name: str) -> Any:
    """A value as a type has it.

    Raises:
        ValueError: If it is of another type.
        UnclearError: If the type is not a plain one.
    """
    if get_origin(hint) in (Union, UnionType):
        for member in get_args(hint):
            try:
                return converted(value, member, name)
            except ValueError:
                continue
        raise _wrong(name, get_args(hint), value)
    if get_origin(hint) is list:
        if not isinstance(value, list):
            raise ValueError(f"{name} needs a list, such as [a,b]; found {value!r}.")
        return [converted(item, get_args(hint)[0], name) for item in value]
    if hint not in NAMES:
        raise UnclearError
    if hint is float and isinstance(value, int | float | str) and not isinstance(value, bool):
        return _number(value, name)
    if hint is str and isinstance(value, str | int | float):
        return str(value)
    if type(value) is not hint:
        raise _wrong(name, (hint,), value)
    return value


def _wrong(name: str, hints: tuple[Any, ...], value: Any) -> ValueError:
    needed = " or ".join(NAMES.get(hint, "a list") for hint in hints)
    return ValueError(f"{name} needs {needed}; found {value!r}.")


def _number(value: int | float | str, name: str) -> float:
    try:
        return float(value)  # YAML reads 4e-4 as a word
    except ValueError:
        raise _wrong(name, (float,), value) from None
