"""Spoilt words, files of --config-dir and saved configurations compose to sound settings or are refused."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from compose import configuration
from fuzz_cases import LONG_RUN
from fuzz_config import (
    read_choice,
    read_saved,
    read_words,
    saved_configuration,
    settings_of,
    spoilt_yaml,
    words_of,
)  # fmt: skip
from genomask.experiment.run import CONF
from genomask.experiment.stages.run import check

REFUSED = (HydraException, OmegaConfBaseException, ValueError, OSError)  # each of them costs a line
CHOICES = ["masking", "model", "pretrain", "finetune", "genome", "task", "fs", "trainer", "stage", "variants"]


def outcome(work, *arguments) -> str:
    try:
        work(*arguments)
    except REFUSED as error:
        return "refused" if len(str(error)) < 2000 else f"a message of {len(str(error))} characters"
    return "accepted"


def fuzz_words(numbers: range) -> Counter[str]:
    names = settings_of(OmegaConf.to_container(configuration(), resolve=False))
    return Counter(outcome(read_words, words_of(Random(f"words {number}"), names)) for number in numbers)


def fuzz_choices(numbers: range, folder: Path) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for number in numbers:
        draw = Random(f"choice {number}")
        group = draw.choice(CHOICES)
        file = folder / group / "mine.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(spoilt_yaml(draw.choice(sorted((CONF / group).glob("*.yaml"))).read_bytes(), draw))
        outcomes[outcome(lambda group=group: check(read_choice(folder, group)))] += 1
    return outcomes


def fuzz_saved(numbers: range, folder: Path) -> Counter[str]:
    sound, outcomes = saved_configuration(), Counter()
    for number in numbers:
        (folder / "rerun.yaml").write_bytes(spoilt_yaml(sound, Random(f"saved {number}")))
        outcomes[outcome(read_saved, folder)] += 1
    return outcomes


def test_words_files_and_saved_configurations_compose_or_are_refused_in_a_line(tmp_path):
    assert fuzz_words(range(12)).total() == 12
    assert fuzz_choices(range(8), tmp_path).total() == 8
    assert fuzz_saved(range(6), tmp_path).total() == 6


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_many_words_files_and_saved_configurations_compose_or_are_refused_in_a_line(tmp_path):
    numbers = range(1000, 1000 + LONG_RUN * 4 // 300)
    for name, found in (
        ("words", fuzz_words(numbers)),
        ("choices", fuzz_choices(numbers, tmp_path)),
        ("saved", fuzz_saved(numbers, tmp_path)),
    ):
        print(f"\n{name}: {dict(found)}")  # noqa: T201  (shown by -s)
        assert set(found) == {"accepted", "refused"}
