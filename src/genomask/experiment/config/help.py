"""The help pages: one for everything, one for a group (``python train.py masking --help``)."""

import re
from collections.abc import Mapping, Sequence
from string import Template
from textwrap import wrap

from genomask.console import program
from genomask.experiment.config.choices import (
    CONF,
    default_choices,
    did_you_mean,
    groups,
    lineage,
    purpose,
    read_yaml,
    topics,
)

SCRIPT = "python train.py"  # in a checkout
WIDTH = 110
WIDEST = 30  # letters of a setting and its value that remarks are lined up behind


def help_text(arguments: Sequence[str], tools: Mapping[str, str]) -> str:
    """The help page for these arguments; its text is in ``conf/config.yaml``.

    Raises:
        ValueError: If the first word is neither an option nor a group.
    """
    names = [word.partition("=")[0] for word in arguments if not word.startswith("-")]
    if names and names[0] in groups():
        return _group_page(names[0]).replace(SCRIPT, program())
    if names and "=" not in "".join(arguments):
        near = did_you_mean(names[0], groups())
        raise ValueError(f"--help knows the groups {', '.join(groups())}, not {names[0]}.{near}")
    template = Template(read_yaml(CONF / "config.yaml")["hydra"]["help"]["template"])
    page = template.substitute(APP_CONFIG_GROUPS=_groups() + _tools(tools)) + "\n"
    return page.replace(SCRIPT, program())


def _groups() -> str:
    """Every group with its choices, the default one first in brackets."""
    lines = []
    for topic, members in topics().items():
        lines.append(f"{topic}:")
        for group in members:
            default = default_choices().get(group)
            others = [choice for choice in groups()[group] if choice != default]
            words = " ".join([f"[{default}]"] * (default is not None) + others)
            first, *rest = wrap(words, WIDTH - 15) or [""]
            lines += [f"  {group:12} {first}", *(f"{'':15}{line}" for line in rest)]
    return "\n".join(lines) + "\n"


def _tools(tools: Mapping[str, str]) -> str:
    lines = (f"  {word:12} {purpose}" for word, purpose in tools.items())
    return "\n".join(["Tools (python train.py TOOL --help):", *lines]) + "\n"


def _group_page(group: str) -> str:
    """Every choice of a group with its purpose, and the settings of the default one."""
    default = default_choices().get(group)
    lines = [f"{group}: python train.py {group}=CHOICE", ""]
    width = max(map(len, groups()[group])) + 2
    for choice in groups()[group]:
        mark = "*" if choice == default else " "
        first, *rest = wrap(_plain(purpose(group, choice)), WIDTH - width - 4) or [""]
        lines += [f" {mark} {choice:{width}} {first}", *(f"{'':{width + 4}}{line}" for line in rest)]
    settings = [] if default is None else _settings(group, default)
    if settings:
        lines += [
            "",
            f"Settings of {group}={default} (* the default); write them as {group}.NAME=VALUE:",
            *settings,
        ]
    return "\n".join(lines) + "\n"


def _settings(group: str, choice: str) -> list[str]:
    """The lines of a choice's file that give a value, with the remark behind it."""
    lines = [line for file in lineage(group, choice) for line in file.read_text(encoding="utf-8").splitlines()]
    found = [re.fullmatch(r"(\w+):\s*([^#]*?)\s*(#.*)?", line) for line in lines]
    known = {row[1]: row.groups("") for row in found if row and row[1] not in ("defaults", "_target_")}
    rows = list(known.values())
    width = max((len(f"{name}: {value}") for name, value, _ in rows if len(value) < WIDEST), default=0)
    return [f"  {f'{name}: {value}':{width}}  {remark}".rstrip() for name, value, remark in rows]


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)
