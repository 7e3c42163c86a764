"""Words of the command line: as people type them, as Hydra reads them; Hydra's errors about them in one line."""

import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException, ValidationError

from genomask.checks import one_line
from genomask.console import program, say
from genomask.experiment.config.choices import did_you_mean, groups

# Groups whose default is null: the plus is left out.
PRESETS: Final = ("+experiment=", "+variant=", "+contender=", "+probe=", "+suite=")
RENAMED: Final = {  # settings by the names that they had; they are taken for one release
    "match_rate": "match.tokens",
    "model.k": "tokens.k",
    "masking.corrupt": "corrupt.unit",
    "masking.random_specials": "corrupt.random_specials",
    "task.column": "task.split",
}
# Settings that are themselves choices of a group, by what Hydra calls them.
CHOICES: Final = {f"masking.{part}": f"masking@masking.{part}" for part in ("first", "second")}
INTERNAL: Final = ("hydra", "labels", "sweep")  # not offered to people
NO_RAY: Final = "launcher=ray needs Ray: pip install '.[ray]' in a checkout."
TYPES: Final = {  # by what OmegaConf calls them
    "to Integer": "a whole number", "to Float": "a number", "a valid bool": "true or false", "to string": "text",
    "a ListConfig": "a list, such as [a,b]", "a valid DictConfig": "settings of its own",
}  # fmt: skip
_WORD: Final = re.compile(r"([+~]*[\w/@.:-]+)=(.*)", re.ASCII | re.DOTALL)
_REGION: Final = re.compile(r"[^\s,:]+:[\d,]+-[\d,]+")  # chr1:1,001-1,070, as UCSC writes it

typed: list[str] = []  # the words of this run as they were typed


class ConfigurationError(ConfigCompositionException, ValueError):
    """A configuration that cannot be run, in one line."""


def hydra_word(word: str) -> str:
    """The word with quotes around what Hydra would not read as one text: ``=``, ``(``, ``~``, letters of any
    alphabet. What has quotes or brackets of its own stays as it is. Old names become the new ones, with a warning."""
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
        return f"{name}='{value}'"
    listed = re.fullmatch(r"\[(.*)\]", value, re.DOTALL)
    inner = listed[1] if listed else value
    if _is_readable(f"{name}={value}") or re.search(r"[\[\]{}\"']", inner):
        return f"{name}={value}"
    tails = ((item, item[len(item.rstrip("\\")) :]) for item in inner.split(","))  # doubled before the closing quote
    items = [item if _is_readable(f"x={item}") else f"'{item}{tail}'" for item, tail in tails]
    return f"{name}=[{','.join(items)}]" if listed else f"{name}={','.join(items)}"


def typed_again(*changes: str) -> str:
    """The command that was typed, with other values of some settings; a flag comes first."""
    names = {change.partition("=")[0] for change in changes}
    kept = [word for word in typed if word.lstrip("+").partition("=")[0] not in names]
    flags = [change for change in changes if change.startswith("-")]
    return " ".join([program(), *flags, shlex.join([*kept, *(change for change in changes if change not in flags)])])


@cache
def _is_readable(word: str) -> bool:
    try:
        OverridesParser.create().parse_override(word)
    except HydraException:
        return False
    return True


def in_one_line(work: Callable[[], Any]) -> Any:
    """Do Hydra's work; a user's mistake ends the program with one line. It takes the place of Hydra's own reporter."""
    try:
        return work()
    except (ValueError, OSError, HydraException, OmegaConfBaseException) as error:
        if "HYDRA_FULL_ERROR" in os.environ:
            raise
        sys.exit(f"error: {explain(error)}")


def explain(error: Exception, words: Sequence[str] = ()) -> str:
    """What was wrong with a configuration, in one line; ``words`` are the overrides that were composed."""
    text, cause = str(error), error if isinstance(error, OmegaConfBaseException) else error.__cause__
    several = re.search(r"Ambiguous value for argument '(.*)'|Sweep parameters '(.*)' requires", text)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        line = _unknown_choice(error.missing_cfg_file, list(error.options or ()))
    elif isinstance(error, OverrideParseException):
        line = _unreadable(error.override, text)
    elif "Config group override must be a string or a list" in text:  # a group was given a number or a truth value
        given = (word.lstrip("+").partition("=")[::2] for word in words)
        wrong = ((group, choice) for group, choice in given if choice not in groups().get(group, [choice]))
        line = next((_unknown_choice(f"{group}/{choice}", groups()[group]) for group, choice in wrong), text)
    elif several:
        word = several[1] or several[2]
        name, _, value = word.partition("=")
        line = f"{word} gives several values: with -m, each is a job of its own"
        if not re.search(r"[()]", value):
            line += f"; for one list write '{name}=[{value}]', for one value with commas \"{name}='{value}'\""
        line += "."
    elif isinstance(cause, ConfigAttributeError | ConfigKeyError):
        line = _unknown_setting(cause)
    elif isinstance(cause, ValidationError):
        line = _wrong_type(cause)
    elif isinstance(cause, OmegaConfBaseException):
        line = ": ".join(filter(None, (cause.full_key, str(cause).splitlines()[0])))
    else:
        line = text
    return one_line(line) or type(error).__name__


def _unknown_choice(path: str, options: Sequence[str]) -> str:
    group, _, choice = path.rpartition("/")
    if choice == "genomask_ray":
        return NO_RAY
    if not group:
        return f"there is no configuration {choice}.yaml: see --config-dir and --config-name."
    return f"unknown choice {group}={choice}; {group} has: {', '.join(options)}.{did_you_mean(choice, options)}"


def _unknown_setting(error: OmegaConfBaseException) -> str:
    """The settings of the group are those of the configuration that was composed so far."""
    name, parent = str(error.full_key), error.parent_node
    group, _, last = name.rpartition(".")
    nodes = {str(key): parent._get_node(key) for key in parent} if isinstance(parent, DictConfig) else {}
    if group:
        near = did_you_mean(last, nodes, prefix=f"{group}.")
        return f"unknown setting {name}; {group} has: {', '.join(sorted(nodes))}.{near}"
    nodes = {key: node for key, node in nodes.items() if key not in INTERNAL}
    inner = [f"{key}.{inner}" for key, node in nodes.items() if isinstance(node, DictConfig) for inner in node]
    near = did_you_mean(name, [*nodes, *groups(), *inner])
    return f"unknown group or setting {name}.{near} All of them: {program()} --cfg job"


def _wrong_type(error: OmegaConfBaseException) -> str:
    text = str(error).splitlines()[0]
    if "is not Optional" in text:
        return f"{error.full_key} needs a value; found null."
    needed = next((needed for phrase, needed in TYPES.items() if phrase in text), None)
    found = f"{error.full_key} needs {needed}; found {getattr(error, 'value', None)!r}."
    return f"{error.full_key}: {text}" if needed is None else found


def _unreadable(word: str, text: str) -> str:
    name, equals, value = word.partition("=")
    if not equals:
        return f"{word} sets nothing: write group=choice or setting=value."
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    reason = next((line for line in text.splitlines() if "HydraException while" in line or "mismatched" in line), "")
    return f"{word} cannot be read. {reason} If the value is one text, quote it: \"{name}='{quoted}'\""
