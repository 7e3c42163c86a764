"""Groups of the configuration and their choices, read without Hydra, so that help and typos cost no wait."""

from functools import cache
from pathlib import Path
from typing import Any, Final

PACKAGE: Final = Path(__file__).resolve().parents[2]
CHECKOUT_CONF: Final = PACKAGE.parents[1] / "conf"
CONF: Final = CHECKOUT_CONF if CHECKOUT_CONF.is_dir() else PACKAGE / "conf"


@cache
def groups() -> dict[str, list[str]]:
    """Choices of every group, in alphabetical order."""
    return {
        folder.name: sorted(file.stem for file in folder.glob("*.yaml"))
        for folder in sorted(CONF.iterdir())
        if folder.is_dir()
    }


@cache
def read_choice(group: str, choice: str) -> dict[str, Any]:
    """What the file of a choice says, with what it takes over from other choices of its group."""
    said: dict[str, Any] = {}
    for name in lineage(group, choice):
        said |= read_yaml(CONF / group / f"{name}.yaml")
    own = [entry for entry in said.get("defaults", ()) if entry not in ("_self_", *groups()[group])]
    return said | {"defaults": own}


def lineage(group: str, choice: str) -> list[str]:
    """The choice, after those of its group that its file takes over (``quick`` is ``paper``, but for ...)."""
    entries = read_yaml(CONF / group / f"{choice}.yaml").get("defaults", ())
    before = [name for entry in entries if entry in groups()[group] for name in lineage(group, entry)]
    return [*before, choice]


@cache
def read_defaults() -> dict[str, Any]:
    """What ``config.yaml`` says: the default choice of every group, and the settings outside of groups."""
    return read_yaml(CONF / "config.yaml")


def default_choices() -> dict[str, str | None]:
    """The choice of every group that nothing else is said of."""
    found: dict[str, str | None] = {}
    for entry in read_defaults()["defaults"]:
        if isinstance(entry, dict):
            found |= {name: choice for name, choice in entry.items() if " " not in name}
    return found


def purpose(group: str, choice: str) -> str:
    """The first sentence of a choice's file, which says what it is."""
    for line in (CONF / group / f"{choice}.yaml").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") and "@package" not in line:
            return line.removeprefix("#").strip()
    return ""


def read_yaml(path: Path) -> dict[str, Any]:
    """Read one file of the configuration; an empty one says nothing."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where libyaml is there
    return yaml.load(path.read_text(encoding="utf-8"), loader) or {}
