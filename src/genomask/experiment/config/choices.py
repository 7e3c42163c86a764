"""Groups of the configuration and their choices, read without Hydra so that help is quick; near misses."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from string import Template
from textwrap import wrap
from typing import Any, Final

from genomask.console import program
from genomask.files import shipped

CONF: Final = shipped("conf")
SCRIPT: Final = "python train.py"  # in a checkout
WIDTH: Final = 110


@cache
def groups() -> dict[str, list[str]]:
    """Choices of every group, in alphabetical order."""
    folders = (folder for folder in sorted(CONF.iterdir()) if folder.is_dir())
    return {folder.name: sorted(file.stem for file in folder.glob("*.yaml")) for folder in folders}


def read_yaml(path: Path) -> dict[str, Any]:
    """Read one file of the configuration; an empty one says nothing."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where libyaml is there
    return yaml.load(path.read_text(encoding="utf-8"), loader) or {}


def help_text(arguments: Sequence[str], tools: Mapping[str, str]) -> str:
    """The help page for these arguments: of a group, or of everything, whose text is in ``conf/config.yaml``."""
    names = [word.partition("=")[0] for word in arguments if not word.startswith("-")]
    main = read_yaml(CONF / "config.yaml")
    entries = [entry for entry in main["defaults"] if isinstance(entry, dict)]
    defaults = {name: choice for entry in entries for name, choice in entry.items()}
    if names and names[0] in groups():
        return _group_page(names[0], defaults.get(names[0])).replace(SCRIPT, program())
    if names and "=" not in "".join(arguments):
        near = did_you_mean(names[0], groups())
        raise ValueError(f"--help knows the groups {', '.join(groups())}, not {names[0]}.{near}")
    lines = []
    for topic, members in topics().items():
        lines.append(f"{topic}:")
        for group in members:
            words = [f"[{name}]" if name == defaults[group] else name for name in groups()[group]]
            lines += _row(f"  {group:12} ", " ".join(sorted(words, key=lambda word: word[0] != "[")))
    lines += ["Tools (python train.py TOOL --help):", *(f"  {word:12} {purpose}" for word, purpose in tools.items())]
    page = Template(main["hydra"]["help"]["template"]).substitute(APP_CONFIG_GROUPS="\n".join(lines) + "\n")
    return f"{page}\n".replace(SCRIPT, program())


def topics() -> dict[str, list[str]]:
    """The groups in the order of the defaults list of ``config.yaml``, under the comments that stand there."""
    found: dict[str, list[str]] = {}
    text = (CONF / "config.yaml").read_text(encoding="utf-8").partition("\ndefaults:\n")[2].partition("\n\n")[0]
    for heading, member in re.findall(r"^  # (.+):$|^  - (\w+):", text, re.MULTILINE):
        if heading:
            found[heading] = []
        elif found:
            list(found.values())[-1].append(member)
    return found


def _group_page(group: str, default: str | None) -> str:
    """Every choice of a group with its purpose, the first remark of its file, and the settings of the default one."""
    lines, width = [f"{group}: python train.py {group}=CHOICE", ""], max(map(len, groups()[group])) + 2
    for choice in groups()[group]:
        text = (CONF / group / f"{choice}.yaml").read_text(encoding="utf-8")
        purpose = next((line for line in text.splitlines() if line.startswith("#") and "@package" not in line), "")
        mark = "*" if choice == default else " "
        lines += _row(f" {mark} {choice:{width}} ", purpose.lstrip("# "))
    settings = [] if default is None else list(_settings(group, default).values())
    if settings:
        about = f"Settings of {group}={default} (* the default); write them as {group}.NAME=VALUE:"
        lines += ["", about, *(f"  {line}" for line in settings)]
    return "\n".join(lines) + "\n"


def _row(start: str, text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent=start, subsequent_indent=" " * len(start)) or [start]


def _settings(group: str, choice: str) -> dict[str, str]:
    """The lines of a choice's file that give a value, after those of the choices that it takes over."""
    file = CONF / group / f"{choice}.yaml"
    found: dict[str, str] = {}
    for entry in read_yaml(file).get("defaults", ()):
        found |= _settings(group, entry) if entry in groups()[group] else {}
    lines = (re.match(r"(?!defaults|_target_)(\w+): .+", line) for line in file.read_text("utf-8").splitlines())
    return found | {line[1]: line[0] for line in lines if line}


def near_misses(name: str, known: Iterable[str]) -> list[str]:
    """The known names that are most like a name, best first. Names that it begins come first, then names with the
    same last part (``max_steps`` for ``pretrain.max_steps``), then names that are spelt alike."""
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
