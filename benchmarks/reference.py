"""Plain readings of DNABERT's and GeneMask's scripts: Hugging Face's eager BERT, padded batches, plain AdamW.

They differ from the scripts where a comparison requires it: padding is not attended, the loss of a step is the mean
over its masked tokens, and weights, episode and order are those of genomask. As a command, one fine-tuning:

    python -m benchmarks.reference TASK_FOLDER ENCODER_FOLDER SEED
"""

import sys
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW
from transformers import AutoTokenizer, PreTrainedModel, get_linear_schedule_with_warmup

from genomask.alphabet import decode
from genomask.models.bert import sequence_classifier
from genomask.seeds import derived_seed
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.datamodule import EpisodeDataModule
from genomask.tasks.examples import Examples, draw_episode

Model = TypeVar("Model", bound=PreTrainedModel)
IGNORED: Final = -100  # label of a token that the loss leaves out
K: Final = 6
WIDTH: Final = 100  # tokens that every sequence is padded to, as in DNABERT's command for core promoters
TASK: Final = "synthetic_prom_core"
SHOTS, BATCH, EPOCHS, LEARNING_RATE = 10, 5, 20, 4e-4  # Sec. 5.3 and 5.4
EVALUATION_BATCH: Final = 32  # DNABERT's command
PAD: Final = 0  # id of [PAD]


class Padded(NamedTuple):
    """A batch as the scripts hand it to the model; all are [batch, tokens]."""

    input_ids: Tensor
    attention: Tensor
    labels: Tensor


def eager(model: Model) -> Model:
    """Copy of a Hugging Face model with eager attention."""
    config = deepcopy(model.config)
    config._attn_implementation = "eager"
    copy = type(model)(config)
    copy.load_state_dict(model.state_dict())
    return copy.train()


def adamw_one_by_one(model: nn.Module, learning_rate: float) -> AdamW:
    """AdamW that updates one weight after the other; biases and LayerNorm weights do not decay."""
    decay, no_decay = [], []
    for name, weight in model.named_parameters():
        (no_decay if name.endswith("bias") or "LayerNorm" in name else decay).append(weight)
    groups = [{"params": decay, "weight_decay": 0.01}, {"params": no_decay, "weight_decay": 0.0}]
    return AdamW(groups, lr=learning_rate, foreach=False, fused=False)


def pretraining_step(model: nn.Module, optimizer: AdamW, batches: Sequence[Padded]) -> Tensor:
    """Accumulate the gradient over the batches, clip it, update; returns the loss in nats per masked token."""
    total = sum(int((batch.labels != IGNORED).sum()) for batch in batches)
    loss = torch.zeros(())
    optimizer.zero_grad(set_to_none=True)
    for batch in batches:
        flat = model(batch.input_ids, attention_mask=batch.attention).logits.flatten(0, 1)
        share = cross_entropy(flat, batch.labels.flatten(), ignore_index=IGNORED, reduction="sum") / total
        share.backward()
        loss += share.detach()
    clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss


def fine_tune(task_folder: Path, encoder: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Fine-tune on one episode; probability of class 1 and label of every test sequence, in their order."""
    torch.set_num_threads(1)
    task = open_benchmark(task_folder)
    rows = draw_episode(task.pool.labels, task=TASK, shots=SHOTS, seed=seed)
    order = EpisodeDataModule(
        task,
        rows,
        batch_size=BATCH,
        evaluation_batch=EVALUATION_BATCH,
        seed=derived_seed(seed, "order of examples"),
    ).train_dataloader()
    pool, test = (_token_ids(examples, encoder) for examples in (task.pool.take(rows), task.test))
    head = derived_seed(seed, "classification head")
    model = eager(sequence_classifier(encoder, classes=2, seed=head, hidden_dropout=0.0))
    max_steps = EPOCHS * len(order)
    optimizer = adamw_one_by_one(model, LEARNING_RATE)
    schedule = get_linear_schedule_with_warmup(optimizer, max_steps // 10, max_steps)
    for _ in range(EPOCHS):
        for batch in order:
            optimizer.zero_grad(set_to_none=True)
            cross_entropy(_logits(model, pool[batch.rows]), batch.labels).backward()
            clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        parts = [_logits(model, part).softmax(dim=1)[:, 1] for part in test.split(EVALUATION_BATCH)]
    return torch.cat(parts).numpy(), task.test.labels


def letters(examples: Examples) -> list[str]:
    """The sequences as text."""
    return [decode(row) for row in examples.rows()]


def _token_ids(examples: Examples, encoder: Path) -> Tensor:
    """Token ids of padded sequences, by the exported tokenizer: k-mers as words."""
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    words = [" ".join(text[at : at + K] for at in range(len(text) - K + 1)) for text in letters(examples)]
    return tokenizer(words, padding="max_length", max_length=WIDTH, return_tensors="pt")["input_ids"]


def _logits(model: nn.Module, token_ids: Tensor) -> Tensor:

    return model(token_ids, attention_mask=token_ids.ne(PAD).long()).logits


def main(task_folder: str, encoder: str, seed: str) -> None:
    """Fine-tune and print the AUC on the test set."""
    from torchmetrics.functional.classification import binary_auroc

    scores, labels = fine_tune(Path(task_folder), Path(encoder), int(seed))
    sys.stdout.write(f"{binary_auroc(torch.from_numpy(scores), torch.from_numpy(labels)).item()}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
