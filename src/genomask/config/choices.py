"""Groups of the configuration and their choices, read without Hydra, so that help and typos cost no wait."""

import re
from collections.abc import Iterable
from pathlib import Path
from string import Template
from typing import Final

PACKAGE: Final = Path(__file__).resolve().parents[1]
CHECKOUT_CONF: Final = PACKAGE.parents[1] / "conf"
CONF: Final = CHECKOUT_CONF if CHECKOUT_CONF.is_dir() else PACKAGE / "conf"

_ELSEWHERE: Final = (
    "--config",
    "-cd",
    "-cp",
    "-cn",
    "hydra.searchpath",
)  # choices may lie in other folders too


def groups() -> dict[str, list[str]]:
    """Choices of every group, in alphabetical order."""
    return {
        folder.name: sorted(file.stem for file in folder.glob("*.yaml"))
        for folder in sorted(CONF.iterdir())
        if folder.is_dir()
    }


def help_text() -> str:
    """The help page: its words are in ``conf/config.yaml``, where Hydra would look for them."""
    import yaml

    config = yaml.safe_load((CONF / "config.yaml").read_text(encoding="utf-8"))
    lines = "".join(f"{group}: {', '.join(choices)}\n" for group, choices in groups().items())
    return Template(config["hydra"]["help"]["template"]).substitute(APP_CONFIG_GROUPS=lines) + "\n"


def check_choices(words: Iterable[str]) -> None:
    """Refuse a word of the command line that names a choice which its group does not have.

    Whatever is not plainly ``group=choice`` or ``group=choice,choice`` is left to Hydra.

    Raises:
        ValueError: For the first such word, with the choices that there are.
    """
    words = list(words)
    if any(word.startswith(_ELSEWHERE) for word in words):
        return
    for word in words:
        plain = re.fullmatch(r"\+{0,2}(\w+)=(\w+(?:,\w+)*)", word)
        if not plain or plain[1] not in groups():
            continue
        choices = groups()[plain[1]]
        for choice in plain[2].split(","):
            if choice not in (*choices, "null"):
                raise ValueError(f"{plain[1]} has no choice {choice!r}; it has {', '.join(choices)}.")
