"""Train a network on an episode: one recipe for the stage, the API, cross-validation and the CNN baseline."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from jaxtyping import Float, Int64
from lightning import Trainer
from lightning.pytorch.loggers import Logger
from torch import Tensor, nn
from transformers import PreTrainedModel

from genomask.checks import require, require_packages
from genomask.finetune.module import ClassifierModule, EpisodeModule, objective_of
from genomask.finetune.settings import FinetuneSettings, Policy
from genomask.models.bert import Encoder, seeded, sequence_classifier
from genomask.models.export import PROBLEM_TYPES
from genomask.seeds import derived_seed
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.examples import Benchmark
from genomask.training.checkpoints import ResumePoints, newest_checkpoint, train_from
from genomask.training.host import sequences_at_once
from genomask.training.settings import TrainerSettings
from genomask.training.trainer import trainer


class Recipe(NamedTuple):
    """How a classifier is trained: settings, the policy for its shots, the machine, and the run's seed."""

    settings: FinetuneSettings
    policy: Policy
    machine: TrainerSettings
    seed: int


def episode_data(
    task: Benchmark, rows: Int64[np.ndarray, " _episode"], recipe: Recipe, *, cpu: int = 8, gpu: int = 256
) -> EpisodeDataModule:
    """The episode and the test set in batches; ``cpu`` and ``gpu`` are test sequences at once where none are set."""
    return EpisodeDataModule(
        task,
        rows,
        batch_size=recipe.policy.batch_size,
        evaluation_batch=sequences_at_once(recipe.machine, recipe.settings.evaluation_batch, cpu=cpu, gpu=gpu),
        seed=derived_seed(recipe.seed, "order of examples"),
    )


def classifier_module(encoder: Encoder, recipe: Recipe, data: EpisodeDataModule) -> ClassifierModule:
    """The encoder with a head for what the episode holds, drawn from the seed."""
    model = sequence_classifier(
        encoder,
        classes=len(data.classes),
        seed=derived_seed(recipe.seed, "classification head"),
        hidden_dropout=recipe.settings.hidden_dropout,
    )
    if recipe.settings.lora is not None:
        add_lora(model, rank=recipe.settings.lora, seed=derived_seed(recipe.seed, "adapters"))
    return ClassifierModule(
        model,
        settings=recipe.settings,
        tokens=encoder.tokens,
        learning_rate=recipe.policy.learning_rate,
        seed=recipe.seed,
        objective=objective_of(data),
    )


def train(
    module: EpisodeModule,
    data: EpisodeDataModule,
    recipe: Recipe,
    *,
    logs: Sequence[Logger] = (),
    checkpoints: Path | None = None,
) -> Trainer:
    """Train to the last epoch, from the newest checkpoint if there is one; returns the trainer."""
    every = recipe.settings.checkpoint_every
    fit = trainer(
        recipe.machine,
        precision=recipe.settings.precision,
        loggers=list(logs),
        callbacks=[ResumePoints(checkpoints, every=every)] if checkpoints else [],
        devices=1,  # an episode is too small to share
        max_epochs=recipe.policy.epochs,
        gradient_clip_val=recipe.settings.clip_norm,
        log_every_n_steps=1,
    )
    train_from(fit, module, data, newest_checkpoint(checkpoints) if checkpoints else None)
    return fit


def trained_model(module: ClassifierModule, classes: Sequence[str]) -> PreTrainedModel:
    """The trained model for use without its module: classes have names, adapters are merged, values have their unit."""
    model, objective = module.model, module.objective
    if module.settings.lora is not None:
        merge_lora(model)
    if objective.kind == "regression":
        *_, head = (part for part in model.modules() if isinstance(part, nn.Linear))
        head.weight.data *= objective.scale
        head.bias.data = head.bias.data * objective.scale + objective.center
    model.config.id2label = dict(enumerate(classes))
    model.config.problem_type = PROBLEM_TYPES.get(objective.kind)
    return model


def train_and_predict(
    module: EpisodeModule, data: EpisodeDataModule, recipe: Recipe, **options: Any
) -> tuple[Float[Tensor, "rows classes"], dict[str, float]]:
    """Predictions of the test set after the last epoch, and the seconds of training and evaluation."""
    started = time.perf_counter()
    fit = train(module, data, recipe, **options)
    trained = time.perf_counter()
    fit.test(module, datamodule=data, verbose=False)
    seconds = {"finetune": round(trained - started, 3), "evaluate": round(time.perf_counter() - trained, 3)}
    return module.predicted(), seconds


# Of every attention: queries and values, as in Hu et al. 2021, Sec. 4.2, or the one matrix that they share with keys.
ADAPTED: Final = ("query", "value", "q_lin", "v_lin", "Wqkv")


def add_lora(model: PreTrainedModel, *, rank: int, seed: int) -> None:
    """Freeze the encoder and add adapters of this rank, scaled by 2, to its attention; the head stays trainable."""
    require_packages("finetune.lora", "peft", extra="lora")
    from peft import LoraConfig, inject_adapter_in_model

    encoder = model.base_model
    for name, weight in encoder.named_parameters():
        weight.requires_grad = name.startswith("pooler.")  # a part of the head
    present = {name.rpartition(".")[2] for name, _ in encoder.named_modules()}
    adapted = [name for name in ADAPTED if name in present]
    require(adapted, f"finetune.lora={rank}", f"attention with {', '.join(ADAPTED)}", model.config.model_type)
    with seeded(seed):
        inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=adapted), encoder)


def merge_lora(model: nn.Module) -> None:
    """Add what the adapters have learned to the weights, and remove them; nothing happens where there are none."""
    from peft.tuners.lora import LoraLayer

    for parent in list(model.modules()):
        for name, part in list(parent.named_children()):
            if isinstance(part, LoraLayer):
                part.merge()
                setattr(parent, name, part.get_base_layer())
