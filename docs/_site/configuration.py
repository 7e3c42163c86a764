"""Write the configuration reference: ``python docs/_site/configuration.py [--check]``.

It is made of the schema's types and checks and of the comments in ``conf/``, and kept in ``docs/``, so that
it can be read in a checkout and a change of a setting shows in a diff. ``--check`` asks whether it is.
"""

import re
import sys
from dataclasses import MISSING
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from typing import Any, Final

import yaml
from choices import CONF, Choice, read_choice, read_group
from schema import Fact, facts_of, signature_facts, types_of

from genomask.experiment.stages.strategy import HANDED_OVER

PAGE: Final = Path(__file__).parents[1] / "reference" / "configuration.md"
HEAD: Final = """\
# Configuration

<!-- Written by `make reference` from config/schema.py and conf/. -->

Every setting, by group. A group's choice is taken with `GROUP=CHOICE`, a setting with `GROUP.SETTING=VALUE`:

```bash
python train.py masking=span masking.count=fixed pretrain.max_steps=200 --cfg job
```

`--cfg job` prints what a command comes to. A value in brackets is the schema's own default, for a setting
that no YAML file names. *Needs* is what a value is checked against before anything starts.
"""
OWN: Final = ("shots", "seed", "pretrain_seed", "match", "sweep", "paths")


def page() -> str:
    """The whole page."""
    groups = sorted(path.name for path in CONF.iterdir() if path.is_dir())
    chosen = _defaults()
    parts = [HEAD, _top(), *(_group(group, chosen.get(group)) for group in groups)]
    return "\n".join(parts)


def _defaults() -> dict[str, str | None]:
    lines = yaml.safe_load((CONF / "config.yaml").read_text(encoding="utf-8"))["defaults"]
    return {group: choice for line in lines if isinstance(line, dict) for group, choice in line.items()}


def _top() -> str:
    """Settings that are no group's."""
    config = read_choice(CONF / "config.yaml")
    rows = [
        (f"`{name}`", _value(value), config.said.get(name, ""))
        for name, value in config.values.items()
        if name.split(".")[0] in OWN
    ]
    return "\n".join(["## Without a group", "", *_table(("setting", "default", "what it is"), rows), ""])


def _group(group: str, default: str | None) -> str:
    choices = read_group(group)
    lines = [f"## {group}", ""]
    said = {getdoc(kind) or "" for kind in types_of(group).values()} if len(types_of(group)) == 1 else set()
    lines += [*(line for text in said for line in (_prose(text), "")), *_choices(group, choices, default), ""]
    rows = _settings(group, choices)
    if rows:
        lines += [*_table(("setting", "type", "value", "what it is", "needs"), rows), ""]
    return "\n".join(lines)


def _choices(group: str, choices: list[Choice], default: str | None) -> list[str]:
    rows = []
    for choice in choices:
        mark = " (default)" if choice.name == str(default) else ""
        rows.append((f"`{group}={choice.name}`{mark}", choice.head))
    rows += [
        (f"`{group}/{path.name}`", "a group of its own within this one")
        for path in sorted((CONF / group).iterdir())
        if path.is_dir()
    ]
    return _table(("choice", "what it is"), rows)


def _settings(group: str, choices: list[Choice]) -> list[tuple[str, ...]]:
    """A row a setting, over all choices of the group."""
    facts = _facts(group, choices)
    names = list(dict.fromkeys([*(name for choice in choices for name in choice.values), *facts]))
    return [
        _row(group, name, choices, facts.get(name, Fact("")), bool(facts))
        for name in names
        if name not in ("_target_", "name")
    ]


def _row(group: str, name: str, choices: list[Choice], fact: Fact, typed: bool) -> tuple[str, ...]:
    """One setting; a group without a type sets what it names: launchers, experiments, variants."""
    said = _per_choice({choice.name: choice.said[name] for choice in choices if name in choice.said})
    full = f"`{group}.{name}`" if typed else f"`{name}`"
    return full, fact.type, _values(name, choices, fact), said or fact.said, fact.needs


def _facts(group: str, choices: list[Choice]) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    for kind in types_of(group).values():
        found |= facts_of(group, kind)
    for choice in choices:
        module, _, name = str(choice.values.get("_target_", "")).rpartition(".")
        if module:
            found |= signature_facts(getattr(import_module(module), name))
    return {name: fact for name, fact in found.items() if name not in HANDED_OVER}


def _values(name: str, choices: list[Choice], fact: Fact) -> str:
    given = {choice.name: choice.values[name] for choice in choices if name in choice.values}
    if not given:
        return "" if fact.default is MISSING else f"[{_value(fact.default)}]"
    return _per_choice({choice: _value(value) for choice, value in given.items()})


def _per_choice(texts: dict[str, str]) -> str:
    """A text that all choices share; or each text with the choices that have it."""
    distinct = dict.fromkeys(texts.values())
    if len(distinct) < 2:
        return "".join(distinct)
    with_names = {text: [name for name, of in texts.items() if of == text] for text in distinct}
    return "; ".join(f"{text} ({', '.join(names)})" for text, names in with_names.items())


def _value(value: Any) -> str:
    if value == "???":
        return "to be given"
    spelled = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{spelled}`"


def _prose(text: str) -> str:
    """A docstring as a paragraph: its reStructuredText literals become Markdown's."""
    return " ".join(re.split(r"\n\n(?:Attributes|Raises):", text)[0].replace("``", "`").split())


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    used = [column for column in range(len(head)) if any(row[column] for row in rows)]
    lines = [[head[column] for column in used], ["---"] * len(used)]
    lines += [[row[column].replace("|", "\\|") for column in used] for row in rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


if __name__ == "__main__":
    if "--check" in sys.argv:
        if PAGE.read_text(encoding="utf-8") != page():
            sys.exit("docs/reference/configuration.md is not what conf/ and the schema say: run `make reference`.")
    else:
        PAGE.write_text(page(), encoding="utf-8")
