"""The choices of every configuration group as their YAML files say them, comments included."""

import re
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

CONF: Final = Path(__file__).parents[2] / "conf"
_SETTING: Final = re.compile(r"(?P<indent> *)(?P<name>[\w.]+):(?:\s+(?P<value>[^#]*?))?\s*(?:#\s*(?P<said>.*))?")


class Choice(NamedTuple):
    """One YAML file: what its head says, its settings, and what stands beside each of them."""

    name: str
    head: str
    values: dict[str, Any]
    said: dict[str, str]


def read_group(group: str) -> list[Choice]:
    """All choices of a group, those that start from another one with what they take from it."""
    return [read_choice(path) for path in sorted((CONF / group).glob("*.yaml"))]


def read_choice(path: Path) -> Choice:
    """One choice; a setting below another is called ``outer.inner``."""
    text = path.read_text(encoding="utf-8")
    loaded = yaml.safe_load(text) or {}
    head = [line[1:].strip() for line in _leading(text) if not line.startswith("# @package")]
    values, said = {}, {}
    for base in loaded.pop("defaults", []):
        if isinstance(base, str) and (path.parent / f"{base}.yaml").exists():
            inherited = read_choice(path.parent / f"{base}.yaml")
            values, said = values | inherited.values, said | inherited.said
        elif isinstance(base, dict):
            taken = {name.removeprefix("override /"): to for name, to in base.items() if name.startswith("override")}
            values |= taken
    return Choice(path.stem, " ".join(map(_way, head)), values | flat(loaded), said | _beside(text))


def flat(tree: dict[str, Any], outer: str = "") -> dict[str, Any]:
    """Settings by dotted name."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{outer}{name}.")
        else:
            found[f"{outer}{name}"] = value
    return found


def _way(line: str) -> str:
    """A line of a head; one with a command and, further right, what it does stands by itself."""
    command = re.fullmatch(r"(\S.*?) {2,}(\S.*)", line)
    return f"<br>`{command[1]}`: {command[2]}" if command else line


def _leading(text: str) -> list[str]:
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return lines[:end]


def _beside(text: str) -> dict[str, str]:
    """The comment behind every setting, by dotted name."""
    above: list[str] = []
    found = {}
    for line in text.splitlines():
        match = _SETTING.fullmatch(line)
        if match is None:
            continue
        above = [*above[: len(match["indent"]) // 2], match["name"]]
        if match["said"]:
            found[".".join(above)] = match["said"]
    return found
