"""FASTA files as people have them, sound and damaged, against a slow and literal reading of the format."""

import gzip
import hashlib
import itertools
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import fuzz_spoil
from genomask.genome import reader
from genomask.genome.reader import TextCount, read_fasta, read_pieces, read_text
from genomask.text_files import read_lines

bgzip = partial(fuzz_spoil.bgzip, block=7)  # many blocks, though the text is short
TEXT = b">chr1 first\nACGTNacgtn\nRYK\n>chr2\nTTTTT\n"


def literal(text: str) -> dict[str, list[int]]:
    """Read a FASTA text letter by letter."""
    records: dict[str, list[int]] = {}
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.startswith(">"):
            bases = records[line[1:].split()[0]] = []
        else:
            bases += ["ATCG".index(letter) if letter in "ATCG" else 4 for letter in line.upper()]
    return records


def members(data: bytes) -> bytes:
    """Pack as two gzip files, one after the other."""
    return gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :])


PACKINGS = {"plain": bytes, "gzip": gzip.compress, "members": members, "bgzip": bgzip}


def read(path: Path) -> dict[str, list[int]]:
    return {name: bases.tolist() for name, bases in read_fasta(path)}


def unpack(data: bytes, folder: Path) -> bytes:
    """The text of a file, as it is checked."""
    file = folder / "file"
    file.write_bytes(data)
    with file.open("rb") as source:
        return b"".join(read_text(source))


@st.composite
def fasta_texts(draw) -> str:
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    lines = st.text("ACGTacgtNnRYSWKMBDHVryswkmbdhv", max_size=12)
    text = ""
    for number in range(draw(st.integers(1, 4))):
        body = [*draw(st.lists(lines, max_size=5)), draw(st.sampled_from("ACGTN"))]
        header = f">record{number}" + draw(st.sampled_from(["", " a > b", "\tx"]))
        text += newline.join([header, *draw(st.permutations(body))]) + newline
    return text[: len(text) - len(newline) * draw(st.booleans())]


@given(fasta_texts(), st.sampled_from(sorted(PACKINGS)))
@settings(max_examples=40, deadline=None)
def test_every_sound_file_is_read_to_the_letter(tmp_path_factory, text, packing):
    path = tmp_path_factory.mktemp("fasta") / "genome"
    path.write_bytes(PACKINGS[packing](text.encode()))
    assert read(path) == literal(text)


@given(fasta_texts(), st.integers(1, 5), st.data())
@settings(max_examples=40, deadline=None)
def test_pieces_are_cut_anywhere_and_need_not_be_taken(tmp_path_factory, text, size, data):
    path = tmp_path_factory.mktemp("fasta") / "genome"
    path.write_text(text)
    wanted, found = literal(text), {}
    with patch.object(reader, "_PIECE", size):
        for name, pieces in read_pieces(path):
            taken = itertools.islice(pieces, data.draw(st.sampled_from([None, 0, 1])))
            found[name] = [base for piece in taken for base in (piece & 7).tolist()]
    assert list(found) == list(wanted)
    assert all(wanted[name][: len(bases)] == bases for name, bases in found.items())


@pytest.mark.parametrize("letter", ["*", "Ä", "界"])
def test_a_foreign_letter_has_its_place_in_the_record_whichever_piece_it_is_in(tmp_path, letter):
    path = tmp_path / "genome"
    path.write_text(f">one\nAC GT\n>two\nACGTAC{letter}T\n", encoding="utf-8")
    with (
        patch.object(reader, "_PIECE", 4),
        pytest.raises(ValueError, match="genome cannot be read") as caught,
    ):
        list(read_fasta(path))
    assert f"record 'two' has '{letter}' at position 7, which is none" in str(caught.value)


@pytest.mark.parametrize("packing", [bytes, partial(gzip.compress, compresslevel=1), partial(bgzip, block=65_280)])
@pytest.mark.parametrize("width", [60, 10_000_000])
def test_records_longer_than_every_buffer_are_read_whole(tmp_path, packing, width):
    bases = np.random.default_rng(0).integers(5, size=1_500_001, dtype=np.uint8)
    letters = np.frombuffer(b"ATCGN", dtype=np.uint8)[bases].tobytes()
    lines = b"\n".join(letters[start : start + width] for start in range(0, len(letters), width))
    path = tmp_path / "genome"
    path.write_bytes(packing(b">one\n" + lines + b"\n>two\n" + lines))
    records = dict(read_fasta(path))
    assert list(records) == ["one", "two"]
    np.testing.assert_array_equal(records["one"], bases)
    np.testing.assert_array_equal(records["two"], bases)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "it is empty"),
        (
            b"<!DOCTYPE html>\n<html>>x</html>",
            "a FASTA file starts with '>'; it starts with b'<!DOCTYPE html",
        ),
        (b"@read\nACGT\n+\nIIII\n", "a FASTA file starts with '>'; it starts with b'@read"),
        (b"\n>chr1\nACGT\n", "a FASTA file starts with '>'"),
        (b"\x1f\x9d packed by compress", "it starts with b'.x1f"),
        (b">chr1\nACGT\n>chr2\nAC-T\n", "'chr2' has '-' at position 3"),
        (b">chr1\nACGT\nACG*\n", "'chr1' has '[*]' at position 8"),
        (b">chr1\nACGU\n", "'chr1' has 'U' at position 4, which is none of A, C, G, T and the IUPAC"),
        (b">chr1\nAC>T\n", "'chr1' has '>' at position 3"),
        (">chr1\nACGÄ\n".encode(), "'chr1' has 'Ä' at position 4"),
        (">chr1\nACGÄ\n".encode("latin-1"), "'utf-8' codec can't decode byte 0xc4"),
        (b">chr1\n>chr2\nACGT\n", "record 'chr1' has no bases"),
        (b">chr1\nACGT\n>chr2\n", "record 'chr2' has no bases"),
        (b">chr1\nACGT\n>chr2", "record 'chr2' has no bases"),
        (b">chr1\n \r\n\nACGT\n>chr2\n\r\n \n", "record 'chr2' has no bases"),
        (b">chr1\nACGT\n> chr2\nACGT\n", "a record has no name"),
        (b">chr1\nACGT\n>", "it holds 2 records with 4 letters, of which pyfastx read 1 records"),
        (b">chr1 a\nACGT\n>chr1 b\nACGT\n", "two records are called 'chr1'"),
        (b">chr1\nACGT\n+\nACGT\nACGT\n", "does a line begin with '@' or '[+]'"),
        (b">chr1\nACGT\n@chr2\nACGT\n", "does a line begin with '@'"),
        (
            b">chr1\nACGT\nAC\0GT\n",
            "it holds a NUL byte",
        ),
    ],
)
@pytest.mark.parametrize("packing", [bytes, members])
def test_what_is_no_genome_is_refused_in_one_line_with_its_name(tmp_path, data, problem, packing):
    path = tmp_path / "some genome"
    path.write_bytes(packing(data))
    with pytest.raises(ValueError, match=f"some genome cannot be read: .*{problem}") as caught:
        read(path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_does_not_exist_is_named(tmp_path):
    for path in (tmp_path / "nothing.fa", tmp_path):
        with pytest.raises(FileNotFoundError, match=f"needs a FASTA file; there is none at {path}"):
            read(path)


@pytest.mark.parametrize("packing", [gzip.compress, bgzip])
def test_a_file_cut_anywhere_is_refused(tmp_path, packing):
    whole = packing(TEXT * 3)
    for length in range(2, len(whole)):
        with pytest.raises(ValueError, match="it is truncated"):
            unpack(whole[:length], tmp_path)
    assert unpack(whole, tmp_path) == TEXT * 3


@given(position=st.integers(0, 10_000), bit=st.integers(0, 7), packing=st.sampled_from([gzip.compress, bgzip]))
@example(position=185, bit=5, packing=bgzip)  # a header that reaches into the last block
def test_a_flipped_bit_is_noticed_unless_it_changes_nothing(tmp_path_factory, position, bit, packing):
    data = bytearray(packing(TEXT))
    data[position % len(data)] ^= 1 << bit
    try:
        text = unpack(bytes(data), tmp_path_factory.mktemp("flipped"))
    except ValueError:
        return
    assert text == TEXT


def test_a_block_that_says_it_is_shorter_than_its_header_is_refused(tmp_path):
    data = bytearray(bgzip(TEXT))
    data[16] = 2
    with pytest.raises(ValueError, match="no whole block at byte 0"):
        unpack(bytes(data), tmp_path)


def test_lines_of_a_table_whose_blocks_jump_over_one_are_refused(tmp_path):
    """The header of the fifth block is made to reach into the last one, which ends well."""
    data = bytearray(bgzip(TEXT))
    data[185] ^= 1 << 5
    path = tmp_path / "lines.gz"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"damaged after this line \(.*35 of 39 bytes unpack"):
        list(read_lines(path))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (gzip.compress(TEXT, mtime=0)[:-9], "is truncated: its gzip stream has no end"),
        (bgzip(TEXT)[: -len(fuzz_spoil.BGZF_END)], "is truncated: it lacks bgzip's end-of-file block"),
        (gzip.compress(TEXT, mtime=0) + b"garbage behind it", "is a damaged gzip file .Not a gzipped file"),
        (gzip.compress(TEXT, mtime=0)[:-8] + b"\0" * 8, "is a damaged gzip file .CRC check failed"),
        (
            gzip.compress(b">chr1\nAC!T\n", mtime=0)[:-8] + b"\0" * 8,
            "is a damaged gzip file .CRC check failed",
        ),
    ],
)
def test_damage_is_reported_even_if_the_letters_look_sound(tmp_path, data, problem):
    path = tmp_path / "genome.fa.gz"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"genome.fa.gz cannot be read: it {problem}.*again"):
        read(path)


@given(fasta_texts(), st.integers(1, 20))
def test_counts_of_a_text_do_not_depend_on_how_the_text_arrives(text, size):
    counts, data = TextCount(), text.encode()
    for start in range(0, len(data), size):
        counts.add(data[start : start + size])
    records = literal(text)
    assert (counts.records, counts.letters) == (len(records), sum(map(len, records.values())))


def test_a_file_that_is_damaged_at_its_end_gives_no_record(tmp_path):
    path = tmp_path / "large.fa.gz"
    text = b"".join(b">%d\n%s\n" % (number, b"ACGT" * 1_000_000) for number in range(2))
    path.write_bytes(gzip.compress(text, compresslevel=1)[:-1])
    with pytest.raises(ValueError, match=r"large.fa.gz cannot be read: it is truncated"):
        next(read_fasta(path))


def test_a_real_chromosome_has_its_published_checksum(shared_data):
    ((name, bases),) = read_fasta(shared_data / "genome" / "GRCh37_chr20.fa.gz")
    letters = np.frombuffer(b"ATCGN", dtype=np.uint8)[bases]
    assert name == "20"
    assert hashlib.md5(letters).hexdigest() == "0dec9660ec1efaaf33281c0d5ea2560f"


def test_a_real_soft_masked_file_is_read_whole(shared_data):
    ((_, bases),) = read_fasta(shared_data / "genome" / "hg38_chr16_softmasked_210kb.fa.gz")
    assert len(bases) == 210_155
