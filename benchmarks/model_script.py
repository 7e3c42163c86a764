"""One seed of one cell as a script of its own: load, draw the episode, fine-tune, evaluate, print the AUC.

    python -m benchmarks.model_script TASK_FOLDER ENCODER_FOLDER SEED

The paper's settings for 10 shots with FS (Sec. 5.3, 5.4); Hugging Face's eager BERT, every sequence padded.
Weights, episode and order are those of our own fine-tuning, or the scores could not be compared.
"""

import sys
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor
from transformers import BertForSequenceClassification

from benchmarks.model_reference import eager, finetuning_step
from genomask.alphabet import PAD
from genomask.models.bert import sequence_classifier
from genomask.seeds import derived_seed
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.datamodule import EpisodeDataModule, ExampleBatch
from genomask.tasks.episode import draw_episode
from genomask.tokens import tokenise
from genomask.training.trainer import adamw

K: Final = 6
WIDTH: Final = 100  # tokens that every sequence is padded to, as in DNABERT's command for core promoters
SHOTS, BATCH, EPOCHS, LEARNING_RATE = 10, 5, 20, 4e-4  # Sec. 5.3 and 5.4
EVALUATED_TOGETHER: Final = 32  # DNABERT's command
CPU: Final = torch.device("cpu")


def main(task_folder: str, encoder: str, seed: str) -> None:
    """Fine-tune and print the AUC on the test set."""
    from torchmetrics.functional.classification import binary_auroc

    torch.set_num_threads(1)
    task, number = open_benchmark(Path(task_folder)), int(seed)
    data = EpisodeDataModule(
        task,
        draw_episode(task.pool.labels, task="synthetic_prom_core", shots=SHOTS, seed=number),
        batch_size=BATCH,
        evaluation_batch=EVALUATED_TOGETHER,
        seed=derived_seed(number, "order of examples"),
    )
    model = sequence_classifier(
        Path(encoder), classes=2, seed=derived_seed(number, "classification head"), hidden_dropout=0.0
    )
    scores, labels = evaluate(train(model, data))
    sys.stdout.write(f"{binary_auroc(scores, labels).item()}\n")


class Trained(NamedTuple):
    """A classifier that was trained, and what to evaluate it on."""

    model: torch.nn.Module
    data: EpisodeDataModule
    device: torch.device


def train(model: BertForSequenceClassification, data: EpisodeDataModule, device: torch.device = CPU) -> Trained:
    """Fine-tune a copy of a classifier, sequence by sequence padded."""
    plain = eager(model)
    torch.nn.Module.to(plain, device)  # Transformers hides the type of its own
    loader = data.train_dataloader()
    max_steps = EPOCHS * len(loader)
    optimizer, schedule = adamw(
        plain,
        learning_rate=LEARNING_RATE,
        betas=(0.9, 0.999),
        epsilon=1e-8,
        weight_decay=0.01,
        warmup_steps=max_steps // 10,
        max_steps=max_steps,
        fused=False,
    )
    for _ in range(EPOCHS):
        for batch in loader:
            token_ids = _padded(batch, device)
            finetuning_step(plain, optimizer, token_ids, token_ids.ne(PAD).long(), batch.labels.to(device))
            schedule.step()
    return Trained(plain.eval(), data, device)


@torch.no_grad()
def evaluate(trained: Trained) -> tuple[Tensor, Tensor]:
    """Probability of class 1, and the label, of every test sequence."""
    scores, labels = [], []
    for batch in trained.data.test_dataloader():
        token_ids = _padded(batch, trained.device)
        logits = trained.model(token_ids, attention_mask=token_ids.ne(PAD).long()).logits
        scores.append(logits.softmax(dim=1)[:, 1])
        labels.append(batch.labels)
    return torch.cat(scores).cpu(), torch.cat(labels)


def _padded(batch: ExampleBatch, device: torch.device) -> Tensor:
    token_ids = tokenise(batch.bases, batch.lengths, k=K)
    return torch.nn.functional.pad(token_ids, (0, WIDTH - token_ids.shape[1]), value=PAD).to(device)


if __name__ == "__main__":
    main(*sys.argv[1:])
