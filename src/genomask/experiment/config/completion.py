"""``genomask completion``: completes tools, groups, choices and settings at the Tab key, in bash.

eval "$(python train.py completion)"        in a checkout
eval "$(genomask completion)"               where the package is installed
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from importlib import import_module
from io import StringIO
from pathlib import Path
from re import findall
from string import Template
from typing import Final

from genomask.experiment.config.choices import groups
from genomask.experiment.config.names import OURS, outside, settings
from genomask.experiment.config.words import read_words

RUNS: Final = ("plan",)  # tools that take the words of a run

# COMP_LINE, as bash splits words at "=", which COMPREPLY must then leave out again.
SCRIPT: Final = Template("""\
_genomask() {
  local line="$${COMP_LINE:0:COMP_POINT}" words current
  read -ra words <<< "$$line"
  [[ "$$line" == *" " ]] && words+=("")
  current="$${words[$${#words[@]}-1]}"
  local start=1
  if [[ "$${words[0]##*/}" == python* ]]; then
    [[ "$${words[1]##*/}" == train.py ]] || return 0
    start=2
  fi
  (( $${#words[@]} > start )) || return 0
  local reply cut=""
  [[ "$$current" == *=* && "$$COMP_WORDBREAKS" == *=* ]] && cut="$${current%%=*}="
  COMPREPLY=()
  while IFS= read -r reply; do
    [[ -n "$$reply" ]] && COMPREPLY+=("$${reply#"$$cut"}")
  done < <("$${words[@]:0:start}" completion --words "$${words[@]:start}" 2>/dev/null)
}
complete -o nospace -o bashdefault -o default -F _genomask genomask $python
""")


def main(arguments: list[str]) -> None:
    """Print what bash must evaluate; with ``--words``, how the last of them can go on."""
    if arguments[:1] == ["--words"]:
        sys.stdout.write("".join(f"{word}\n" for word in candidates(arguments[1:])))
        return
    parser = argparse.ArgumentParser(
        "genomask completion", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args(arguments)
    by_script = Path(sys.argv[0]).name == "train.py"
    sys.stdout.write(SCRIPT.substitute(python="python python3" if by_script else ""))


def candidates(words: Sequence[str]) -> list[str]:
    """How the last word can go on. A whole word ends with a blank, one that goes on does not."""
    from genomask.cli import TOOLS

    *before, current = words or [""]
    tool = before[0] if before and before[0] in TOOLS else None
    if tool and tool not in RUNS:
        found = [f"{option} " for option in _options(TOOLS[tool])] if current.startswith("-") else []
    elif "=" in current:
        found = _values(current.partition("=")[0])
    elif "." in current:
        group = current.partition(".")[0]
        found = [f"{group}.{name}=" for name in settings(read_words(before), group)]
    else:
        found = [f"{name} " for name in TOOLS] if not before else []
        found += [f"{name}=" for name in (*groups(), *outside()) if name not in (*OURS, "paths")]
        found += [f"{name}." for name in groups() if current == name]
    return [word for word in found if word.startswith(current)]


def _values(name: str) -> list[str]:
    """The choices of a group; of a setting nothing is known but its type."""
    group = name.removeprefix("+")
    return [f"{name}={choice} " for choice in groups().get(group, ())]


def _options(module: str) -> list[str]:
    """The options that the help page of a tool names."""
    page = StringIO()
    with redirect_stdout(page), suppress(SystemExit):
        import_module(module).main(["--help"])
    return sorted(set(findall(r"(?<![\w-])--[a-z][\w-]*", page.getvalue())))
