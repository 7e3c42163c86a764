"""Seeds that are fine-tuned together become results of their own, also where one of them has none."""

import json

import numpy as np
import pytest
import torch

from compose import composed
from genomask.experiment.stages import stacked
from genomask.experiment.stages.finetune import finetune_artefact, make_ready
from genomask.training.divergence import DivergedError
from trainings import write_data


def test_a_seed_that_diverges_has_no_result_and_the_others_have_theirs(tmp_path, monkeypatch):
    words = (*write_data(tmp_path), f"paths.runs={tmp_path}/runs", "pretrain.max_steps=1", "shots=4")
    runs = [composed(*words, "pretrain.validate_every=1", f"seed={seed}") for seed in range(3)]

    def poisoned(run, *inputs):
        ready = make_ready(run, *inputs)
        if run.config.seed == 1:
            with torch.no_grad():
                ready.module.model.classifier.bias.fill_(float("nan"))
        return ready

    monkeypatch.setattr(stacked, "make_ready", poisoned)
    place = tmp_path / "runs" / "diverged" / f"{finetune_artefact(runs[1]).name}-step=1.npz"
    with pytest.raises(DivergedError) as raised:
        stacked.finetune_together(runs)
    advice = "Lower fs.learning_rate, or see to it that the encoder is sound."
    assert str(raised.value) == f"The loss of seed 1 became nan at step 1. Its batch is kept in {place}. {advice}"
    assert set(np.load(place)) == {"bases", "lengths", "labels", "rows"}
    for run in (runs[0], runs[2]):
        result = json.loads((run.store.path(finetune_artefact(run)) / "result.json").read_text())
        assert np.isfinite(result["auc"])
        assert result["repeatability"]["bit_for_bit"]
    assert not runs[1].store.has(finetune_artefact(runs[1]))
