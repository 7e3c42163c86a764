"""Rows of the pretraining step: one optimiser step from segments to updated weights."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from transformers import BertForMaskedLM

from benchmarks import model_inputs as inputs_of
from benchmarks.inputs import Inputs
from benchmarks.model_reference import eager, per_parameter_adamw, pretraining_step
from benchmarks.products import LIMIT, matrix_products, wait
from benchmarks.row import Comparison, Contender, NotMeasured, Row
from genomask.alphabet import vocabulary_size
from genomask.corpus.steps import StepBatch
from genomask.masking.pmi import PmiMasking
from genomask.models.bert import masked_language_model
from genomask.models.flops import Work, training_flops
from genomask.models.settings import ModelSettings
from genomask.pretrain.meter import has_bfloat16
from genomask.pretrain.step import loss_sum, micro_batches
from genomask.training.trainer import adamw

LOSS_TOLERANCE: Final = {torch.float32: 1e-5, torch.bfloat16: 2e-2}
GRADIENT_TOLERANCE: Final = {
    torch.float32: 1e-4,
    torch.bfloat16: 5e-2,
}  # norm of the difference over the norm
OURS, REFERENCE = "genomask", "Hugging Face eager, padded, full head"
COMPILED = "genomask, torch.compile"


class Case(NamedTuple):
    """What is trained, in which type, and where; ``micro_batch`` is ours, the scripts' is the paper's."""

    model: ModelSettings
    sequences: int
    micro_batch: int
    dtype: torch.dtype = torch.float32
    device: torch.device = torch.device("cpu")
    goal: float | None = None
    compiled: bool = False

    def autocast(self) -> AbstractContextManager[Any]:
        """Lower the precision of the forward pass, if that is asked for."""
        low = self.dtype is torch.bfloat16
        return torch.autocast(self.device.type, self.dtype) if low else nullcontext()


class Outcome(NamedTuple):
    """What a step found: loss in nats a hidden token, and the model with its gradient."""

    loss: Tensor
    model: BertForMaskedLM


def row(case: Case) -> Row:
    """One optimiser step of a case by both paths."""
    drawn, masking = inputs_of.draw(case.sequences), inputs_of.strategy().to(case.device)
    step = inputs_of.on(drawn.step(case.micro_batch), case.device)
    token_ids, masked = inputs_of.mask(masking, step)
    work = _work(token_ids, masked.hidden)
    contenders = {
        OURS: Contender(our_step(case, drawn, masking)),
        REFERENCE: Contender(_their_step(case, drawn, masking)),
        LIMIT: matrix_products(
            training_flops(case.model, work, vocabulary=vocabulary_size(case.model.k)),
            dtype=case.dtype,
            device=case.device,
        ),
    }
    if case.compiled:
        contenders[COMPILED] = Contender(our_step(case, drawn, masking, torch.compile(loss_sum)))
    return Row(
        f"One pretraining step of {case.model.name}, {case.sequences} sequences, {_type(case)}",
        (float(token_ids.ne(0).sum()) / 1e3, "thousand tokens"),
        contenders,
        (Comparison(OURS, REFERENCE, case.goal), Comparison(OURS, LIMIT), Comparison(COMPILED, OURS)),
        partial(_agree, case),
        clock="wall" if case.device.type == "cuda" else "cpu",
        facts=partial(_facts, case, step, work),
        most_rounds=3 if case.model.layers > 2 and case.device.type == "cpu" else None,  # minutes a round
        note=(
            "Ours reads, tokenises, masks and sorts the segments by length; the reference is handed masked "
            f"batches of {inputs_of.A_GPU[case.model.name]} ({_type(case, True)}). Both without dropout, so "
            "that they can be compared. The matrix products alone are square ones of as many operations as "
            "the hidden tokens ask for, in the type of ours: that ratio is the utilisation."
        ),
    )


def our_step(
    case: Case, drawn: inputs_of.Drawn, masking: PmiMasking, loss_of: Callable[..., Tensor] = loss_sum
) -> Callable[[], Outcome]:
    """The path of a training: the same functions in the same order."""
    model = masked_language_model(case.model, seed=0).train()
    torch.nn.Module.to(model, case.device)  # Transformers hides the type of its own
    optimizer, _ = adamw(
        model,
        learning_rate=1e-6,
        betas=(0.9, 0.98),
        epsilon=1e-6,
        weight_decay=0.01,
        warmup_steps=0,
        max_steps=10**9,
    )

    def step() -> Outcome:
        optimizer.zero_grad()
        batch = inputs_of.on(drawn.step(case.micro_batch), case.device)
        token_ids, masked = inputs_of.mask(masking, batch)
        total, loss = masked.hidden.sum(), torch.zeros((), device=case.device)
        for part in micro_batches(token_ids, masked, batch.cuts, k=case.model.k):
            with case.autocast():
                share = loss_of(model, part, fast_path=True) / total
            share.backward()
            loss += share.detach()
        clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        wait(case.device)
        return Outcome(loss, model)

    return step


def _their_step(case: Case, drawn: inputs_of.Drawn, masking: PmiMasking) -> Callable[[], Outcome]:
    model = eager(masked_language_model(case.model, seed=0))
    torch.nn.Module.to(model, case.device)  # Transformers hides the type of its own
    optimizer = per_parameter_adamw(model, 1e-6)
    batches = inputs_of.as_scripts(drawn, masking, inputs_of.A_GPU[case.model.name], case.device)
    total = torch.stack([(batch.labels >= 0).sum() for batch in batches]).sum()
    # On a CPU bfloat16 stands beside a reference in float32, as the scripts ran; on a GPU beside its like.
    precision = case.autocast() if case.device.type == "cuda" else nullcontext()

    def step() -> Outcome:
        loss = pretraining_step(model, optimizer, batches, total, precision)
        wait(case.device)
        return Outcome(loss, model)

    return step


def _agree(case: Case, results: Mapping[str, Outcome]) -> str:
    """Compare loss and clipped gradient of the first step."""
    ours, theirs = results[OURS], results[REFERENCE]
    loss = abs(float(ours.loss) - float(theirs.loss)) / float(theirs.loss)
    pairs = zip(ours.model.parameters(), theirs.model.parameters(), strict=True)
    squares = [
        ((a.grad - b.grad).square().sum(), b.grad.square().sum())
        for a, b in pairs
        if a.grad is not None and b.grad is not None
    ]
    differ, whole = (float(torch.stack(column).sum()) ** 0.5 for column in zip(*squares, strict=True))
    if not (loss < LOSS_TOLERANCE[case.dtype] and differ / whole < GRADIENT_TOLERANCE[case.dtype]):
        raise ValueError(f"the loss differs by {loss:.1e}, the gradient by {differ / whole:.1e} of its norm")
    gradient = f"gradient off by {differ / whole:.0e} of its norm"
    return f"loss {float(ours.loss):.5f}, off by {loss:.0e} of it; {gradient}"


def _work(token_ids: Tensor, hidden: Tensor) -> Work:
    tokens, asked = token_ids.ne(0).sum(dim=1), hidden.sum(dim=1)
    sums = (tokens, tokens * tokens, asked, asked * tokens)
    return Work(*(int(column.sum()) for column in sums))


def _facts(case: Case, step: StepBatch, work: Work) -> Mapping[str, str]:
    """Fill of the batches, and how many operations a step takes."""
    vocabulary = vocabulary_size(case.model.k)
    plain = work._replace(asked=work.tokens, pairs=work.squares)
    width = sum((cut.stop - cut.start) * (max(cut.longest - case.model.k + 1, 0) + 2) for cut in step.cuts)
    return {
        "sequences": f"{case.sequences} of {case.model.paper_batch}",
        "Fill of our micro-batches": f"{work.tokens / width:.3f}",
        "TFLOP of our step": f"{training_flops(case.model, work, vocabulary=vocabulary) / 1e12:.3g}",
        "TFLOP of the plain pass": f"{training_flops(case.model, plain, vocabulary=vocabulary) / 1e12:.3g}",
    }


def _type(case: Case, reference: bool = False) -> str:
    low = case.dtype is torch.bfloat16 and not (reference and case.device.type == "cpu")
    return "bfloat16" if low else "float32"


def _cpu(model: ModelSettings, sequences: int, goal: float, inputs: Inputs, *, low: bool) -> Row:
    torch.set_num_threads(1)  # like the reference; processor time then tells what a shared machine hides
    if low and not has_bfloat16():
        raise NotMeasured("needs a processor with bfloat16 instructions (AVX512-BF16 or AMX)")
    small = Case(inputs_of.TINY, 6, 2, goal=goal)
    dtype = torch.bfloat16 if low else torch.float32
    return row(small if inputs.quick else Case(model, sequences, 4, dtype, goal=goal))


def logo(inputs: Inputs) -> Row:
    """LOGO in float32."""
    return _cpu(inputs_of.LOGO, 40, 4, inputs, low=False)


def logo_low(inputs: Inputs) -> Row:
    """LOGO in bfloat16, beside the reference in float32."""
    return _cpu(inputs_of.LOGO, 40, 6.5, inputs, low=True)


def dnabert(inputs: Inputs) -> Row:
    """DNABERT in float32."""
    return _cpu(inputs_of.DNABERT, 20, 1.6, inputs, low=False)


def dnabert_low(inputs: Inputs) -> Row:
    """DNABERT in bfloat16, beside the reference in float32."""
    return _cpu(inputs_of.DNABERT, 20, 2.5, inputs, low=True)
