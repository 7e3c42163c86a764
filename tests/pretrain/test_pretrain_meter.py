"""What a pretraining reports of its speed, and where its time went."""

import math

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from genomask.corpus.steps import StepBatch, collate
from genomask.masking.masker import Masked, Masker
from genomask.masking.random import RandomMasking
from genomask.models.bert import masked_language_model
from genomask.models.flops import shape_of, training_flops
from genomask.models.settings import ModelSettings
from genomask.pretrain.meter import Meter, matmul_peak
from genomask.pretrain.step import logits_of, loss_sum, micro_batches
from genomask.tokens.kmer import KmerTokens

TOKENS = KmerTokens(3)
MODEL = ModelSettings("tiny", 16, 3, 2, 48, hidden_dropout=0.0, attention_dropout=0.0, paper_batch=8, max_tokens=64)


def batch_of(lengths, masked_counts, *, micro_batch) -> StepBatch:
    """Rows of so many tokens, [CLS] and [SEP] included, of which the first ones are masked."""
    sequences = [np.zeros(length, dtype=np.uint8) for length in lengths]  # k = 3: as many bases as tokens
    rows = []
    for bases, count in zip(sequences, masked_counts, strict=True):
        tokens = TOKENS.split(bases)
        masked = np.arange(len(tokens.ids)) < count
        rows.append(Masked(tokens, np.where(masked, 4, tokens.ids), masked, np.zeros(len(bases), dtype=bool), None))
    return collate(Masker(RandomMasking(), TOKENS), sequences, rows, micro_batch=micro_batch)


def flop_counter():
    """PyTorch's, which does not know oneDNN's product."""

    def operations(_states, weight, *_, out_shape, **__):
        return 2 * math.prod(out_shape) * weight[-1]

    return FlopCounterMode(display=False, custom_mapping={torch.ops.mkldnn._linear_pointwise: operations})


@pytest.fixture(params=[False, True], ids=["mkl", "onednn"], autouse=True)
def products(request, monkeypatch):
    """Count either way of multiplying."""
    monkeypatch.setattr("genomask.models.products.has_wide_products", lambda: request.param)


@pytest.mark.parametrize("fast_path", [True, False])
def test_the_formula_counts_what_pytorch_counts(fast_path):
    rows, tokens, masked = 3, 21, 4
    model = masked_language_model(MODEL, TOKENS, seed=0)
    (part,) = micro_batches(batch_of([tokens] * rows, [masked] * rows, micro_batch=rows))
    with sdpa_kernel(SDPBackend.MATH), flop_counter() as counter:
        every = None if fast_path else model(part.input_ids).logits.flatten(0, 1)
        logits = logits_of(model, part) if every is None else every[part.masked.flat]
        loss_sum(logits, part).backward()
    queries = masked if fast_path else tokens
    formula = training_flops(
        shape_of(model),
        tokens=rows * tokens,
        squares=rows * tokens**2,
        queries=rows * queries,
        pairs=rows * queries * tokens,
        predicted=rows * queries,
    )
    assert formula == counter.get_total_flops()


def test_padding_is_no_throughput(monkeypatch):
    clock = iter([10.0, 14.0, 14.0])
    monkeypatch.setattr("genomask.pretrain.meter.time.perf_counter", lambda: next(clock))
    model = masked_language_model(MODEL, TOKENS, seed=0)
    meter = Meter(model, every=1)
    assert meter.read() == {}
    meter.clock(True)
    meter.add(batch_of([20, 10, 5], [6, 0, 1], micro_batch=2))
    found = meter.read()
    assert (meter.seconds, found["bases_per_second"], found["tokens_per_second"]) == (4.0, 35 / 4, 35 / 4)
    assert found["batch_fill"] == pytest.approx(35 / 45)
    work = {"tokens": 35, "squares": 400 + 100 + 25, "queries": 7, "pairs": 6 * 20 + 1 * 5, "predicted": 7}
    assert found["flops_per_second"] == training_flops(shape_of(model), **work) / 4
    assert meter.masked_share == 7 / (18 + 8 + 3)
    meter.earlier = 3, 10  # of the steps before a training was interrupted
    assert meter.masked_share == (7 + 3) / (18 + 8 + 3 + 10)


def test_the_peak_is_measured_without_drawing_from_the_global_generator():
    before = torch.random.get_rng_state()
    assert matmul_peak(torch.device("cpu"), torch.float32, seconds=0.01) > 1e6
    assert torch.equal(torch.random.get_rng_state(), before)
