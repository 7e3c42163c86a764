"""``genome=fasta``: which records are taken, and what identifies the genome."""

import gzip
import json
import struct

import pytest
from omegaconf import OmegaConf

from genomask.genome.encoded import open_genome
from genomask.genome.fasta import FastaGenome

TEXT = b">chr2 second\nTTNN\n>chr10\nACGT\n>chrX\nggg\n>HLA[1]\nCC\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "genome.fa.gz"
    path.write_bytes(gzip.compress(TEXT))
    return path


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "encoded").mkdir()
    return tmp_path / "encoded"


@pytest.mark.parametrize(
    ("chromosomes", "names"),
    [
        (None, ("chr2", "chr10", "chrX", "HLA[1]")),
        (["chrX", "chr2"], ("chr2", "chrX")),
        (["chr?", "chr1*"], ("chr2", "chr10", "chrX")),
        (["chr[0-9]*"], ("chr2", "chr10")),
        (["HLA[1]"], ("HLA[1]",)),
    ],
)
def test_names_and_patterns_choose_records_in_the_order_of_the_file(path, folder, chromosomes, names):
    FastaGenome(str(path), chromosomes).encode(folder)
    genome = open_genome(folder)
    letters = {"chr2": [1, 1, 4, 4], "chr10": [0, 2, 3, 1], "chrX": [3, 3, 3], "HLA[1]": [2, 2]}
    assert genome.names == names
    assert genome.bases.tolist() == [base for name in names for base in letters[name]]


def test_a_pattern_without_a_record_is_refused_with_the_names_there_are(path, folder):
    with pytest.raises(ValueError, match=r"none is called 2 or chrM\*, they are called chr2, chr10, chrX, HLA\[1\]\."):
        FastaGenome(str(path), ["chr2", "chrM*", "2"]).encode(folder)


def test_an_empty_choice_is_refused():
    with pytest.raises(ValueError, match=r"genome.chromosomes needs names or patterns, or null for all"):
        FastaGenome("genome.fa", [])


@pytest.mark.parametrize("data", [gzip.compress(TEXT, mtime=0)[:-20], TEXT[:-3] + b"\n>chr9", b"", b"<html>"])
def test_a_damaged_file_leaves_no_genome(path, folder, data):
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"genome.fa.gz cannot be read"):
        FastaGenome(str(path)).encode(folder)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        open_genome(folder)


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/data/GRCh37_chr20.fa.gz", "GRCh37_chr20"),
        ("hs37d5.2.FASTA", "hs37d5.2"),
        ("My genome (2).fna.bgz", "My-genome-2"),
        ("~/.fa", "genome"),
    ],
)
def test_the_label_is_the_name_of_the_file_as_a_folder_may_have_it(path, label):
    assert FastaGenome(path).label == label


def test_the_content_identifies_the_genome_and_its_place_does_not(path, tmp_path):
    copy, other = tmp_path / "copy.fa", tmp_path / "other.fa"
    copy.write_bytes(path.read_bytes())
    other.write_bytes(TEXT)
    one, same, another = (FastaGenome(str(file)).fingerprint() for file in (path, copy, other))
    assert one == same != another
    assert json.loads(json.dumps(one)) == one


def test_the_choice_identifies_the_genome_and_its_order_does_not(path):
    one, same, another = (
        FastaGenome(str(path), chosen).fingerprint() for chosen in (["a", "b"], ["b", "a", "b"], ["a"])
    )
    assert one == same != another


def test_a_file_that_does_not_exist_is_named_before_anything_else(tmp_path, folder):
    genome = FastaGenome(str(tmp_path / "nothing.fa"))
    for act in (genome.fingerprint, lambda: genome.encode(folder)):
        with pytest.raises(FileNotFoundError, match=r"needs a FASTA file; there is none at .*nothing.fa"):
            act()


def test_a_home_folder_is_found(monkeypatch, path):
    monkeypatch.setenv("HOME", str(path.parent))
    assert FastaGenome("~/genome.fa.gz").fingerprint() == FastaGenome(str(path)).fingerprint()


def test_the_settings_are_a_schema_of_the_configuration():
    schema = OmegaConf.structured(FastaGenome)
    config = OmegaConf.merge(schema, {"path": "genome.fa", "chromosomes": ["chr*", 2]})
    assert OmegaConf.to_object(config) == FastaGenome("genome.fa", ["chr*", "2"])
    config = OmegaConf.merge(schema, {"path": ["a.fa", "b*.fa"], "tracks": {"x": "x.bed"}})
    assert OmegaConf.to_object(config) == FastaGenome(["a.fa", "b*.fa"], tracks={"x": "x.bed"})


def test_several_files_and_patterns_are_one_genome_in_the_order_that_people_count(tmp_path, folder):
    for name in ("chr10", "chr2", "chr1"):
        (tmp_path / f"{name}.fa").write_text(f">{name}\nAC\n")
    (tmp_path / "chr1.fa.fai").write_text("chr1\t2\n")
    (tmp_path / "[x].fa").write_text(">x\ngg\n")
    source = FastaGenome([f"{tmp_path}/[x].fa", f"{tmp_path}/chr*"])
    source.encode(folder)
    genome = open_genome(folder)
    assert genome.names == ("x", "chr1", "chr2", "chr10")
    assert genome.lower.tolist() == [[0, 2]]
    assert source.label == "x-and-more"
    assert FastaGenome(f"{tmp_path}/chr*").label == "chr"
    assert len(source.fingerprint()["sha256"]) == 4


def test_a_pattern_that_fits_no_file_and_a_path_that_is_none_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"needs a FASTA file; none is called .*chr\*\.fa"):
        FastaGenome(f"{tmp_path}/chr*.fa").fingerprint()
    for path in ([], 3, ["a", 3]):
        with pytest.raises(ValueError, match=r"genome\.path needs a file, a pattern, or a list of them"):
            FastaGenome(path)


def test_a_record_in_two_files_is_refused_with_both(tmp_path, folder):
    for name in ("a", "b"):
        (tmp_path / f"{name}.fa").write_text(">chr1\nAC\n")
    with pytest.raises(ValueError, match=r"Record chr1 is in .*a\.fa and in .*b\.fa; a genome has it once"):
        FastaGenome([f"{tmp_path}/a.fa", f"{tmp_path}/b.fa"]).encode(folder)


def two_bit(records: dict[str, str]) -> bytes:
    """A 2bit file as UCSC specifies it: an index, then for each record blocks of N, of lower case, and bases."""
    first = 16 + sum(5 + len(name) for name in records)
    index, body = b"", b""
    for name, text in records.items():
        index += bytes([len(name)]) + name.encode() + struct.pack("<I", first + len(body))
        body += struct.pack("<I", len(text))
        for inside in (lambda letter: letter in "Nn", str.islower):
            starts = [at for at in range(len(text)) if inside(text[at]) and (at == 0 or not inside(text[at - 1]))]
            sizes = [next((n for n in range(at, len(text)) if not inside(text[n])), len(text)) - at for at in starts]
            body += struct.pack(f"<{1 + 2 * len(starts)}I", len(starts), *starts, *sizes)
        codes = ["TCAG".find(letter.upper()) % 4 for letter in text] + [0] * (-len(text) % 4)
        body += struct.pack("<I", 0)
        body += bytes(a << 6 | b << 4 | c << 2 | d for a, b, c, d in zip(*[iter(codes)] * 4, strict=True))
    return struct.pack("<4I", 0x1A412743, 0, len(records), 0) + index + body


def test_a_2bit_file_is_the_same_genome_as_its_fasta_file(tmp_path, folder):
    pytest.importorskip("py2bit")
    texts = {"chr1": "ACGTNNNNacgtTTGCA" * 20, "chr2": "ttaaN"}
    (tmp_path / "a.2bit").write_bytes(two_bit(texts))
    (tmp_path / "a.fa").write_text("".join(f">{name}\n{text}\n" for name, text in texts.items()))
    (tmp_path / "other").mkdir()
    for name, place in (("a.2bit", folder), ("a.fa", tmp_path / "other")):
        FastaGenome(str(tmp_path / name)).encode(place)
    one, other = open_genome(folder), open_genome(tmp_path / "other")
    assert one.names == other.names
    for field in ("bases", "offsets", "runs", "lower"):
        assert getattr(one, field).tolist() == getattr(other, field).tolist()


@pytest.mark.parametrize("length", [10, 60, 200, 340])
def test_a_2bit_file_that_was_cut_off_is_refused(tmp_path, folder, length):
    pytest.importorskip("py2bit")
    (tmp_path / "a.2bit").write_bytes(two_bit({"chr1": "ACGTnnnNacgtTTGCA" * 40, "chr2": "ttaaN"})[:length])
    with pytest.raises(ValueError, match=r"a\.2bit cannot be read: it is a damaged 2bit file|at least one A, C, G"):
        FastaGenome(str(tmp_path / "a.2bit")).encode(folder)
