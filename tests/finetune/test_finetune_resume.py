"""A fine-tuning that ended anywhere goes on from its last checkpoint, and ends at the same bytes."""

from pathlib import Path

import pytest

from compose import composed
from genomask.experiment.stages.run import run_stages
from genomask.finetune.module import ClassifierModule, EpisodeModule
from trainings import fingerprint, share, write_data

EPOCH = 11  # batches: 41 examples, four at a time
CNN = ("classifier=cnn", "classifier.epochs=3", "classifier.steps=1")
NUMBERS = ("task.kind=regression",)


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> tuple[Path, tuple[str, ...]]:
    """Words for a fine-tuning in three epochs, and its encoder and task."""
    folder = tmp_path_factory.mktemp("base")
    words = (*write_data(folder), "pretrain.max_steps=1", "pretrain.validate_every=1")
    run_stages(composed(*words, f"paths.runs={folder}/runs", "stage.run=[pretrain]"))
    return folder, words


@pytest.fixture(scope="module", params=[(), CNN, NUMBERS], ids=["encoder", "cnn", "regression"])
def alone(request, base, tmp_path_factory):
    """A fine-tuning that nothing ended: its words, and what it came to."""
    source, words = base
    folder = tmp_path_factory.mktemp("alone")
    share(source, folder, "genome", "encoder")
    words = (*words, *request.param, "finetune.checkpoint_every=1")
    run_stages(composed(*words, f"paths.runs={folder}/runs", "stage.run=[finetune]"))
    return source, words, fingerprint(folder, "finetune")


@pytest.mark.parametrize("step", [EPOCH - 1, EPOCH])
def test_a_finetuning_that_died_goes_on_and_ends_at_the_same_bytes(alone, tmp_path, monkeypatch, capsys, step):
    source, words, expected = alone
    share(source, tmp_path / "run", "genome", "encoder")
    words = (*words, f"paths.runs={tmp_path}/run/runs", "stage.run=[finetune]")

    def die(self, batch):
        if self.global_step == step:
            raise RuntimeError("died")
        return real(self, batch)

    real = EpisodeModule.training_step
    monkeypatch.setattr(EpisodeModule, "training_step", die)
    with pytest.raises(RuntimeError, match="died"):
        run_stages(composed(*words))
    monkeypatch.undo()
    assert ClassifierModule.training_step is real, "an encoder trains as a CNN does"
    (left,) = tmp_path.glob("run/runs/finetune/*.building/checkpoints/*.ckpt")
    assert left.name == f"step={step}.ckpt"
    run_stages(composed(*words))
    assert f"resume at step {step}" in capsys.readouterr().out
    assert fingerprint(tmp_path / "run", "finetune") == expected
    assert not list(tmp_path.glob("run/runs/finetune/*/checkpoints"))


def test_a_finetuning_that_ends_before_its_first_checkpoint_leaves_nothing(base, tmp_path, monkeypatch):
    source, words = base
    share(source, tmp_path, "genome", "encoder")

    def die(*_):
        raise RuntimeError("died")

    monkeypatch.setattr(EpisodeModule, "training_step", die)
    with pytest.raises(RuntimeError, match="died"):
        run_stages(composed(*words, f"paths.runs={tmp_path}/runs", "stage.run=[finetune]"))
    assert list(tmp_path.glob("runs/finetune/*")) == []
