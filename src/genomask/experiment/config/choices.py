"""Groups of the configuration and their choices, read without Hydra so that help is quick; names that are alike."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
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


def lineage(group: str, choice: str) -> list[Path]:
    """The choice's file, after those of its group that it takes over (``quick`` is ``paper``, but for ...)."""
    file = CONF / group / f"{choice}.yaml"
    entries = read_yaml(file).get("defaults", ())
    return [*(path for entry in entries if entry in groups()[group] for path in lineage(group, entry)), file]


@cache
def default_choices() -> dict[str, str | None]:
    """The choice of every group that the command line leaves alone."""
    entries = [entry for entry in read_yaml(CONF / "config.yaml")["defaults"] if isinstance(entry, dict)]
    return {name: choice for entry in entries for name, choice in entry.items() if " " not in name}


def topics() -> dict[str, list[str]]:
    """The groups in the order of the defaults list of ``config.yaml``, under the comments that stand there."""
    found: dict[str, list[str]] = {}
    for line in (CONF / "config.yaml").read_text(encoding="utf-8").partition("\ndefaults:\n")[2].splitlines():
        heading, member = re.fullmatch(r"  # (.+):", line), re.match(r"  - (\w+):", line)
        if heading:
            found[heading[1]] = []
        elif member and found:
            list(found.values())[-1].append(member[1])
        elif line and not line.startswith(" "):
            break
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


def near_misses(name: str, known: Iterable[str]) -> list[str]:
    """The known names that are most like a name, best first.

    Names that it begins come first, then names with the same last part (``max_steps`` for
    ``pretrain.max_steps``), then names that are spelt alike.
    """
    known = list(known)
    begun = [other for other in known if other.startswith(name) and "." not in other.removeprefix(name)]
    ends = {other.rpartition(".")[2]: other for other in known if "." in other}
    alike = get_close_matches(name, known, n=3, cutoff=0.6)
    if "." not in name:
        alike += [ends[end] for end in get_close_matches(name, ends, n=2, cutoff=0.75)]
    same_end = [other for other in known if other.rpartition(".")[2] == name.rpartition(".")[2]]
    return list(dict.fromkeys([*begun, *same_end, *alike]))[:3]


def did_you_mean(name: str, known: Iterable[str], *, prefix: str = "") -> str:
    """``Did you mean A or B?``, with a space before it; nothing where nothing is like it."""
    near = [f"{prefix}{other}" for other in near_misses(name, known)]
    return f" Did you mean {' or '.join(near)}?" if near else ""
