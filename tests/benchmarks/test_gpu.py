"""The GPU command at a toy size on the CPU, with PyTorch, Lightning, Transformers and NumPy alone."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForMaskedLM

from benchmarks import gpu
from benchmarks.page import page
from genomask.alphabet import encode
from genomask.genome.encoded import write_genome
from genomask.pretrain.step import logits_of, loss_sum, micro_batches

# Hide packages that an environment with PyTorch, Lightning and Transformers may lack, also from what is imported later.
HIDE = """
import importlib.util, sys
from importlib.machinery import PathFinder
import lightning, torchmetrics, transformers
hidden = ("numba", "jaxtyping", "rich", "filelock", "pyfastx", "omegaconf", "hydra")
for name in [name for name in sys.modules if name.partition(".")[0] in hidden]:
    del sys.modules[name]
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name.partition(".")[0] in hidden else find(name, *rest)
sys.path.insert(0, "benchmarks")
import gpu
sys.exit(gpu.main(sys.argv[1:]))
"""


def test_everything_is_measured_without_the_projects_dependencies(tmp_path):
    file = tmp_path / "gpu.json"
    words = [sys.executable, "-W", "ignore", "-c", HIDE, "--quick", "--json", str(file)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=Path(gpu.ROOT))
    assert done.returncode == 0, done.stderr
    assert "not installed, and not used: jaxtyping, numba" in done.stdout
    record = json.loads(file.read_text())
    assert record["equality"].startswith("loss within")
    measured = {name: case for name, case in record["cases"].items() if "not_measured" not in case}
    *steps, embeddings = measured
    assert steps == [f"tiny{name}, bf16{padded}" for padded in ("", ", padded") for name in ("", " modernbert")]
    assert embeddings == "embeddings, tiny, 300 bp"
    assert all(measured[name]["tokens_per_second"] > 0 for name in steps)
    assert measured["embeddings, tiny, 300 bp"]["minutes_per_million"] > 0
    assert "tiny, bf16" in page([], record)


def test_without_a_gpu_the_page_says_so():
    assert "Not measured" in page([])


@pytest.mark.skipif(torch.cuda.is_available(), reason="tells what happens without a GPU")
def test_without_a_gpu_the_command_says_so():
    with pytest.raises(SystemExit, match="no CUDA device; --quick"):
        gpu.main([])


@pytest.mark.parametrize("padded", [False, True])
def test_a_random_step_is_one_that_the_encoder_can_be_trained_on(padded):
    from benchmarks.pretrain import TINY
    from genomask.models.bert import masked_language_model
    from genomask.tokens.kmer import KmerTokens

    batch = gpu.random_step(5, micro_batch=2, padded=padded)
    assert {cut.width for cut in batch.cuts} == {507} or not padded
    assert batch.work.masked == len(batch.targets) == sum(cut.last - cut.first for cut in batch.cuts)
    assert batch.work.tokens == int((batch.input_ids != 0).sum())
    assert batch.work.pairs >= batch.work.masked
    model = masked_language_model(TINY, KmerTokens(6), seed=0).eval()
    for part in micro_batches(batch):
        mask = None if part.attention is None else part.attention.long()
        every = model(part.input_ids, attention_mask=mask).logits.flatten(0, 1)
        fast, plain = (loss_sum(logits, part) for logits in (logits_of(model, part), every[part.masked.flat]))
        torch.testing.assert_close(fast, plain, rtol=1e-4, atol=1e-4)


def test_a_device_that_computes_something_else_fails(monkeypatch, capsys):
    from benchmarks import pretrain

    monkeypatch.setattr(pretrain, "difference", lambda *_: (0.1, 0.2))
    assert gpu.main(["--quick"]) == 1
    assert "differ: the loss by 1.0e-01" in capsys.readouterr().err


def test_arms_are_pretrained_for_their_time_and_open_in_hugging_face(tmp_path, capsys):
    (tmp_path / "genome").mkdir()
    text = "".join(np.random.default_rng(0).choice(list("ACGT"), 30_000))
    write_genome([("chr1", [encode(text)])], tmp_path / "genome")
    words = ["--quick", "--minutes", "0.02", "--workers", "0", "--genome", str(tmp_path / "genome")]
    assert gpu.main([*words, "--pretrain", "base:random", "--out", str(tmp_path / "out")]) == 0
    assert "base:random: " in capsys.readouterr().out
    folder = tmp_path / "out" / "base-random"
    model = AutoModelForMaskedLM.from_pretrained(folder)
    assert model.config.vocab_size == 9  # four bases and five special tokens
    assert max(file.stat().st_size for file in folder.iterdir()) < 16e6


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--pretrain", "logo:random"], "--pretrain needs --genome"),
        (["--pretrain", "logo", "--genome", "x"], "needs arms such as logo:pmi"),
        (["--pretrain", "logo:pmi", "--genome", "x"], "logo:pmi needs --ranking"),
    ],
)
def test_arms_that_cannot_be_pretrained_are_refused(words, problem):
    with pytest.raises(SystemExit, match=problem):
        gpu.main(["--quick", *words])
