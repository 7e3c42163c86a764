"""Tracks: one value for every base, from BED, bigWig and VCF files, beside the bases of the genome."""

import numpy as np
import pytest

from genomask.genome.encoded import open_genome
from genomask.genome.fasta import FastaGenome

RECORDS = {"chr1": 12, "chr2": 5}


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "a.fa"
    path.write_text("".join(f">{name}\n{'A' * length}\n" for name, length in RECORDS.items()))
    return str(path)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "encoded").mkdir()
    return tmp_path / "encoded"


def test_a_bed_file_gives_its_scores_or_one_inside_its_intervals(tmp_path, fasta, folder):
    (tmp_path / "a.bed").write_text("track name=x\n1\t2\t4\nchr1\t8\t12\tx\t2.5\nNC_000002.12\t0\t1\n1\t3\t5\tx\t7\n")
    FastaGenome(fasta, tracks={"repeats": f"{tmp_path}/a.bed"}).encode(folder)
    (track,) = open_genome(folder).tracks.values()
    assert track.dtype == np.float32
    assert track.tolist() == [0, 0, 1, 7, 7, 0, 0, 0, 2.5, 2.5, 2.5, 2.5, 1, 0, 0, 0, 0]
    with pytest.raises(ValueError, match="read-only"):
        track[0] = 1


def test_a_bigwig_file_gives_its_values_and_0_where_it_has_none(tmp_path, fasta, folder):
    big_wig = pytest.importorskip("pyBigWig")
    with big_wig.open(f"{tmp_path}/a.bw", "w") as file:
        file.addHeader([("2", 5), ("chr1", 12), ("chr3", 99)])
        file.addEntries(["2", "chr1"], [1, 10], ends=[3, 12], values=[-0.5, 4.0])
    FastaGenome(fasta, tracks={"b": f"{tmp_path}/a.bw", "a": f"{tmp_path}/a.bw"}).encode(folder)
    tracks = open_genome(folder).tracks
    assert list(tracks) == ["a", "b"]
    assert tracks["a"].tolist() == [0] * 10 + [4, 4] + [0, -0.5, -0.5, 0, 0]


def test_a_vcf_file_gives_1_to_the_reference_bases_of_its_variants(tmp_path, fasta, folder):
    lines = ["##fileformat=VCF", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    lines += [f"{place}\t.\t{alleles}\t.\t.\t." for place, alleles in (("1\t2", "A\tC"), ("chr2\t4", "AA\tA"))]
    (tmp_path / "a.vcf").write_text("\n".join(lines) + "\n")
    FastaGenome(fasta, tracks={"variants": f"{tmp_path}/a.vcf"}).encode(folder)
    assert open_genome(folder).tracks["variants"].tolist() == [0, 1] + [0] * 10 + [0, 0, 0, 1, 1]


def test_a_bcf_track_is_refused_with_the_command_that_converts_it(tmp_path, fasta, folder):
    (tmp_path / "a.bcf").write_bytes(b"BCF\2\2")
    with pytest.raises(ValueError, match=r"a\.bcf is BCF; make a VCF of it: bcftools view"):
        FastaGenome(fasta, tracks={"variants": f"{tmp_path}/a.bcf"}).encode(folder)


def test_records_that_the_genome_leaves_out_are_passed_over_and_counted(tmp_path, fasta, folder, capsys):
    (tmp_path / "a.bed").write_text("chr1\t2\t4\n2\t0\t1\n")
    FastaGenome(fasta, ["chr2"], tracks={"x": f"{tmp_path}/a.bed"}).encode(folder)
    assert open_genome(folder).tracks["x"].tolist() == [1, 0, 0, 0, 0]
    assert "track x: 1 intervals lie on records that the genome leaves out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("chr1\t0\t1\nchr7\t0\t1\n", r"a.bed, line 2: the genome has no record 'chr7'; it has chr1, chr2\.$"),
        ("chr2\t0\t6\n", "a.bed, line 1: stop 6 lies beyond the end of chr2, which has 5 bases"),
        ("chr2\t0\n", "a.bed, line 1: an interval needs a chromosome"),
        ("chr2\t0\t5\tx\t0\n", r"genome\.tracks\.x=.*a\.bed needs a value other than 0"),
    ],
)
def test_a_track_of_another_genome_is_refused_in_one_line(tmp_path, fasta, folder, text, problem):
    (tmp_path / "a.bed").write_text(text)
    with pytest.raises(ValueError, match=problem) as caught:
        FastaGenome(fasta, tracks={"x": f"{tmp_path}/a.bed"}).encode(folder)
    assert "\n" not in str(caught.value)


def test_a_bigwig_file_beyond_the_end_of_a_record_or_damaged_is_refused(tmp_path, fasta, folder):
    big_wig = pytest.importorskip("pyBigWig")
    with big_wig.open(f"{tmp_path}/a.bw", "w") as file:
        file.addHeader([("chr2", 50)])
        file.addEntries(["chr2"], [4], ends=[6], values=[1.0])
    with pytest.raises(ValueError, match=r"a\.bw, chr2: stop 6 lies beyond the end of chr2, which has 5 bases"):
        FastaGenome(fasta, tracks={"x": f"{tmp_path}/a.bw"}).encode(folder)
    (tmp_path / "b.bw").write_bytes(b"no track")
    with pytest.raises(ValueError, match=r"b\.bw is no bigWig file"):
        FastaGenome(fasta, tracks={"x": f"{tmp_path}/b.bw"}).encode(folder)


def test_the_content_of_tracks_and_their_names_identify_the_genome(tmp_path, fasta):
    (tmp_path / "a.bed").write_text("chr1\t0\t1\n")
    (tmp_path / "b.bed").write_text("chr1\t0\t1\n")
    plain, one, same, other = (
        FastaGenome(fasta, tracks=tracks).fingerprint()
        for tracks in (None, {"x": f"{tmp_path}/a.bed"}, {"x": f"{tmp_path}/b.bed"}, {"y": f"{tmp_path}/a.bed"})
    )
    assert "tracks" not in plain
    assert one == same != other


def test_a_track_that_is_not_there_or_has_an_odd_name_is_refused(fasta):
    with pytest.raises(
        FileNotFoundError, match=r"genome\.tracks\.x needs a BED, bigWig or VCF file; there is none at no"
    ):
        FastaGenome(fasta, tracks={"x": "no"}).fingerprint()
    with pytest.raises(ValueError, match=r"genome\.tracks needs {NAME: FILE, ...}, or null; found 'a\.bed'"):
        FastaGenome(fasta, tracks="a.bed")
    with pytest.raises(ValueError, match=r"names of letters, digits and _; found '\.\./x'"):
        FastaGenome(fasta, tracks={"../x": "no"})


def test_a_track_of_another_length_is_refused(tmp_path, fasta, folder):
    (tmp_path / "a.bed").write_text("chr1\t0\t1\n")
    FastaGenome(fasta, tracks={"x": f"{tmp_path}/a.bed"}).encode(folder)
    (folder / "track-x.f32").write_bytes(bytes(8))
    with pytest.raises(ValueError, match=r"track-x\.f32 needs the 68 bytes .*; found 8"):
        open_genome(folder)
