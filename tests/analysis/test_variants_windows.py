"""Windows are what plain surgery on strings gives, at the ends of a record as in its middle."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from genomask.alphabet import decode, encode
from genomask.analysis.variants.alleles import WindowSettings, read_alleles, trim, variant_class, windows
from genomask.genome.encoded import open_genome, write_genome
from genomask.genome.vcf import Record

DNA = st.text("ACGT", min_size=1, max_size=30)


def cut(chromosome: str, start: int, removed: int, inserted: str, **settings) -> tuple[str, str, bool]:
    found = windows(encode(chromosome), start, removed, encode(inserted), **settings)
    return decode(found.reference), decode(found.alternative), found.shifted


def surgery(chromosome: str, start: int, removed: int, inserted: str, *, length: int, before: int):
    """The same by hand: each haplotype is written down whole, then read from ``start - before``."""
    haplotypes = chromosome, chromosome[:start] + inserted + chromosome[start + removed :]
    texts, moved = [], False
    for text in haplotypes:
        first = start - before
        if first + length > len(text):
            first = len(text) - length
        first = max(first, 0)
        moved |= first != start - before
        texts.append(text[first : first + length])
    return (*texts, moved)


@settings(deadline=None, max_examples=50)
@given(DNA, st.data(), st.integers(1, 40), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.text("ACGT", max_size=9))
def test_both_windows_are_read_off_the_two_haplotypes(chromosome, data, length, position, inserted):
    start = data.draw(st.integers(0, len(chromosome)))
    removed = data.draw(st.integers(0, len(chromosome) - start))
    found = cut(chromosome, start, removed, inserted, length=length, position=position, grow=False)
    assert found == surgery(
        chromosome, start, removed, inserted, length=length, before=min(int(position * length), length - 1)
    )


@settings(deadline=None, max_examples=50)
@given(DNA, st.data(), st.integers(1, 40), st.text("ACGT", max_size=9))
def test_a_window_that_grows_has_the_flanks_of_the_reference_window(chromosome, data, length, inserted):
    start = data.draw(st.integers(0, len(chromosome)))
    removed = data.draw(st.integers(0, len(chromosome) - start))
    reference, alternative, _ = cut(chromosome, start, removed, inserted, length=length, position=0.5, grow=True)
    first = max(min(start - length // 2, len(chromosome) - length), 0)
    inside = chromosome[first : first + length][start - first : start - first + removed]
    assert reference == chromosome[first : first + length]
    assert len(alternative) == len(reference) - len(inside) + len(inserted)
    assert alternative == reference[: start - first] + inserted + reference[start - first + len(inside) :]


@pytest.mark.parametrize(
    ("start", "removed", "inserted", "expected"),
    [
        (0, 1, "T", ("ACGTA", "TCGTA", True)),
        (0, 0, "GG", ("ACGTA", "GGACG", True)),
        (5, 1, "", ("TACGT", "GTAGT", True)),
        (7, 1, "G", ("TACGT", "TACGG", True)),
        (7, 1, "", ("TACGT", "GTACG", True)),
        (8, 0, "AA", ("TACGT", "CGTAA", True)),
    ],
)
def test_a_change_at_the_end_of_a_record_stays_in_view(start, removed, inserted, expected):
    assert cut("ACGTACGT", start, removed, inserted, length=5, position=0.5, grow=False) == expected


def test_in_its_window_the_changed_base_stands_where_the_settings_put_it():
    for position, before in ((0.0, 0), (0.5, 4), (1.0, 7)):
        found = windows(np.zeros(50, np.uint8), 20, 1, encode("C"), length=8, position=position, grow=False)
        assert np.flatnonzero(found.reference != found.alternative).tolist() == [before]


@settings(deadline=None, max_examples=50)
@given(DNA, DNA, st.text("ACGT", max_size=5), st.text("ACGT", max_size=5))
def test_however_an_allele_is_padded_it_is_the_same_change(reference, alternative, left, right):
    same, removed, inserted = trim(reference, alternative)
    assert reference[:same] + inserted + reference[same + len(removed) :] == alternative
    assert not (removed and inserted) or (removed[0] != inserted[0] and removed[-1] != inserted[-1])
    padded = trim(left + reference + right, left + alternative + right)
    assume(removed and inserted)  # in a repeat, an insertion or deletion has several places
    assert padded == (len(left) + same, removed, inserted)


@pytest.mark.parametrize(
    ("reference", "alternative", "expected"),
    [("A", "C", "snv"), ("AC", "GT", "mnv"), ("ACG", "ATG", "snv"), ("A", "AT", "insertion"),
     ("ATT", "A", "deletion"), ("ATT", "GC", "indel"), ("AT", "AT", "same")],
)  # fmt: skip
def test_a_class_is_told_from_what_really_changes(reference, alternative, expected):
    _, removed, inserted = trim(reference, alternative)
    assert variant_class(len(removed), len(inserted)) == expected


SETTINGS = WindowSettings(length=6, position=0.5, grow=False, max_unknown=0.0, shortest=4, longest=8)


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    directory = tmp_path_factory.mktemp("genome")
    write_genome([("chr20", [encode("ACGTNACGTACGTACG")]), ("tiny", [encode("ACG")])], directory)
    return open_genome(directory)


def record(chromosome: str, position: int, reference: str, alternatives: str) -> Record:
    columns = [chromosome, str(position), ".", reference, alternatives, ".", ".", "."]
    return Record(columns, chromosome, position, reference, alternatives.split(","))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("20", 11, "C", "T"), None),
        (("chr20", 11, "C", "."), "no_alternative"),
        (("chr20", 11, "C", "<DEL>"), "symbolic"),
        (("chr20", 11, "C", "*"), "symbolic"),
        (("chr20", 11, "C", "C]chr20:3]"), "symbolic"),
        (("21", 11, "C", "T"), "unknown_record"),
        (("20", 0, "A", "T"), "outside_record"),
        (("20", 16, "GA", "T"), "outside_record"),
        (("20", 10, "G", "T"), "ref_mismatch"),
        (("20", 5, "N", "T"), "unknown_bases"),
        (("20", 7, "C", "T"), "unknown_bases"),
        (("20", 11, "C", "N"), "unknown_bases"),
        (("tiny", 2, "C", "T"), "too_short"),
    ],
)
def test_an_allele_without_a_score_has_a_reason(genome, given, expected):
    (allele,) = read_alleles(record(*given), genome, SETTINGS)
    assert allele.why == expected
    assert (allele.windows is None) == (expected is not None)


def test_a_mismatch_says_what_the_genome_has(genome):
    (allele,) = read_alleles(record("20", 11, "GTT", "T"), genome, SETTINGS)
    assert (allele.kind, allele.note) == ("deletion", "the genome has CGT")


def test_a_window_that_grows_too_long_is_refused_and_n_is_let_in_on_request(genome):
    (grown,) = read_alleles(record("20", 11, "C", "CAAA"), genome, SETTINGS._replace(grow=True))
    assert grown.why == "too_long"
    (lenient,) = read_alleles(record("20", 7, "C", "T"), genome, SETTINGS._replace(max_unknown=0.2))
    assert lenient.why is None


def test_a_reference_allele_may_be_what_the_genomes_ambiguous_letter_allows(tmp_path):
    text = "ACGTRACGTACGTACGTAAC" * 3
    for name, letters in (("ambiguous", text), ("concrete", text.replace("R", "A"))):
        (tmp_path / name).mkdir()
        write_genome([("1", [encode(letters)])], tmp_path / name)
    ambiguous, concrete = (open_genome(tmp_path / name) for name in ("ambiguous", "concrete"))
    for position, reference, alternative in ((25, "A", "T"), (5, "A", "T"), (44, "TA", "T"), (23, "GTA", "GTACCC")):
        given = record("1", position, reference, alternative)
        settings = SETTINGS._replace(length=12, longest=20)
        (one,), (other,) = (list(read_alleles(given, genome, settings)) for genome in (ambiguous, concrete))
        assert one.why is None
        assert one.windows is not None
        assert other.windows is not None
        assert [decode(bases) for bases in one.windows[:2]] == [decode(bases) for bases in other.windows[:2]]
        assert one.windows.shifted == other.windows.shifted
    (mismatch,) = read_alleles(record("1", 24, "CA", "T"), ambiguous, SETTINGS)
    assert (mismatch.why, mismatch.note) == ("ref_mismatch", "the genome has TN")
    (unknown,) = read_alleles(record("1", 25, "N", "T"), ambiguous, SETTINGS)
    assert unknown.why == "unknown_bases"
