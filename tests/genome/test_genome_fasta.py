"""``genome=fasta``: which records are taken, and what identifies the genome."""

import gzip
import json

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
