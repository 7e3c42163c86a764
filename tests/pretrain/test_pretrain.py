"""Pretraining gives the same weights whatever the micro-batches, the fast path, or an interruption."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning import Callback, Trainer, seed_everything

from genomask.alphabet import encode
from genomask.corpus.datamodule import CorpusDataModule
from genomask.corpus.settings import CorpusSettings
from genomask.genome.encoded import write_genome
from genomask.masking.random import RandomMasking
from genomask.models.bert import masked_language_model
from genomask.models.settings import ModelSettings
from genomask.pretrain.module import PretrainModule
from genomask.pretrain.settings import Accumulation, PretrainSettings, Warmup
from genomask.training.checkpoints import AtomicCheckpoints, newest_checkpoint

TINY = ModelSettings(
    name="tiny",
    k=3,
    hidden_size=16,
    layers=2,
    heads=2,
    intermediate_size=32,
    hidden_dropout=0.1,
    attention_dropout=0.1,
    paper_batch=8,
    max_tokens=64,
)
CORPUS = CorpusSettings(
    longest=60, shortest=5, full_share=0.5, first_start=20, extra_bases=0, gaps="drop", validation_share=0.2
)
SETTINGS = PretrainSettings(
    max_steps=6,
    batch=8,
    micro_batch=3,
    learning_rate=1e-3,
    beta1=0.9,
    beta2=0.98,
    epsilon=1e-6,
    weight_decay=0.01,
    clip_norm=1.0,
    precision="32-true",
    fast_path=True,
    validate_every=3,
    validation_segments=10,
    calibration_segments=10,
    log_every=1,
    checkpoint_every=2,
    workers=0,
)


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("genome")
    text = "".join(np.random.default_rng(0).choice(list("ACGT"), 4000))
    write_genome([("chr1", [encode(text)])], folder)
    return folder


def parts(genome, settings, *, model=TINY, masking=None):
    module = PretrainModule(
        masked_language_model(model, seed=1),
        masking or RandomMasking(k=model.k, center_probability=0.1),
        RandomMasking(k=model.k),
        settings=settings,
        shape=model,
        warmup_steps=2,
        seed=3,
    )
    corpus = CorpusDataModule(
        genome,
        CORPUS,
        seed=3,
        batch=settings.batch,
        micro_batch=settings.micro_batch,
        max_steps=settings.max_steps,
        validation_segments=settings.validation_segments,
        workers=settings.workers,
    )
    return module, corpus


def fit(genome, settings=SETTINGS, *, callbacks=(), resume=None, **changed):
    module, corpus = parts(genome, settings, **changed)
    trainer = Trainer(
        accelerator="cpu",
        max_steps=settings.max_steps,
        val_check_interval=settings.validate_every,
        callbacks=list(callbacks),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        plugins=[AtomicCheckpoints()],
    )
    trainer.fit(module, datamodule=corpus, ckpt_path=resume)
    assert trainer.global_step == settings.max_steps
    return module


def weights(module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in module.model.state_dict().items()}


def assert_same(one, other, **tolerance):
    torch.testing.assert_close(weights(one), weights(other), **(tolerance or {"rtol": 0, "atol": 0}))


NO_DROPOUT = replace(TINY, hidden_dropout=0.0, attention_dropout=0.0)


def test_the_weights_do_not_depend_on_how_a_step_is_cut_into_micro_batches(genome):
    one = fit(genome, replace(SETTINGS, micro_batch=8), model=NO_DROPOUT)
    other = fit(genome, replace(SETTINGS, micro_batch=1), model=NO_DROPOUT)
    assert_same(one, other, rtol=1e-4, atol=2e-6)


def test_the_weights_do_not_depend_on_the_fast_path(genome):
    one = fit(genome, SETTINGS, model=NO_DROPOUT)
    other = fit(genome, replace(SETTINGS, fast_path=False), model=NO_DROPOUT)
    assert_same(one, other, rtol=1e-4, atol=2e-6)


def test_the_loss_of_a_step_is_the_mean_over_all_its_hidden_tokens(genome):
    module, corpus = parts(genome, SETTINGS, model=NO_DROPOUT)
    losses = []

    class Losses(Callback):
        def on_train_batch_end(self, trainer, *_):
            losses.append(trainer.callback_metrics["pretrain/loss"].item())

    first = next(iter(corpus.train_dataloader()))
    expected = literal_loss(module, first)
    fit(genome, SETTINGS, model=NO_DROPOUT, callbacks=[Losses()])
    assert losses[0] == pytest.approx(expected, rel=1e-5)


def literal_loss(module, batch) -> float:
    """Every sequence alone, through the plain model; the mean over all hidden tokens."""
    from genomask.masking.draws import sequence_keys
    from genomask.tokens import tokenise

    total, count = 0.0, 0
    for row in range(len(batch.lengths)):
        bases = batch.bases[row : row + 1, : batch.lengths[row]]
        ids = tokenise(bases, batch.lengths[row : row + 1], k=3)
        masked = module.masking(ids, sequence_keys(3, batch.epoch[row : row + 1], batch.segment[row : row + 1]))
        with torch.no_grad():
            logits = module.model(masked.input_ids).logits.log_softmax(-1)
        for position in masked.hidden[0].nonzero().flatten().tolist():
            total -= logits[0, position, ids[0, position]].item()
            count += 1
    return total / count


class StopAt(Callback):
    def __init__(self, step, path):
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)
            raise RuntimeError("killed")


@pytest.mark.parametrize(("step", "workers"), [(1, 0), (3, 0), (4, 2), (5, 0)])
def test_a_pretraining_resumed_at_any_step_ends_bit_identical(genome, tmp_path, step, workers):
    settings = replace(SETTINGS, workers=workers)
    whole = fit(genome, SETTINGS)
    path = tmp_path / f"step={step}.ckpt"
    with pytest.raises(RuntimeError, match="killed"):
        fit(genome, settings, callbacks=[StopAt(step, path)])
    seed_everything(99)  # whatever the global state was when the process came back
    torch.rand(7)
    assert_same(fit(genome, settings, resume=newest_checkpoint(tmp_path)), whole)


def test_dropout_is_drawn_anew_in_every_step_and_from_the_seed(genome):
    assert_same(fit(genome), fit(genome))
    module, _ = parts(genome, SETTINGS)
    assert any(
        not torch.equal(a, b) for a, b in zip(weights(module).values(), weights(fit(genome)).values(), strict=True)
    )


def test_sequences_in_which_nothing_is_hidden_do_not_poison_the_weights(genome):
    rarely = RandomMasking(k=3, center_probability=1e-9)
    module = fit(genome, SETTINGS, masking=rarely)
    assert all(value.isfinite().all() for value in weights(module).values())


def test_an_exploding_loss_ends_the_run_with_a_reason(genome):
    with pytest.raises(ValueError, match=r"The loss became (nan|inf) at step \d\. Lower pretrain.learning_rate"):
        fit(genome, replace(SETTINGS, learning_rate=1e30, clip_norm=1e30))


def test_the_newest_checkpoint_is_the_one_with_most_steps(tmp_path):
    assert newest_checkpoint(tmp_path) is None
    for step in (9, 10, 100):
        (tmp_path / f"step={step}.ckpt").touch()
    (tmp_path / "step=200.ckpt.part").touch()
    assert newest_checkpoint(tmp_path).name == "step=100.ckpt"


@pytest.mark.parametrize(
    ("settings", "max_steps", "expected"),
    [(Warmup(share=0.05), 10_000, 500), (Warmup(steps=10_000), 10_000, 10_000)],
)
def test_warmup_steps(settings, max_steps, expected):
    assert settings.of(max_steps) == expected


@pytest.mark.parametrize(
    ("steps", "full_batch", "expected"), [(25, 1000, 1000), (12, 1000, 480), (12, 500, 240), (1, 5, 1)]
)
def test_accumulation_scales_the_batch(steps, full_batch, expected):
    assert Accumulation(steps, 25).of(full_batch) == expected
