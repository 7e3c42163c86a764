"""The code of a page as a reader would use it: Python runs, files are written, commands are tried."""

import gzip
import re
import shlex
import sys
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import yaml
from sybil import Document, Example, Region
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from compose import composed
from genomask.cli import TOOLS
from genomask.experiment.config.words import hydra_word
from genomask.experiment.stages.run import check, run_stages
from made_runs import make_comparison

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
FILE_NAME = r"# ([\w./]+\.(?:py|yaml))\n"
LANGUAGES = {"bash", "python", "yaml", "math", ""}
ELSEWHERE = (
    "source",
    "cd",
    "git",
    "eval",
    "wandb",
    "pre-commit",
)  # a shell's own words, and others' programs
UNRUN = {"-m", "--cfg", "genome=grch38"}  # grids, which are long; questions; and what would be downloaded
RECORDS = {"chr1": 60_000, "chr20": 20_000}  # of a reader's genome
RUN_FOR_REAL = {"status", "report"}  # tools that are quick
TINY = (
    *("model.hidden_size=16", "model.layers=1", "model.heads=2", "model.intermediate_size=16"),
    *("pretrain.max_steps=1", "pretrain.batch=4", "pretrain.validation_segments=8", "fs=off"),
    *("trainer=cpu", "logger=csv"),
)


def evaluate(page: Path, *, small: bool) -> None:
    """Go through a page's code from top to bottom, in the working directory.

    Args:
        page: Markdown.
        small: Run its single runs, with a tiny model for a step; otherwise they are composed and checked, and
            Python that reads what they would have written is left out.
    """

    def commands(example: Example) -> None:
        for line in lines_of(example.parsed):
            command(shlex.split(line, comments=True), small=small)

    parsers = (
        PythonBlocks(runs=small),
        CodeBlockParser("yaml", evaluator=yaml_block),
        CodeBlockParser("bash", evaluator=commands),
    )
    write_fasta(Path("my.fa.gz"), RECORDS)
    for example in Document.parse(str(page), *parsers, encoding="utf-8").examples():
        example.evaluate()


class PythonBlocks(PythonCodeBlockParser):
    """Python blocks; one that starts with the name of a file is that file."""

    def __init__(self, *, runs: bool) -> None:
        super().__init__()
        self.runs = runs

    def __call__(self, document: Document) -> Iterator[Region]:
        """Find the blocks, and say what becomes of each."""
        for region in super().__call__(document):
            text = str(region.parsed)
            if re.match(FILE_NAME, text):
                region.evaluator = lambda example: write_named(example.parsed)
            if self.runs or '"runs/' not in text:
                yield region


def yaml_block(example: Example) -> None:
    """Write the file that the block names, or read it as YAML."""
    if re.match(FILE_NAME, example.parsed):
        write_named(example.parsed)
    else:
        assert isinstance(yaml.safe_load(example.parsed), dict), "YAML settings are a mapping"


def write_named(text: str) -> None:
    """Write a block to the file that its first line names."""
    named = re.match(FILE_NAME, text)
    assert named is not None
    path = Path(named[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    sys.modules.pop(path.stem, None)
    invalidate_caches()


def lines_of(block: str) -> list[str]:
    """The commands of a block of shell, one a line however they were broken."""
    lines = block.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def command(words: list[str], *, small: bool) -> None:
    """Find that a command exists, takes these words, and, as far as that is quick, works."""
    first, *rest = words
    if first == "python" and rest[0] == "train.py":
        program(rest[1:], small=small)
    elif first == "genomask":
        program(rest, small=small)
    elif first == "python" and rest[0] == "-m":
        assert find_spec(rest[1]) is not None, f"there is no module {rest[1]}"
    elif first == "make":
        for target in [word for word in rest if "=" not in word]:
            assert re.search(rf"^{target}:", MAKEFILE, flags=re.M), f"there is no target {target}"
    elif first == "pip":
        for extra in re.findall(r"\[([\w,]+)\]", " ".join(rest)):
            assert all(f"\n{name} = [" in PROJECT for name in extra.split(",")), f"there is no extra {extra}"
    else:
        assert first in ELSEWHERE, f"no test knows how to try `{' '.join(words)}`"


def program(words: list[str], *, small: bool) -> None:
    """``python train.py WORDS``, without starting a process."""
    if words and words[0] == "plan":  # its own tests plan every experiment: here its words are composed
        program(words[1:], small=False)
    elif words and words[0] in TOOLS:
        tool(words[0], words[1:])
    elif not {"--help", "--config-name"} & set(words):  # test_start.py and test_readme.py type these
        settings = [hydra_word(word) for word in without_flags(words)]
        for setting in settings:
            provide(setting)
        singles = one_by_one(settings)
        for single in singles:
            check(composed(*single))
        asks = UNRUN & set(words) or any(word.startswith("experiment=") for word in settings)
        if small and len(singles) == 1 and not asks:
            run_stages(composed(*settings, *TINY))


def tool(name: str, words: list[str]) -> None:
    """Run a quick tool on runs that are made up; of any other, find the options in its help."""
    module = import_module(TOOLS[name].module)
    if name not in RUN_FOR_REAL:
        help_of = getattr(module, "_parser", None)
        text = help_of().format_help() if help_of else None
        for option in [word for word in words if word.startswith("--")]:
            assert text is None or option.split("=")[0] in text, f"genomask {name} has no option {option}"
        return
    if not Path("runs/finetune").is_dir():
        make_comparison(Path("runs"), seeds=3, shots=(10,))
    assert module.main(words) in (None, 0), f"genomask {name} failed"


def without_flags(words: list[str]) -> list[str]:
    """Settings alone; a directory of one's own choices becomes the setting that Hydra makes of it."""
    settings, flags = [], iter(words)
    for word in flags:
        if word == "--config-dir":
            settings.append(f"hydra.searchpath=[{Path(next(flags)).resolve()}]")
        elif word == "--cfg":
            next(flags)
        elif word != "-m":
            settings.append(word)
    return settings


def one_by_one(settings: list[str]) -> list[list[str]]:
    """Single runs of a grid in which every value is met at least once."""
    grid = [values_of(setting) for setting in settings]
    longest = max((len(values) for values in grid), default=1)
    return [[values[min(at, len(values) - 1)] for values in grid] for at in range(longest)]


def values_of(setting: str) -> list[str]:
    """``name=a,b`` as ``name=a`` and ``name=b``; of a range its two ends."""
    name, _, value = setting.partition("=")
    ends = re.fullmatch(r"range\((\d+)\)", value)
    if ends:
        return [f"{name}=0", f"{name}={int(ends[1]) - 1}"]
    if value[:1] in "[{'\"" or "," not in value:
        return [setting]
    return [f"{name}={one}" for one in value.split(",")]


def provide(setting: str) -> None:
    """Put a small file where a page speaks of the reader's own."""
    name, _, value = setting.partition("=")
    if name == "genome.path":
        write_fasta(Path(value), RECORDS)
    elif name in ("task.train", "task.test") and value.startswith("["):
        for path in value.strip("[]").split(","):
            write_fasta(Path(path), {f"row{row}": 80 for row in range(12)})
    elif name in ("task.train", "task.test", "task.table"):
        write_table(Path(value))
    elif name == "genome.tracks":
        for path in re.findall(r"[\w.]+\.bed", value):
            Path(path).write_text("chr1\t10\t50\n", encoding="utf-8")
    elif name == "task.dir":
        for split in ("train", "dev", "test"):
            write_table(Path(value) / f"{split}.csv")


def write_fasta(path: Path, records: dict[str, int]) -> None:
    """Random bases; gzip where the name says so."""
    draw = np.random.default_rng(len(path.name))
    text = "".join(f">{name}\n{letters(draw, size)}\n" for name, size in records.items())
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def write_table(path: Path) -> None:
    """Random rows of two classes, different in every file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(len(path.name))
    rows = "".join(f"{letters(draw, 80)},{row % 2}\n" for row in range(240))
    path.write_text(f"sequence,label\n{rows}")


def letters(draw: np.random.Generator, size: int) -> str:
    """So many random bases."""
    return "".join(draw.choice(list("ACGT"), size))
