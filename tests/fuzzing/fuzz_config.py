"""Words of the command line, files of --config-dir and saved configurations, sound and spoilt."""

import logging
from pathlib import Path
from random import Random

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from compose import composed
from fuzz_spoil import TEXT, spoilt
from genomask.experiment.config.choices import CONF, groups
from genomask.experiment.config.schema import register
from genomask.experiment.run import context
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.run import check

VALUES = (
    "0", "1", "2", "-1", "1e400", "nan", "inf", "-0.5", "0.5", "null", "true", "''", "[]", "{}", "[1,2]",
    "{a:1}", "abc", "'a b'", "${seed}", "${shots}", "${nowhere}", "${oc.env:HOME}", "${paths.runs}", "${",
    "../../x", "/etc", "a\\=b", "???", "9999999999999999999999", "1_0", "0x10", "\u00e9", "os.system",
    "!!python/none", "[[[[", '"', "$(id)", "`id`",
)  # fmt: skip
YAML = (
    "null", "[]", "{}", "a: b", "? x", "- y", "&a [*a]", "!!python/object/apply:os.system [id]", "${x}",
    "nan", ".inf", "2001-01-01", "{_target_: os.system}", "~", "'", "a: {b: [1, {c: ${oc.env:HOME}}]}",
    "x: *nothing", "\t", "---\n---", "1", "0.5",
)  # fmt: skip


def settings_of(cfg: object, place: str = "") -> list[str]:
    """Dotted names of all settings."""
    if not isinstance(cfg, dict):
        return [place]
    return [name for key, value in cfg.items() for name in settings_of(value, f"{place}.{key}".lstrip("."))]


def words_of(draw: Random, names: list[str]) -> list[str]:
    """One to three words as somebody might type them."""
    words = []
    for _ in range(draw.choice((1, 1, 2, 3))):
        match draw.randrange(4):
            case 0:
                group = draw.choice(sorted(groups()))
                choices = [*groups()[group], "nothing", "on", "null"]
                words.append(f"{draw.choice(('', '', '+', '~', '++'))}{group}={draw.choice(choices)}")
            case 1:
                words.append(
                    spoilt(f"{draw.choice(names)}={draw.choice(VALUES)}".encode(), draw).decode("utf-8", "replace")[
                        :300
                    ]
                )
            case _:
                words.append(f"{draw.choice(('', '', '', '+', '++', '~'))}{draw.choice(names)}={draw.choice(VALUES)}")
    return words


def read_words(words: list[str]) -> Context:
    """What a command with these words would run, checked as it is before anything is built."""
    run = composed(*words)
    check(run)
    return run


def spoilt_yaml(sound: bytes, draw: Random) -> bytes:
    """A file with one value replaced, or spoilt as any text."""
    if draw.random() < 0.5:
        return spoilt(sound, draw, TEXT)
    rows = sound.decode().split("\n")
    row = draw.choice([row for row, line in enumerate(rows) if ":" in line])
    rows[row] = f"{rows[row].partition(':')[0]}: {draw.choice(YAML)}"
    return "\n".join(rows).encode()


def read_choice(folder: Path, group: str) -> Context:
    """What ``--config-dir folder GROUP=mine`` would run."""
    return composed(f"hydra.searchpath=[file://{folder}]", f"{group}=mine")


def saved_configuration() -> bytes:
    """The ``rerun.yaml`` of a default run."""
    return yaml.safe_dump(composed("shots=5").store.config, sort_keys=False).encode()


def read_saved(folder: Path) -> Context:
    """What ``--config-dir folder --config-name rerun`` would run."""
    register()
    logging.disable(logging.CRITICAL)
    try:
        with initialize_config_dir(str(folder), version_base="1.3"):
            words = [f"hydra.searchpath=[file://{CONF}]"]
            cfg = compose("rerun", words, return_hydra_config=True)
            HydraConfig.instance().set_config(cfg)
            OmegaConf.set_struct(cfg, value=False)
            del cfg["hydra"]
            run = context(cfg)
            check(run)
            return run
    finally:
        logging.disable(logging.NOTSET)
