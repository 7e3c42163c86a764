"""Rows of a pretraining step, and of masking its sequences: from segments of a genome to updated weights."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from transformers import BertForMaskedLM, ModernBertForMaskedLM

from benchmarks.inputs import Inputs
from benchmarks.reference import IGNORED, Padded, adamw_one_by_one, eager, pretraining_step
from benchmarks.row import Contender, NotMeasured, Row
from genomask.alphabet import PAD, kmer_table
from genomask.corpus.segments import Corpus, Segments, lay_out
from genomask.corpus.steps import StepBatch, Steps
from genomask.genome.encoded import EncodedGenome
from genomask.masking.draws import sequence_keys
from genomask.masking.masker import Masker
from genomask.masking.pmi import PmiMasking
from genomask.models.bert import masked_language_model
from genomask.models.settings import ModelSettings, ModernBertSettings
from genomask.pretrain.step import logits_of, loss_sum, micro_batches
from genomask.seeds import generator
from genomask.tokens.base import Tokens
from genomask.tokens.kmer import KmerTokens
from genomask.training.host import has_bfloat16
from genomask.training.settings import OptimiserSettings
from genomask.training.trainer import adamw

K: Final = 6
LONGEST, SHORTEST = 510, 5  # Sec. 3: half of the segments have 510 bases, the others from 5 to 510
# Table 4. Without dropout, as two paths would draw different numbers and could not be compared.
LOGO: Final = ModelSettings("logo", 256, 2, 8, 3072, hidden_dropout=0.0, attention_dropout=0.0, paper_batch=500)
DNABERT: Final = ModelSettings(
    "dnabert", 768, 12, 12, 3072, hidden_dropout=0.0, attention_dropout=0.0, paper_batch=1000
)
MODERNBERT: Final = ModernBertSettings(
    "modernbert", 256, 2, 8, 2048, hidden_dropout=0.0, attention_dropout=0.0, paper_batch=500, layer_norm_eps=1e-5
)
TINY: Final = replace(LOGO, name="tiny", hidden_size=16, heads=2, intermediate_size=32)
PER_GPU: Final = {"logo": 5, "dnabert": 10, "tiny": 2}  # sequences that the scripts take together (Sec. 5.3)
OURS, SCRIPT = "genomask", "Hugging Face eager, padded, full head, float32"
TOLERANCE: Final = {torch.float32: (1e-5, 1e-4), torch.bfloat16: (2e-2, 5e-2)}  # of the loss; of the gradient's norm


class Outcome(NamedTuple):
    """Loss in nats per masked token, and the model with its gradient."""

    loss: Tensor
    model: BertForMaskedLM | ModernBertForMaskedLM


def logo(inputs: Inputs) -> Row:
    """LOGO in float32."""
    return step_row(TINY if inputs.quick else LOGO, 6 if inputs.quick else 40, torch.float32)


def logo_bf16(inputs: Inputs) -> Row:
    """LOGO in bfloat16, beside the reference in float32."""
    if not has_bfloat16():
        raise NotMeasured("needs a processor with bfloat16 instructions (AVX512-BF16 or AMX)")
    return step_row(TINY if inputs.quick else LOGO, 6 if inputs.quick else 40, torch.bfloat16)


def dnabert(inputs: Inputs) -> Row:
    """DNABERT in float32."""
    return step_row(TINY if inputs.quick else DNABERT, 6 if inputs.quick else 20, torch.float32)


def step_row(model: ModelSettings, sequences: int, dtype: torch.dtype) -> Row:
    """One optimiser step by both paths."""
    torch.set_num_threads(1)  # as the reference; processor time then shows what a shared machine hides
    steps = draw_steps(sequences, micro_batch=min(4, sequences))
    return Row(
        f"pretraining step of {model.name}, {sequences} of {model.paper_batch} sequences, {str(dtype)[6:]}, one thread",
        (steps[0].work.tokens / 1e3, "thousand tokens"),
        {
            OURS: Contender(our_step(model, steps.masker.tokens, lambda: steps[0], dtype)),
            SCRIPT: Contender(_their_step(model, steps)),
        },
        lambda results: _agree(results, *TOLERANCE[dtype]),
        most_rounds=3,
        note="Ours reads and masks too; the reference is given masked batches. Without dropout.",
    )


def masking(inputs: Inputs) -> Row:
    """Cut a batch into tokens and mask it, beside k-mer strings and loops."""
    steps, count = draw_steps(4 if inputs.quick else 32, micro_batch=4), 4 if inputs.quick else 32
    pieces = steps.corpus.read(steps.segments, np.arange(count))
    keys = sequence_keys(0, 0, np.arange(count))
    ids = {kmer: token_id for token_id, kmer in enumerate(kmer_table(K), start=5)}

    def ours() -> list[Any]:
        return [steps.masker(*piece, key=key) for piece, key in zip(pieces, keys, strict=True)]

    def script() -> list[tuple[list[int], list[bool]]]:
        return [mask_as_script(bases, chosen, ids) for bases, chosen in zip(sequences, choices, strict=True)]

    def check(results: Mapping[str, Any]) -> str:
        for masked, (token_ids, covered) in zip(results[OURS], results["k-mer strings and loops"], strict=True):
            if masked.tokens.ids.tolist() != token_ids or masked.masked.tolist() != covered:
                raise ValueError("the same hidden bases give other tokens or other masked tokens")
        return "the same token ids, and from the same hidden bases the same masked tokens"

    sequences, choices = [piece.bases for piece in pieces], [masked.chosen for masked in ours()]
    contenders = {OURS: Contender(ours), "k-mer strings and loops": Contender(script)}
    tokens = sum(max(len(bases) - K + 1, 0) for bases in sequences)
    note = "The script is given the bases that PMI-masking chose."
    return Row(
        f"cut {count} sequences into k-mers and mask them", (tokens / 1e6, "Mtokens"), contenders, check, note=note
    )


def mask_as_script(bases: np.ndarray, chosen: np.ndarray, ids: Mapping[str, int]) -> tuple[list[int], list[bool]]:
    """Token ids, and which tokens contain a chosen base, from strings."""
    text = "".join("ATCG"[base] for base in bases)
    starts = range(len(text) - K + 1)
    return [ids[text[start : start + K]] for start in starts], [any(chosen[start : start + K]) for start in starts]


def draw_steps(count: int, *, micro_batch: int) -> Steps:
    """Segments by the paper's law of lengths, and PMI-masking by a random ranking: no time depends on what it is."""
    random = generator(0, "benchmark segments")
    length = random.integers(SHORTEST, LONGEST, size=count, endpoint=True)
    length[random.random(count) < 0.5] = LONGEST
    start = np.cumsum(length) - length
    ends = np.array([0, int(length.sum())])
    genome = EncodedGenome(random.integers(4, size=ends[1], dtype=np.uint8), ("drawn",), ends, ends[None])
    ranking = generator(0, "benchmark ranking").permutation(4**K) + 1
    masker = Masker(PmiMasking(ranking=ranking), KmerTokens(K))
    corpus = Corpus(genome, lay_out(genome, gaps="drop"))
    return Steps(corpus, Segments(start, length), masker, seed=0, batch=count, micro_batch=micro_batch, max_steps=1)


def our_step(
    model: ModelSettings | ModernBertSettings,
    tokens: Tokens,
    draw: Callable[[], StepBatch],
    dtype: torch.dtype,
    *,
    device: str = "cpu",
    loss_of: Callable[..., Tensor] = lambda network, part: loss_sum(logits_of(network, part), part),
) -> Callable[[], Outcome]:
    """The functions of a training, in their order."""
    network = masked_language_model(model, tokens, seed=0).train()
    torch.nn.Module.to(network, device)  # Transformers hides the type of its own
    settings = OptimiserSettings(0.01, 0.9, 0.98, 1e-6, clip_norm=1.0, precision="32-true")
    optimizer, _ = adamw(network, settings, learning_rate=1e-6, warmup_steps=0, max_steps=10**9)

    def step() -> Outcome:
        optimizer.zero_grad()
        batch, loss = draw(), torch.zeros((), device=device)
        for part in micro_batches(batch):
            with torch.autocast(device, torch.bfloat16) if dtype is torch.bfloat16 else nullcontext():
                share = loss_of(network, part) / batch.work.weight
            share.backward()
            loss += share.detach()
        clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        return Outcome(loss, network)

    return step


def _their_step(model: ModelSettings, steps: Steps) -> Callable[[], Outcome]:
    network = eager(masked_language_model(model, steps.masker.tokens, seed=0))
    optimizer, batches = adamw_one_by_one(network, 1e-6), as_scripts(steps[0], PER_GPU[model.name])
    return lambda: Outcome(pretraining_step(network, optimizer, batches), network)


def as_scripts(batch: StepBatch, size: int) -> list[Padded]:
    """The same masked sequences in random order, ``size`` at a time, padded to the longest of them."""
    labels = torch.full_like(batch.input_ids, IGNORED)
    for cut in batch.cuts:
        flat, targets = batch.flat[cut.first : cut.last], batch.targets[cut.first : cut.last]
        labels[cut.start + flat // cut.width, flat % cut.width] = targets
    order = torch.from_numpy(generator(0, "benchmark order").permutation(len(labels)))
    batches = []
    for rows in order.split(size):
        width = int(batch.lengths[rows].max())
        input_ids, targets = batch.input_ids[rows, :width], labels[rows, :width]
        batches.append(Padded(input_ids, (input_ids != PAD).long(), targets))
    return batches


def _agree(results: Mapping[str, Outcome], most: float, most_gradient: float) -> str:
    """Say that two paths have the same loss and clipped gradient; raises ``ValueError`` if not."""
    loss, gradient = difference(results[OURS], results[SCRIPT])
    if not (loss < most and gradient < most_gradient):
        raise ValueError(f"the loss differs by {loss:.1e}, the gradient by {gradient:.1e} of its norm")
    return f"loss {float(results[OURS].loss):.5f}, off by {loss:.0e} of it; gradient off by {gradient:.0e} of its norm"


def difference(one: Outcome, other: Outcome) -> tuple[float, float]:
    """How far two losses and two gradients are apart, relative to the other's."""
    loss = abs(float(one.loss) - float(other.loss)) / float(other.loss)
    pairs = zip(one.model.parameters(), other.model.parameters(), strict=True)
    grads = [(a.grad.cpu(), b.grad.cpu()) for a, b in pairs if a.grad is not None and b.grad is not None]
    apart = float(sum((a - b).square().sum() for a, b in grads)) ** 0.5
    return loss, apart / float(sum(b.square().sum() for _, b in grads)) ** 0.5
