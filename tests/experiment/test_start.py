"""What a person waits for: help, and what is wrong with a command, come before anything heavy loads."""

import subprocess
import sys

import pytest

from genomask.cli import PURPOSES, TOOLS
from genomask.experiment.config.choices import groups
from genomask.experiment.config.early import check_arguments
from genomask.experiment.config.help import help_text

PROBE = """
import sys
from genomask.cli import main
sys.argv = ["train.py", *{words!r}]
try:
    main()
finally:
    print("LOADED", *sorted({heavy!r} & set(sys.modules)), file=sys.stderr)
"""
WAITING = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
HEAVY = {"torch", "lightning", "transformers", "numba", "matplotlib", "pandas", "wandb"}


def run(*words, heavy=HEAVY):
    code = PROBE.format(words=list(words), heavy=heavy)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def loaded(done):
    return next(line for line in done.stderr.splitlines() if line.startswith("LOADED")).split()[1:]


def test_help_names_every_choice_and_every_tool_and_loads_neither_torch_nor_hydra():
    done = run("--help", heavy=HEAVY | {"numpy", "hydra"})
    assert done.returncode == 0
    assert loaded(done) == []
    assert done.stdout == help_text(["--help"], PURPOSES)
    words = set(done.stdout.replace("[", " ").replace("]", " ").split())
    assert {choice for choices in groups().values() for choice in choices} | set(TOOLS) <= words
    assert "$" not in done.stdout.replace('"$(python', "")


@pytest.mark.parametrize(
    ("set_by_user", "expected"),
    [
        ({}, ["10000", None]),
        ({"GOMP_SPINCOUNT": "7"}, ["7", None]),
        ({"OMP_WAIT_POLICY": "active"}, [None, "active"]),
    ],
)
def test_idle_threads_sleep_soon_unless_the_user_says_how_they_wait(set_by_user, expected, monkeypatch):
    """OpenMP reads it when torch is loaded, which must be later."""
    for name in WAITING:
        monkeypatch.delenv(name, raising=False)
    for name, value in set_by_user.items():
        monkeypatch.setenv(name, value)
    code = PROBE.format(words=["--help"], heavy=HEAVY) + f"    import os; print(*map(os.environ.get, {WAITING}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert loaded(done) == []
    assert done.stdout.splitlines()[-1] == " ".join(map(str, expected))


def test_a_misspelt_choice_costs_one_line_that_names_the_others_and_loads_neither_torch_nor_hydra():
    done = run("masking=pni", "model=logo", heavy=HEAVY | {"numpy", "hydra"})
    assert (done.returncode, loaded(done)) == (1, [])
    expected = (
        "error: masking has no choice 'pni'; it has pmi, pmi_released, pmi_vocab, random, span, whole_span. "
        "Did you mean pmi?"
    )
    assert [line for line in done.stderr.splitlines() if "LOADED" not in line] == [expected]


@pytest.mark.parametrize(
    "words",
    [
        ["shots=-3"], ["model.hiden=3"], ["masking.center_probability=2"], ["reprot"], ["stage=variants"],
        ["pretrain.max_steps=-1"], ["shots=10,50"], ["-m", "shots=10,0"], ["classifier=gc", "classifier.k=0"],
    ],
)  # fmt: skip
def test_most_mistakes_are_told_without_torch_hydra_and_omegaconf(words, tmp_path):
    done = run(*words, f"paths.runs={tmp_path}", heavy=HEAVY | {"hydra", "omegaconf"})
    assert (done.returncode, loaded(done)) == (1, [])
    assert len([line for line in done.stderr.splitlines() if "LOADED" not in line]) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("word", ["trainer.threads=${seed}"])
def test_what_only_hydra_can_tell_is_told_without_torch(word, tmp_path):
    done = run(word, f"paths.runs={tmp_path}")
    assert (done.returncode, loaded(done)) == (1, [])
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["masking=pmi", "model=logo", "shots=10", "+experiment=random_vs_pmi", "experiment=null"],
        ["-m", "masking=pmi,random", "seed=range(3)", "shots=10,50"],
        ["masking=glob(*)", "masking.k=5", "hydra/launcher=joblib", "~masking"],
        ["--config-dir=elsewhere", "masking=mine"],
    ],
)
def test_words_that_hydra_understands_are_left_to_it(words):
    check_arguments(words)


def test_one_wrong_choice_among_several_is_found():
    with pytest.raises(ValueError, match="masking has no choice 'pni'"):
        check_arguments(["-m", "masking=pmi,pni"])
    assert groups()["wc"] == ["off", "on"]
