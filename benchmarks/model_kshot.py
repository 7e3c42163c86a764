"""Rows of k-shot classification: one training step, and the evaluation of a test set (Sec. 5.3)."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from transformers import BertForSequenceClassification

from benchmarks.inputs import Inputs
from benchmarks.model_inputs import LOGO, TINY, K
from benchmarks.model_reference import eager, finetuning_step, per_parameter_adamw
from benchmarks.products import LIMIT, matrix_products
from benchmarks.row import Comparison, Contender, Row
from genomask.alphabet import PAD
from genomask.models.bert import sequence_classifier
from genomask.models.flops import classifying_flops
from genomask.models.forward import cls_logits
from genomask.models.settings import ModelSettings
from genomask.tokens import tokenise
from genomask.training.trainer import adamw

BASES: Final = 300  # Prom-300
SCRIPT_TOKENS: Final = 310  # what a script that knows this task pads every sequence to
SHOT_BATCH: Final = 5  # Sec. 5.3, 10 shots
OURS_TOGETHER, SCRIPT_TOGETHER = 8, 32  # sequences evaluated at once: our default on a CPU, DNABERT's script
OURS, REFERENCE, TRIMMED = "genomask", "Hugging Face eager, padded", "Hugging Face eager, not padded"
TOLERANCE: Final = 1e-4  # of the largest value


class Sequences(NamedTuple):
    """Sequences of one length as both paths take them; ``padded`` are token ids to ``SCRIPT_TOKENS``."""

    bases: Tensor
    lengths: Tensor
    labels: Tensor
    padded: Tensor

    @property
    def trimmed(self) -> Tensor:
        """Token ids without padding."""
        return self.padded[:, : BASES - K + 3]


def draw(count: int) -> Sequences:
    """Draw sequences and labels."""
    random = torch.Generator().manual_seed(0)
    bases = torch.randint(4, (count, BASES), generator=random).to(torch.uint8)
    lengths, labels = torch.full((count,), BASES), torch.arange(count) % 2
    token_ids = tokenise(bases, lengths, k=K)
    padded = torch.full((count, SCRIPT_TOKENS), PAD)
    padded[:, : token_ids.shape[1]] = token_ids
    return Sequences(bases, lengths, labels, padded)


def step(inputs: Inputs) -> Row:
    """Forward and backward pass, clipping and update for the sequences of one step."""
    torch.set_num_threads(1)
    data, model = draw(SHOT_BATCH), _classifier(inputs)
    contenders = {
        OURS: Contender(_our_step(model, data)),
        REFERENCE: Contender(_their_step(model, data.padded, data.labels)),
        TRIMMED: Contender(_their_step(model, data.trimmed, data.labels)),
        LIMIT: _limit(inputs, data, training=True),
    }
    return Row(
        f"One k-shot training step of {_model(inputs).name}, {SHOT_BATCH} sequences of {BASES} bp, float32",
        (float(SHOT_BATCH), "sequences"),
        contenders,
        (Comparison(OURS, REFERENCE, 2.5), Comparison(OURS, TRIMMED), Comparison(OURS, LIMIT)),
        partial(_same, "loss and gradient of the head"),
        clock="cpu",
        note="Ours tokenises, the reference is handed token ids. Without dropout.",
    )


def evaluation(inputs: Inputs) -> Row:
    """Class logits of a test set."""
    torch.set_num_threads(1)
    data, model = draw(8 if inputs.quick else 64), _classifier(inputs)
    plain = eager(model).eval()
    contenders = {
        OURS: Contender(partial(_our_evaluation, model.eval(), data)),
        REFERENCE: Contender(partial(_their_evaluation, plain, data.padded)),
        TRIMMED: Contender(partial(_their_evaluation, plain, data.trimmed)),
        LIMIT: _limit(inputs, data, training=False),
    }
    return Row(
        f"Evaluation of {_model(inputs).name} on {len(data.labels)} sequences of {BASES} bp, float32",
        (float(len(data.labels)), "sequences"),
        contenders,
        (Comparison(OURS, REFERENCE, 3), Comparison(OURS, TRIMMED), Comparison(OURS, LIMIT)),
        partial(_same, "logits"),
        clock="cpu",
        note=(
            f"{OURS_TOGETHER} sequences at a time, from bases; "
            f"the reference gets token ids of {SCRIPT_TOGETHER} at a time."
        ),
    )


def _our_step(model: BertForSequenceClassification, data: Sequences) -> Callable[[], Tensor]:
    model = eager(model)  # a copy: what it attends by is not asked
    optimizer, _ = adamw(
        model,
        learning_rate=1e-6,
        betas=(0.9, 0.999),
        epsilon=1e-8,
        weight_decay=0.01,
        warmup_steps=0,
        max_steps=10**9,
    )

    def train() -> Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(_logits(model, data, slice(None)), data.labels)
        loss.backward()
        clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return torch.cat([loss.detach()[None], *gradients(model)])

    return train


def _their_step(model: BertForSequenceClassification, token_ids: Tensor, labels: Tensor) -> Callable[[], Tensor]:
    plain = eager(model)
    optimizer = per_parameter_adamw(plain, 1e-6)

    def train() -> Tensor:
        loss = finetuning_step(plain, optimizer, token_ids, token_ids.ne(PAD).long(), labels)
        return torch.cat([loss[None], *gradients(plain)])

    return train


@torch.inference_mode()
def _our_evaluation(model: BertForSequenceClassification, data: Sequences) -> Tensor:
    starts = range(0, len(data.labels), OURS_TOGETHER)
    logits = [_logits(model, data, slice(start, start + OURS_TOGETHER)) for start in starts]
    return torch.cat(logits)


@torch.no_grad()
def _their_evaluation(model: torch.nn.Module, token_ids: Tensor) -> Tensor:
    logits = [model(part, attention_mask=part.ne(PAD).long()).logits for part in token_ids.split(SCRIPT_TOGETHER)]
    return torch.cat(logits)


def gradients(model: torch.nn.Module) -> list[Tensor]:
    """Gradient of every weight of the pooler and the head, flat: all of the encoder acts on them."""
    weights = [
        *model.get_submodule("bert.pooler").parameters(),
        *model.get_submodule("classifier").parameters(),
    ]
    return [weight.grad.flatten() for weight in weights if weight.grad is not None]


def _logits(model: BertForSequenceClassification, data: Sequences, rows: slice) -> Tensor:
    token_ids = tokenise(data.bases[rows], data.lengths[rows], k=K)
    return cls_logits(model, token_ids, token_ids != PAD)


def _classifier(inputs: Inputs) -> BertForSequenceClassification:
    return sequence_classifier(_model(inputs), classes=2, seed=0, hidden_dropout=0.0)


def _limit(inputs: Inputs, data: Sequences, *, training: bool) -> Contender:
    """The matrix products that our path cannot do without."""
    rows, tokens = data.trimmed.shape
    operations = classifying_flops(_model(inputs), rows=rows, tokens=tokens, classes=2, training=training)
    return matrix_products(operations, dtype=torch.float32, device=torch.device("cpu"))


def _model(inputs: Inputs) -> ModelSettings:
    return TINY if inputs.quick else LOGO


def _same(what: str, results: Mapping[str, Any]) -> str:
    whole = float(results[OURS].abs().max())
    apart = max(float((results[OURS] - results[other]).abs().max()) for other in (REFERENCE, TRIMMED))
    if not apart < TOLERANCE * whole:
        raise ValueError(f"the {what} differ by {apart:.1e}")
    return f"{what} within {apart:.0e}, the largest being {whole:.1g}"
