"""Every path through an encoder on a device that is not the CPU: no host synchronisation, no tensor left behind.

Tensors of PyTorch's meta device have shapes and no values: reading one on the host is an error, as it would make a GPU
wait. Fake CUDA tensors cannot do this in a CPU build of PyTorch, whose backward pass knows no CUDA device at all; the
branches that depend on the device treat both alike, as neither is the CPU.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lightning.fabric.utilities.apply_func import move_data_to_device
from torch import Tensor
from torch.optim import AdamW
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import PreTrainedModel, masking_utils

from genomask.analysis import predictor
from genomask.api.models import embed
from genomask.corpus.datamodule import ValidationBatch
from genomask.corpus.segments import Corpus, Segments, lay_out
from genomask.corpus.steps import StepBatch, Steps, collate
from genomask.finetune.module import ClassifierModule
from genomask.finetune.settings import FinetuneSettings
from genomask.genome.encoded import EncodedGenome
from genomask.masking.base import Choice
from genomask.masking.masker import Masker
from genomask.masking.random import RandomMasking
from genomask.models.bert import masked_language_model
from genomask.models.export import Classifier
from genomask.models.settings import ModelSettings, ModernBertSettings
from genomask.pretrain import module as pretraining
from genomask.pretrain.module import PretrainModule
from genomask.pretrain.settings import PretrainSettings
from genomask.tasks.datamodule import ExampleBatch
from genomask.tokens.kmer import KmerTokens
from tiny_models import drawn_classifier, drawn_encoder

OTHER = torch.device("meta")
TINY = ModelSettings("tiny", 16, 2, 2, 32, 0.1, 0.1, paper_batch=4, max_tokens=64)
MODERN = ModernBertSettings("modern", 16, 2, 2, 32, 0.1, 0.1, paper_batch=4, max_tokens=64, local_tokens=8)
TOKENS = KmerTokens(3)
SETTINGS = PretrainSettings(
    max_steps=9,
    batch=6,
    micro_batch=2,
    learning_rate=1e-3,
    beta1=0.9,
    beta2=0.98,
    epsilon=1e-6,
    weight_decay=0.01,
    clip_norm=1.0,
    precision="32-true",
    validate_every=9,
    validation_segments=1,
    calibration_segments=1,
    log_every=100,
    checkpoint_every=9,
    workers=0,
)
FINETUNE = FinetuneSettings(
    warmup_share=0.1,
    weight_decay=0.01,
    hidden_dropout=0.1,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    clip_norm=1.0,
    precision="32-true",
    evaluation_batch=None,
    crop="refuse",
    save_model=False,
)
COPIES = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)


class OneDevice(TorchDispatchMode):
    """Fail for an operation on tensors of two devices; the meta device itself accepts some of them."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor) and leaf.dim()]
        devices = {tensor.device.type for tensor in tensors}
        assert len(devices) < 2 or func in COPIES, f"{func} mixes {sorted(devices)}"
        return func(*args, **(kwargs or {}))


class Weighted(RandomMasking):
    """Random masking in which the weight of a base is its place."""

    def choose(self, sequence, probability):
        """See ``Masking``."""
        chosen = super().choose(sequence, probability)
        return Choice(chosen, np.arange(len(chosen), dtype=np.float32))


def step_batch(tokens, *, masking=None) -> StepBatch:
    """Six masked segments of 12 to 60 bases in three micro-batches."""
    length = np.array([60, 60, 33, 28, 17, 12])
    ends = np.array([0, int(length.sum())])
    genome = EncodedGenome(np.random.default_rng(0).integers(4, size=ends[1], dtype=np.uint8), ("a",), ends, ends[None])
    masker = Masker(masking or RandomMasking(center_probability=0.2), tokens)
    corpus = Corpus(genome, lay_out(genome, gaps="drop"))
    segments = Segments(np.cumsum(length) - length, length)
    steps = Steps(corpus, segments, masker, seed=0, batch=6, micro_batch=2, max_steps=1)
    return move_data_to_device(steps[0], OTHER)


def validation_batch(tokens) -> ValidationBatch:
    """Three sequences of different lengths under two masks."""
    random = np.random.default_rng(0)
    sequences = [random.integers(4, size=length, dtype=np.uint8) for length in (60, 41, 12)]
    masker = Masker(RandomMasking(center_probability=0.2), tokens)
    masked = [masker(bases, key=np.int64(row)) for row, bases in enumerate(sequences)]
    batch = collate(masker, sequences, masked, micro_batch=3, with_hidden=True)
    return move_data_to_device(ValidationBatch(batch, batch), OTHER)


def pretrain_module(tokens=TOKENS, model=TINY) -> PretrainModule:
    """A module on the other device, with the parts of a trainer that its step uses."""
    module = PretrainModule(
        masked_language_model(model, tokens, seed=0), tokens, settings=SETTINGS, warmup_steps=0, seed=0
    ).to(OTHER)
    optimizer, schedule = module.configure_optimizers()
    module._trainer = SimpleNamespace(world_size=1, global_step=1, global_rank=0, strategy=None)
    module.optimizers, module.lr_schedulers = lambda: optimizer[0], lambda: schedule[0]
    module.manual_backward = lambda loss: loss.backward()
    return module


@pytest.fixture
def cpu_reads(monkeypatch) -> list[torch.Size]:
    """The tensors that are copied to the host by ``cpu``, which gives zeros here."""
    reads = []

    def cpu(tensor: Tensor) -> Tensor:
        if tensor.device != OTHER:
            return tensor
        reads.append(tensor.shape)
        return torch.zeros(tensor.shape, dtype=tensor.dtype)

    monkeypatch.setattr(Tensor, "cpu", cpu)
    return reads


def classifier(model=TINY) -> PreTrainedModel:
    """A classifier on the other device."""
    return drawn_classifier(model, TOKENS).to(OTHER)


@pytest.fixture
def unfused(monkeypatch):
    """Lets AdamW and Hugging Face's masks work on meta tensors.

    The fused kernel knows none, and Hugging Face's own forward pass waits once a padded batch, to see whether all of
    the mask is true.
    """
    unfused = {"fused": False}
    monkeypatch.setattr("genomask.training.trainer.AdamW", lambda *args, **given: AdamW(*args, **given | unfused))
    monkeypatch.setattr(masking_utils, "_ignore_bidirectional_mask_sdpa", lambda *_, **__: False)


@pytest.mark.parametrize("model", [TINY, MODERN], ids=["bert", "modernbert"])
@pytest.mark.parametrize("masking", [RandomMasking(center_probability=0.2), Weighted(center_probability=0.2)])
@pytest.mark.usefixtures("unfused")
def test_a_pretraining_step_never_waits_for_the_device(model, masking):
    module = pretrain_module(model=model)
    with OneDevice():
        loss = module.training_step(step_batch(TOKENS, masking=masking))
    assert loss.device == OTHER
    assert module.meter.done.masked > 0


@pytest.mark.parametrize("tokens", [TOKENS, KmerTokens(1), KmerTokens(3, 3)], ids=lambda tokens: tokens.name)
@pytest.mark.usefixtures("unfused")
def test_a_validation_batch_never_waits_for_the_device(tokens):
    module, batch = pretrain_module(tokens), validation_batch(tokens)
    module.on_validation_epoch_start()
    with OneDevice():
        module.validation_step(batch)
    assert {name: len(sums) for name, sums in module.sums.items()} == dict.fromkeys(pretraining.METRICS, 1)
    assert all(module.counts.values())


@pytest.mark.parametrize("pool", ["cls", "mean"])
@pytest.mark.parametrize("model", [TINY, MODERN], ids=["bert", "modernbert"])
@pytest.mark.usefixtures("unfused")
def test_a_finetuning_step_and_an_evaluation_never_wait_for_the_device(model, pool):
    settings = replace(FINETUNE, pool=pool)
    module = ClassifierModule(classifier(model), settings=settings, tokens=TOKENS, learning_rate=1e-3, seed=0)
    bases = torch.randint(4, (3, 20), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    batch = ExampleBatch(bases, torch.tensor([20, 12, 5]), torch.tensor([0, 1, 0]), torch.arange(3))
    batch = move_data_to_device(module.on_before_batch_transfer(batch, 0), OTHER)
    with OneDevice():
        module.training_step(batch).backward()
        module.test_step(batch)
    assert [part.shape for part in module.predictions] == [(3, 2)]


def test_predictions_wait_for_the_device_once(cpu_reads):
    model = Classifier(classifier().eval(), ("0", "1"), TOKENS)
    windows = [np.full(length, base, dtype=np.uint8) for base, length in enumerate((30, 30, 21, 9))]
    with OneDevice():
        assert predictor.logits(model, windows, batch=2).shape == (1, 4, 2)
    assert cpu_reads == [(4, 2)]


@pytest.mark.parametrize("pool", ["mean", "cls", "max"])
@pytest.mark.usefixtures("unfused")
def test_embeddings_are_computed_where_the_encoder_is(cpu_reads, pool):
    model = masked_language_model(TINY, TOKENS, seed=0).bert.eval().to(OTHER)
    with OneDevice():
        vectors = embed(
            drawn_encoder()._replace(model=model, tokens=TOKENS),
            ["ACGTACGT", "ACGTA", "ACGTTT"],
            pooling=pool,
            batch=16,
        )
    assert vectors.shape == (3, 16)
    assert cpu_reads == [(2, 1, 16), (1, 1, 16)]


def test_a_tensor_left_on_the_cpu_or_read_on_the_host_fails():
    weights = torch.empty(5, 4, device=OTHER)
    with OneDevice(), pytest.raises(AssertionError, match=r"mixes \['cpu', 'meta'\]"):
        torch.nn.functional.embedding(torch.tensor([1, 2]), weights)
    with pytest.raises(RuntimeError, match="cannot be called on meta tensors"):
        bool(weights.sum() > 0)
