"""Seeds that are trained together end where each would have ended alone."""

import numpy as np
import pytest
import torch
from lightning import Trainer
from torch import nn

from compose import composed
from genomask.finetune.dropout import Draw, draw_masks, stack_masks
from genomask.finetune.module import ClassifierModule
from genomask.finetune.stacked import clip_each, train_stacked
from genomask.models.bert import sequence_classifier
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.examples import Benchmark, pack

SEEDS, EPOCHS = (0, 1, 2), 3
SIZES = ("model.hidden_size=16", "model.heads=2", "model.intermediate_size=24", "model.k=3")


def classifier(seed: int, *overrides: str) -> ClassifierModule:
    config = composed(*SIZES, *overrides).config
    model = sequence_classifier(config.model, classes=2, seed=seed, hidden_dropout=config.finetune.hidden_dropout)
    return ClassifierModule(model, settings=config.finetune, k=3, learning_rate=1e-3, seed=seed)


def episode(seed: int, *, even: bool = False) -> EpisodeDataModule:
    """Twelve sequences of a seed's own, in batches of five; ``even``, of one length in batches of four."""
    draw = np.random.default_rng(seed)
    rows = [draw.integers(0, 4, 20 if even else draw.integers(8, 30), dtype=np.uint8) for _ in range(12)]
    examples = pack(rows, np.arange(12) % 2)
    task = Benchmark(examples, examples, ("0", "1"))
    return EpisodeDataModule(task, np.arange(12), batch_size=4 if even else 5, evaluation_batch=4, seed=seed)


def alone(module: ClassifierModule, data: EpisodeDataModule) -> ClassifierModule:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    Trainer(
        accelerator="cpu",
        max_epochs=EPOCHS,
        gradient_clip_val=module.settings.clip_norm,
        enable_checkpointing=False,
        **quiet,
    ).fit(module, datamodule=data)
    return module


@pytest.mark.parametrize(
    "overrides",
    [
        ("finetune.hidden_dropout=0",),
        ("finetune.hidden_dropout=0.3",),
        ("finetune.hidden_dropout=0.2", "model.attention_dropout=0.3", "model.layers=3"),
        ("finetune.hidden_dropout=0.1", "finetune.clip_norm=0.05"),
        ("finetune.hidden_dropout=0.1", "finetune.clip_norm=0"),
    ],
)
@pytest.mark.parametrize("even", [True, False])
def test_stacked_seeds_get_the_weights_of_seeds_that_are_trained_alone(overrides, even):
    expected = [alone(classifier(seed, *overrides), episode(seed, even=even)) for seed in SEEDS]
    modules = [classifier(seed, *overrides) for seed in SEEDS]
    before = modules[0].model.classifier.weight.detach().clone()
    data = [episode(seed, even=even) for seed in SEEDS]
    curves = train_stacked(modules, data, epochs=EPOCHS, device=torch.device("cpu"))
    assert not torch.equal(before, modules[0].model.classifier.weight), "nothing was trained"
    for module, one in zip(modules, expected, strict=True):
        torch.testing.assert_close(module.model.state_dict(), one.model.state_dict(), rtol=1e-3, atol=1e-4)
    assert np.shape(curves) == (len(SEEDS), EPOCHS)


def test_the_draws_of_a_seed_are_those_of_pytorchs_own_dropout():
    torch.manual_seed(7)
    states = [torch.randn(4, 5, 8), torch.randn(4, 2, 5, 5)]
    torch.manual_seed(3)
    dropped = [nn.functional.dropout(state, 0.4) for state in states]
    masks = draw_masks([Draw(tuple(state.shape), 0.4) for state in states], seed=3, device=torch.device("cpu"))
    for state, mask, found in zip(states, masks, dropped, strict=True):
        assert torch.equal(state * mask, found)


def test_masks_of_unequal_widths_drop_nothing_where_a_batch_is_padded():
    narrow, wide = torch.zeros(2, 3, 4), torch.full((2, 5, 4), 2.0)
    stacked = stack_masks([narrow, wide])
    assert torch.equal(stacked[0, :, :3], narrow)
    assert torch.equal(stacked[0, :, 3:], torch.ones(2, 2, 4))
    assert torch.equal(stacked[1], wide)


@pytest.mark.parametrize("norm", [0.1, 1e6, 0.0])
def test_every_seed_is_clipped_by_its_own_norm(norm):
    draw = torch.Generator().manual_seed(0)
    gradients = [torch.randn(3, 4, 5, generator=draw), torch.randn(3, 6, generator=draw)]
    stacked = [nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(stacked, gradients, strict=True):
        parameter.grad = gradient.clone()
    clip_each(stacked, norm)
    for seed in range(3):
        single = [nn.Parameter(torch.zeros_like(gradient[seed])) for gradient in gradients]
        for parameter, gradient in zip(single, gradients, strict=True):
            parameter.grad = gradient[seed].clone()
        if norm:
            nn.utils.clip_grad_norm_(single, norm)
        for parameter, found in zip(single, stacked, strict=True):
            torch.testing.assert_close(found.grad[seed], parameter.grad)
