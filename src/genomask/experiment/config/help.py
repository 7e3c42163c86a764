"""The help pages: one for everything, one for a group (``python train.py masking --help``)."""

import re
from collections.abc import Mapping, Sequence
from string import Template
from textwrap import wrap

from genomask.experiment.config.choices import CONF, default_choices, groups, lineage, purpose, read_defaults
from genomask.experiment.config.nearby import meant, question

WIDTH = 110
MOST = 30  # letters of a value that remarks are lined up behind
TOPICS = {  # what a newcomer wants to choose first, and what may wait
    "What to learn from": ("genome", "corpus", "ranking", "vocab"),
    "How to pretrain": ("masking", "model", "pretrain", "wc", "hga"),
    "What to learn": ("task", "leaks", "classifier", "fewshot", "fs", "finetune"),
    "What to do": ("stage", "experiment", "variant", "variants", "motifs"),
    "Where to run": ("trainer", "logger", "launcher"),
}


def help_text(arguments: Sequence[str], tools: Mapping[str, str]) -> str:
    """The help page that the arguments ask for; its words are in ``conf/config.yaml``, where Hydra looks.

    Raises:
        ValueError: If the first word is neither an option nor a group.
    """
    asked = [word.partition("=")[0] for word in arguments if not word.startswith("-")]
    if asked and asked[0] in groups():
        return _group_page(asked[0])
    if asked and "=" not in "".join(arguments):
        near = question(meant(asked[0], groups()))
        raise ValueError(f"--help knows the groups {', '.join(groups())}, not {asked[0]}.{near}")
    template = Template(read_defaults()["hydra"]["help"]["template"])
    return template.substitute(APP_CONFIG_GROUPS=_groups() + _tools(tools)) + "\n"


def _groups() -> str:
    """Every group with its choices, the default one first in brackets."""
    lines = []
    for topic, members in TOPICS.items():
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
    """What every choice of a group is, and the settings of the default one."""
    default = default_choices().get(group)
    lines = [f"{group}: python train.py {group}=CHOICE", ""]
    width = max(map(len, groups()[group])) + 2
    for choice in groups()[group]:
        mark = "*" if choice == default else " "
        first, *rest = wrap(_plain(purpose(group, choice)), WIDTH - width - 4) or [""]
        lines += [f" {mark} {choice:{width}} {first}", *(f"{'':{width + 4}}{line}" for line in rest)]
    shown = [] if default is None else _settings(group, default)
    if shown:
        lines += [
            "",
            f"Settings of {group}={default} (* the default); write them as {group}.NAME=VALUE:",
            *shown,
        ]
    return "\n".join(lines) + "\n"


def _settings(group: str, choice: str) -> list[str]:
    """The lines of a choice's file that give a value, with what the file says of it."""
    files = [CONF / group / f"{name}.yaml" for name in lineage(group, choice)]
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    found = [re.fullmatch(r"(\w+):\s*([^#]*?)\s*(#.*)?", line) for line in lines]
    known = {row[1]: row.groups("") for row in found if row and row[1] not in ("defaults", "_target_")}
    rows = list(known.values())
    width = max((len(f"{name}: {value}") for name, value, _ in rows if len(value) < MOST), default=0)
    return [f"  {f'{name}: {value}':{width}}  {remark}".rstrip() for name, value, remark in rows]


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)
