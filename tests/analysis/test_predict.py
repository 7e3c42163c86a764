"""``genomask predict``: from FASTA, tables and BED to tables and tracks, as the model itself says."""

import csv
import gzip
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pyBigWig
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertForSequenceClassification

from genomask.alphabet import encode
from genomask.analysis import predictor
from genomask.analysis.prediction.tool import main
from genomask.analysis.prediction.windows import (
    Piece,
    cut_of,
    cut_windows,
    kind_of,
    read_records,
    survey,
    window_count,
)
from genomask.models.export import export_encoder, open_classifier
from tiny_models import SETTINGS, TOKENS, tiny_classifier

LONGEST = SETTINGS.max_tokens - 2 + TOKENS.k - 1
COMPLEMENT = str.maketrans("ACGT", "TGCA")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A classifier, a genome of two records, and the same sequences in other formats."""
    folder, draw = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    texts = {name: "".join(draw.choice(list("ACGT"), size)) for name, size in (("chr1", 100), ("chr2", 47))}
    (folder / "two.fa").write_text("".join(f">{name} words\n{text}\n" for name, text in texts.items()))
    short = [texts["chr1"][at : at + size] for at, size in ((0, 20), (30, 12), (50, 20), (0, 20))]
    rows = [f"r{number},{text},x" for number, text in enumerate(short)]
    with gzip.open(folder / "table.csv.gz", "wt") as file:
        file.write("\n".join(["id,sequence,other", *rows]) + "\n")
    (folder / "places.bed").write_text("#x\ntrack name=x\n1\t0\t20\ta\t0\t+\n1\t30\t42\tb\t0\t-\nchr2\t0\t20\n")
    model = tiny_classifier(3, seed=1, head_sd=3)
    model.config.id2label = dict(enumerate(("no", "maybe", "yes")))
    (folder / "run" / "model").mkdir(parents=True)
    export_encoder(model, folder / "run" / "model", TOKENS)
    (folder / "run" / "result.json").write_text(json.dumps({"classifier": "encoder"}))
    return folder


def truth(folder, text: str) -> list[float]:
    """Class probabilities of one sequence, by Hugging Face's own forward pass and a tokenizer spelt out."""
    model = BertForSequenceClassification.from_pretrained(folder / "run" / "model").eval()
    kmers = [text[at : at + TOKENS.k] for at in range(len(text) - TOKENS.k + 1)]
    codes = [sum("ATCG".index(base) * 4**at for at, base in enumerate(reversed(kmer))) for kmer in kmers]
    ids = [2, *(5 + code for code in codes), 3]
    with torch.no_grad():
        return model(torch.tensor([ids])).logits.softmax(dim=1)[0].tolist()


def predicted(data, out, *words: str) -> list[dict[str, str]]:
    assert main([str(data / "run"), *words, "--out", str(out)]) == 0
    assert not list(out.parent.glob("*.part"))
    with out.open(newline="") as file:
        return list(csv.DictReader(file))


def values(row) -> list[float]:
    return [float(row[f"probability_{name}"]) for name in ("no", "maybe", "yes")]


def texts(data) -> dict[str, str]:
    lines = (data / "two.fa").read_text().split()
    return {"chr1": lines[2], "chr2": lines[5]}


def test_windows_of_a_genome_get_the_probabilities_that_the_model_gives_them(data, tmp_path):
    rows = predicted(data, tmp_path / "out.csv", str(data / "two.fa"), "--window", "20", "--step", "15")
    places = [(row["name"], int(row["start"]), int(row["stop"])) for row in rows]
    assert places[:3] == [("chr1", 0, 20), ("chr1", 15, 35), ("chr1", 30, 50)]
    assert places[-3:] == [("chr2", 0, 20), ("chr2", 15, 35), ("chr2", 27, 47)], "the end is covered too"
    for row, (name, start, stop) in zip(rows, places, strict=True):
        expected = truth(data, texts(data)[name][start:stop])
        np.testing.assert_allclose(values(row), expected, atol=2e-6)
        assert row["predicted"] == ("no", "maybe", "yes")[int(np.argmax(expected))]


def test_both_strands_are_averaged(data, tmp_path):
    rows = predicted(data, tmp_path / "out.csv", str(data / "table.csv.gz"), "--both-strands")
    assert [row["name"] for row in rows] == ["r0", "r1", "r2", "r3"]
    text = texts(data)["chr1"][30:42]
    mean = np.mean([truth(data, text), truth(data, text.translate(COMPLEMENT)[::-1])], axis=0)
    np.testing.assert_allclose(values(rows[1]), mean, atol=2e-6)
    assert values(rows[0]) == values(rows[3])


def test_intervals_are_cut_from_the_genome_along_their_strand(data, tmp_path):
    words = (str(data / "places.bed"), "--genome", str(data / "two.fa"))
    rows = predicted(data, tmp_path / "out.csv", *words)
    assert [tuple(row.values())[:3] for row in rows] == [
        ("chr1", "0", "20"), ("chr1", "30", "42"), ("chr2", "0", "20")
    ]  # fmt: skip
    reverse = texts(data)["chr1"][30:42].translate(COMPLEMENT)[::-1]
    np.testing.assert_allclose(values(rows[1]), truth(data, reverse), atol=2e-6)
    windows = predicted(data, tmp_path / "cut.csv", *words, "--window", "8", "--step", "2")
    assert [int(row["start"]) for row in windows if 30 <= int(row["start"]) < 40] == [30, 32, 34]
    inner = texts(data)["chr1"][32:40].translate(COMPLEMENT)[::-1]
    np.testing.assert_allclose(values(windows[8]), truth(data, inner), atol=2e-6)


def test_tables_and_tracks_hold_the_same_numbers(data, tmp_path):
    words = (str(data / "two.fa"), "--window", "20", "--step", "6")
    rows = predicted(data, tmp_path / "out.csv", *words)
    for name in ("out.parquet", "out.tsv.gz", "out.bedgraph", "out.bw"):
        assert main([str(data / "run"), *words, "--class", "maybe", "--out", str(tmp_path / name)]) == 0
    table = pq.read_table(tmp_path / "out.parquet").to_pylist()
    np.testing.assert_allclose([row["probability_yes"] for row in table], [values(row)[2] for row in rows], atol=1e-6)
    assert [str(row["start"]) for row in table] == [row["start"] for row in rows]
    with gzip.open(tmp_path / "out.tsv.gz", "rt") as file:
        assert [row["predicted"] for row in csv.DictReader(file, delimiter="\t")] == [row["predicted"] for row in rows]
    track = [line.split("\t") for line in (tmp_path / "out.bedgraph").read_text().splitlines()]
    assert [float(line[3]) for line in track] == [values(row)[1] for row in rows]
    for before, after in pairwise(track):
        assert after[1] == (before[2] if before[0] == after[0] else "0"), "bins leave no gap"
    assert {line[0]: line[2] for line in track} == {"chr1": "100", "chr2": "47"}
    with pyBigWig.open(str(tmp_path / "out.bw")) as file:
        assert file.chroms() == {"chr1": 100, "chr2": 47}
        read = [(name, *place) for name in file.chroms() for place in file.intervals(name)]
    assert [(name, str(start), str(stop)) for name, start, stop, _ in read] == [tuple(line[:3]) for line in track]
    np.testing.assert_allclose([place[3] for place in read], [float(line[3]) for line in track], rtol=1e-5)


def test_no_more_than_a_buffer_of_windows_is_in_memory(data, monkeypatch):
    monkeypatch.setattr(predictor, "BUFFER", 7)
    classifier, taken = open_classifier(data / "run" / "model"), Counter()
    cut = cut_of(20, 1, shortest=TOKENS.k, longest=LONGEST)
    given_ = list(cut_windows(read_records(data / "two.fa"), cut))

    def counted():
        for window in given_:
            taken["read"] += 1
            assert taken["read"] - taken["written"] <= 7
            yield window

    found = []
    for windows, values_ in predictor.predict_windows(classifier, counted(), batch=4, both_strands=False):
        taken["written"] += len(windows)
        assert len(windows) <= 7
        found.append(values_)
    assert taken["written"] == len(given_) == 81 + 28
    together = predictor.probabilities(classifier, [window.bases for window in given_], batch=64)
    np.testing.assert_allclose(np.concatenate(found), together, atol=1e-6)


def test_intervals_become_a_track_in_the_order_of_the_genome_whatever_theirs_is(data, tmp_path):
    (tmp_path / "turned.bed").write_text("NC_000002.12\t0\t20\n1\t30\t50\n1\t0\t20\n")
    words = [str(data / "run"), str(tmp_path / "turned.bed"), "--genome", str(data / "two.fa")]
    for name in ("out.bw", "out.bedgraph"):
        assert main([*words, "--out", str(tmp_path / name)]) == 0
    track = [line.split("\t")[:3] for line in (tmp_path / "out.bedgraph").read_text().splitlines()]
    assert track == [["chr1", "0", "20"], ["chr1", "30", "50"], ["chr2", "0", "20"]]
    with pyBigWig.open(str(tmp_path / "out.bw")) as file:
        assert [len(file.intervals(name)) for name in ("chr1", "chr2")] == [2, 1]


def test_a_table_says_which_row_of_the_input_and_which_strand_a_window_is_of(data, tmp_path):
    (tmp_path / "turned.bed").write_text("2\t0\t20\tx\t0\t-\n1\t30\t50\n")
    words = (str(tmp_path / "turned.bed"), "--genome", str(data / "two.fa"), "--window", "10")
    rows = predicted(data, tmp_path / "out.csv", *words)
    assert [(row["name"], row["start"], row["strand"], row["row"]) for row in rows] == [
        ("chr2", "0", "-", "1"), ("chr2", "10", "-", "1"), ("chr1", "30", "+", "2"), ("chr1", "40", "+", "2")
    ]  # fmt: skip


def test_windows_without_information_have_no_value_and_are_counted(data, tmp_path, capsys):
    text = texts(data)["chr1"]
    sequence = f"{text[:20]}{'N' * 20}{text[:9]}{'N' * 11}{text[:10]}{'N' * 10}{'ACGTN' * 4}{text[20:40]}"
    (tmp_path / "n.fa").write_text(f">chr1\n{sequence}\n")
    words = [str(data / "run"), str(tmp_path / "n.fa"), "--window", "20"]
    for name in ("out.csv", "out.parquet", "out.bedgraph", "out.bw"):
        assert main([*words, "--out", str(tmp_path / name)]) == 0
    assert "3 windows have a value, 3 have none: more than 50% unknown bases, or no " in capsys.readouterr().out
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["predicted"] != "" for row in rows] == [True, False, False, True, False, True]
    assert [row["probability_yes"] != "" for row in rows] == [True, False, False, True, False, True]
    np.testing.assert_allclose(values(rows[0]), truth(data, text[:20]), atol=2e-6)
    table = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["predicted"] for row in table] == [row["predicted"] or None for row in rows]
    assert [row["probability_no"] is None for row in table] == [row["predicted"] == "" for row in rows]
    track = (tmp_path / "out.bedgraph").read_text().splitlines()
    assert [line.split("\t")[1] for line in track] == ["0", "60", "100"]
    with pyBigWig.open(str(tmp_path / "out.bw")) as file:
        assert [start for start, _, _ in file.intervals("chr1")] == [0, 60, 100]
    assert main([*words, "--out", str(tmp_path / "out.csv"), "--overwrite", "--max-unknown", "1"]) == 0
    assert "4 windows have a value, 2 have none" in capsys.readouterr().out


def test_a_row_of_a_table_may_be_as_long_as_a_chromosome(data, tmp_path):
    (tmp_path / "long.csv").write_text("sequence\n" + "ACGGT" * 40_000 + "\n")
    rows = predicted(data, tmp_path / "out.csv", str(tmp_path / "long.csv"), "--window", "30", "--step", "20000")
    assert len(rows) == 11


@given(length=st.integers(3, 200), window=st.integers(3, 60), step=st.integers(1, 80), reverse=st.booleans())
def test_windows_cover_a_sequence_and_their_bins_tile_it(length, window, step, reverse):
    cut = cut_of(window, step, shortest=3, longest=60)
    piece = Piece("x", 1000, np.arange(length, dtype=np.uint8), "x", 1, reverse)
    found = list(cut_windows([piece], cut))
    assert len(found) == window_count(piece, cut)
    for one in found:
        expected = np.arange(one.start, one.stop) - 1000
        np.testing.assert_array_equal(one.bases, (length - 1 - expected)[::-1] if reverse else expected)
        assert one.start <= one.bin[0] <= one.bin[1] <= one.stop
    if step <= window:
        assert found[0].bin[0] == 1000
        assert found[-1].bin[1] == 1000 + length
        assert all(before.bin[1] == after.bin[0] for before, after in pairwise(found))
    else:
        assert all(before.bin[1] <= after.bin[0] for before, after in pairwise(found))


BAD = [
    (["long.fa"], "record chr1: 600 bases are more than the .* Cut windows out of them: --window"),
    (["short.fa"], "record chr1: 2 bases are too few; the classifier needs 6 or more"),
    (["two.fa", "--window", "9999"], "--window needs 6 to .* bases, which the classifier takes; found 9999"),
    (["two.fa", "--step", "5"], "--step needs a --window too"),
    (["places.bed"], "holds intervals, which need the genome that they lie in: --genome FASTA"),
    (["beyond.bed", "--genome", "two.fa"], r"line 1: stop 101 lies beyond the end of chr1, which has 100 bases"),
    (["unknown.bed", "--genome", "two.fa"], r"line 1: the genome has no record 'chr7'; it has chr1, chr2"),
    (["words.bed", "--genome", "two.fa"], "line 1: start and stop must be whole numbers from 0, not 'a' and 'b'"),
    (
        ["overlapping.bed", "--genome", "two.fa", "--out", "x.bedgraph"],
        "line 1: the interval overlaps that of line 2, and a track has one value a base: write a table",
    ),
    (["strand.bed", "--genome", "two.fa"], "line 1: the strand is in column 4; it belongs in column 6"),
    (["spaced.csv"], "line 2: the blanks in the sequence do not separate 6-mers, which the classifier reads; remove"),
    (["two.fa", "--window", "20", "--max-unknown", "2"], "--max-unknown needs a share from 0 to 1; found 2.0"),
    (["two.fa", "--window", "20", "--out", "there.csv"], "there.csv is there already: give another name, or --overw"),
    (["two.csv", "--out", "two.csv"], "--out two.csv is an input; give another name"),
    (["two.csv", "--out", "./two.csv", "--overwrite"], "--out two.csv is an input; give another name"),
    (
        ["two.fa", "--window", "20", "--class", "perhaps"],
        "--class needs one of no, maybe, yes; found 'perhaps'",
    ),
    (["table.csv.gz", "--out", "x.bw"], "needs sequences with a place in a genome: FASTA or BED"),
    (["rna.csv"], "line 2: not a DNA sequence: 'ACGU'"),
    (["nothing.csv"], "needs at least one sequence"),
    (["two.sam"], "needs a name that ends in .fa, "),
    (["absent.fa"], "There is no file"),
    (["two.fa", "--out", "x.xlsx"], "needs a name that ends in .csv, "),
    (["two.fa", "--out", "no/folder/x.csv"], "needs a folder that exists"),
]


@pytest.mark.parametrize(("words", "message"), BAD)
def test_bad_input_costs_one_line_and_leaves_nothing(data, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    for name in ("two.fa", "places.bed", "table.csv.gz"):
        (tmp_path / name).symlink_to(data / name)
    for name, text in {
        "long.fa": ">chr1\n" + "ACGGT" * 120 + "\n", "short.fa": ">chr1\nAC\n", "beyond.bed": "1\t90\t101\n",
        "unknown.bed": "chr7\t0\t9\n", "words.bed": "chr1 a b\n", "rna.csv": "sequence\nACGU\n",
        "overlapping.bed": "1\t30\t50\n1\t0\t31\n", "strand.bed": "1\t0\t20\t-\n",
        "spaced.csv": "sequence\nAAAAAAAAAA AAAAAAAAAA\n", "there.csv": "mine\n", "two.csv": "sequence\nACGTACGT\n",
        "nothing.csv": "sequence\n", "two.sam": "",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text)
    before = sorted(tmp_path.iterdir())
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        main([str(data / "run"), *words])
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"classifier": "encoder"}, r"kept no classifier. Fine-tune again with finetune\.save_model=true"),
        ({"classifier": "gc"}, r"is a baseline \(gc\), which is scored, not kept"),
    ],
)
def test_a_fine_tuning_without_its_classifier_is_refused(data, tmp_path, result, message):
    (tmp_path / "result.json").write_text(json.dumps(result))
    with pytest.raises(FileNotFoundError, match=message):
        main([str(tmp_path), str(data / "two.fa"), "--out", str(tmp_path / "x.csv")])


def test_the_survey_counts_what_there_is_to_predict(data):
    cut = cut_of(20, 15, shortest=3, longest=LONGEST)
    found = survey(read_records(data / "two.fa"), cut, None, named=True)
    assert found == (2, 7 + 3, {"chr1": 100, "chr2": 47})


def test_kinds_are_told_by_the_ending(tmp_path):
    names = {"a.FA.gz": "fasta", "b.tsv": "table", "c.bed.bgz": "bed"}
    assert {name: kind_of(tmp_path / name) for name in names} == names
    assert encode("N")[0] == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the full disk of Linux, /dev/full")
@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.parquet", "out.bedgraph", "out.bw"])
def test_a_full_disk_costs_an_error_that_names_the_file_and_leaves_nothing(data, tmp_path, name):
    (tmp_path / f"{name}.part").symlink_to("/dev/full")
    words = [str(data / "run"), str(data / "two.fa"), "--window", "20", "--step", "1"]
    with pytest.raises(OSError, match=rf"{name}\.part"):
        main([*words, "--out", str(tmp_path / name)])
    assert not list(tmp_path.iterdir())
