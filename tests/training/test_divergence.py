"""A loss that is no number stops the training, with its batch kept and no checkpoint of what came after."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from test_pretrain import SETTINGS, genome, parts  # noqa: F401  (a fixture)

from compose import composed
from genomask.finetune.module import ClassifierModule
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.examples import benchmark
from tiny_models import TOKENS, drawn_classifier

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*manual optimization", "ignore:.*logging interval", "ignore:.*overridden `on_before_batch_transfer`"
)


def trainer(folder, **options) -> Trainer:
    """A trainer that writes a checkpoint after every step, and when the training fails."""
    saver = ModelCheckpoint(folder, filename="{step}", every_n_train_steps=1, save_top_k=-1, save_on_exception=True)
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "num_sanity_val_steps": 0}
    return Trainer(accelerator="cpu", logger=False, callbacks=[saver], **quiet, **options)


def poison(module, at: int) -> None:
    """Let the weights be NaN from a step on."""
    before = type(module).training_step

    def step(batch):
        if module.global_step == at:
            with torch.no_grad():
                next(module.model.parameters()).fill_(float("nan"))
        return before(module, batch)

    module.training_step = step


@pytest.mark.parametrize("log_every", [1, 4, 100])
def test_a_pretraining_stops_and_keeps_the_batch_it_diverged_at(tmp_path, genome, log_every):  # noqa: F811
    settings = replace(SETTINGS, log_every=log_every, validate_every=6)
    module, corpus = parts(genome, settings)
    module.diverged = tmp_path / "diverged" / "logo"
    poison(module, at=2)
    fit = trainer(tmp_path, max_steps=6, max_epochs=1, val_check_interval=6)
    with pytest.raises(ValueError, match=r"loss became nan at step 3\. Its batch is kept in .*step=3\.npz\. Lower"):
        fit.fit(module, datamodule=corpus)
    kept = np.load(tmp_path / "diverged" / "logo-step=3.npz", allow_pickle=False)
    batch = corpus.train_dataloader().dataset[2]
    for name in ("input_ids", "lengths", "targets"):
        np.testing.assert_array_equal(kept[name], getattr(batch, name).numpy())
    for checkpoint in tmp_path.glob("step=*.ckpt"):
        weights = torch.load(checkpoint, weights_only=True)["state_dict"]
        assert all(weight.isfinite().all() for weight in weights.values()), checkpoint


def classifier(seed: int = 0) -> ClassifierModule:
    model = drawn_classifier(seed=seed)
    return ClassifierModule(model, settings=composed().config.finetune, tokens=TOKENS, learning_rate=1e-3, seed=seed)


def episode(seed: int = 0) -> EpisodeDataModule:
    rows = [("ACGTACGTAC", "0"), ("GGGTTTCCCA", "1")] * 4
    return EpisodeDataModule(benchmark(rows, rows), np.arange(8), batch_size=4, evaluation_batch=4, seed=seed)


def test_a_fine_tuning_stops_and_keeps_the_batch_it_diverged_at(tmp_path):
    module, data = classifier(), episode()
    module.diverged = tmp_path / "diverged" / "mine"
    poison(module, at=1)
    with pytest.raises(ValueError, match=r"loss became nan at step 2\. Its batch is kept in .*step=2\.npz\. Lower fs"):
        trainer(tmp_path, max_epochs=3).fit(module, datamodule=data)
    assert set(np.load(tmp_path / "diverged" / "mine-step=2.npz")) == {
        "bases",
        "lengths",
        "labels",
        "rows",
        "token_ids",
    }


def test_a_training_without_a_place_for_batches_stops_all_the_same(tmp_path, genome):  # noqa: F811
    module, corpus = parts(genome, SETTINGS)
    poison(module, at=0)
    with pytest.raises(ValueError, match=r"loss became nan at step 1\. Lower pretrain\.learning_rate"):
        trainer(tmp_path, max_steps=6, max_epochs=1).fit(module, datamodule=corpus)
