"""What the README shows works as it stands there (commands: test_docs.py); a mistake costs one line."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from compose import composed
from genomask.cli import TOOLS

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"```bash\n(.*?)```", README.replace("\\\n", " "), flags=re.S)
    for line in block.splitlines()
    if line.startswith("python train.py")
]


def block(language: str, name: str) -> str:
    return next(text for text in re.findall(rf"```{language}\n(.*?)```", README, flags=re.S) if name in text)


def test_the_readme_shows_commands():
    assert len(COMMANDS) >= 5


@pytest.mark.parametrize("tool", sorted({line.split()[2] for line in COMMANDS} & set(TOOLS)))
def test_every_tool_of_the_readme_explains_itself(tool, capsys):
    with pytest.raises(SystemExit) as ended:
        TOOLS[tool].load()(["--help"])
    assert ended.value.code == 0
    assert f"genomask {tool}" in capsys.readouterr().out


def test_the_strategy_of_the_readme_masks_at_the_rate_asked_for(tmp_path, monkeypatch):
    (tmp_path / "my_masking.py").write_text(block("python", "class GcMasking"))
    (tmp_path / "my_conf" / "masking").mkdir(parents=True)
    (tmp_path / "my_conf" / "masking" / "gc.yaml").write_text(block("yaml", "GcMasking"))
    monkeypatch.syspath_prepend(tmp_path)

    from genomask.experiment.stages.run import run_stages

    tiny = "model.hidden_size=16 model.layers=1 model.heads=2 model.intermediate_size=16 pretrain.max_steps=1"
    run_stages(
        composed(
            f"hydra.searchpath=[{tmp_path}/my_conf]",
            *("masking=gc", "match.tokens=0.15", "stage=pretrain", "logger=csv", f"paths.runs={tmp_path}/runs"),
            *(f"{tiny} pretrain.validation_segments=8 pretrain.batch=4 trainer=cpu".split()),
        )
    )
    summary = json.loads(next(tmp_path.glob("runs/encoder/*/pretraining.json")).read_text())
    assert summary["realised_masking_rate"] == pytest.approx(0.15, abs=0.002)


def program(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
    train = str(Path(__file__).parents[2] / "train.py")
    return subprocess.run([sys.executable, train, *words], capture_output=True, text=True, check=False, cwd=cwd)


def test_a_sweep_with_one_impossible_job_ends_before_the_first_one_starts(tmp_path):
    done = program("-m", "stage=rank", "shots=10,ten", f"paths.runs={tmp_path}/runs", cwd=tmp_path)
    assert done.returncode == 1
    assert "shots needs a number from 1, or full; found 'ten'" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_sweep_runs_every_job_and_leaves_no_litter(tmp_path):
    done = program("-m", "stage=rank", "ranking=eq1,released", f"paths.runs={tmp_path}/runs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("runs/rank/*/ranking.csv"))) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_failed_job_of_a_sweep_leaves_the_others_running(tmp_path):
    words = ("-m", "stage=rank", "genome.path=broken.fa,whole.fa", "genome=fasta", "paths.runs=runs")
    (tmp_path / "broken.fa").write_text("no FASTA\n")
    (tmp_path / "whole.fa").write_text(">chr1\n" + "ACGTTGCA" * 100 + "\n")
    done = program(*words, cwd=tmp_path)
    assert done.returncode == 1
    assert "broken.fa" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert len(list(tmp_path.glob("runs/rank/*/ranking.csv"))) == 1


def test_a_job_whose_file_is_absent_ends_a_sweep_before_anything_is_built(tmp_path):
    (tmp_path / "whole.fa").write_text(">chr1\n" + "ACGTTGCA" * 100 + "\n")
    done = program("-m", "stage=rank", "genome.path=whole.fa,absent.fa", "genome=fasta", cwd=tmp_path)
    assert done.returncode == 1
    assert "error in job stage=rank genome.path=absent.fa" in done.stderr
    assert "there is none at absent.fa" in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["masking=pni"], "unknown choice masking=pni"),
        (["model.hiden_size=3"], "hiden_size"),
        (["seed=abc"], "seed needs a whole number; found 'abc'"),
        (
            ["genome=fasta", "genome.path=absent.fa", "stage=rank"],
            "error: A genome needs a FASTA file; there is none",
        ),
        (["genome=fasta", "stage=rank"], "error: genome.path needs a value"),
    ],
)
def test_a_users_mistake_costs_no_traceback(tmp_path, words, message):
    done = program(*words, cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_saved_configuration_runs_again_to_the_same_artefact(tmp_path):
    first = program("stage=rank", "ranking.rare_count=50", "genome.seed=7", "paths.runs=runs", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    (artefact,) = tmp_path.glob("runs/rank/*")
    again = program("--config-dir", str(artefact), "--config-name", "rerun", "paths.runs=other", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    (copy,) = tmp_path.glob("other/rank/*")
    assert copy.name == artefact.name
    assert (copy / "ranking.csv").read_bytes() == (artefact / "ranking.csv").read_bytes()
