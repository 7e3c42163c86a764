"""The model rows: that their contenders compute the same, and that a difference would be seen."""

import json
import subprocess
import sys

import pytest
import torch

from benchmarks import gpu, measure, model_pretrain, registry
from benchmarks import model_inputs as inputs_of
from benchmarks.inputs import Inputs
from benchmarks.model_kshot import OURS, evaluation, step
from benchmarks.products import LIMIT
from benchmarks.row import NotMeasured

TINY = model_pretrain.Case(inputs_of.TINY, 6, 2)


def called(row):
    paths = {name: way for name, way in row.contenders.items() if name != LIMIT}
    return {name: contender.call() for name, contender in paths.items()}


def test_a_pretraining_step_has_the_loss_and_gradient_of_the_reference():
    row = model_pretrain.row(TINY)
    results = called(row)
    assert "gradient off by" in row.check(results)
    assert float(row.facts()["Fill of our micro-batches"]) > 0.9
    weight = results[model_pretrain.OURS].model.bert.embeddings.word_embeddings.weight
    weight.grad[7, 0] += 0.01  # of a norm of 1
    with pytest.raises(ValueError, match="the gradient by"):
        row.check(results)


def test_sequences_of_the_reference_come_as_drawn_and_padded_to_the_longest_of_their_batch():
    drawn = inputs_of.draw(6)
    batches = inputs_of.as_scripts(drawn, inputs_of.strategy(), 2, torch.device("cpu"))
    lengths = torch.cat([batch.attention.sum(dim=1) for batch in batches]).tolist()
    assert lengths == [max(length - 5, 0) + 2 for length in drawn.segments.length.tolist()]
    assert [batch.input_ids.shape[1] for batch in batches] == [max(lengths[row : row + 2]) for row in (0, 2, 4)]


@pytest.mark.parametrize("prepare", [step, evaluation])
def test_kshot_contenders_agree_and_a_difference_fails_the_row(prepare, tmp_path):
    row = prepare(Inputs(None, tmp_path, quick=True))
    results = called(row)
    assert "within" in row.check(results)
    results[OURS] = results[OURS] * 1.001
    with pytest.raises(ValueError, match="differ by"):
        row.check(results)


def test_bfloat16_rows_need_a_processor_that_has_it(monkeypatch, tmp_path):
    monkeypatch.setattr(model_pretrain, "has_bfloat16", lambda: False)
    with pytest.raises(NotMeasured, match="bfloat16 instructions"):
        registry.prepare("pretrain_logo_bf16", Inputs(None, tmp_path, quick=True))


def test_in_bfloat16_the_step_is_that_of_the_reference_within_its_rounding():
    row = model_pretrain.row(TINY._replace(dtype=torch.bfloat16))
    assert "float32" in row.note
    assert "bfloat16" in row.title
    assert row.check(called(row))


def test_the_gpu_benchmark_runs_small_without_the_projects_dependencies(tmp_path):
    file = tmp_path / "gpu.json"
    absent = ("pyfastx", "numba", "hydra", "omegaconf", "jaxtyping", "lightning", "torchmetrics", "rich")
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({absent})); from benchmarks.gpu import main; "
        f"sys.exit(main(['--tiny', '--rounds', '1', '--json', {str(file)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = {row["name"]: row for row in json.loads(file.read_text())["rows"]}
    assert found["gpu_pretrain_logo"]["status"] == "measured"
    projected = [name for name in found["gpu_pretrain_logo"]["facts"] if name.startswith("10,000 steps")]
    assert len(projected) == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="tells what happens without a GPU")
def test_without_a_gpu_the_gpu_rows_say_so(tmp_path):
    with pytest.raises(SystemExit, match="need a CUDA device; --tiny"):
        gpu.main([])
    found = measure.measure("gpu_pretrain_dnabert", Inputs(None, tmp_path), rounds=1)
    assert (found["status"], found["why"]) == (
        "not measured",
        "needs a CUDA device: python -m benchmarks.gpu",
    )


@pytest.mark.slow
def test_a_cell_in_one_process_has_the_scores_of_the_scripts(tmp_path):
    found = measure.measure("cell", Inputs(None, tmp_path, quick=True), rounds=1)
    assert found["status"] == "measured", found.get("why")


@pytest.mark.gpu
def test_on_a_gpu_the_step_is_that_of_the_reference():
    row = model_pretrain.row(TINY._replace(device=torch.device("cuda")))
    assert row.check(called(row))


@pytest.mark.gpu
def test_a_step_waits_for_the_gpu_once_a_step():
    """Everything after the hidden tokens are counted is put into the queue without a look at the device."""
    case = TINY._replace(device=torch.device("cuda"))
    drawn, masking = inputs_of.draw(6), inputs_of.strategy().cuda()
    model_pretrain.our_step(case, drawn, masking)()  # loads kernels, which waits
    batch = inputs_of.on(drawn.step(2), case.device)
    token_ids, masked = inputs_of.mask(masking, batch)
    parts = model_pretrain.micro_batches(token_ids, masked, batch.cuts, k=inputs_of.K)
    model = model_pretrain.masked_language_model(inputs_of.TINY, seed=0).cuda()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for part in parts:
            model_pretrain.loss_sum(model, part, fast_path=True).backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")
