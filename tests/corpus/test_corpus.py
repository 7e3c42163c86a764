"""Segments follow Sec. 3, steps 1 to 3, and every optimiser step is a function of (seed, step)."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genomask.alphabet import decode, encode
from genomask.corpus.datamodule import CorpusDataModule, split
from genomask.corpus.segments import Corpus, CorpusSettings, Segments, cut, lay_out
from genomask.corpus.steps import Steps, collate
from genomask.genome.encoded import LOWER, open_genome, write_genome
from genomask.genome.sequences import reverse_complement
from genomask.masking.base import Choice, Masking
from genomask.masking.draws import sequence_keys
from genomask.masking.masker import Masked, Masker
from genomask.masking.random import RandomMasking
from genomask.pretrain.step import micro_batches
from genomask.tokens.kmer import KmerTokens

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
MASKER = Masker(RandomMasking(), KmerTokens(6))


def genome_of(folder, *texts):
    folder.mkdir(parents=True, exist_ok=True)
    write_genome(((f"chr{number}", [encode(text)]) for number, text in enumerate(texts, start=1)), folder)
    return open_genome(folder)


def read(genome, segments, *, gaps="drop", strand="given", keys=None):
    keys = np.zeros(len(segments.start), dtype=np.int64) if keys is None else keys
    return [piece.bases for piece in Corpus(genome, lay_out(genome, gaps=gaps), strand).read(segments, keys)]


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
    for bases, start, length in zip(read(genome, segments), *segments, strict=True):
        np.testing.assert_array_equal(bases, genome.bases[start : start + length])
        assert (bases < 4).all()


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
    rows = [decode(row) for row in read(genome, segments, gaps="join")]
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


def test_every_segment_comes_from_the_strand_that_its_key_draws(tmp_path):
    genome = genome_of(tmp_path, random_text(500))
    segments = Segments(np.array([490, 3, 100, 100]), np.array([10, 1, 7, 7]))
    keys = sequence_keys(0, 0, np.arange(4))
    given = read(genome, segments)
    both = read(genome, segments, strand="both", keys=keys)
    for key, one, other in zip(keys, given, both, strict=True):
        np.testing.assert_array_equal(other, reverse_complement(one) if key % 2 else one)


def test_half_of_the_segments_come_from_either_strand(large):
    segments = cut(open_genome(large), PAPER, np.random.default_rng(0))
    keys = sequence_keys(1, 0, np.arange(len(segments.start)))
    pairs = zip(
        read(open_genome(large), segments),
        read(open_genome(large), segments, strand="both", keys=keys),
        strict=True,
    )
    turned = np.mean([not np.array_equal(one, other) for one, other in pairs])
    assert abs(turned - 0.5) < 4 * (0.25 / len(keys)) ** 0.5


def test_validation_is_a_tenth_and_disjoint_from_training(large):
    segments = cut(open_genome(large), PAPER, np.random.default_rng(0))
    train, held_out = split(segments, PAPER, seed=0)
    assert len(held_out.start) == round(len(segments.start) * 0.1)
    assert sorted([*train.start, *held_out.start]) == segments.start.tolist()


def test_a_genome_too_small_for_a_split_is_an_error(tmp_path):
    genome = genome_of(tmp_path, random_text(25))
    with pytest.raises(ValueError, match=r"too few to hold out a share of 0\.1"):
        split(cut(genome, replace(SMALL, first_start=1, shortest=20), np.random.default_rng(0)), PAPER, 0)


def steps_of(folder, *, batch=10, micro_batch=4, masker=MASKER, **ranks) -> Steps:
    genome = open_genome(folder)
    segments = cut(genome, PAPER, np.random.default_rng(0)).take(slice(37))
    corpus = Corpus(genome, lay_out(genome, gaps="drop"))
    return Steps(corpus, segments, masker, seed=5, batch=batch, micro_batch=micro_batch, max_steps=37, **ranks)


def pairs(steps, step):
    """Epoch and segment of every row of a step."""
    rows, epochs = steps.rows(step)
    return list(zip(epochs.tolist(), rows.tolist(), strict=True))


def test_every_rank_has_as_many_micro_batches_and_no_row_counts_twice(large):
    batches = [steps_of(large, batch=9, rank=rank, ranks=2)[3] for rank in range(2)]
    assert [[(part.start, part.stop) for part in batch.cuts] for batch in batches] == [[(0, 4), (4, 5)], [(0, 4)] * 2]
    for batch in batches:
        masked = [place for part in batch.cuts for place in range(part.first, part.last)]
        assert masked == list(range(len(batch.targets)))


def test_every_epoch_shows_every_segment_once(large):
    seen = [pair for step in range(37) for pair in pairs(steps_of(large), step)]
    assert sorted(seen) == [(epoch, index) for epoch in range(10) for index in range(37)]


def test_epochs_come_in_different_orders(large):
    steps = steps_of(large, batch=37)
    orders = [[index for _, index in pairs(steps, step)] for step in range(2)]
    assert orders[0] != orders[1]


def test_ranks_share_a_step_without_overlap(large):
    parts = [pair for rank in range(3) for pair in pairs(steps_of(large, rank=rank, ranks=3), 3)]
    assert sorted(parts) == sorted(pairs(steps_of(large), 3))


def test_a_step_holds_its_segments_masked_by_their_keys_longest_first(large):
    steps = steps_of(large)
    batch, (rows, epochs) = steps[3], steps.rows(3)
    genome, wanted = open_genome(large), []
    for row, epoch in zip(rows.tolist(), epochs.tolist(), strict=True):
        start, length = steps.segments.start[row], steps.segments.length[row]
        (key,) = sequence_keys(5, epoch, np.array([row]))
        masked = MASKER(np.array(genome.bases[start : start + length]), key=key, progress=3 / 37)
        targets = masked.tokens.ids[masked.masked].tolist()
        wanted.append(([2, *masked.input_ids.tolist(), 3], targets))
    wanted.sort(key=lambda row: -len(row[0]))
    shown = [ids[:length].tolist() for ids, length in zip(batch.input_ids, batch.lengths, strict=True)]
    assert shown == [ids for ids, _ in wanted]
    assert batch.targets.tolist() == [target for _, targets in wanted for target in targets]
    assert batch.weights is None
    assert batch.work.bases == steps.segments.length[rows].sum()


class Progressing(Masking):
    """Hide so many bases as the training is old."""

    def choose(self, sequence, probability):  # noqa: ARG002
        return np.arange(len(sequence.bases)) < round(37 * sequence.progress)


def test_a_strategy_is_told_the_progress_of_the_training(large):
    steps = steps_of(large, masker=Masker(Progressing(), KmerTokens(1)))
    for step in (0, 1, 5):
        assert len(steps[step].targets) == step * 10


def masked_rows(flags, tokens):
    """Rows of so many tokens, of which these are masked, each with its sequence."""
    draw, sequences, rows = np.random.default_rng(0), [], []
    for row in flags:
        bases = draw.integers(0, 4, len(row) + tokens.k - 1, dtype=np.uint8) if row else np.empty(0, dtype=np.uint8)
        split, masked = tokens.split(bases), np.array(row, dtype=np.bool_)
        sequences.append(bases)
        rows.append(Masked(split, np.where(masked, tokens.mask, split.ids), masked, np.zeros(len(bases), bool), None))
    return sequences, rows


@given(
    flags=st.lists(st.lists(st.booleans(), max_size=7), min_size=1, max_size=9),
    k=st.integers(1, 3),
    micro_batch=st.integers(1, 5),
)
def test_batches_say_where_masked_tokens_stand(flags, k, micro_batch):
    tokens = KmerTokens(k)
    sequences, rows = masked_rows(flags, tokens)
    batch = collate(Masker(RandomMasking(), tokens), sequences, rows, micro_batch=micro_batch)
    order = sorted(range(len(rows)), key=lambda row: -len(flags[row]))
    lengths = [len(flags[row]) + 2 for row in order]
    assert batch.lengths.tolist() == lengths

    starts = range(0, len(rows), micro_batch)
    assert [(part.start, part.stop) for part in batch.cuts] == [
        (start, min(start + micro_batch, len(rows))) for start in starts
    ]
    first = 0
    for part in batch.cuts:
        own = order[part.start : part.stop]
        places = [[place + 1 for place, hidden in enumerate(flags[row]) if hidden] for row in own]
        most, count = max(1, *map(len, places)), sum(map(len, places))
        widths = lengths[part.start : part.stop]
        assert (part.width, part.padded, part.most) == (max(widths), min(widths) < max(widths), most)
        assert (part.first, part.last) == (first, first + count)
        flat = [row * part.width + place for row, found in enumerate(places) for place in found]
        slot = [row * most + number for row, found in enumerate(places) for number in range(len(found))]
        assert batch.flat[first : part.last].tolist() == flat
        assert batch.slot[first : part.last].tolist() == slot
        targets = [rows[row].tokens.ids[place - 1] for row, found in zip(own, places, strict=True) for place in found]
        assert batch.targets[first : part.last].tolist() == targets
        first = part.last

    counts = [sum(flags[row]) for row in order]
    positions = sum((part.stop - part.start) * part.width for part in batch.cuts)
    assert batch.work._asdict() == {
        "bases": sum(map(len, sequences)),
        "tokens": sum(lengths),
        "squares": sum(length**2 for length in lengths),
        "content": sum(lengths) - 2 * len(rows),
        "masked": sum(counts),
        "pairs": sum(length * count for length, count in zip(lengths, counts, strict=True)),
        "hidden_bases": 0,
        "positions": positions,
        "weight": float(sum(counts)),
    }


@given(flags=st.lists(st.lists(st.booleans(), max_size=12), min_size=1, max_size=5), k=st.integers(2, 6))
def test_batches_for_validation_name_the_hidden_bases_and_a_masked_token_around_each(flags, k):
    tokens = KmerTokens(k)
    sequences, rows = masked_rows(flags, tokens)
    batch = collate(Masker(RandomMasking(), tokens), sequences, rows, micro_batch=2, with_hidden=True)
    masked, wanted = [], []
    for row in sorted(range(len(rows)), key=lambda row: -len(flags[row])):
        for base in range(len(sequences[row])):
            covering = [token for token in range(len(flags[row])) if token <= base < token + k]
            if covering and all(flags[row][token] for token in covering):
                wanted.append((row, base))
        masked += [(row, token) for token, hidden in enumerate(flags[row]) if hidden]
    found = []
    places = np.repeat(np.arange(len(batch.hidden.per_place)), batch.hidden.per_place).tolist()
    for token, place, base in zip(batch.hidden.token.tolist(), places, batch.hidden.base.tolist(), strict=True):
        row, start = masked[token]
        found.append((row, start + place))
        assert 0 <= place < k
        assert base == sequences[row][start + place]
    assert sorted(found) == sorted(wanted)
    assert batch.work.hidden_bases == len(wanted)


class Weighted(Masking):
    """Hide every third base; the weight of a base is its place."""

    def choose(self, sequence, probability):  # noqa: ARG002
        size = len(sequence.bases)
        return Choice(np.arange(size) % 3 == 0, np.arange(size, dtype=np.float32))


def test_weights_of_masked_tokens_are_handed_on():
    masker, sequences = Masker(Weighted(), KmerTokens(1)), [np.zeros(size, dtype=np.uint8) for size in (4, 10)]
    rows = [masker(bases, key=np.int64(0)) for bases in sequences]
    batch = collate(masker, sequences, rows, micro_batch=2)
    assert batch.weights.tolist() == [0, 3, 6, 9, 0, 3]
    assert batch.work.weight == 21


ON_CPU = SimpleNamespace(root_device=torch.device("cpu"))  # a trainer's strategy


def corpus_of(folder, masker=MASKER, **others):
    given = {"seed": 1, "batch": 8, "micro_batch": 4, "max_steps": 5, "validation_segments": 30, "workers": 0}
    return CorpusDataModule(folder, replace(PAPER, shortest=40), masker, MASKER, **given | others)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_loader_gives_the_same_steps_with_and_without_workers(large, workers):
    corpus, again = corpus_of(large, workers=workers), corpus_of(large, micro_batch=2)
    for one, other in zip(corpus.train_dataloader(), again.train_dataloader(), strict=True):
        assert_same_rows(one, other)
        assert (one.work.masked, one.work.bases) == (other.work.masked, other.work.bases)
    assert sum(len(batch.own.lengths) for batch in corpus.val_dataloader()) == 30


def assert_same_rows(one, other):
    for name in ("input_ids", "lengths", "targets"):
        assert torch.equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("workers", [0, 1])
def test_validation_masks_by_the_progress_of_the_training_in_workers_too(large, workers):
    corpus = corpus_of(large, masker=Masker(Progressing(), KmerTokens(1)), max_steps=37, workers=workers)
    corpus.trainer = SimpleNamespace(global_rank=0, world_size=1, global_step=0, strategy=ON_CPU)
    loader = corpus.val_dataloader()
    for step in (0, 5, 37):
        corpus.trainer.global_step = step
        assert {len(batch.own.targets) // len(batch.own.lengths) for batch in loader} == {step}


def test_the_sample_is_a_function_of_the_seed_and_spread_over_corpus_and_training(large):
    one, other = corpus_of(large).sample(50), corpus_of(large).sample(50)
    assert all((a.bases == b.bases).all() for a, b in zip(one.pieces, other.pieces, strict=True))
    assert (one.keys == other.keys).all()
    assert sorted(one.progress) == pytest.approx([place / 50 for place in range(50)])
    assert (one.keys != corpus_of(large, seed=2).sample(50).keys).any()


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


def test_the_share_of_a_genome_that_segments_hold(large, tmp_path):
    assert corpus_of(large).held > 0.9
    genome_of(tmp_path, *(random_text(720, seed) for seed in range(400)))
    assert corpus_of(tmp_path).held < 0.5


def bed_of(folder, *lines):
    path = folder / "regions.bed"
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


def test_segments_of_regions_lie_in_them_and_their_margins_cut_from_the_start(tmp_path):
    genome = genome_of(tmp_path, random_text(200, 1), random_text(100, 2))
    bed = bed_of(tmp_path, "chr1\t50\t95", "chr2\t90\t100", "chr1\t3\t6")
    settings = replace(SMALL, regions=bed, margin=4)
    segments = cut(genome, settings, np.random.default_rng(0))
    places = list(zip(segments.start.tolist(), segments.length.tolist(), strict=True))
    # 46..99 in pieces of 20, what is left being shorter; 286..300, as a margin ends with its record; 0..10.
    assert places == [(46, 20), (66, 20), (86, 13), (286, 14), (0, 10)]


def test_a_region_is_in_the_genome_and_long_enough(tmp_path):
    genome = genome_of(tmp_path, random_text(200))
    with pytest.raises(ValueError, match=r"line 1: stop 300 lies beyond the end of chr1"):
        cut(genome, replace(SMALL, regions=bed_of(tmp_path, "chr1\t50\t300")), np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"line 1: .*no record 'chr9'"):
        cut(genome, replace(SMALL, regions=bed_of(tmp_path, "chr9\t50\t60")), np.random.default_rng(0))
    short = cut(genome, replace(SMALL, regions=bed_of(tmp_path, "chr1\t5\t9", "chr1\t5\t10")), np.random.default_rng(0))
    assert short.length.tolist() == [5]
    with pytest.raises(ValueError, match=r"corpus.gaps needs drop, where corpus.regions or corpus.jitter is set"):
        replace(SMALL, jitter=3, gaps="join")


def test_jitter_moves_a_segment_evenly_and_never_over_a_gap(tmp_path):
    genome = genome_of(tmp_path, "N" * 10 + random_text(100) + "N" * 10)
    count = 3000
    segments = Segments(np.array([50] * count + [11, 98]), np.array([10] * (count + 2)))
    keys = sequence_keys(0, 0, np.arange(count + 2))
    pieces = Corpus(genome, lay_out(genome, gaps="drop"), jitter=4).read(segments, keys)
    windows = {genome.bases[start : start + 10].tobytes(): start for start in range(46, 55)}
    moved = [windows[piece.bases.tobytes()] for piece in pieces[:count]]
    shares = np.bincount(np.array(moved) - 46, minlength=9) / count
    assert shares == pytest.approx(1 / 9, abs=4 * (8 / 81 / count) ** 0.5)
    assert all((piece.bases < 4).all() and len(piece.bases) == 10 for piece in pieces)
    again = Corpus(genome, lay_out(genome, gaps="drop"), jitter=4).read(segments, keys)
    assert all((one.bases == other.bases).all() for one, other in zip(pieces, again, strict=True))


@pytest.mark.parametrize("strand", ["given", "both"])
def test_lower_case_and_tracks_go_with_their_bases_over_gaps_and_strands(tmp_path, strand):
    text = random_text(40) + "NNN" + random_text(40, 1).lower() + random_text(20, 2)
    pieces = np.array([encode(letter)[0] + LOWER * letter.islower() for letter in text], dtype=np.uint8)
    write_genome([("chr1", [pieces])], tmp_path)
    values = np.arange(len(text), dtype=np.float32)
    genome = replace(open_genome(tmp_path), tracks={"place": values})
    keys, segments = sequence_keys(0, 0, np.arange(30)), Segments(np.arange(30), np.full(30, 40))
    for gaps in ("drop", "join"):
        read_so = Corpus(genome, lay_out(genome, gaps=gaps), strand).read(segments, keys)
        turned = 0
        for piece, key in zip(read_so, keys, strict=True):
            places = piece.tracks["place"].astype(int)
            flip = strand == "both" and key % 2 == 1
            turned += flip
            letters = [text[place].upper() for place in places]
            wanted = encode("".join(letters).translate(str.maketrans("ACGT", "TGCA")) if flip else "".join(letters))
            np.testing.assert_array_equal(piece.bases, wanted)
            assert piece.lower.tolist() == [text[place].islower() for place in places]
            assert (np.diff(places) < 0).all() if flip else (np.diff(places) > 0).all()
        assert (turned > 0) == (strand == "both")


def test_a_genome_in_upper_case_has_no_lower_case_to_tell(large):
    genome = open_genome(large)
    (piece,) = Corpus(genome, lay_out(genome, gaps="drop")).read(
        Segments(np.array([5]), np.array([9])), np.zeros(1, int)
    )
    assert piece.lower is None
    assert piece.tracks == {}


class Tracked(Masking):
    """Hide what is lower case or above 0 in a track."""

    def choose(self, sequence, probability):  # noqa: ARG002
        return sequence.lower | (sequence.tracks["x"] > 0)


def test_strategies_are_given_lower_case_and_tracks_in_training_and_validation(tmp_path):
    text = (random_text(15) + random_text(5, 1).lower()) * 1000
    pieces = np.array([encode(letter)[0] + LOWER * letter.islower() for letter in text], dtype=np.uint8)
    write_genome([("chr1", [pieces])], tmp_path)
    (np.arange(len(text)) % 20 == 0).astype(np.float32).tofile(tmp_path / "track-x.f32")
    corpus = corpus_of(tmp_path, masker=Masker(Tracked(), KmerTokens(1)), max_steps=2)
    batches = [*corpus.train_dataloader(), *(batch.own for batch in corpus.val_dataloader())]
    hidden, total = sum(len(b.targets) for b in batches), sum(b.work.bases for b in batches)
    assert hidden / total == pytest.approx(6 / 20, abs=0.01)


def test_batches_of_few_shapes_hold_the_same_tokens_in_at_most_eight_widths():
    draw, masker = np.random.default_rng(0), Masker(RandomMasking(), KmerTokens(3))
    sequences = [draw.integers(0, 4, length, dtype=np.uint8) for length in range(5, 205)]
    rows = [masker(bases, key=np.int64(number)) for number, bases in enumerate(sequences)]
    exact, few = (collate(masker, sequences, rows, micro_batch=2, few_shapes=wanted) for wanted in (False, True))
    assert len({cut.width for cut in exact.cuts}) == 100
    assert len({cut.width for cut in few.cuts}) <= 8
    assert all(cut.most % 8 == 0 for cut in few.cuts)
    for one, other in zip(micro_batches(exact), micro_batches(few), strict=True):
        read = [part.input_ids.flatten()[part.masked.flat] for part in (one, other)]
        assert torch.equal(*read)
        assert torch.equal(one.targets, other.targets)
        width = one.input_ids.shape[1]
        assert torch.equal(one.input_ids, other.input_ids[:, :width])
        attention = torch.ones_like(one.input_ids, dtype=torch.bool) if one.attention is None else one.attention
        there = torch.ones_like(other.input_ids, dtype=torch.bool) if other.attention is None else other.attention
        assert torch.equal(there[:, :width], attention)
        assert not there[:, width:].any()
