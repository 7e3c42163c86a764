"""What each optimiser step trains on: a pure function of (seed, step), whatever the workers or ranks."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float32, Int64, UInt8
from torch import Tensor
from torch.utils.data import Dataset

from genomask.alphabet import OTHER
from genomask.corpus.segments import Corpus, Segments
from genomask.masking.base import covered, known_codes
from genomask.masking.draws import sequence_keys
from genomask.masking.masker import Masked, Masker
from genomask.seeds import generator
from genomask.tokens.base import Tokens


class Cut(NamedTuple):
    """A micro-batch: rows ``start..stop`` of a step and ``width`` tokens; its masked tokens are ``first..last``."""

    start: int
    stop: int
    width: int
    padded: bool  # whether a row is shorter than the width
    first: int
    last: int
    most: int  # masked tokens in the row with most of them, at least 1


class Work(NamedTuple):
    """Sums over the rows of a step, counted on the host."""

    bases: int  # of the sequences
    tokens: int  # special ones included, [PAD] not
    squares: int  # of every row's tokens, which attention takes
    content: int  # tokens of DNA
    masked: int  # masked tokens
    pairs: int  # masked tokens times tokens of the same row
    hidden_bases: int  # bases whose nats validation measures; 0 in training
    positions: int  # that go through the encoder, [PAD] included
    weight: float  # of the masked tokens


class HiddenBases(NamedTuple):
    """Hidden bases that the input does not show, each with a token that covers it, as central as there is one, by their
    place in that token: ``per_place`` counts those that are its first base, its second, and so on."""

    token: Int64[Tensor, " hidden_bases"]  # counts the masked tokens of the batch
    base: Int64[Tensor, " hidden_bases"]  # 0..3
    per_place: tuple[int, ...]


class StepBatch(NamedTuple):
    """The masked sequences of one optimiser step, longest first, so that its micro-batches hold little padding.
    ``flat`` is where masked tokens stand in their micro-batch (row * width + position), ``slot`` their place in a table
    of ``most`` masked tokens a row. For validation only: ``hidden``, where overlapping tokens share bases; ``codes``,
    where the strategy learns by k-mer: the k-mers in the middle of the masked tokens, ``4**k`` for an unknown one."""

    input_ids: Int64[Tensor, "batch tokens"]
    lengths: Int64[Tensor, " batch"]  # tokens of every row
    flat: Int64[Tensor, " masked_tokens"]
    slot: Int64[Tensor, " masked_tokens"]
    targets: Int64[Tensor, " masked_tokens"]  # their own ids
    weights: Float32[Tensor, " masked_tokens"] | None  # in the loss
    hidden: HiddenBases | None
    cuts: tuple[Cut, ...]
    work: Work
    codes: Int64[Tensor, " masked_tokens"] | None = None


@dataclass(eq=False)
class Steps(Dataset[StepBatch]):
    """Item ``step`` is what that optimiser step is trained on: the next ``batch`` segments of an endless stream, each
    epoch of it a permutation drawn from (seed, epoch); of these every rank takes its share."""

    corpus: Corpus
    segments: Segments
    masker: Masker
    seed: int
    batch: int
    micro_batch: int
    max_steps: int
    few_shapes: bool = False
    rank: int = 0
    ranks: int = 1

    def __getitem__(self, step: int) -> StepBatch:
        rows, epoch = self.rows(step)
        keys, progress = sequence_keys(self.seed, epoch, rows), step / max(self.max_steps, 1)
        pieces = self.corpus.read(self.segments.take(rows), keys)
        masked = [self.masker(*piece, key=key, progress=progress) for piece, key in zip(pieces, keys, strict=True)]
        sequences = [piece.bases for piece in pieces]
        batch = collate(self.masker, sequences, masked, micro_batch=self.micro_batch, few_shapes=self.few_shapes)
        # Ranks exchange weights micro-batch by micro-batch where these are sharded: one with fewer repeats its last one
        # without masked tokens.
        last, most = batch.cuts[-1], -(-self.batch // (self.ranks * self.micro_batch))
        return batch._replace(cuts=batch.cuts + (last._replace(first=last.last),) * (most - len(batch.cuts)))

    def rows(self, step: int) -> tuple[Int64[np.ndarray, " batch"], Int64[np.ndarray, " batch"]]:
        """The segments of a step, and the epoch that each belongs to."""
        place = np.arange(step * self.batch + self.rank, (step + 1) * self.batch, self.ranks)
        count = len(self.segments.start)
        epoch, within = np.divmod(place, count)
        index = np.empty_like(place)
        for drawn in np.unique(epoch).tolist():
            index[epoch == drawn] = epoch_order(self.seed, drawn, count)[within[epoch == drawn]]
        return index, epoch


@lru_cache(maxsize=2)
def epoch_order(seed: int, epoch: int, count: int) -> Int64[np.ndarray, " segments"]:
    """Order in which an epoch visits the segments."""
    return generator(seed, "epoch order", epoch).permutation(count)


def collate(
    masker: Masker,
    sequences: list[UInt8[np.ndarray, " _bases"]],
    masked: list[Masked],
    *,
    micro_batch: int,
    with_hidden: bool = False,
    few_shapes: bool = False,
) -> StepBatch:
    """Make a batch of masked sequences, longest first, in micro-batches, with ``few_shapes`` of at most 8 widths."""
    tokens = masker.tokens
    order = sorted(range(len(masked)), key=lambda row: -len(masked[row].masked))
    rows = [masked[row] for row in order]
    lengths = np.array([len(row.masked) + tokens.special_count for row in rows], dtype=np.int64)
    input_ids = tokens.pad_rows([np.concatenate((tokens.prefix, row.input_ids, tokens.suffix)) for row in rows])
    positions = [np.flatnonzero(row.masked) for row in rows]
    counts = np.array([len(row) for row in positions], dtype=np.int64)
    cuts = _cuts(lengths, counts, micro_batch, few_shapes=few_shapes)
    bounds, flat, slot = np.concatenate(([0], np.cumsum(counts))), [], []
    for number, row in enumerate(positions):
        cut, place = cuts[number // micro_batch], number % micro_batch
        flat.append(place * cut.width + len(tokens.prefix) + row)
        slot.append(place * cut.most + np.arange(len(row)))
    weights = None
    if any(row.weights is not None for row in rows):
        ones = (np.ones(len(row.masked), dtype=np.float32) if row.weights is None else row.weights for row in rows)
        weights = np.concatenate([every[row.masked] for every, row in zip(ones, rows, strict=True)])
    targets = np.concatenate([row.tokens.ids[row.masked] for row in rows])
    ordered, k = [sequences[row] for row in order], masker.strategy.counted_k
    hidden = _hidden(ordered, rows, bounds, tokens.mask) if with_hidden and tokens.overlapping else None
    counted = [_codes(*pair, k) for pair in zip(ordered, rows, strict=True)] if with_hidden and k else None
    work = Work(
        sum(len(bases) for bases in sequences),
        int(lengths.sum()),
        int((lengths * lengths).sum()),
        int(lengths.sum()) - tokens.special_count * len(rows),
        int(counts.sum()),
        int((lengths * counts).sum()),
        (sum(_blank_bases(row, tokens) for row in rows) if hidden is None else len(hidden.base)) if with_hidden else 0,
        sum((cut.stop - cut.start) * cut.width for cut in cuts),
        float(counts.sum() if weights is None else weights.sum()),
    )
    return StepBatch(
        input_ids,
        torch.from_numpy(lengths),
        torch.from_numpy(np.concatenate(flat)),
        torch.from_numpy(np.concatenate(slot)),
        torch.from_numpy(targets),
        None if weights is None else torch.from_numpy(weights),
        hidden,
        cuts,
        work,
        None if counted is None else torch.from_numpy(np.concatenate(counted)),
    )


def _cuts(
    lengths: Int64[np.ndarray, " batch"], counts: Int64[np.ndarray, " batch"], micro_batch: int, *, few_shapes: bool
) -> tuple[Cut, ...]:
    """Cut a step into micro-batches by the tokens and masked tokens of its rows, longest first."""
    cuts, first, longest = [], 0, int(lengths[0])
    for start in range(0, len(lengths), micro_batch):
        stop = min(start + micro_batch, len(lengths))
        width, most = int(lengths[start]), max(1, int(counts[start:stop].max()))
        if few_shapes:
            width, most = min(_round_up(width, _round_up(longest, 64) // 8), longest), _round_up(most, 8)
        last = first + int(counts[start:stop].sum())
        cuts.append(Cut(start, stop, width, bool(lengths[stop - 1] < width), first, last, most))
        first = last
    return tuple(cuts)


def _round_up(number: int, step: int) -> int:
    return -(-number // step) * step


def _codes(bases: UInt8[np.ndarray, " bases"], row: Masked, k: int) -> Int64[np.ndarray, " _masked_tokens"]:
    """The k-mer in the middle of every masked token."""
    codes = np.where((codes := known_codes(bases, k)) < 0, 4**k, codes)
    middle = (row.tokens.start[row.masked] + row.tokens.stop[row.masked]) // 2
    return codes[np.clip(middle - k // 2, 0, len(codes) - 1)] if len(codes) else np.full(len(middle), 4**k)


def _blank_bases(row: Masked, tokens: Tokens) -> int:
    """Bases of the tokens of DNA that the input shows as [MASK], where tokens share none."""
    ids, start, stop = (part[row.masked & (row.input_ids == tokens.mask)] for part in row.tokens)
    return int((stop - start)[np.isin(ids, tokens.random_ids)].sum())


def _hidden(
    sequences: list[UInt8[np.ndarray, " _bases"]], rows: list[Masked], bounds: Int64[np.ndarray, " _rows"], mask: int
) -> HiddenBases:
    """Find the bases of overlapping k-mers all of whose tokens are shown as [MASK], and the token around each."""
    found: list[np.ndarray] = [np.empty((3, 0), dtype=np.int64)]
    for bases, row, first in zip(sequences, rows, bounds[:-1], strict=True):
        shown = row.input_ids != mask
        seen = covered(row.tokens.start[shown], row.tokens.stop[shown], len(bases))
        hidden = np.flatnonzero(covered(row.tokens.start, row.tokens.stop, len(bases)) & ~seen & (bases < OTHER))
        if len(hidden):
            k = int(row.tokens.stop[0])
            token = np.clip(hidden - k // 2, 0, len(row.masked) - 1)
            number = first + np.cumsum(row.masked)[token] - 1
            found.append(np.stack((number, hidden - token, bases[hidden].astype(np.int64))))
    token, place, base = np.concatenate(found, axis=1)
    order = np.argsort(place, kind="stable")
    per_place = tuple(np.bincount(place).tolist())
    return HiddenBases(torch.from_numpy(token[order]), torch.from_numpy(base[order]), per_place)
