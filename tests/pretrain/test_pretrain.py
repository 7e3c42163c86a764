"""Pretraining gives the same weights whatever the micro-batches, the fast path, or an interruption."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning import Callback, Trainer, seed_everything

from genomask.alphabet import encode
from genomask.corpus.datamodule import CorpusDataModule
from genomask.corpus.segments import CorpusSettings
from genomask.genome.encoded import write_genome
from genomask.masking.base import Choice, Masking
from genomask.masking.draws import sequence_keys
from genomask.masking.global_pmi import GlobalSpanMasking
from genomask.masking.masker import Corruption, Masker
from genomask.masking.random import RandomMasking
from genomask.masking.schedule import ScheduleMasking
from genomask.masking.weighted import AdaptiveMasking
from genomask.models.bert import masked_language_model
from genomask.models.settings import ModelSettings
from genomask.pretrain.keep import KeepSteps
from genomask.pretrain.module import METRICS, PretrainModule
from genomask.pretrain.settings import Accumulation, PretrainSettings, Warmup
from genomask.tokens.kmer import KmerTokens
from genomask.training.checkpoints import AtomicCheckpoints, ResumePoints, newest_checkpoint
from genomask.training.host import resolved_precision
from genomask.training.settings import OptimiserSettings, TrainerSettings
from genomask.training.trainer import adamw

TINY = ModelSettings(
    name="tiny",
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
    validate_every=3,
    validation_segments=10,
    calibration_segments=10,
    log_every=1,
    checkpoint_every=2,
    workers=0,
)


TOKENS = KmerTokens(3)


class Weighted(Masking):
    """Hide centers, each with a weight that grows along the sequence."""

    def choose(self, sequence, probability):
        return Choice(sequence.draw_centers(probability), np.arange(len(sequence.bases), dtype=np.float32))


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("genome")
    text = "".join(np.random.default_rng(0).choice(list("ACGT"), 4000))
    write_genome([("chr1", [encode(text)])], folder)
    return folder


def parts(genome, settings, *, model=TINY, masking=None, tokens=TOKENS):
    module = PretrainModule(
        masked_language_model(model, tokens, seed=1),
        tokens,
        settings=settings,
        warmup_steps=2,
        seed=3,
        masking=masking,
    )
    corpus = CorpusDataModule(
        genome,
        CORPUS,
        Masker(masking or RandomMasking(center_probability=0.1), tokens),
        Masker(RandomMasking(), tokens, Corruption()),
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
        enable_checkpointing=any(isinstance(callback, ResumePoints) for callback in callbacks),
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


def plain_logits(model, input_ids, masked, attention):
    mask = None if attention is None else attention.long()
    return model(input_ids, attention_mask=mask).logits.flatten(0, 1)[masked.flat]


def test_the_weights_do_not_depend_on_the_fast_path(genome, monkeypatch):
    one = fit(genome, SETTINGS, model=NO_DROPOUT)
    monkeypatch.setattr("genomask.pretrain.step.masked_logits", plain_logits)
    assert_same(one, fit(genome, SETTINGS, model=NO_DROPOUT), rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("masking", [RandomMasking(center_probability=0.1), Weighted(center_probability=0.1)])
@pytest.mark.parametrize("tokens", [TOKENS, KmerTokens(1), KmerTokens(3, 3)], ids=["3-mer", "base", "3-mer/3"])
def test_the_loss_of_a_step_is_the_weighted_mean_over_all_its_masked_tokens(genome, masking, tokens):
    changed = {"model": NO_DROPOUT, "masking": masking, "tokens": tokens}
    module, corpus = parts(genome, SETTINGS, **changed)
    losses = []

    class Losses(Callback):
        def on_train_batch_end(self, trainer, *_):
            losses.append(trainer.callback_metrics["pretrain/loss"].item())

    expected = literal_loss(module, corpus)
    fit(genome, SETTINGS, callbacks=[Losses()], **changed)
    assert losses[0] == pytest.approx(expected, rel=1e-5)


def literal_loss(module, corpus) -> float:
    """Every sequence of the first step alone, through the plain model; the weighted mean over all masked tokens."""
    rows, _ = corpus.train_dataloader().dataset.rows(0)
    keys, total, weight = sequence_keys(3, 0, rows), 0.0, 0.0
    for piece, key in zip(corpus.corpus.read(corpus.train.take(rows), keys), keys, strict=True):
        masked = corpus.masker(piece.bases, key=key)
        with torch.no_grad():
            logits = module.model(torch.tensor([[2, *masked.input_ids.tolist(), 3]])).logits[0].log_softmax(-1)
        for token in masked.masked.nonzero()[0].tolist():
            own = 1.0 if masked.weights is None else float(masked.weights[token])
            total -= own * logits[token + 1, masked.tokens.ids[token]].item()
            weight += own
    return total / weight


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


class KillAfter(Callback):
    def __init__(self, step):
        self.step = step

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.step:
            raise RuntimeError("killed")


LEARNING = {
    "adaptive": lambda: AdaptiveMasking(k=2, center_probability=0.1),
    "perplexity": lambda: ScheduleMasking(
        first=RandomMasking(center_probability=0.1),
        second=GlobalSpanMasking(k=3, center_probability=0.2),
        switch="perplexity",
        threshold=1000.0,
    ),
}


@pytest.mark.parametrize("name", LEARNING)
@pytest.mark.parametrize("step", [2, 5])
def test_what_validations_told_a_strategy_is_resumed_exactly(genome, tmp_path, name, step):
    settings, make = replace(SETTINGS, validate_every=2), LEARNING[name]
    strategy, again = make(), make()
    whole = fit(genome, settings, masking=strategy)
    points = ResumePoints(tmp_path, every=1)
    with pytest.raises(RuntimeError, match="killed"):
        fit(genome, settings, masking=make(), callbacks=[points, KillAfter(step + 1)])
    newest = newest_checkpoint(tmp_path)
    assert newest == tmp_path / f"step={step}.ckpt"
    resumed = fit(genome, replace(settings, workers=2), masking=again, resume=newest)
    assert_same(resumed, whole)
    assert again.state_dict() == strategy.state_dict() != make().state_dict()
    never_told = fit(genome, replace(settings, validate_every=6), masking=make())
    assert any((a != b).any() for a, b in zip(weights(never_told).values(), weights(whole).values(), strict=True))


def test_encoders_kept_on_the_way_are_those_of_shorter_trainings_also_when_resumed(genome, tmp_path):
    kept = {}

    def export(folder, metrics, step):
        kept[step] = weights(module_of["now"]), folder.name, set(metrics)

    module_of = {}

    class Note(Callback):
        def on_fit_start(self, trainer, pl_module):  # noqa: ARG002
            module_of["now"] = pl_module

    keep = KeepSteps([3], tmp_path, export)
    settings = replace(SETTINGS, schedule="constant", keep=[3])
    whole = fit(genome, settings, callbacks=[Note(), keep])
    assert set(kept) == {3}
    found, folder, metrics = kept.pop(3)
    assert folder == "step=3"
    assert {f"validation/{name}" for name in METRICS} <= metrics
    torch.testing.assert_close(found, weights(fit(genome, replace(settings, max_steps=3, keep=[]))), rtol=0, atol=0)

    with pytest.raises(RuntimeError, match="killed"):
        fit(genome, settings, callbacks=[Note(), keep, StopAt(2, tmp_path / "step=2.ckpt")])
    assert not kept
    assert_same(fit(genome, settings, callbacks=[Note(), keep], resume=tmp_path / "step=2.ckpt"), whole)
    torch.testing.assert_close(kept[3][0], found, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        ("linear", [0, 1 / 4, 2 / 4, 3 / 4, 1, 15 / 16, 14 / 16, 8 / 16, 0]),
        ("constant", [0, 1 / 4, 2 / 4, 3 / 4, 1, 1, 1, 1, 1]),
        ("wsd", [0, 1 / 4, 2 / 4, 3 / 4, 1, 1, 1, 1, 0]),
    ],
)
def test_schedules_warm_up_and_then_have_their_shape(schedule, factors):
    module = torch.nn.Linear(1, 1)
    settings = OptimiserSettings(0.0, 0.9, 0.98, 1e-6, clip_norm=1.0, precision="32-true")
    optimizer, schedule = adamw(module, settings, learning_rate=2.0, warmup_steps=4, max_steps=20, schedule=schedule)
    rates = []
    for _ in range(21):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert [rates[step] for step in (0, 1, 2, 3, 4, 5, 6, 12, 20)] == pytest.approx([2 * factor for factor in factors])
    if len(set(factors[4:8])) == 1 and factors[-1] == 0:
        assert rates[17:] == pytest.approx([2.0, 2.0, 1.0, 0.0])


def test_dropout_is_drawn_anew_in_every_step_and_from_the_seed(genome):
    assert_same(fit(genome), fit(genome))
    module, _ = parts(genome, SETTINGS)
    assert any(
        not torch.equal(a, b) for a, b in zip(weights(module).values(), weights(fit(genome)).values(), strict=True)
    )


def test_sequences_in_which_nothing_is_hidden_do_not_poison_the_weights(genome):
    rarely = RandomMasking(center_probability=1e-9)
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


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (
            "keep",
            [2],
            r"pretrain.keep needs steps below 6 at which it validates \(pretrain.validate_every=3\); found 2",
        ),
        ("keep", [6], r"pretrain.keep needs steps below 6"),
        ("step", 3, r"pretrain.step needs one of the steps in pretrain.keep, \[\]; found 3"),
        ("schedule", "cosine", r"pretrain.schedule needs one of linear, constant, wsd; found 'cosine'"),
        ("precision", "fp8", r"pretrain.precision needs one of auto, 32-true, bf16-mixed; found 'fp8'"),
    ],
)
def test_impossible_settings_are_refused(field, value, message):
    with pytest.raises(ValueError, match=message):
        replace(SETTINGS, **{field: value})


@pytest.mark.parametrize(("native", "precision"), [(True, "bf16-mixed"), (False, "32-true")])
def test_the_automatic_precision_is_bfloat16_where_the_processor_has_it(monkeypatch, native, precision):
    monkeypatch.setattr("genomask.training.host.has_bfloat16", lambda: native)
    machine = TrainerSettings("cpu", devices=1, nodes=1, strategy="auto", threads=None)
    assert resolved_precision("auto", machine) == precision
    assert resolved_precision("32-true", machine) == "32-true"
