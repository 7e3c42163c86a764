"""The Cohn enhancers: cut as genomic-benchmarks cuts them, wholly or as far as the genome goes."""

import csv
import gzip
import json

import numpy as np
import pytest

from compose import composed
from genomask.alphabet import decode
from genomask.experiment.stages.task import source_artefact
from genomask.genome.encoded import open_genome, write_genome
from genomask.genome.fasta import FastaGenome
from genomask.genome.names import LENGTHS, check_assembly, chromosome
from genomask.genome.places import Place
from genomask.tasks.arrays import open_benchmark, write_benchmark
from genomask.tasks.cohn import CohnTask, read_intervals
from genomask.tasks.readers import Row, Tally, read_rows
from genomask.tasks.sources import cut_rows

RNG = np.random.default_rng(0)
CHROMOSOMES = {name: RNG.integers(4, size=5_000, dtype=np.uint8) for name in ("1", "X")}
COMPLEMENT = str.maketrans("ACGT", "TGCA")


@pytest.fixture
def coordinates(tmp_path):
    """Four tables of ten intervals each, on chr1 and chrX by turns, each third on the other strand."""
    starts = iter(range(0, 4_000, 100))
    for split in ("train", "test"):
        (tmp_path / "tables" / split).mkdir(parents=True)
        for name in ("positive", "negative"):
            lines = ["id,region,start,end,strand"]
            for number in range(10):
                start = next(starts)
                region, strand = ("chr1", "chrX")[number % 2], "-" if number % 3 == 0 else "+"
                lines.append(f"{split}_{name}_{number},{region},{start},{start + 500},{strand}")
            with gzip.open(tmp_path / "tables" / split / f"{name}.csv.gz", "wt") as file:
                file.write("\n".join(lines) + "\n")
    return tmp_path / "tables"


def genome_of(tmp_path, chromosomes):
    (tmp_path / "genome").mkdir()
    write_genome(((name, [bases]) for name, bases in chromosomes.items()), tmp_path / "genome")
    return open_genome(tmp_path / "genome")


def cohn(coordinates, **changed):
    return CohnTask("cohn_enh", **{"coordinates": str(coordinates), "genome": "x", "assembly": None} | changed)


@pytest.mark.parametrize("names", [("1", "X"), ("chr1", "chrX"), ("NC_000001.11", "NC_000023.11")])
def test_sequences_are_slices_whatever_the_chromosomes_are_called(coordinates, tmp_path, names):
    chromosomes = dict(zip(names, CHROMOSOMES.values(), strict=True))
    task = cohn(coordinates).read(genome_of(tmp_path, chromosomes))
    texts = {"chr1": decode(CHROMOSOMES["1"]), "chrX": decode(CHROMOSOMES["X"])}
    expected = []
    for name in ("negative", "positive"):
        with gzip.open(coordinates / "train" / f"{name}.csv.gz", "rt") as lines:
            for row in csv.DictReader(lines):
                text = texts[row["region"]][int(row["start"]) : int(row["end"])]
                expected.append(text.translate(COMPLEMENT)[::-1] if row["strand"] == "-" else text)
    assert decode(task.pool.bases) == "".join(expected)
    assert task.pool.labels.tolist() == [0] * 10 + [1] * 10


def test_a_genome_of_some_chromosomes_gives_the_subset_and_says_how_much_that_is(coordinates, tmp_path):
    task = cohn(coordinates).read(genome_of(tmp_path, {"chr1": CHROMOSOMES["1"]}))
    (tmp_path / "built").mkdir()
    write_benchmark(task, tmp_path / "built")
    origin = json.loads((tmp_path / "built" / "benchmark.json").read_text())["origin"]
    assert origin["note"] == "left out of 40 rows: 20 on a chromosome that the genome lacks"
    assert np.bincount(task.pool.labels).tolist() == np.bincount(task.test.labels).tolist() == [5, 5]
    assert len(origin["files"]) == 4
    places = open_benchmark(tmp_path / "built", placed=True).pool.places
    assert places
    assert {place.record for place in places} == {"chr1"}
    assert len(places) == len(open_benchmark(tmp_path / "built").pool.labels)


def test_intervals_with_other_letters_or_beyond_the_end_are_left_out(tmp_path):
    bases = CHROMOSOMES["1"].copy()
    bases[10] = 4
    genome = genome_of(tmp_path, {"chr1": bases})
    stretches = [(0, 10), (0, 11), (10, 12), (11, 12), (4_990, 5_000), (4_990, 5_001), (-1, 5), (7, 7)]
    rows = [Row(tmp_path, at, "", "", place=Place("chr1", *stretch, "+")) for at, stretch in enumerate(stretches)]
    kept = cut_rows(rows, genome, None, tally := Tally())
    assert [row.line for row in kept] == [0, 3, 4]
    assert sorted(tally.left_out.values()) == [2, 3]


def test_a_genome_that_holds_nothing_is_refused(coordinates, tmp_path):
    with pytest.raises(
        ValueError, match=r"genome \(chr7\) holds none of the 20 places: 20 on a chromosome that the genome lacks"
    ):
        cohn(coordinates).read(genome_of(tmp_path, {"chr7": CHROMOSOMES["1"]}))


def test_a_chromosome_that_is_there_twice_is_refused(tmp_path):
    genome = genome_of(tmp_path, {"chr1": CHROMOSOMES["1"], "NC_000001.11": CHROMOSOMES["X"]})
    with pytest.raises(ValueError, match=r"chromosome 1 twice: as chr1 and as NC_000001\.11"):
        check_assembly(genome, None)


def test_no_chromosome_has_the_same_length_in_both_assemblies():
    assert not set(LENGTHS["GRCh38"].values()) & set(LENGTHS["GRCh37"].values())
    assert sum(LENGTHS["GRCh38"].values()) == 3_088_269_832  # as published, chromosomes only
    assert sum(LENGTHS["GRCh37"].values()) == 3_095_677_412


@pytest.fixture(scope="module")
def chr20(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chr20")
    FastaGenome(str(shared_data / "genome" / "GRCh37_chr20.fa.gz")).encode(folder)
    return open_genome(folder)


def test_a_genome_of_the_wrong_assembly_is_told_from_its_length(shared_data, chr20):
    task = cohn(shared_data / "cohn_enh", assembly="GRCh38")
    message = r"GRCh38, whose chromosome 20 has 64,444,167 bases.*20 has 63,025,520, which is GRCh37's"
    with pytest.raises(ValueError, match=message):
        task.read(chr20)


def test_real_intervals_are_the_sequences_of_the_authors_files(shared_data, chr20):
    """Chromosome 20's intervals lifted to the genome that is there; 32 of them are in published files."""
    with gzip.open(shared_data / "cohn_enh" / "cohn_on_held_genome.csv.gz", "rt") as lines:
        rows = [row for row in csv.DictReader(lines) if row["chrom"] == "chr20"]
    places = [Place("chr20", int(row["hg19_start"]), int(row["hg19_end"]), row["strand"]) for row in rows]
    placed = [Row(shared_data, 0, "", "", place=place) for place in places]
    cut = cut_rows(placed, chr20, "GRCh37", tally := Tally())
    texts = [row.sequence for row in cut]
    assert not tally.left_out
    assert texts == [row["sequence"] for row in rows]
    published = {row.sequence: row.label for row in read_rows(shared_data / "cohn_enh" / "kmer_500shot_train.tsv.gz")}
    found = [(row["label"], published[text]) for row, text in zip(rows, texts, strict=True) if text in published]
    assert len(found) >= 20
    assert all(one == other for one, other in found)


def test_the_real_tables_have_their_known_counts_and_lengths(shared_data):
    known = {
        "train_negative": 10_422,
        "train_positive": 10_421,
        "test_negative": 3_474,
        "test_positive": 3_474,
    }
    for name, count in known.items():
        places = read_intervals(shared_data / "cohn_enh" / f"coords_hg38_{name}.csv.gz")
        assert len(places) == count
        assert {place.stop - place.start for place in places} == {500}
        assert {chromosome(place.record) for place in places} <= set(LENGTHS["GRCh38"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,region,start,end\na,chr1,0,5\n", "line 1 needs .*one column strand; found id, region"),
        ("id,region,start,end,strand\na,chr1,x,5,+\n", "line 2: start and stop must be whole numbers"),
        ("id,region,start,end,strand\na,chr1,0\n", "line 2: the row has 3 columns, the header 5"),
        ("id,region,start,end,strand\na,chr1,0,5,?\n", r"line 2: the strand must be \+ or -"),
    ],
)
def test_a_bad_table_is_named(tmp_path, text, message):
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(ValueError, match=f"bad.csv,? {message}"):
        read_intervals(tmp_path / "bad.csv")


def test_a_folder_that_lacks_a_table_is_refused(coordinates):
    (coordinates / "test" / "negative.csv.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"needs one table test/negative\.csv\.gz"):
        cohn(coordinates).fingerprint()


def test_coordinates_assembly_and_genome_shape_the_identity(coordinates, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.fa").write_text(f">chr1\n{decode(CHROMOSOMES['1'])}{name}\n")
    words = ["task=cohn_enh", f"task.coordinates={coordinates}"]
    digests = {
        source_artefact(composed(*words, f"task.genome={tmp_path / 'a.fa'}")).digest,
        source_artefact(composed(*words, f"task.genome={tmp_path / 'b.fa'}")).digest,
        source_artefact(composed(*words)).digest,
        source_artefact(composed("task=cohn_enh")).digest,
    }
    assert len(digests) == 4
    assert cohn(coordinates).fingerprint() != cohn(coordinates, assembly="GRCh38").fingerprint()


def test_an_assembly_other_than_grch38_needs_its_file():
    with pytest.raises(ValueError, match=r"task\.assembly=GRCh37 needs its FASTA file: task\.genome=FILE"):
        CohnTask("cohn_enh", assembly="GRCh37").genome_source()
