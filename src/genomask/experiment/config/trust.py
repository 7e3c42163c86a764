"""What a configuration may do: choose settings. No file of it runs a command, or calls what is not ours.

Hydra calls what ``_target_`` names below ``hydra.callbacks`` and ``hydra.launcher``, lets the configuration of
logging make objects, and sets variables of the environment. Its own list of refused targets covers known ways to run
code; the lists here name what is accepted. So a file that somebody else wrote can run nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, Final, NamedTuple, cast

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from omegaconf import DictConfig, OmegaConf

from genomask.checks import one_line
from genomask.experiment.config.errors import ConfigurationError, explain

RESOLVERS: Final = (
    "hydra", "now", "python_version", "oc.select", "oc.deprecated", "oc.dict.keys", "oc.dict.values",
)  # fmt: skip
LOGGING: Final = (
    "logging.StreamHandler", "logging.FileHandler", "logging.NullHandler", "colorlog.ColoredFormatter",
)  # fmt: skip
NOTHING: Final = r"(?!)"
ANYTHING: Final = r"(?s:.*)"


class Rule(NamedTuple):
    """Which values may stand at some places (both are patterns), and what to say of others."""

    place: str
    allowed: str
    problem: str


RULES: Final = (  # the first that fits a place counts
    Rule(r"hydra\.overrides\..*|hydra\.job\.override_dirname", ANYTHING, ""),  # what was typed, as text
    Rule(r"masking\._target_", ANYTHING, ""),  # stages/strategy.py: a subclass of Masking
    Rule(
        r"hydra\.(launcher|sweeper)\._target_",
        r"(hydra_plugins|hydra\._internal\.core_plugins)\..*",
        "needs one of Hydra's plugins",
    ),
    Rule(r"(.*\.)?_target_", NOTHING, "needs to be absent: only masking._target_ may name a class"),
    Rule(r"hydra\.callbacks\..*", NOTHING, "needs to be absent: genomask has no callbacks"),
    Rule(r"hydra\.job\.env_set\..*", NOTHING, "needs to be absent: set variables of the environment in your shell"),
    Rule(
        r"hydra\.(job|hydra)_logging\.(.*\.)?(\(\)(\..*)?|\.|class|factory)",
        "|".join(map(re.escape, LOGGING)),
        f"needs one of {', '.join(LOGGING)}",
    ),
    Rule(
        r"hydra\.(job|hydra)_logging\..*",
        r"ext://sys\.std(out|err)|(?s:(?!.*://).*)",
        "needs ext://sys.stdout or ext://sys.stderr",
    ),
)
# What a launcher hands to a shell; and the leave for code that a model brings along.
COMMANDS: Final = re.compile(
    r"hydra\.launcher\.(.*\.)?(setup|additional_parameters|runtime_env|python|srun_args)(\..*)?|model\.trust_remote_code"
)
_RESOLVER: Final = re.compile(r"\$\{\s*([^{}:\s]*)\s*:")


def watch_composition() -> None:
    """From now on, check every configuration that Hydra composes in this process before Hydra acts on it.

    Hydra offers no hook at this point, so its loader is wrapped (hydra-core is pinned below 1.4).
    """
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
        typed = composed["hydra"]["overrides"]
        check_trusted(composed, typed=[*typed["hydra"], *typed["task"]])
        return cfg

    ConfigLoaderImpl.load_configuration = load  # pyright: ignore[reportAttributeAccessIssue]


def check_trusted(cfg: Any, *, typed: Any = ()) -> None:
    """Refuse a configuration that would call, run or read what a configuration has no business with.

    Args:
        cfg: The whole configuration as plain containers, interpolations unresolved.
        typed: Overrides of Hydra's part from the command line; what runs a shell may stand only there.

    Raises:
        ConfigurationError: For the first such setting, in one line.
    """
    own = [word.lstrip("+~").partition("=")[0] for word in typed]
    for parts, value in leaves(cfg):
        place = ".".join(parts)
        problem = _problem(place, value, own)
        if problem:
            raise ConfigurationError(f"{place} {problem}; found {one_line(repr(value))}.")


def _problem(place: str, value: Any, typed: Sequence[str]) -> str | None:
    """Why a value is refused, if it is."""
    rule = next((rule for rule in RULES if re.fullmatch(rule.place, place, re.DOTALL)), None)
    foreign = [name for name in _RESOLVER.findall(str(value)) if name not in RESOLVERS]
    if foreign and rule is not RULES[0]:
        return f"must not use ${{{foreign[0]}:...}}, whose value would be kept in saved files: let your shell put it in"
    if rule is not None and not re.fullmatch(rule.allowed, str(value)):
        return rule.problem
    if place.startswith("hydra.launcher.") and isinstance(value, str) and not value.isprintable():
        return "needs one line, as it becomes one of a script"
    in_typed = any(place == word or place.startswith(f"{word}.") for word in typed)
    if COMMANDS.fullmatch(place) and value not in (None, False) and not in_typed:
        return f"runs commands, so it counts on the command line only: {place}=..."
    return None


def leaves(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Everything that is no container, with where it stands; the numbers of lists are left out."""
    items: Iterable[tuple[tuple[str, ...], Any]]
    if isinstance(value, Mapping):
        items = (((*place, str(key)), inner) for key, inner in value.items())
    elif isinstance(value, list | tuple):
        items = ((place, inner) for inner in value)
    else:
        yield place, value
        return
    for inner_place, inner in items:
        yield from leaves(inner, inner_place)
