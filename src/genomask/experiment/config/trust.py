"""What a configuration may do: choose settings. No file of it runs a command, or calls what is not ours.

Hydra refuses targets that are known to run code. The lists here name what is accepted, wherever Hydra calls what is
named, makes objects for logging, reads variables or hands text to a shell: a stranger's file can run nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, Final, cast

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from omegaconf import DictConfig, OmegaConf

from genomask.checks import one_line
from genomask.experiment.config.words import ConfigurationError, explain

RESOLVERS: Final = (
    "hydra", "now", "python_version", "oc.select", "oc.deprecated", "oc.dict.keys", "oc.dict.values",
)  # fmt: skip
LOGGING: Final = ("logging.StreamHandler", "logging.FileHandler", "logging.NullHandler", "colorlog.ColoredFormatter")
HANDLERS: Final = "|".join(map(re.escape, LOGGING))
LOGS: Final = r"hydra\.(job|hydra)_logging\."
PLUGINS: Final = r"(hydra_plugins|hydra\._internal\.core_plugins)\.[\w.]*"
TYPED: Final = re.compile(r"hydra\.overrides\..*|hydra\.job\.override_dirname", re.DOTALL)  # what was typed, as text
ABSENT: Final = "needs to be absent: only masking._target_ may name a class, and your shell alone sets variables"
# Places, what may stand there, and what to say of anything else. The first that fits a place counts.
RULES: Final = (
    (r"masking\.((first|second)\.)*_target_", r".*", ""),  # a subclass of Masking: stages/strategy.py
    (r"hydra\.(launcher|sweeper)\._target_", PLUGINS, "needs one of Hydra's plugins"),
    (r"(.*\.)?_target_|hydra\.(callbacks|job\.env_set)\..*", r"(?!)", ABSENT),
    (LOGS + r"(.*\.)?(\(\)(\..*)?|\.|class|factory)", HANDLERS, f"needs one of {', '.join(LOGGING)}"),
    (LOGS + r".*", r"ext://sys\.std(out|err)|(?!.*://).*", "needs ext://sys.stdout or ext://sys.stderr"),
    (r"hydra\.launcher\..*", r"[^\x00-\x1f\x7f\x85\u2028\u2029]*", "needs one line, as it becomes one of a script"),
)
# What a launcher hands to a shell, and the leave for code that a model brings along: on the command line only.
COMMANDS: Final = re.compile(
    r"hydra\.launcher\.(.*\.)?(setup|additional_parameters|runtime_env|python|srun_args)(\..*)?|model\.trust_remote_code"
)


def watch_composition() -> None:
    """From now on, check every configuration that Hydra composes in this process before Hydra acts on it. Hydra
    offers no hook at this point, so its loader is wrapped (hydra-core is pinned below 1.4)."""
    original = ConfigLoaderImpl.load_configuration
    if hasattr(original, "__wrapped__"):
        return

    @wraps(original)
    def load(
        loader: ConfigLoaderImpl, config_name: str | None, overrides: list[str], *arguments: Any, **named: Any
    ) -> DictConfig:
        try:
            cfg = original(loader, config_name, overrides, *arguments, **named)
            composed = cast(dict[str, Any], OmegaConf.to_container(cfg, resolve=False))
        except Exception as error:  # of any kind: YAML, encodings and interpolations fail in their own ways
            raise ConfigurationError(explain(error, overrides)) from error
        words = composed["hydra"]["overrides"]
        check_trusted(composed, typed=[*words["hydra"], *words["task"]])
        return cfg

    ConfigLoaderImpl.load_configuration = load  # pyright: ignore[reportAttributeAccessIssue]


def check_trusted(cfg: Any, *, typed: Sequence[str] = ()) -> None:
    """Refuse a configuration, as plain containers with interpolations unresolved, that would call, run or read what
    it has no business with; what runs a shell may stand only in ``typed``, the overrides of the command line. Raises
    ConfigurationError for the first such setting, in one line."""
    own = tuple(word.lstrip("+~").partition("=")[0] for word in typed)
    for place, value in leaves(cfg):
        problem = None if TYPED.fullmatch(place) else _problem(place, value, own)
        if problem:
            raise ConfigurationError(f"{place} {problem}; found {one_line(repr(value))}.")


def _problem(place: str, value: Any, typed: Sequence[str]) -> str | None:
    for name in re.findall(r"\$\{\s*([^{}:\s]*)\s*:", str(value)):
        if name not in RESOLVERS:
            return f"must not use ${{{name}:...}}, whose value would be kept in saved files: let your shell put it in"
    rule = next((rule for rule in RULES if re.fullmatch(rule[0], place, re.DOTALL)), None)
    if rule is not None and not re.fullmatch(rule[1], str(value), re.DOTALL):
        return rule[2]
    in_typed = any(f"{place}.".startswith(f"{word}.") for word in typed)
    if COMMANDS.fullmatch(place) and value not in (None, False) and not in_typed:
        return f"runs commands, so it counts on the command line only: {place}=..."
    return None


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Everything that is no container, with the dotted name of where it stands; numbers of lists are left out."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner, place)
    else:
        yield place, value
