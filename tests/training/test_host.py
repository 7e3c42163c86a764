"""What a GPU is taken for: sequences at once by its memory, workers by the cores, one halving when memory runs out."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from compose import composed
from genomask.experiment.stages.run import run_stages
from genomask.pretrain.module import PretrainModule
from genomask.training.host import described, prepare_host, sequences_at_once, workers
from test_end_to_end import TINY, data  # noqa: F401  (a fixture)


@pytest.fixture
def gpu(monkeypatch):
    """Pretends that there is a GPU of 10 GB beside 12 cores."""
    properties = SimpleNamespace(name="a GPU", total_memory=10e9)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: properties)
    monkeypatch.setattr("os.cpu_count", lambda: 12)
    return properties


@pytest.mark.usefixtures("gpu")
def test_a_gpu_is_used_by_its_memory_and_the_machine_by_its_cores(gpu):
    machine = composed("trainer=gpu").config.trainer
    assert [sequences_at_once(machine, chosen, cpu=4, gpu=64) for chosen in (None, 5)] == [16, 5]
    assert [workers(machine, chosen) for chosen in (None, 0)] == [8, 0]
    assert workers(replace(machine, devices=4), None) == 3
    gpu.total_memory = 141e9
    assert sequences_at_once(machine, None, cpu=4, gpu=64) == 64
    said = "on 1 a GPU of 141 GB, bf16-mixed, TF32 off (trainer.tf32)"
    assert described(machine, "bf16-mixed") == said
    on_cpu = composed("trainer=cpu", "trainer.threads=3").config.trainer
    assert sequences_at_once(on_cpu, None, cpu=4, gpu=64) == 4
    assert workers(on_cpu, None) == 0
    assert described(on_cpu, "32-true") == "on a CPU with 3 threads, 32-true"


@pytest.mark.parametrize(("setting", "precision"), [("false", "highest"), ("true", "high")])
def test_tf32_is_a_setting(setting, precision):
    try:
        prepare_host(composed("trainer=cpu", f"trainer.tf32={setting}").config.trainer)
        assert torch.get_float32_matmul_precision() == precision
    finally:
        torch.set_float32_matmul_precision("highest")


def pretrain(data, runs, *words):  # noqa: F811
    """Pretrain on a CPU; returns the weights and the number of training steps that were begun."""
    files = (f"genome.path={data}/toy.fa", f"paths.runs={runs}", "stage=pretrain", "masking=random")
    run_stages(
        composed("genome=fasta", *files, *TINY, "pretrain.checkpoint_every=1", "pretrain.precision=32-true", *words)
    )
    (file,) = runs.glob("encoder/*/model.safetensors")
    return load_file(file)


def run_out_of_memory(monkeypatch, *, most, step=0):
    """Lets a step from ``step`` on fail if more than ``most`` sequences go through the encoder at once."""
    real, steps = PretrainModule.training_step, []

    def training_step(self, batch):
        steps.append(self.global_step)
        if self.global_step >= step and max(cut.stop - cut.start for cut in batch.cuts) > most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(self, batch)

    monkeypatch.setattr(PretrainModule, "training_step", training_step)
    return steps


def test_a_pretraining_that_runs_out_of_memory_goes_on_with_half_the_micro_batch(data, tmp_path, monkeypatch, capsys):  # noqa: F811
    wanted = pretrain(data, tmp_path / "two", "pretrain.micro_batch=2")
    with monkeypatch.context() as patch:
        run_out_of_memory(patch, most=2)
        found = pretrain(data, tmp_path / "four", "pretrain.micro_batch=4")
    said = "warning: out of memory with micro-batches of 4 sequences: going on from the newest checkpoint with 2"
    assert said in " ".join(capsys.readouterr().out.split())
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)

    steps = run_out_of_memory(monkeypatch, most=2, step=3)
    found = pretrain(data, tmp_path / "later", "pretrain.micro_batch=4")
    assert steps == [0, 1, 2, 3, 3, 4]
    torch.testing.assert_close(found, wanted, rtol=1e-2, atol=1e-4)  # three steps were summed in another order


def test_memory_that_half_the_micro_batch_exceeds_ends_in_one_line(data, tmp_path, monkeypatch):  # noqa: F811
    run_out_of_memory(monkeypatch, most=1)
    with pytest.raises(ValueError, match=r"out of memory with micro-batches of 2 sequences: lower pretrain\.micro_b"):
        pretrain(data, tmp_path, "pretrain.micro_batch=4")
