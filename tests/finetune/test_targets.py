"""Tasks of numbers and of several labels: what learns them, to which result, and what refuses them early."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import average_precision_score, r2_score, roc_auc_score
from test_probes import probed  # noqa: F401  (a fixture)

import genomask
from genomask.analysis.prediction.tool import main as predict
from genomask.experiment.stages.classifier import build_classifier
from genomask.experiment.stages.run import check
from genomask.finetune.metrics import score_targets
from genomask.finetune.module import CLASSES, Objective, objective_of
from genomask.models.export import open_classifier
from genomask.reports.build import build_report
from genomask.tasks.datamodule import EpisodeDataModule, ExampleBatch
from genomask.tasks.examples import benchmark
from test_end_to_end import data  # noqa: F401  (a fixture)

KINDS = ("regression", "multilabel")
TRAINED = ("fewshot.high_batch=16", "fs=off", "fs.plain_epochs=10", "fs.plain_learning_rate=1e-2")
LEAST = {"regression": {"pearson": 0.5, "spearman": 0.5, "r2": 0}, "multilabel": {"auc": 0.7, "auprc": 0.5}}
CLASSIFIERS = {
    "ridge": (),
    "cnn": ("fewshot.high_batch=16", "classifier.epochs=10", "classifier.steps=1", "classifier.learning_rate=1e-2"),
    "encoder": TRAINED,
    "encoder with LoRA": (*TRAINED, "finetune.lora=4", "finetune.pool=mean"),
}


def share(letters, text):
    return sum(letter in letters for letter in text) / len(text)


def label(kind, text):
    """A number in a unit of its own, or labels, which the bases of a sequence decide."""
    if kind == "regression":
        return f"{100 + 40 * share('GC', text):.4f}"
    return ";".join(name for name in "AG" if share(name, text) > 0.25)


def table(path, kind, count):
    draw = np.random.default_rng(count)
    texts = [
        "".join(draw.choice(list("ACGT"), 60, p=[0.4 - g, g + 0.1, g + 0.1, 0.4 - g])) for g in draw.random(count) / 4
    ]
    path.write_text("sequence,label\n" + "".join(f"{text},{label(kind, text)}\n" for text in texts))
    return str(path)


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """The words of a task of each kind, whose tables are written once."""
    folder = tmp_path_factory.mktemp("tables")

    def of(kind):
        train, test = table(folder / f"{kind}.csv", kind, 160), table(folder / f"{kind}-test.csv", kind, 60)
        task = (f"task.kind={kind}", f"task.name={kind}", f"task.train={train}", f"task.test={test}")
        return (*task, "shots=full", "tokens.k=2")

    return of


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_numbers_and_several_labels_are_learned_to_the_same_kind_of_result(
    probed,  # noqa: F811
    words,
    tmp_path,
    classifier,
    kind,
):
    chosen, runs = CLASSIFIERS[classifier], tmp_path / "runs"
    folder = build_classifier(probed(*words(kind), *chosen, classifier=classifier.split()[0], runs=runs))
    result = json.loads((folder / "result.json").read_text())
    assert (result["kind"], result["n_train"], result["n_test"]) == (kind, 160, 60)
    assert {name: result[name] for name, least in LEAST[kind].items() if result[name] <= least} == {}
    assert np.load(folder / "predictions.npy").shape == (60, len(result["classes"]))
    section = build_report(runs, baseline="random").document.sections
    (found,) = next(part.tables for part in section if part.name == "targets")
    assert f"task {kind}, classifier {classifier.split()[0]}" in found.title
    assert found.rows[0] == ["1", *(f"{result[name]:.3f}" for name in LEAST[kind])]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_classifier_predicts_in_the_unit_of_its_labels(probed, words, tmp_path, kind):  # noqa: F811
    task = words(kind)
    draw = (*task, "shots=20", "seed=1", "finetune.save_model=true", "finetune.cross_validate=2", *TRAINED)
    folder = build_classifier(probed(*draw, classifier="encoder"))
    ridge = build_classifier(probed(*task, "shots=20", "seed=1", classifier="ridge"))
    assert (folder / "episode.csv").read_text() == (ridge / "episode.csv").read_text()
    results = [json.loads((each / "result.json").read_text()) for each in (folder, ridge)]
    assert results[0].pop("cross_validation").keys() == {"folds", *LEAST[kind]}
    assert results[0].keys() ^ results[1].keys() == {"settings"}, "which a probe has of its own"
    test, expected = task[3].partition("=")[2], np.load(folder / "predictions.npy")
    texts = [line.partition(",")[0] for line in Path(test).read_text().splitlines()[1:]]
    np.testing.assert_allclose(genomask.predict(folder, texts), expected, rtol=1e-4, atol=1e-5)
    predict([str(folder), test, "--out", str(tmp_path / "out.csv")])
    predict([str(folder), test, "--out", str(tmp_path / "out.parquet")])
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    if kind == "regression":
        assert [float(row["predicted"]) for row in rows] == pytest.approx(expected[:, 0], rel=1e-4)
        assert "probability_value" not in rows[0]
    else:
        assert [row["predicted"] for row in rows] == [
            ";".join(name for name, value in zip("AG", each, strict=True) if value > 0.5) for each in expected
        ]
        assert [float(row["probability_G"]) for row in rows] == pytest.approx(expected[:, 1], rel=1e-4)
    with pytest.raises(ValueError, match=rf"needs a classifier of classes; found .*task\.kind={kind}"):
        open_classifier(folder / "model")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("classifier=probe", r"task\.kind=regression is learned by classifier=encoder, ridge and cnn only"),
        ("finetune.cross_validate=20", r"A fold of finetune\.cross_validate has the same value in all rows"),
    ],
)
def test_what_cannot_learn_numbers_says_so_before_a_training(probed, words, more, message):  # noqa: F811
    task = (*words("regression"), "shots=20", more)
    with pytest.raises(ValueError, match=message):
        build_classifier(probed(*task, classifier=None if more.startswith("classifier") else "encoder"))


@pytest.mark.parametrize("stage", ["motifs", "variants", "mutagenesis"])
def test_stages_of_classes_refuse_numbers_before_anything_is_built(probed, words, stage):  # noqa: F811
    more = {"variants": "variants.vcf=a.vcf", "mutagenesis": "variants.region=chr1:1-9"}.get(stage, "seed=0")
    run = probed(*words("regression"), f"stage={stage}", more, classifier="encoder")
    with pytest.raises(ValueError, match=rf"stage={stage} needs a task of classes; found task\.kind=regression"):
        check(run)


def test_losses_and_predictions_are_those_of_their_formulas():
    logits, none = torch.tensor([[0.5], [-2.0]]), torch.zeros(2, dtype=torch.int64)
    batch = ExampleBatch(torch.zeros(2, 1, dtype=torch.uint8), none, none, none, targets=torch.tensor([[3.0], [8.0]]))
    scaled = Objective("regression", center=4.0, scale=2.0)
    assert scaled.loss(logits, batch).item() == pytest.approx(((0.5 + 0.5) ** 2 + (-2 - 2) ** 2) / 2)
    assert scaled.predictions(logits).flatten().tolist() == [5.0, 0.0]
    several = Objective("multilabel")
    batch = batch._replace(targets=torch.tensor([[1.0], [0.0]]))
    share_of = [1 / (1 + np.exp(-0.5)), 1 / (1 + np.exp(2.0))]
    assert several.predictions(logits).flatten().tolist() == pytest.approx(share_of)
    assert several.loss(logits, batch).item() == pytest.approx(-(np.log(share_of[0]) + np.log(1 - share_of[1])) / 2)
    two = torch.tensor([[0.0, 1.0], [3.0, 3.0]])
    assert CLASSES.predictions(two)[1].tolist() == [0.5, 0.5]


def test_values_are_standardised_by_the_episode_alone():
    rows = [("ACGTAC", str(value)) for value in (1, 3, 100)]
    task = benchmark(rows, rows, kind="regression")
    sizes = {"batch_size": 1, "evaluation_batch": 1, "seed": 0}
    assert objective_of(EpisodeDataModule(task, np.arange(2), **sizes)) == Objective("regression", 2.0, 1.0)
    one = objective_of(EpisodeDataModule(task, np.array([2]), **sizes))
    assert one == Objective("regression", 100.0, 1.0), "values that are all the same are only centered"


def test_scores_of_targets_are_those_of_scipy_and_scikit_learn():
    draw = np.random.default_rng(0)
    values, guesses = draw.normal(size=(2, 50, 1))
    found = score_targets(torch.from_numpy(guesses), torch.from_numpy(values), "regression")
    assert found["pearson"] == pytest.approx(pearsonr(guesses[:, 0], values[:, 0])[0], abs=1e-6)
    assert found["spearman"] == pytest.approx(spearmanr(guesses[:, 0], values[:, 0])[0], abs=1e-6)
    assert found["r2"] == pytest.approx(r2_score(values, guesses), abs=1e-6)
    assert score_targets(torch.ones(50, 1), torch.from_numpy(values), "regression")["pearson"] == 0
    labels = (draw.random((50, 3)) < 0.3).astype(float)
    labels[:, 2] = 0  # a label that no test row has is left out
    guesses = draw.normal(size=(50, 3))
    found = score_targets(torch.from_numpy(guesses), torch.from_numpy(labels), "multilabel")
    assert found["labels_scored"] == 2
    assert found["auc"] == pytest.approx(roc_auc_score(labels[:, :2], guesses[:, :2], average="macro"), abs=1e-6)
    assert found["auprc"] == pytest.approx(average_precision_score(labels[:, :2], guesses[:, :2]), abs=1e-6)
