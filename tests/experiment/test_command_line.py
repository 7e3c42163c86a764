"""What the command line answers: near misses, one line for a wrong value, help, quotes where Hydra needs them."""

import pytest

from compose import composed
from genomask.experiment.config.choices import groups, help_text, near_misses, topics
from genomask.experiment.config.words import ConfigurationError, hydra_word
from genomask.experiment.stages.run import check


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("trainer.thread=1", "unknown setting trainer.thread; .* Did you mean trainer.threads"),
        ("mask=pmi", "unknown group or setting mask. Did you mean masking"),
        ("max_steps=3", "Did you mean pretrain.max_steps"),
        ("shot=3", "Did you mean shots"),
        ("masking=pni", "unknown choice masking=pni; masking has: adaptive, .* Did you mean pmi"),
        ("task=csvv", "unknown choice task=csvv; .* Did you mean csv"),
        ("+experiment=tabel1", "Did you mean table1"),
        ("wc=true", "unknown choice wc=true; wc has: off, on"),
        ("model=null", "unknown choice model=null; model has: dnabert, hf, logo, modernbert"),
        ("genome.length=3", "genome has: bases, chromosomes, "),
        ("shots=10,50", r"with -m, each is a job of its own; for one list write 'shots=\[10,50\]'"),
        ("genome.path=a,b.fa", "for one value with commas \"genome.path='a,b.fa'\""),
        ("seed=range(3)", "with -m, each is a job of its own"),
        ("genome=fasta", "genome.path needs a value: give it as genome.path=VALUE"),
        ("genome.bases=null", "genome.bases needs a value; found null"),
        ("seed=1.5", "seed needs a whole number; found 1.5"),
        ("seed=rnage(3)", r"seed needs a whole number; found 'rnage\(3\)'"),
        ("shots=all", "shots needs a number from 1, or full; found 'all'"),
        ("match_rate=many", "match.tokens needs a number; found 'many'"),
        ("logger.csv=maybe", "logger.csv needs true or false; found 'maybe'"),
        ("task.name=[1]", r"task.name needs text; found \[1\]"),
        ("stage.run=all", r"stage.run needs a list, such as \[a,b\]; found 'all'"),
        ("masking.corrupt=word", "corrupt.unit needs one of .*; found 'word'"),
        ("trainer.threads=${seedd}", "trainer.threads: Interpolation key 'seedd' not found"),
        ("nothing", "nothing sets nothing: write group=choice or setting=value"),
        ("genome.path=it's.fa", "quote it: .genome.path='it.'s.fa'"),
    ],
)
def test_a_mistake_is_answered_in_one_line_with_what_may_have_been_meant(word, answer):
    with pytest.raises(ValueError, match=answer) as caught:
        check(composed(hydra_word(word)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "run=3.fa",
        "my(1).fa",
        "rnage(1)",
        "é/ü.fa",
        "a~b.fa",
        "my genome.fa",
        "back\\slash=.fa",
        "trailing=\\",
        "ключ=值.fa",
    ],
)
def test_a_path_of_any_letters_reaches_the_settings_as_it_was_typed(name):
    assert composed("genome=fasta", hydra_word(f"genome.path={name}")).config.genome.path == name


def test_a_list_of_names_with_equals_signs_and_a_home_directory_need_no_quotes(monkeypatch):
    names = "[prom-shots=10-seed=3-1c0d,other]"
    found = composed(hydra_word(f"variants.classifiers={names}")).config.variants.classifiers
    assert found == ["prom-shots=10-seed=3-1c0d", "other"]
    monkeypatch.setenv("HOME", "/home/me")
    assert hydra_word("genome.path=~/my.fa") == "genome.path=/home/me/my.fa"


@pytest.mark.parametrize(
    "word",
    [
        "seed=range(10)",
        "masking=pmi,random",
        "~masking",
        "leaks.drop=[near]",
        "task.name='a=b'",
        "x={a:1}",
        "shots=10",
        "-m",
    ],
)
def test_a_word_that_hydra_reads_is_left_alone(word):
    assert hydra_word(word) == word
    assert hydra_word("+experiment=table1") == "experiment=table1", "its default, null, is replaced"


def test_values_of_a_sweep_are_quoted_one_by_one():
    assert hydra_word("genome.path=a=1.fa,b.fa") == "genome.path='a=1.fa',b.fa"
    assert hydra_word("variants.region=chr1:1,001-1,070") == "variants.region='chr1:1,001-1,070'"


def test_a_configuration_error_is_one_of_hydra_and_a_value_error():
    with pytest.raises(ConfigurationError, match="unknown choice"):
        composed("masking=pni")


def test_names_that_are_begun_come_before_names_that_are_alike():
    assert near_misses("mask", ["task", "masking", "masking.k"])[:2] == ["masking", "task"]
    assert near_misses("xyzzy", ["task", "masking"]) == []


def test_every_group_has_a_place_on_the_help_page_and_a_page_of_its_own():
    assert sorted(group for topic in topics().values() for group in topic) == sorted(groups())
    for group, choices in groups().items():
        page = help_text([group, "--help"], {})
        assert all(f" {choice} " in page for choice in choices)
        assert max(map(len, page.splitlines())) <= 120
    with pytest.raises(ValueError, match="Did you mean masking"):
        help_text(["maskin", "--help"], {})
