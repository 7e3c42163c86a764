"""Intervals as BED files and genome browsers write them."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genomask.genome.places import Place, parse_place, parse_region, read_bed


def test_a_bed_file_gives_its_intervals_and_lines_of_a_browser_are_passed_over(tmp_path):
    path = tmp_path / "a.bed.gz"
    lines = [
        "\ufefftrack name=x type=bed", "browser position chr1:1-9", "#chrom start", "", "  ",
        "track1\t0\t5", "browser_contig\t1\t2\tname\t7.5\t-", "chr2 3 9 x 1e3 +",
        "chr2\t3\t9\t-\t0\t+\textra", "1\t0\t1\t.\t.\t.",
    ]  # fmt: skip
    path.write_bytes(gzip.compress("\r\n".join(lines).encode()))
    found = list(read_bed(path))
    assert [interval.line for interval in found] == [6, 7, 8, 9, 10]
    assert [interval.place for interval in found] == [
        ("track1", 0, 5, "+"), ("browser_contig", 1, 2, "-"), ("chr2", 3, 9, "+"), ("chr2", 3, 9, "+"), ("1", 0, 1, "+")
    ]  # fmt: skip
    assert [(interval.name, interval.score) for interval in found] == [
        (None, None), ("name", 7.5), ("x", 1000.0), ("-", 0.0), (".", None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("chr1\t0", "an interval needs a chromosome, a start and a stop in whole numbers"),
        ("chr1\t-1\t5", "start and stop must be whole numbers from 0, not '-1' and '5'"),
        ("chr1\t1e3\t5000", "start and stop must be whole numbers from 0, not '1e3'"),
        ("chr1\t5\t5", "a start before its stop, unlike 'chr1', 5, 5"),
        ("\t0\t5", "a place has a record"),
        ("chr1\t0\t5\t-", r"the strand is in column 4; it belongs in column 6 \(chromosome, start, stop, name"),
        ("chr1\t0\t5\tname\t+", "the strand is in column 5; it belongs in column 6"),
        ("chr1\t0\t5\tname\t0\t.\t+", "the strand is in column 7; it belongs in column 6"),
        ("chr1\t0\t5\tname\t0\tplus", "a strand is [+], - or .; column 6 has 'plus'"),
    ],
)
def test_a_line_that_is_no_interval_is_refused_with_its_number(tmp_path, line, problem):
    path = tmp_path / "a.bed"
    path.write_text(f"chr1\t0\t5\n{line}\n")
    with pytest.raises(ValueError, match=f"a.bed, line 2: .*{problem}"):
        list(read_bed(path))


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_region_is_one_based_and_may_have_commas(start, length):
    expected = Place("HLA:1", start - 1, start + length, "+")
    assert (
        parse_region(f"HLA:1:{start}-{start + length}")
        == parse_region(f"HLA:1:{start:,}-{start + length:,}")
        == expected
    )


@pytest.mark.parametrize(
    ("region", "problem"),
    [
        ("chr1:0-69", "the positions of a region count from 1, and it starts before it stops, unlike chr1:0-69"),
        ("chr1:9-8", "unlike chr1:9-8"),
        ("chr1:x-9", "a region is written NAME:START-STOP, such as chr1:1,001-2,000, not 'chr1:x-9'"),
        ("chr1", "a region is written NAME:START-STOP"),
    ],
)
def test_a_region_that_is_none_is_refused_with_the_numbers_as_they_were_written(region, problem):
    with pytest.raises(ValueError, match=problem):
        parse_region(region)


def test_a_place_of_a_table_needs_a_strand_that_is_one():
    assert parse_place(" chr1", "3 ", " 4", "-") == ("chr1", 3, 4, "-")
    with pytest.raises(ValueError, match=r"the strand must be \+ or -, not '\.'"):
        parse_place("chr1", "3", "4", ".")
