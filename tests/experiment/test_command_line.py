"""What the command line answers: names that may have been meant, one line for a wrong value, the Tab key."""

import os
import subprocess
import sys
from dataclasses import fields

import pytest
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from compose import composed
from genomask.cli import TOOLS
from genomask.experiment.config.choices import groups
from genomask.experiment.config.completion import candidates
from genomask.experiment.config.early import check_arguments
from genomask.experiment.config.help import TOPICS, help_text
from genomask.experiment.config.homes import HOMES, load
from genomask.experiment.config.nearby import meant
from genomask.experiment.config.schema import Config
from genomask.experiment.config.values import UnclearError, converted, parsed
from genomask.experiment.stages.run import check

LACKING = {"csv", "fasta", "gue", "dnabert", "genomic_benchmarks", "split_table", "variants", "mutagenesis"}


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("trainer.thread=1", "trainer.thread is no setting; .* Did you mean trainer.threads"),
        ("mask=pmi", "mask is neither a group nor a setting. Did you mean masking"),
        ("max_steps=3", "Did you mean pretrain.max_steps"),
        ("shot=3", "Did you mean shots"),
        ("task=csvv", "task has no choice 'csvv'; .* Did you mean csv"),
        ("+experiment=tabel1", "Did you mean table1"),
        ("genome.length=3", "genome has bases, chromosomes, "),
        ("shots=10,50", "with -m, each is a job of its own"),
        ("genome=fasta", "genome.path needs a value: give it as genome.path=VALUE"),
        ("seed=1.5", "seed needs a whole number; found 1.5"),
        ("shots=all", "shots needs a number from 1, or full; found 'all'"),
        ("logger.csv=maybe", "logger.csv needs true or false; found 'maybe'"),
        ("stage.run=all", r"stage.run needs a list, such as \[a,b\]; found 'all'"),
        ("masking.corrupt=word", "masking.corrupt needs one of token, span; found 'word'"),
    ],
)
def test_a_mistake_is_answered_with_what_may_have_been_meant(word, answer):
    with pytest.raises(ValueError, match=answer):
        check_arguments([word])


@pytest.mark.parametrize(("group", "choice"), [(g, c) for g, cs in groups().items() for c in cs])
def test_every_choice_passes_but_those_that_need_a_value(group, choice):
    if (choice in LACKING and group in ("task", "stage")) or (group, choice) == ("genome", "fasta"):
        with pytest.raises(ValueError, match="needs"):
            check_arguments([f"{group}={choice}"])
    else:
        check_arguments([f"{group}={choice}"])


SAID = [
    "shots=full", "match_rate=null", "pretrain.learning_rate=1e-4", "task.name=7", "masking.version=2025-03",
    "stage.run=[rank,vocab]", "leaks.drop=[]", "finetune.save_model=true", "variants.top=[5,10]",
    "match_rate=1", "model.heads=3", "ranking.k=5", "finetune.save_model=3.5", "fewshot.low_batch=none",
    "masking.k=x", "leaks.drop=near", "stage.run=[ranks]", "seed=true",
]  # fmt: skip


@pytest.mark.parametrize("word", SAID)
def test_the_quick_check_says_what_hydra_and_the_stages_say(word):
    words = [word, "masking=pmi_released"] if "version" in word else [word]
    try:
        check(composed(*words))
        refused = None
    except (ValueError, HydraException, OmegaConfBaseException) as error:
        refused = str(error)
    if refused is None:
        check_arguments(words)
    else:
        with pytest.raises(ValueError, match="needs"):
            check_arguments(words)


def test_types_are_named_where_the_configuration_has_them():
    annotated = {field.name: field.type for field in fields(Config)}
    assert {group: load(home) for group, home in HOMES.items()}.items() <= annotated.items()


@pytest.mark.parametrize("text", ["${seed}", "{a:1}", "range(3)", "'quoted'", "[a,[b]]", ""])
def test_what_is_not_plain_is_left_to_hydra(text):
    with pytest.raises(UnclearError):
        parsed(text)


def test_plain_values_are_read_as_hydra_reads_them():
    texts = {"3": 3, "-1": -1, "1e-4": 1e-4, ".5": 0.5, "null": None, "True": True, "2025-03": "2025-03"}
    assert {text: parsed(text) for text in texts} == texts
    assert parsed("[a, 2,null]") == ["a", 2, None]
    assert converted(3, float | None, "x") == 3.0
    assert converted(7, str, "x") == "7"


def test_names_that_are_begun_come_before_names_that_are_alike():
    assert meant("mask", ["task", "masking", "masking.k"])[:2] == ["masking", "task"]
    assert meant("xyzzy", ["task", "masking"]) == []


def test_every_group_has_a_place_on_the_help_page_and_a_page_of_its_own():
    assert sorted(group for topic in TOPICS.values() for group in topic) == sorted(groups())
    for group, choices in groups().items():
        page = help_text([group, "--help"], {})
        assert all(f" {choice} " in page for choice in choices)
        assert max(map(len, page.splitlines())) <= 120
    with pytest.raises(ValueError, match="Did you mean masking"):
        help_text(["maskin", "--help"], {})


def test_the_tab_key_offers_tools_groups_choices_settings_and_options():
    assert candidates(["re"]) == ["report "]
    assert candidates(["masking=p"]) == ["masking=pmi ", "masking=pmi_released ", "masking=pmi_vocab "]
    assert candidates(["genome=fasta", "genome.p"]) == ["genome.path="]
    assert candidates(["trainer."])[0] == "trainer.accelerator="
    assert "plan " not in candidates(["seed=1", ""])
    assert candidates(["plan", "mod"]) == ["model="]
    assert candidates(["status", "--"]) == ["--help "]
    assert set(candidates([""])) >= {f"{tool} " for tool in TOOLS}


def test_bash_completes_a_choice_behind_the_equals_sign(tmp_path):
    program = tmp_path / "genomask"
    start = "from genomask.cli import main; main()"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{start}" "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(genomask completion)"\n'
        'press() { COMP_LINE="$1"; COMP_POINT=${#COMP_LINE}; _genomask; echo "${COMPREPLY[@]}"; }\n'
        'press "genomask seed=3 masking=ra"; press "genomask sta"\n'
    )
    where = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=where, capture_output=True, text=True, check=True)
    assert [line.split() for line in done.stdout.splitlines()] == [["random"], ["status", "stage="]]
