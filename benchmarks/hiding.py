"""Rows ``masking`` and ``strategies``: choosing and hiding the tokens of a batch of 32 x 512."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.inputs import Inputs
from benchmarks.row import Comparison, Contender, Row
from genomask.alphabet import FIRST_KMER, MASK, kmer_table, vocabulary_size
from genomask.masking.base import Masking, Sequences, maskable
from genomask.masking.draws import sequence_keys
from genomask.masking.pmi import PmiMasking
from genomask.masking.pmi_released import PmiReleasedMasking
from genomask.masking.pmi_vocab import PmiVocabMasking
from genomask.masking.random import RandomMasking
from genomask.masking.span import SpanMasking
from genomask.masking.whole_span import WholeSpanMasking
from genomask.seeds import generator
from genomask.tokens import tokenise

K = 6
SCRIPT = "released mask_tokens, a plain reading"


def pmi(inputs: Inputs) -> Row:
    """PMI-masking beside loops over centers."""
    token_ids, keys = _batch(inputs)
    ranking = _ranking()
    masking = PmiMasking(ranking=ranking)
    words = ["", *[""] * (FIRST_KMER - 1), *kmer_table(K)]
    rank_by_kmer = dict(zip(kmer_table(K), ranking.tolist(), strict=True))
    probability = masking.center_probability

    def script() -> Tensor:
        chosen = torch.bernoulli(torch.full(token_ids.shape, probability) * maskable(token_ids)).bool()
        return mask_tokens(token_ids, chosen, words, rank_by_kmer)[1]

    def check(results: Mapping[str, Any]) -> str:
        centers = masking.draw_centers(Sequences(token_ids, maskable(token_ids), keys))
        if not torch.equal(results["genomask"].hidden, mask_tokens(token_ids, centers, words, rank_by_kmer)[1]):
            raise ValueError("from the same centers, genomask hides other tokens than the loops do")
        return "from the same centers both hide the same tokens"

    return Row(
        "PMI-masking of a batch of 32 x 512, one thread",
        (token_ids.numel() / 1e6, "Mtokens"),
        {
            "genomask": Contender(lambda: masking(token_ids, keys)),
            SCRIPT: Contender(script),
            "copy of the token ids": Contender(token_ids.clone),
        },
        (Comparison("genomask", SCRIPT, 100), Comparison("genomask", "copy of the token ids")),
        check,
        clock="cpu",
        note=(
            "On the CPU compiled loops mask, on a GPU torch, bit for bit the same. "
            "The reading looks up the rank of the token, as the paper says."
        ),
    )


def strategies(inputs: Inputs) -> Row:
    """Every strategy beside ``pmi``."""
    token_ids, keys = _batch(inputs)
    draw = generator(0, "benchmark vocabulary")
    words = {n: draw.random(4**n) < 0.02 for n in range(2, 11)}
    made: dict[str, Masking] = {
        "pmi": PmiMasking(ranking=_ranking()),
        "random": RandomMasking(),
        "span": SpanMasking(),
        "whole_span": WholeSpanMasking(),
        "pmi_vocab": PmiVocabMasking(vocabulary=words),
        "pmi_released": PmiReleasedMasking(ranking=_ranking()),
    }
    contenders = {name: Contender(_masked(masking, token_ids, keys)) for name, masking in made.items()}
    others = [name for name in made if name != "pmi"]
    return Row(
        "every masking strategy on a batch of 32 x 512, one thread",
        (token_ids.numel() / 1e6, "Mtokens"),
        contenders,
        tuple(Comparison(name, "pmi", 1) for name in others),
        clock="cpu",
    )


def _masked(masking: Masking, token_ids: Tensor, keys: Tensor):
    return lambda: masking(token_ids, keys)


def _ranking() -> np.ndarray:
    return generator(0, "benchmark ranking").permutation(4**K) + 1


def _batch(inputs: Inputs) -> tuple[Tensor, Tensor]:
    torch.set_num_threads(1)
    bases, width = inputs.encoded.bases, 515
    start, stop = inputs.encoded.runs[np.argmax(np.diff(inputs.encoded.runs)[:, 0])].tolist()
    starts = np.linspace(start, stop - width, 4 if inputs.quick else 32).astype(int)
    rows = torch.from_numpy(np.stack([bases[place : place + width] for place in starts]))
    token_ids = tokenise(rows, torch.full((len(rows),), width), k=K)
    return token_ids, sequence_keys(0, 0, torch.arange(len(rows)))


def mask_tokens(token_ids: Tensor, centers: Tensor, words: list[str], rank: dict[str, int]) -> tuple[Tensor, Tensor]:
    """Mask as the released script does: row by row, center by center, ranks looked up by string."""
    hidden = torch.zeros(token_ids.shape, dtype=torch.bool)
    for row in range(len(token_ids)):
        numbers = token_ids[row].tolist()
        special = [number < FIRST_KMER for number in numbers]
        end = max(place for place, is_special in enumerate(special) if not is_special)

        def kmer_at(place: int, numbers: list[int] = numbers) -> str:
            spaced = " ".join(words[numbers[place]])  # a tokenizer decodes a k-mer with spaces in it
            return "".join(spaced.split())

        chosen = torch.where(centers[row])[0].tolist()
        best = {}
        for center in chosen:
            near = [place for place in range(center - 2, center + 4) if 1 <= place <= end]
            best[center] = min(near, key=lambda place: (rank[kmer_at(place)], place))
        ordered = sorted(chosen, key=lambda center: (rank[kmer_at(best[center])], center))
        masked = set()
        for order, center in enumerate(ordered):
            high = order < (len(ordered) + 1) // 2
            reach = range(best[center] - 5, best[center] + 6) if high else range(0)
            masked |= {place for place in (*range(center - 2, center + 4), *reach) if 1 <= place <= end}
        for place in masked:
            hidden[row, place] = True
    shown = token_ids.clone()
    replaced = torch.bernoulli(torch.full(token_ids.shape, 0.8)).bool() & hidden
    shown[replaced] = MASK
    drawn = torch.bernoulli(torch.full(token_ids.shape, 0.5)).bool() & hidden & ~replaced
    random_ids = torch.randint(vocabulary_size(K), token_ids.shape)
    shown[drawn] = random_ids[drawn]
    return shown, hidden
