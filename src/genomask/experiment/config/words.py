"""Words of the command line: as people type them, as Hydra's grammar has them, and typed again with a change."""

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Final

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from genomask.console import program, say

# Groups whose default is null: the plus is left out.
PRESETS: Final = ("+experiment=", "+variant=", "+contender=", "+probe=", "+suite=")
RENAMED: Final = {  # settings by the names that they had; they are taken for one release
    "match_rate": "match.tokens",
    "model.k": "tokens.k",
    "masking.corrupt": "corrupt.unit",
    "masking.random_specials": "corrupt.random_specials",
}
# Settings that are themselves choices of a group, by what Hydra calls them.
CHOICES: Final = {f"masking.{part}": f"masking@masking.{part}" for part in ("first", "second")}
_WORD: Final = re.compile(r"([+~]*[\w/@.:-]+)=(.*)", re.ASCII | re.DOTALL)
_REGION: Final = re.compile(r"[^\s,:]+:[\d,]+-[\d,]+")  # chr1:1,001-1,070, as UCSC writes it


def hydra_word(word: str) -> str:
    """The word with quotes around what Hydra would not read as one text: ``=``, ``(``, ``~``, letters of any alphabet.

    Whatever Hydra reads stays as it is, and so does what has quotes or brackets of its own. Old names of settings
    become the new ones, with a warning.
    """
    word = word.removeprefix("+") if word.startswith(PRESETS) else word
    found = _WORD.fullmatch(word)
    if found is None:
        return word
    name, value = found.groups()
    if name in RENAMED:
        say(f"warning: {name} is called {RENAMED[name]} now; the old name goes with the next release.", style="yellow")
        name = RENAMED[name]
    if name in CHOICES and value.isidentifier():
        name = CHOICES[name]
    if value.startswith("~/"):  # bash leaves it to the program
        value = str(Path(value).expanduser())
    if _REGION.fullmatch(value):
        return f"{name}={_quoted(value)}"
    listed = re.fullmatch(r"\[(.*)\]", value, re.DOTALL)
    inner = listed[1] if listed else value
    if _is_readable(f"{name}={value}") or re.search(r"[\[\]{}\"']", inner):
        return f"{name}={value}"
    items = [item if _is_readable(f"x={item}") else _quoted(item) for item in inner.split(",")]
    return f"{name}=[{','.join(items)}]" if listed else f"{name}={','.join(items)}"


def typed_again(*changes: str) -> str:
    """The command that was typed, with other values of some settings; a flag comes first."""
    names = {change.partition("=")[0] for change in changes}
    kept = [word for word in typed if word.lstrip("+").partition("=")[0] not in names]
    flags = [change for change in changes if change.startswith("-")]
    return " ".join([program(), *flags, shlex.join([*kept, *(change for change in changes if change not in flags)])])


typed: list[str] = []  # the words of this run as they were typed


def _quoted(text: str) -> str:
    tail = text[len(text.rstrip("\\")) :]  # a backslash before the closing quote is doubled
    return f"'{text}{tail}'"


@cache
def _is_readable(word: str) -> bool:
    try:
        OverridesParser.create().parse_override(word)
    except HydraException:
        return False
    return True
