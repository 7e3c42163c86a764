"""What a configuration may do: choose settings. No file of it runs a command, or calls what is not ours.

Hydra itself calls whatever ``_target_`` names below ``hydra.callbacks`` and ``hydra.launcher``, lets the
configuration of logging make any object, and sets variables of the environment. A file that somebody else
wrote (``--config-dir``, a saved ``rerun.yaml``) could so run any command before a stage has begun.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, Final

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.errors import CompactHydraException, ConfigCompositionException
from omegaconf import DictConfig, OmegaConf

from genomask.checks import one_line

STRATEGY: Final = ("masking", "_target_")  # a class, which stages/strategy.py holds against Masking
LONGEST_MESSAGE: Final = 800  # characters
PLUGINS: Final = ("hydra_plugins.", "hydra._internal.core_plugins.")
LOGGING: Final = (
    "logging.StreamHandler", "logging.FileHandler", "logging.NullHandler", "colorlog.ColoredFormatter",
)  # fmt: skip
RESOLVERS: Final = (
    "hydra", "now", "python_version", "oc.select", "oc.deprecated", "oc.dict.keys", "oc.dict.values",
)  # fmt: skip
SHELL: Final = ("setup", "additional_parameters", "runtime_env", "python", "srun_args")  # of launchers

_RESOLVER: Final = re.compile(r"\$\{\s*([^{}:\s]*)\s*:")
_STREAM: Final = re.compile(r"ext://sys\.std(out|err)")

Place = tuple[str, ...]


def watch_composition() -> None:
    """From now on, check every configuration that Hydra composes in this process before Hydra acts on it.

    Hydra offers no hook at this point, so its loader is wrapped (hydra-core is pinned below 1.4).
    """
    original = ConfigLoaderImpl.load_configuration
    if hasattr(original, "__wrapped__"):
        return

    @wraps(original)
    def load(loader: ConfigLoaderImpl, *arguments: Any, **named: Any) -> DictConfig:
        try:
            cfg = original(loader, *arguments, **named)
            found = OmegaConf.to_container(cfg, resolve=False)
        except CompactHydraException as error:
            message = str(error)  # it quotes the value, however long, and then names the setting
            if len(message) <= LONGEST_MESSAGE:
                raise
            half = LONGEST_MESSAGE // 2
            raise ConfigCompositionException(f"{message[:half]} ... {message[-half:]}") from error
        except Exception as error:  # of any kind: YAML, encodings and interpolations fail in their own ways
            problem = one_line(str(error)) or type(error).__name__
            raise ConfigCompositionException(f"The configuration cannot be read: {problem}") from error
        check_trusted(found, typed=OmegaConf.to_container(cfg.hydra.overrides.hydra))
        return cfg

    ConfigLoaderImpl.load_configuration = load  # pyright: ignore[reportAttributeAccessIssue]


def check_trusted(cfg: Any, *, typed: Any = ()) -> None:
    """Refuse a configuration that would call, run or read what a configuration has no business with.

    Args:
        cfg: The whole configuration as plain containers, interpolations unresolved.
        typed: Overrides of Hydra's part from the command line; what runs a shell may stand only there.

    Raises:
        ConfigCompositionException: For the first such setting, in one line.
    """
    own = [word.lstrip("+~").partition("=")[0] for word in typed]
    for place, value in leaves(cfg):
        problem = _problem(place, value, own)
        if problem:
            raise ConfigCompositionException(f"{'.'.join(place)} {problem}; found {one_line(repr(value))}.")


def _problem(place: Place, value: Any, typed: Sequence[str]) -> str | None:
    """Why a value is refused, if it is."""
    problem = None
    foreign = [name for name in _RESOLVER.findall(str(value)) if name not in RESOLVERS]
    if place[:2] == ("hydra", "overrides") or place == ("hydra", "job", "override_dirname"):
        pass  # what was typed, as text; its effect stands elsewhere
    elif foreign:
        problem = (
            f"must not use ${{{foreign[0]}:...}}, whose value would be kept in saved configurations: "
            "let your shell put it in"
        )
    elif place[-1] == "_target_":
        problem = _problem_of_target(place, str(value))
    elif place[:2] == ("hydra", "callbacks"):
        problem = "needs to be absent: genomask has no callbacks"
    elif place[:3] == ("hydra", "job", "env_set"):
        problem = "needs to be absent: set variables of the environment in your shell"
    elif place[:2] in (("hydra", "job_logging"), ("hydra", "hydra_logging")):
        problem = _problem_of_logging(place, value)
    elif place[:2] == ("hydra", "launcher"):
        problem = _problem_of_launcher(place, value, typed)
    return problem


def _problem_of_target(place: Place, value: str) -> str | None:
    """A ``_target_`` names a launcher or a sweeper, or a masking strategy, and stands nowhere else."""
    if place == STRATEGY:
        return None
    if place in (("hydra", "launcher", "_target_"), ("hydra", "sweeper", "_target_")):
        return None if value.startswith(PLUGINS) else "needs one of Hydra's plugins"
    return "needs to be absent: only masking._target_ may name a class"


def _problem_of_logging(place: Place, value: Any) -> str | None:
    if place[-1] in ("()", ".", "class", "factory") or "()" in place:
        return None if value in LOGGING else f"needs one of {', '.join(LOGGING)}"
    if isinstance(value, str) and "://" in value and not _STREAM.fullmatch(value):
        return "needs ext://sys.stdout or ext://sys.stderr"
    return None


def _problem_of_launcher(place: Place, value: Any, typed: Sequence[str]) -> str | None:
    """A launcher's settings become lines of a script: one line each, and no commands but those typed."""
    if isinstance(value, str) and not value.isprintable():
        return "needs one line"
    commands = set(place[2:]) & set(SHELL)
    if commands and value is not None and not any(_covers(word, place) for word in typed):
        return f"runs commands, so it counts on the command line only: {'.'.join(place)}=..."
    return None


def _covers(word: str, place: Place) -> bool:
    """Whether a typed setting is this one, or holds it."""
    path = ".".join(place)
    return path == word or path.startswith(f"{word}.")


def leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Everything that is no container, with where it stands; the numbers of lists are left out."""
    items: Iterable[tuple[Place, Any]]
    if isinstance(value, Mapping):
        items = (((*place, str(key)), inner) for key, inner in value.items())
    elif isinstance(value, list | tuple):
        items = ((place, inner) for inner in value)
    else:
        yield place, value
        return
    for inner_place, inner in items:
        yield from leaves(inner, inner_place)
