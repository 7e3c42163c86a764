"""A configuration chooses settings; whatever else is written into it is refused before Hydra acts on it."""

import subprocess
import sys

import pytest
import yaml
from hydra.errors import HydraException

from compose import composed, configuration
from fuzz_config import read_saved, saved_configuration
from genomask.experiment.config.trust import check_trusted
from genomask.experiment.stages.run import check


def test_a_saved_configuration_is_trusted_and_read_to_the_same_settings(tmp_path):
    (tmp_path / "rerun.yaml").write_bytes(saved_configuration())
    assert read_saved(tmp_path).config == composed("shots=5").config


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        ({"callbacks": {"x": {"_target_": "os.system", "command": "id"}}}, "x._target_ needs to be absent"),
        ({"callbacks": {"x": {"a": 1}}}, "callbacks.x.a needs to be absent"),
        ({"launcher": {"_target_": "os.system"}}, "launcher._target_ needs one of Hydra's plugins"),
        ({"launcher": {"_target_": "${masking._target_}"}}, "launcher._target_ needs one of Hydra's plugins"),
        ({"launcher": {"x": {"_target_": "a.b"}}}, "only masking._target_ may name a class"),
        ({"launcher": {"setup": ["rm x"]}}, "launcher.setup runs commands, so it counts on the command"),
        ({"launcher": {"comment": "a\nrm x"}}, "launcher.comment needs one line"),
        ({"launcher": {"ray": {"init": {"runtime_env": {"pip": ["x"]}}}}}, "runs commands"),
        ({"job": {"env_set": {"LD_PRELOAD": "x.so"}}}, "env_set.LD_PRELOAD needs to be absent"),
        ({"job_logging": {"handlers": {"x": {"()": "os.system"}}}}, "needs one of logging.StreamHandler"),
        ({"job_logging": {"handlers": {"x": {"class": "a.B"}}}}, "needs one of logging.StreamHandler"),
        ({"hydra_logging": {"filters": {"x": {"()": "os.system", "command": "id"}}}}, "needs one of logging"),
        ({"hydra_logging": {"handlers": {"x": {"stream": "ext://a.b"}}}}, "needs ext://sys.stdout or"),
        ({"run": {"dir": "${oc.env:SECRET}"}}, r"must not use \${oc.env:...}"),
    ],
)  # fmt: skip
def test_what_hydra_would_call_or_run_is_refused(harm, reason):
    with pytest.raises(HydraException, match=reason) as caught:
        check_trusted({"hydra": harm})
    assert "\n" not in str(caught.value)


def test_commands_of_a_launcher_count_where_the_user_typed_them():
    cfg = {"hydra": {"launcher": {"setup": ["module load cuda"]}}}
    check_trusted(cfg, typed=["hydra.launcher.setup=[module load cuda]"])
    configuration("launcher=submitit_slurm", "hydra.launcher.setup=[module load cuda]")


@pytest.mark.parametrize("place", ["model", "genome", "task", "trainer"])
def test_a_target_outside_the_masking_is_refused(place):
    with pytest.raises(HydraException, match=rf"{place}\._target_ needs to be absent"):
        configuration(f"+{place}._target_=os.system")


@pytest.mark.parametrize("target", ["os.system", "antigravity.x", "builtins.eval", "genomask.experiment.run.main"])
def test_a_masking_is_a_subclass_of_masking_and_nothing_else_is_called(target):
    with pytest.raises(ValueError, match=f"masking._target_={target} is not a subclass"):
        check(composed(f"masking._target_={target}"))
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("labels.masking", "../../x"), ("model.name", "/x"), ("task.name", "a/b"), ("classifier.name", ""),
        ("labels.wc", ".hidden"), ("task.name", "x" * 99),
    ],
)  # fmt: skip
def test_no_name_leads_out_of_the_directory_of_runs(setting, name):
    with pytest.raises(ValueError, match=rf"{setting} needs up to 80 letters, digits"):
        composed(f"{setting}='{name}'")


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_numbers_are_finite(value):
    with pytest.raises(ValueError, match=r"finetune\.weight_decay needs"):
        composed(f"finetune.weight_decay={value}")


HARM = """
defaults: [config_schema, _self_]
hydra:
  callbacks: {x: {_target_: pathlib.Path.touch, self: HARM}}
  hydra_logging: {version: 1, filters: {x: {"()": "os.mkdir", path: HARM}}}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HARM, "needs one of logging.StreamHandler"),
        (HARM.split("  hydra_logging", maxsplit=1)[0], "hydra.callbacks.x._target_ needs to be absent"),
        ("!!python/object/apply:os.mkdir [HARM]", "could not determine a constructor"),
        ("defaults: [config_schema, _self_]\nseed: [1", "while parsing a flow sequence"),
        ("\xff\xfe", "error: "),
    ],
)
def test_the_program_refuses_a_strangers_file_in_a_line_and_runs_nothing_of_it(tmp_path, text, said):
    (tmp_path / "theirs.yaml").write_bytes(text.replace("HARM", str(tmp_path / "harm")).encode("latin-1"))
    command = [
        "-c",
        "from genomask.cli import main; main()",
        "--config-dir",
        str(tmp_path),
        "--config-name",
        "theirs",
    ]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "harm").exists()


def test_yaml_of_a_saved_run_holds_no_variable_of_the_environment(monkeypatch):
    monkeypatch.setenv("SECRET", "s3cret")
    with pytest.raises(HydraException, match=r"genome\.path must not use \${oc\.env:\.\.\.}"):
        composed("genome=fasta", "genome.path=${oc.env:SECRET}")
    assert "s3cret" not in yaml.safe_dump(composed().store.config)
