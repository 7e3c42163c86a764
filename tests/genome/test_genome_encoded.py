"""Encoded genomes: what is written is what is opened, and the runs are where they should be."""

import gc
import json
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genomask.genome.encoded import is_lower, open_genome, write_genome

RECORDS = [("chr1", [0, 1, 4, 2, 3, 3]), ("chr2", [4, 4]), ("chrX", [2, 4])]
records_of_bases = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=12), min_size=1, max_size=5)


def arrays(records):
    for name, bases in records:
        yield name, [np.array(bases, dtype=np.uint8)]


@pytest.fixture
def folder(tmp_path):
    write_genome(arrays(RECORDS), tmp_path)
    return tmp_path


def literal_runs(records):
    """Walk over every base of every record."""
    runs, position = [], 0
    for bases in records:
        inside = False
        for base in bases:
            if base < 4 and not inside:
                runs.append([position, position])
            inside = base < 4
            position += 1
            if inside:
                runs[-1][1] = position
    return runs


def test_a_genome_opens_as_it_was_written(folder):
    genome = open_genome(folder)
    assert genome.bases.tolist() == [0, 1, 4, 2, 3, 3, 4, 4, 2, 4]
    assert genome.names == ("chr1", "chr2", "chrX")
    assert genome.offsets.tolist() == [0, 6, 8, 10]
    assert genome.runs.tolist() == [[0, 2], [3, 6], [8, 9]]


@given(records_of_bases)
def test_runs_are_those_of_a_walk_along_every_record(tmp_path_factory, records):
    folder = tmp_path_factory.mktemp("genome")
    if min(map(min, records)) == 4:
        return
    write_genome(arrays((f"record{number}", bases) for number, bases in enumerate(records)), folder)
    assert open_genome(folder).runs.tolist() == literal_runs(records)


@given(records_of_bases, st.integers(1, 4))
def test_the_genome_does_not_depend_on_the_pieces_that_its_records_come_in(tmp_path_factory, records, size):
    folder = tmp_path_factory.mktemp("genome")
    records[0][0] = 2
    whole = [np.array(bases, dtype=np.uint8) for bases in records]
    cut = ([bases[start : start + size] for start in range(0, len(bases), size)] for bases in whole)
    write_genome(((f"record{number}", pieces) for number, pieces in enumerate(cut)), folder)
    genome = open_genome(folder)
    assert genome.bases.tolist() == [base for bases in records for base in bases]
    assert genome.offsets.tolist() == [0, *np.cumsum([len(bases) for bases in records])]
    assert genome.runs.tolist() == literal_runs(records)


def test_the_bases_cannot_be_changed(folder):
    with pytest.raises(ValueError, match="read-only"):
        open_genome(folder).bases[0] = 1


def test_pieces_are_forgotten_once_they_are_written(tmp_path):
    made = []

    def pieces():
        for _ in range(5):
            gc.collect()
            assert sum(reference() is not None for reference in made) <= 2
            bases = np.zeros(10, dtype=np.uint8)
            made.append(weakref.ref(bases))
            yield bases
            del bases

    write_genome(((f"chr{number}", pieces()) for number in range(2)), tmp_path)
    assert len(made) == 10


def test_a_disk_that_is_full_is_said(tmp_path):
    (tmp_path / "bases.u8").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        write_genome(arrays(RECORDS), tmp_path)


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ([("chr1", [0]), ("chr1", [1])], "a name of its own for every record; found 'chr1'"),
        ([], "at least one A, C, G or T; found '0 other letters'"),
        ([("chr1", [4, 4])], "at least one A, C, G or T; found '2 other letters'"),
    ],
)
def test_what_is_no_genome_is_refused(tmp_path, records, problem):
    with pytest.raises(ValueError, match=f"A genome needs {problem}"):
        write_genome(arrays(records), tmp_path)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        open_genome(tmp_path)


@pytest.mark.parametrize("file", ["bases.u8", "records.json", "runs.npy"])
def test_a_missing_file_is_named(folder, file):
    (folder / file).unlink()
    with pytest.raises(FileNotFoundError, match=f"An encoded genome needs {folder / file}, which does not"):
        open_genome(folder)


def test_bases_of_another_length_are_refused(folder):
    (folder / "bases.u8").write_bytes(bytes(9))
    with pytest.raises(ValueError, match=r"bases.u8 needs the 10 bytes that records.json speaks of .*; found 9"):
        open_genome(folder)


@pytest.mark.parametrize("runs", [[[0, 11]], [[-1, 2]], [[3, 6], [0, 2]], [[4, 3]], [0, 2]])
def test_runs_of_another_genome_are_refused(folder, runs):
    np.save(folder / "runs.npy", np.array(runs, dtype=np.int64))
    with pytest.raises(ValueError, match=r"runs.npy needs rising pairs of positions up to 10"):
        open_genome(folder)


def test_the_files_are_the_plain_ones_they_are_said_to_be(folder):
    assert (folder / "bases.u8").read_bytes() == bytes([0, 1, 4, 2, 3, 3, 4, 4, 2, 4])
    assert json.loads((folder / "records.json").read_text()) == {"chr1": 6, "chr2": 2, "chrX": 2}


@given(
    st.lists(st.lists(st.sampled_from([0, 3, 4, 8, 11, 12]), min_size=1, max_size=12), min_size=1, max_size=5),
    st.data(),
)
def test_lower_case_is_kept_as_stretches_beside_the_bases(tmp_path_factory, records, data):
    folder, size = tmp_path_factory.mktemp("genome"), data.draw(st.integers(1, 4))
    records[0][0] = 8
    whole = [np.array(bases, dtype=np.uint8) for bases in records]
    cut = ([bases[start : start + size] for start in range(0, len(bases), size)] for bases in whole)
    write_genome(((f"record{number}", pieces) for number, pieces in enumerate(cut)), folder)
    genome, every = open_genome(folder), np.concatenate(whole)
    assert genome.bases.tolist() == (every & 7).tolist()
    assert genome.runs.tolist() == literal_runs([(bases & 7).tolist() for bases in whole])
    assert genome.lower.tolist() == literal_runs([(4 * (bases < 8)).tolist() for bases in whole])
    start, stop = sorted(data.draw(st.tuples(st.integers(0, len(every)), st.integers(0, len(every)))))
    assert is_lower(genome, start, stop).tolist() == (every[start:stop] >= 8).tolist()


def test_a_genome_in_upper_case_has_no_file_for_it(folder):
    assert not (folder / "lower.npy").exists()
    assert open_genome(folder).lower.shape == (0, 2)
    assert not is_lower(open_genome(folder), 0, 10).any()
