"""Row ``tokens``: segments of the encoded genome to a batch of token ids, beside a tokenizer of strings."""

import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from benchmarks.inputs import Inputs
from benchmarks.row import Comparison, Contender, Row
from genomask.alphabet import CLS, PAD, SEP, SPECIAL_TOKENS, UNK, decode, kmer_table
from genomask.corpus.segments import Segments, lay_out
from genomask.corpus.steps import collate
from genomask.seeds import generator
from genomask.tokens import tokenise

K = 6
LENGTH = 515  # bases of 510 tokens
OURS = "genomask: read, sort, tokenise"
SCRIPT = "DNABERT's path: k-mer strings, tokenizer, padding"


def tokens(inputs: Inputs) -> Row:
    """256 segments, half of them of full length."""
    genome, random = inputs.encoded, generator(0, "benchmark segments")
    axis, rows = lay_out(genome, gaps="drop"), 32 if inputs.quick else 256
    start, stop = genome.runs[np.argmax(genome.runs[:, 1] - genome.runs[:, 0])].tolist()
    starts = start + random.integers(stop - start - LENGTH, size=rows)
    lengths = np.where(random.random(rows) < 0.5, LENGTH, random.integers(10, LENGTH, size=rows))
    segments = Segments(starts, lengths)
    index, epoch = np.arange(rows), np.zeros(rows, dtype=np.int64)
    vocabulary = {token: number for number, token in enumerate((*SPECIAL_TOKENS, *kmer_table(K)))}

    def ours() -> torch.Tensor:
        batch = collate(genome, axis, segments, index, epoch, micro_batch=rows)
        return tokenise(batch.bases, batch.lengths, k=K)

    order = np.argsort(-lengths, kind="stable").tolist()
    texts = [decode(genome.bases[starts[row] : starts[row] + lengths[row]]) for row in order]
    token_count = int(lengths.sum()) - (K - 1) * rows
    ready = ours()
    return Row(
        "segments to token batches",
        (token_count / 1e6, "Mtokens"),
        {
            OURS: Contender(ours),
            SCRIPT: Contender(lambda: tokenise_strings(texts, vocabulary)),
            "copy of the token ids": Contender(ready.clone),
        },
        (Comparison(OURS, SCRIPT, 2_500), Comparison(OURS, "copy of the token ids")),
        _check,
        clock="cpu",
        note="The batch is 256 segments, half of them of 515 bases. The reference gets its text for nothing.",
    )


def tokenise_strings(texts: list[str], vocabulary: dict[str, int]) -> torch.Tensor:
    """Tokenise as DNABERT's scripts do: write k-mers out, clean and split the text, look up, pad."""
    rows = []
    for text in texts:
        sentence = " ".join(text[start : start + K] for start in range(len(text) - K + 1))
        words = [part for word in clean(sentence).split() for part in split_on_punctuation(word)]
        rows.append(torch.tensor([CLS, *(vocabulary.get(word, UNK) for word in words), SEP]))
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD)


def clean(text: str) -> str:
    """Drop control characters and unify white space, letter by letter, as BERT's tokenizer does."""
    kept = []
    for letter in text:
        if letter == "\0" or unicodedata.category(letter).startswith("C"):
            continue
        kept.append(" " if letter.isspace() else letter)
    return "".join(kept)


def split_on_punctuation(word: str) -> list[str]:
    """Cut a word at its punctuation, letter by letter, as BERT's tokenizer does."""
    parts: list[list[str]] = []
    fresh = True
    for letter in word:
        if unicodedata.category(letter).startswith("P"):
            parts.append([letter])
            fresh = True
        else:
            if fresh:
                parts.append([])
            fresh = False
            parts[-1].append(letter)
    return ["".join(part) for part in parts]


def _check(results: Mapping[str, Any]) -> str:
    if not torch.equal(results[OURS], results[SCRIPT]):
        raise ValueError("genomask's token ids differ from those of the tokenizer of strings")
    return f"{results[OURS].numel():,} token ids"
