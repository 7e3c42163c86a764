"""What the schema says of a setting: its type, its default, and which values it takes."""

import ast
import inspect
import re
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, get_type_hints

from griffe import Docstring

from genomask.experiment.config.schema import KINDS, Config

PLAIN: Final = (int, float, str, bool, Any)
WORDS: Final = {
    "int": "whole number",
    "float": "number",
    "str": "text",
    "bool": "true or false",
    "None": "null",
    "Any": "anything",
}


class Fact(NamedTuple):
    """A setting of a group."""

    type: str
    default: Any = MISSING
    needs: str = ""
    said: str = ""


def types_of(group: str) -> dict[str, type]:
    """The types of a group: one, or one a kind of choice."""
    if group in KINDS:
        return KINDS[group]
    hint = get_type_hints(Config).get(group)
    return {"": hint} if hint is not None and is_dataclass(hint) else {}


def facts_of(group: str, kind: type) -> dict[str, Fact]:
    """Every setting of a type, in order."""
    hints, told, found, needs = get_type_hints(kind), {}, {}, dict[str, str]()
    for ancestor in reversed(kind.__mro__[:-1]):
        told |= described(ancestor)
        needs |= needed(Path(inspect.getfile(ancestor)), group)
    for field in fields(kind):
        if not field.init:
            continue
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        found[field.name] = Fact(
            spell(hints[field.name]),
            default,
            needs.get(f"{group}.{field.name}", ""),
            told.get(field.name, ""),
        )
    return found


def signature_facts(constructor: type) -> dict[str, Fact]:
    """The same for a masking strategy, whose constructor is its schema."""
    found, told = {}, {}
    for ancestor in reversed(constructor.__mro__):
        told |= described(ancestor)
    for name, parameter in inspect.signature(constructor).parameters.items():
        default = MISSING if parameter.default is parameter.empty else parameter.default
        found[name] = Fact(spell(parameter.annotation), default, "", told.get(name, ""))
    return found


def described(kind: type) -> dict[str, str]:
    """What a docstring's Args and Attributes say, by name."""
    sections = Docstring(inspect.cleandoc(kind.__doc__ or "")).parse("google", warnings=False)
    listed = [section.value for section in sections if section.kind.value in ("parameters", "attributes")]
    return {item.name: " ".join(item.description.replace("``", "`").split()) for part in listed for item in part}


def spell(hint: Any) -> str:
    """A type in the words of YAML."""
    if is_dataclass(hint):
        return "settings of its own"
    text = hint.__name__ if hint in PLAIN else str(hint)
    return re.sub(r"\w+", lambda word: WORDS.get(word[0], word[0]), text.replace("typing.", "")).replace(" | ", " or ")


def needed(path: Path, group: str) -> dict[str, str]:
    """What ``require(...)``, ``require_each(...)`` and ``require_choice(...)`` of a module ask in plain text."""
    found: dict[str, str] = {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    loops = {id(call): loop for loop in ast.walk(tree) if isinstance(loop, ast.For) for call in ast.walk(loop)}
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
            continue
        if call.func.id == "require_each" and len(call.args) == 5:
            asked = (named.get(getattr(call.args[at], "id", ""), call.args[at]) for at in (1, 2, 4))
            place, names, needs = (_text(node, None) for node in asked)
            found |= {f"{place or group}.{name}": needs for name in names.split()}
        words = _words(call)
        if words is None:
            continue
        setting, needs = words
        for value in _values(loops.get(id(call))):
            name = _text(setting, value)
            if name and needs:
                found[name] = needs
    return found


def _words(call: ast.Call) -> tuple[ast.expr, str] | None:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name == "require" and len(call.args) >= 3:
        return call.args[1], _text(call.args[2], None)
    if name == "require_choice" and len(call.args) >= 3 and isinstance(call.args[2], ast.Tuple):
        choices = [f"`{item.value}`" for item in call.args[2].elts if isinstance(item, ast.Constant)]
        return call.args[1], " or ".join(choices)
    return None


def _values(loop: ast.For | None) -> list[str | None]:
    """What the name in ``for name in ("a", "b")`` stands for."""
    if loop is None or not isinstance(loop.iter, ast.Tuple):
        return [None]
    return [item.value for item in loop.iter.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)]


def _text(node: ast.expr, name: str | None) -> str:
    """A string; one f-string's only gap is filled with the loop's name, and any other is not told."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if not isinstance(node, ast.JoinedStr) or name is None:
        return ""
    return "".join(part.value if isinstance(part, ast.Constant) else name for part in node.values)
