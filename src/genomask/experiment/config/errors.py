"""Errors of Hydra and OmegaConf in one line: the user's own words, what is allowed, and what may have been meant."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException, ValidationError

from genomask.checks import one_line
from genomask.console import program
from genomask.experiment.config.choices import did_you_mean, groups

INTERNAL: Final = ("hydra", "labels", "sweep")  # not offered to people
MISSING: Final = {  # what to say of choices that are not there
    "hydra/launcher/genomask_ray": "launcher=ray needs Ray: pip install '.[ray]' in a checkout.",
    "launcher/joblib": "launcher=joblib is gone: launcher=submitit_local runs a cell on every core "
    "(hydra.launcher.at_once=N: on N of them).",
    "launcher/stacked": "launcher=stacked is gone: leave it out, or use launcher=submitit_local.",
}
TYPES: Final = {  # by what OmegaConf calls them
    "to Integer": "a whole number", "to Float": "a number", "a valid bool": "true or false", "to string": "text",
    "a ListConfig": "a list, such as [a,b]", "a valid DictConfig": "settings of its own",
}  # fmt: skip


class ConfigurationError(ConfigCompositionException, ValueError):
    """A configuration that cannot be run, in one line."""


def in_one_line(work: Callable[[], Any]) -> Any:
    """Do Hydra's work; a user's mistake ends the program with one line. It takes the place of Hydra's own reporter."""
    try:
        return work()
    except (ValueError, OSError, HydraException, OmegaConfBaseException) as error:
        if "HYDRA_FULL_ERROR" in os.environ:
            raise
        sys.exit(f"error: {explain(error)}")


def explain(error: Exception, words: Sequence[str] = ()) -> str:
    """What was wrong, in one line.

    Args:
        error: Of composing or converting a configuration.
        words: The overrides that were composed.
    """
    text, cause = str(error), error if isinstance(error, OmegaConfBaseException) else error.__cause__
    word = re.search(r"Ambiguous value for argument '(.*)'|Sweep parameters '(.*)' requires", text)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        line = _unknown_choice(error.missing_cfg_file, list(error.options or ()))
    elif isinstance(error, OverrideParseException):
        line = _unreadable(error.override, text)
    elif "Config group override must be a string or a list" in text:
        line = next(filter(None, map(_no_name, words)), text)
    elif word:
        line = _several_values(word[1] or word[2])
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
    if path in MISSING:
        return MISSING[path]
    if not group:
        return f"there is no configuration {choice}.yaml: see --config-dir and --config-name."
    return f"unknown choice {group}={choice}; {group} has: {', '.join(options)}.{did_you_mean(choice, options)}"


def _no_name(word: str) -> str | None:
    """What is wrong with a word that gives a group a number or a truth value instead of a name."""
    group, _, choice = word.lstrip("+").partition("=")
    options = groups().get(group)
    return _unknown_choice(f"{group}/{choice}", options) if options and choice not in options else None


def _unknown_setting(error: OmegaConfBaseException) -> str:
    """The settings of the group are those of the configuration that was composed so far."""
    name = str(error.full_key)
    group, _, last = name.rpartition(".")
    parent = error.parent_node
    known = [str(key) for key in parent] if isinstance(parent, DictConfig) else []
    if group:
        near = did_you_mean(last, known, prefix=f"{group}.")
        return f"unknown setting {name}; {group} has: {', '.join(sorted(known))}.{near}"
    known = [key for key in known if key not in INTERNAL]
    nodes = {key: parent._get_node(key) for key in known} if isinstance(parent, DictConfig) else {}
    inner = [f"{key}.{inner}" for key, node in nodes.items() if isinstance(node, DictConfig) for inner in node]
    near = did_you_mean(name, [*known, *groups(), *inner])
    return f"unknown group or setting {name}.{near} All of them: {program()} --cfg job"


def _wrong_type(error: OmegaConfBaseException) -> str:
    text = str(error).splitlines()[0]
    if "is not Optional" in text:
        return f"{error.full_key} needs a value; found null."
    needed = next((needed for phrase, needed in TYPES.items() if phrase in text), None)
    if needed is None:
        return f"{error.full_key}: {text}"
    return f"{error.full_key} needs {needed}; found {getattr(error, 'value', None)!r}."


def _several_values(word: str) -> str:
    name, _, value = word.partition("=")
    if not re.fullmatch(r"[^()]*", value):
        return f"{word} gives several values: with -m, each is a job of its own."
    return (
        f"{word} gives several values: with -m, each is a job of its own; "
        f"for one list write '{name}=[{value}]', for one value with commas \"{name}='{value}'\"."
    )


def _unreadable(word: str, text: str) -> str:
    name, equals, value = word.partition("=")
    if not equals:
        return f"{word} sets nothing: write group=choice or setting=value."
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    reason = next((line for line in text.splitlines() if "HydraException while" in line or "mismatched" in line), "")
    return f"{word} cannot be read. {reason} If the value is one text, quote it: \"{name}='{quoted}'\""
