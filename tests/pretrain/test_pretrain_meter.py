"""What a pretraining reports of its speed, and where its time went."""

import math

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from genomask.alphabet import vocabulary_size
from genomask.corpus.steps import Cut, StepBatch
from genomask.masking.base import MaskedBatch
from genomask.models.bert import masked_language_model, sequence_classifier
from genomask.models.flops import Work, classifying_flops, training_flops
from genomask.models.forward import cls_logits
from genomask.models.settings import ModelSettings
from genomask.pretrain.meter import Meter, matmul_peak
from genomask.pretrain.step import loss_sum, micro_batches

MODEL = ModelSettings(
    "tiny", 16, 3, 2, 48, hidden_dropout=0.0, attention_dropout=0.0, paper_batch=8, k=3, max_tokens=64
)


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
    rows, tokens, asked = 3, 21, 4
    model = masked_language_model(MODEL, seed=0)
    token_ids = torch.randint(5, vocabulary_size(3), (rows, tokens))
    hidden = (torch.arange(tokens) < asked).expand(rows, tokens).contiguous()
    (part,) = micro_batches(token_ids, MaskedBatch(token_ids, hidden), [Cut(0, rows, 21, 21)], k=3)
    with sdpa_kernel(SDPBackend.MATH), flop_counter() as counter:
        loss_sum(model, part, fast_path=fast_path).backward()
    read = asked if fast_path else tokens
    work = Work(rows * tokens, rows * tokens**2, rows * read, rows * read * tokens)
    assert training_flops(MODEL, work, vocabulary=vocabulary_size(3)) == counter.get_total_flops()


@pytest.mark.parametrize("training", [True, False])
def test_the_formula_of_a_classifier_counts_what_pytorch_counts(training):
    rows, tokens = 3, 21
    model = sequence_classifier(MODEL, classes=4, seed=0, hidden_dropout=0.0)
    token_ids = torch.randint(5, vocabulary_size(3), (rows, tokens))
    with sdpa_kernel(SDPBackend.MATH), flop_counter() as counter:
        logits = cls_logits(model, token_ids)
        if training:
            logits.sum().backward()
    formula = classifying_flops(MODEL, rows=rows, tokens=tokens, classes=4, training=training)
    assert formula == counter.get_total_flops()


def test_padding_is_no_throughput(monkeypatch):
    clock = iter([10.0, 14.0, 14.0])
    monkeypatch.setattr("genomask.pretrain.meter.time.perf_counter", lambda: next(clock))
    lengths = torch.tensor([20, 10, 5])
    token_ids = torch.zeros(3, 20, dtype=torch.int64)
    for row, length in enumerate(lengths.tolist()):
        token_ids[row, :length] = 7  # k = 3: as many tokens as bases
    hidden = torch.zeros(3, 20, dtype=torch.bool)
    hidden[0, :6] = hidden[2, :1] = True
    meter = Meter(MODEL, fast_path=True)
    assert meter.read() is None
    meter.start()
    batch = StepBatch(
        torch.zeros(3, 20, dtype=torch.uint8), lengths, lengths, lengths, (Cut(0, 2, 20, 10), Cut(2, 3, 5, 5))
    )
    meter.add(batch, token_ids, hidden)
    found = meter.read()
    assert found is not None
    assert (found.seconds, found.bases_per_second, found.tokens_per_second) == (4.0, 35 / 4, 35 / 4)
    assert found.batch_fill == pytest.approx(35 / 45)
    work = Work(35, 400 + 100 + 25, 7, 6 * 20 + 1 * 5)
    assert found.flops_per_second == training_flops(MODEL, work, vocabulary=69) / 4


def test_the_peak_is_measured_without_drawing_from_the_global_generator():
    before = torch.random.get_rng_state()
    assert matmul_peak(torch.device("cpu"), torch.float32, seconds=0.01) > 1e6
    assert torch.equal(torch.random.get_rng_state(), before)
