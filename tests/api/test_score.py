"""``genomask score``: a classifier's own scores again, from a file of any format; what cannot be scored is said."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from compose import composed
from genomask.api.score import main
from genomask.experiment.stages.classifier import build_classifier
from test_end_to_end import TINY, data  # noqa: F401  (a fixture)

CLASSIFIERS = {
    "gc": (),
    "kmer_logistic": ("classifier.k=2",),
    "cnn": ("classifier.steps=1", "classifier.epochs=1"),
    "probe": ("shots=4", "embed.layers=all", "classifier.layer=0"),
    "knn": ("embed.strands=both",),
    "ridge": ("task.kind=regression", "task.name=numbers"),
    "encoder": ("finetune.save_model=true", "fs=off", "fs.plain_epochs=1"),
}


@pytest.fixture(scope="module")
def scored(data, tmp_path_factory):  # noqa: F811
    """Folders of classifiers, which are built when they are asked for first."""
    runs, folders = tmp_path_factory.mktemp("runs"), dict[str, Path]()
    files = (f"genome.path={data}/toy.fa", f"task.train={data}/train.csv", f"task.test={data}/test.csv")
    fixed = ("genome=fasta", "task=csv", *files, *TINY, "pretrain=none", "pretrain.max_steps=0", f"paths.runs={runs}")

    def folder(name: str) -> Path:
        if name not in folders:
            folders[name] = build_classifier(composed(*fixed, f"classifier={name}", *CLASSIFIERS[name]))
        return folders[name]

    return folder


@pytest.fixture(scope="module")
def formats(data, tmp_path_factory):  # noqa: F811
    """The test set in formats of ``task=``, and the words that name what is named otherwise there."""
    folder = tmp_path_factory.mktemp("formats")
    with (data / "test.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [json.dumps({"x": row["sequence"], "y": int(row["label"])}) for row in rows]
    (folder / "a.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "a.fa").write_text("".join(f">n|{row['label']}\n{row['sequence']}\n" for row in rows))
    columns = {name: [row[name] for row in rows] for name in ("sequence", "label")}
    pq.write_table(pa.table(columns), folder / "a.parquet")
    return {
        "csv": (data / "test.csv",),
        "json": (folder / "a.jsonl", "task.sequence=x"),
        "parquet": (folder / "a.parquet",),
        "fasta": (folder / "a.fa", "task.label_from=header"),
    }


def score(folder, words, out):
    assert main([str(folder), *map(str, words), "--out", str(out)]) == 0
    return json.loads(out.read_text())


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_test_set_gives_the_scores_of_the_result_again(scored, formats, tmp_path, name):
    result, kind = json.loads((scored(name) / "result.json").read_text()), CLASSIFIERS[name]
    found = score(scored(name), formats["json"], tmp_path / "scores.json")
    names = ("pearson", "r2") if "task.kind=regression" in kind else ("accuracy", "auc", "f1", "mcc")
    assert [found[each] for each in names] == pytest.approx([result[each] for each in names], abs=1e-5)
    assert found["n_test"] == 30


@pytest.mark.parametrize("form", ["csv", "parquet", "fasta"])
def test_every_format_of_a_task_is_scored_alike(scored, formats, tmp_path, capsys, form):
    found = score(scored("gc"), formats[form], tmp_path / "a.json")
    assert re.search(r"score .* 30 sequences\n.*accuracy \d\.\d{3}   AUC \d\.\d{3}   F1", capsys.readouterr().out, re.S)
    expected = score(scored("gc"), formats["json"], tmp_path / "b.json")
    assert {name: found[name] for name in found if name not in ("file", "sha256")} == {
        name: expected[name] for name in expected if name not in ("file", "sha256")
    }


def test_a_probe_of_an_encoder_elsewhere_reads_it_there(scored, formats, data, tmp_path):  # noqa: F811
    encoder = next((scored("probe").parents[1] / "encoder").iterdir())
    files = (f"task.train={data}/train.csv", f"task.test={data}/test.csv", f"paths.runs={tmp_path}/runs", "shots=2")
    own = composed("task=csv", *files, f"encoder={encoder}", "classifier=knn", "trainer=cpu", "logger=csv")
    folder = build_classifier(own)
    result = json.loads((folder / "result.json").read_text())
    assert score(folder, formats["csv"], tmp_path / "a.json")["auc"] == pytest.approx(result["auc"], abs=1e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ACGTACGT,0\nACGTACGT,7\n", r"The file needs labels that the classifier knows \(0, 1\); found '7'"),
        ("ACGTACGT,0\n", "A classification task needs at least two classes"),
        ("ACGTACGT,0\nACG!,1\n", r"a\.csv, line 3: not a DNA sequence"),
        (f"ACGTACGT,0\n{'ACGT' * 200},1\n", r"1 of 2 \w+ sequences are longer than the \d+ bases"),
    ],
)
def test_files_that_cannot_be_scored_are_refused(scored, tmp_path, text, message):
    (tmp_path / "a.csv").write_text(f"sequence,label\n{text}")
    with pytest.raises(ValueError, match=message):
        main([str(scored("encoder")), str(tmp_path / "a.csv")])


def test_what_is_no_kept_classifier_is_refused(scored, formats, tmp_path):
    words = list(map(str, formats["csv"]))
    with pytest.raises(FileNotFoundError, match=r"has no result\.json; a classifier is a folder runs/finetune/NAME"):
        main([str(tmp_path), *words])
    with pytest.raises(FileNotFoundError, match=r"There is no file .*absent\.csv"):
        main([str(scored("gc")), str(tmp_path / "absent.csv")])
    with pytest.raises(ValueError, match=r"genomask score needs a file of sequences, and words"):
        main([str(scored("gc")), *words, "task.genome=a.fa"])
    task = next((scored("probe").parents[1] / "task").iterdir())
    task.rename(task.with_name("elsewhere"))
    try:
        with pytest.raises(FileNotFoundError, match=r"learns again from .*which is gone\. Run its command again"):
            main([str(scored("probe")), *words])
    finally:
        task.with_name("elsewhere").rename(task)
    changed = np.fromfile(task / "pool-labels.npy", dtype=np.uint8)
    (1 - changed).tofile(task / "pool-labels.npy")
    with pytest.raises(ValueError, match=r"pool-labels\.npy has changed since it was written"):
        main([str(scored("gc")), *words])
