"""Segments follow Sec. 3, steps 1 to 3, and every optimiser step is a function of (seed, step)."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genomask.alphabet import decode, encode
from genomask.corpus.datamodule import CorpusDataModule, split
from genomask.corpus.segments import Segments, cut, lay_out, read
from genomask.corpus.settings import CorpusSettings
from genomask.corpus.steps import Steps
from genomask.genome.encoded import open_genome, write_genome

PAPER = CorpusSettings(
    longest=510,
    shortest=5,
    full_share=0.5,
    first_start=1000,
    extra_bases=0,
    gaps="drop",
    validation_share=0.1,
)
SMALL = replace(PAPER, longest=20, first_start=10)


def genome_of(folder, *texts):
    folder.mkdir(parents=True, exist_ok=True)
    write_genome(((f"chr{number}", [encode(text)]) for number, text in enumerate(texts, start=1)), folder)
    return open_genome(folder)


def random_text(size: int, seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), size))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    folder = tmp_path_factory.mktemp("genome")
    genome_of(folder, random_text(300_000, 1), "N" * 500 + random_text(200_000, 2))
    return folder


def test_segments_are_consecutive_from_a_start_within_the_first_thousand_bases(large):
    genome = open_genome(large)
    segments = cut(genome, PAPER, np.random.default_rng(0))
    for start, stop in pairwise(genome.offsets.tolist()):
        inside = (segments.start >= start) & (segments.start < stop)
        ends = (segments.start + segments.length)[inside]
        gaps = segments.start[inside][1:] - ends[:-1]
        assert 0 <= segments.start[inside][0] - start < 1000 + 510
        assert (gaps >= 0).all()
        assert stop - ends[-1] <= 510


def test_half_of_the_segments_are_full_and_the_others_uniform(large):
    length = cut(open_genome(large), PAPER, np.random.default_rng(0)).length
    n = len(length)
    full = 0.5 + 0.5 / 506  # the uniform half hits 510 as often as any other length
    assert abs((length == 510).mean() - full) < 4 * (0.25 / n) ** 0.5
    rest = length[length < 510]
    assert rest.min() >= 5
    assert abs(rest.mean() - 257) < 4 * 146 / len(rest) ** 0.5  # uniform on 5..509: mean 257, sd 146


def test_no_segment_holds_a_base_that_is_not_acgt(tmp_path):
    text = "".join(random_text(60, seed) + "N" * (seed % 3) for seed in range(40))
    genome = genome_of(tmp_path, text, text[::-1])
    segments = cut(genome, SMALL, np.random.default_rng(0))
    assert len(segments.start) > 50
    assert (read(genome, lay_out(genome, gaps="drop"), segments)[:, :5] < 4).all()
    for start, length in zip(*segments, strict=True):
        assert (genome.bases[start : start + length] < 4).all()


def test_no_segment_crosses_from_one_chromosome_into_the_next(tmp_path):
    genome = genome_of(tmp_path, *(random_text(200, seed) for seed in range(20)))
    segments = cut(genome, SMALL, np.random.default_rng(0))
    first = np.searchsorted(genome.offsets, segments.start, side="right")
    last = np.searchsorted(genome.offsets, segments.start + segments.length - 1, side="right")
    np.testing.assert_array_equal(first, last)


def test_the_released_reading_deletes_n_and_takes_one_base_more(tmp_path):
    text = "".join(random_text(37, seed) + "N" * (1 + seed % 5) for seed in range(50))
    released = replace(SMALL, gaps="join", extra_bases=1, shortest=20)
    genome = genome_of(tmp_path, "NNN" + text, text)
    joined = [text.replace("N", "")] * 2
    segments = cut(genome, released, np.random.default_rng(3))
    rows = [decode(row) for row in read(genome, lay_out(genome, gaps="join"), segments)]
    assert {len(row) for row in rows} == {21}
    line = "".join(joined)
    assert rows == [line[start : start + 21] for start in segments.start]
    assert any(left[-1] == right[0] for left, right in pairwise(rows))


@given(st.integers(0, 10**6))
def test_cutting_is_a_function_of_the_generator_alone(seed):
    text = random_text(3000)
    with TemporaryDirectory() as folder:
        genome = genome_of(Path(folder), text)
        first, second = (cut(genome, SMALL, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(first.start, second.start)
    np.testing.assert_array_equal(first.length, second.length)


def test_reading_fills_up_with_other_and_nothing_else(tmp_path):
    genome = genome_of(tmp_path, random_text(500))
    segments = Segments(np.array([490, 3, 100]), np.array([10, 1, 7]))
    rows = read(genome, lay_out(genome, gaps="drop"), segments)
    for row, start, length in zip(rows, *segments, strict=True):
        np.testing.assert_array_equal(row[:length], genome.bases[start : start + length])
        assert (row[length:] == 4).all()


def test_validation_is_a_tenth_and_disjoint_from_training(large):
    segments = cut(open_genome(large), PAPER, np.random.default_rng(0))
    train, held_out = split(segments, PAPER, seed=0)
    assert len(held_out.start) == round(len(segments.start) * 0.1)
    assert sorted([*train.start, *held_out.start]) == segments.start.tolist()


def test_a_genome_too_small_for_a_split_is_an_error(tmp_path):
    genome = genome_of(tmp_path, random_text(25))
    with pytest.raises(ValueError, match=r"too few to hold out a share of 0\.1"):
        split(cut(genome, replace(SMALL, first_start=1, shortest=20), np.random.default_rng(0)), PAPER, 0)


def steps_of(folder, *, batch=10, micro_batch=4, **ranks) -> Steps:
    genome = open_genome(folder)
    segments = cut(genome, PAPER, np.random.default_rng(0)).take(slice(37))
    axis = lay_out(genome, gaps="drop")
    return Steps(genome, axis, segments, seed=5, batch=batch, micro_batch=micro_batch, **ranks)


def test_every_epoch_shows_every_segment_once(large):
    steps = steps_of(large)
    seen = [
        pair
        for step in range(37)
        for batch in [steps[step]]
        for pair in zip(batch.epoch.tolist(), batch.segment.tolist(), strict=True)
    ]
    assert sorted(seen) == [(epoch, index) for epoch in range(10) for index in range(37)]


def test_epochs_come_in_different_orders(large):
    steps = steps_of(large, batch=37)
    orders = [set(zip(range(37), steps[step].segment.tolist(), strict=True)) for step in range(2)]
    assert orders[0] != orders[1]


def test_ranks_share_a_step_without_overlap(large):
    whole = steps_of(large)[3]
    parts = [steps_of(large, rank=rank, ranks=3)[3] for rank in range(3)]
    pairs = [pair for part in parts for pair in zip(part.epoch.tolist(), part.segment.tolist(), strict=True)]
    assert sorted(pairs) == sorted(zip(whole.epoch.tolist(), whole.segment.tolist(), strict=True))


def test_a_step_is_sorted_and_its_cuts_say_how_wide_the_micro_batches_are(large):
    batch = steps_of(large)[0]
    lengths = batch.lengths.tolist()
    assert lengths == sorted(lengths, reverse=True)
    assert [(cut.start, cut.stop) for cut in batch.cuts] == [(0, 4), (4, 8), (8, 10)]
    for part in batch.cuts:
        assert (part.longest, part.shortest) == (
            max(lengths[part.start : part.stop]),
            min(lengths[part.start : part.stop]),
        )


@pytest.mark.parametrize("workers", [0, 2])
def test_the_loader_gives_the_same_steps_with_and_without_workers(large, workers):
    corpus = CorpusDataModule(
        large, PAPER, seed=1, batch=8, micro_batch=4, max_steps=5, validation_segments=30, workers=workers
    )
    again = CorpusDataModule(
        large, PAPER, seed=1, batch=8, micro_batch=2, max_steps=5, validation_segments=30, workers=0
    )
    for one, other in zip(corpus.train_dataloader(), again.train_dataloader(), strict=True):
        torch.testing.assert_close(one[:4], other[:4], rtol=0, atol=0)
    assert sum(len(batch.lengths) for batch in corpus.val_dataloader()) == 30


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("longest", 3, r"corpus.shortest needs 1\.\.corpus.longest; found 5"),
        ("full_share", 1.5, "corpus.full_share needs a share"),
        ("gaps", "skip", "corpus.gaps needs one of drop, join; found 'skip'"),
        ("validation_share", 0.0, "corpus.validation_share needs a share between"),
    ],
)
def test_impossible_settings_are_refused(setting, value, message):
    with pytest.raises(ValueError, match=message):
        replace(PAPER, **{setting: value})
