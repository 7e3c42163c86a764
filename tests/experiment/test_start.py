"""What a person waits for: help, and what is wrong with a command, come before anything heavy loads."""

import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from genomask.cli import TOOLS
from genomask.experiment.config.choices import groups, help_text

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


def test_help_names_every_choice_and_every_tool_and_loads_neither_torch_nor_hydra(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py"])
    done = run("--help", heavy=HEAVY | {"numpy", "hydra"})
    assert done.returncode == 0
    assert loaded(done) == []
    assert done.stdout == help_text(["--help"], {name: tool.purpose for name, tool in TOOLS.items()})
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


def test_a_misspelt_choice_costs_one_line_that_names_the_others_and_loads_no_torch():
    done = run("masking=pni", "model=logo")
    assert (done.returncode, loaded(done)) == (1, [])
    expected = f"error: unknown choice masking=pni; masking has: {', '.join(groups()['masking'])}. Did you mean pmi?"
    assert [line for line in done.stderr.splitlines() if "LOADED" not in line] == [expected]


@pytest.mark.parametrize(
    "words",
    [
        ["shots=-3"], ["model.hiden=3"], ["reprot"], ["stage=variants"], ["trainer.threads=${seed}"],
        ["classifier=gc", "classifier.k=0"],
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_one_line_before_torch_is_loaded_and_anything_written(words, tmp_path):
    done = run(*words, f"paths.runs={tmp_path}")
    assert (done.returncode, loaded(done)) == (1, [])
    assert len([line for line in done.stderr.splitlines() if "LOADED" not in line]) == 1
    assert not list(tmp_path.iterdir())


def test_the_help_of_score_loads_no_torch():
    done = run("score", "--help")
    assert (done.returncode, loaded(done)) == (0, [])
    assert "genomask score runs/finetune/NAME other.csv" in done.stdout


def test_version_is_that_of_genomask():
    done = run("--version", heavy=HEAVY | {"numpy", "hydra"})
    assert done.stdout == f"genomask {version('genomask')}\n"
    assert loaded(done) == []


def test_bash_completes_choices_by_hydras_own_script(tmp_path):
    program = tmp_path / "genomask"
    start = "from genomask.cli import main; main()"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{start}" "$@"\n')
    program.chmod(0o755)
    where = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "COMP_LINE": "genomask masking=who"}
    command = ["genomask", "-sc", "query=bash"]
    done = subprocess.run(command, env=where, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["masking=whole_span"]
