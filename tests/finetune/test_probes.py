"""Probes of a frozen encoder: embeddings, what is learned from them, and what is refused before anything is trained."""

import json
import shutil

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

import genomask
from compose import composed
from genomask.experiment.stages import embed
from genomask.experiment.stages.classifier import build_classifier, classifier_artefact
from genomask.experiment.stages.embed import build_embeddings, embedding_artefact
from genomask.experiment.stages.pretrain import encoder_artefact
from genomask.experiment.stages.run import check
from genomask.experiment.stages.task import build_task
from genomask.finetune import shallow
from genomask.finetune.classifiers import NearestNeighbours
from genomask.finetune.embedding import batches
from genomask.reports.build import build_report
from genomask.seeds import derived_seed
from test_end_to_end import TINY, data  # noqa: F401  (a fixture)


@pytest.fixture(scope="module")
def probed(data, tmp_path_factory):  # noqa: F811
    """Compose a run of a probe below one directory of runs, whose genome and encoder are built once."""
    shared = tmp_path_factory.mktemp("runs")
    files = (f"genome.path={data}/toy.fa", f"task.train={data}/train.csv", f"task.test={data}/test.csv")
    fixed = ("genome=fasta", "task=csv", *files, *TINY, "pretrain=none", "pretrain.max_steps=0", "masking=random")

    def compose(*words, runs=shared, classifier="probe", own_sizes=True):
        chosen = () if classifier is None else (f"classifier={classifier}",)
        words = [word for word in fixed if own_sizes or not word.startswith("model.")] + [*chosen, *words]
        return composed(*words, f"paths.runs={runs}")

    return compose


def encoder_of(run):
    return run.store.path(encoder_artefact(run))


@pytest.mark.parametrize(("rows", "features"), [(12, 40), (60, 7)])
def test_rotating_the_features_changes_no_probability(rows, features):
    draw = np.random.default_rng(0)
    labels = np.arange(rows) % 2
    train, test = draw.normal(size=(rows, features)) + labels[:, None], draw.normal(size=(9, features))
    known, scale = shallow.standardised(train)
    found = shallow.logistic_regression(known, labels, inverse_penalty=0.1, seed=0)(scale(test))
    plain = StandardScaler().fit(train)
    expected = LogisticRegression(C=0.1, tol=1e-10, max_iter=10_000).fit(plain.transform(train), labels)
    np.testing.assert_allclose(found, expected.predict_proba(plain.transform(test)), atol=1e-4)


@pytest.mark.parametrize(("rows", "features", "classes"), [(20, 40, 2), (60, 40, 2), (60, 7, 3), (30, 60, 4)])
def test_the_penalty_and_the_probabilities_are_those_of_one_scikit_learn_fit_per_fold(rows, features, classes):
    chosen = set()
    for seed in range(4):
        draw = np.random.default_rng(seed)
        labels, noise = np.arange(rows) % classes, draw.normal(size=(rows + 9, features))
        noise[:rows, 0] += (seed + 0.5) * labels
        train, test = noise[:rows], noise[rows:]
        folds = StratifiedKFold(5, shuffle=True, random_state=derived_seed(seed, "folds") % 2**32)
        losses = [
            sum(
                log_loss(labels[held], plain.fit(train[known], labels[known]).predict_proba(train[held]))
                for known, held in folds.split(train, labels)
            )
            for plain in (LogisticRegression(C=penalty, tol=1e-8, max_iter=10_000) for penalty in shallow.PENALTIES)
        ]
        best = shallow.PENALTIES[int(np.argmin(losses))]
        found = shallow.logistic_regression(train, labels, inverse_penalty=None, seed=seed)(test)
        expected = LogisticRegression(C=best, tol=1e-10, max_iter=10_000).fit(train, labels).predict_proba(test)
        np.testing.assert_allclose(found, expected, atol=5e-4)
        chosen.add(best)
    assert len(chosen) > 1, "the cases choose different penalties"


def test_neighbours_are_scikit_learns_by_cosine_and_fewer_with_few_shots():
    draw = np.random.default_rng(1)
    labels = np.array([0, 0, 0, 1, 1, 1])
    train, test = draw.normal(size=(6, 4)), draw.normal(size=(20, 4))
    found = shallow.fit_probe(NearestNeighbours("knn", "mean", None, 5), train, labels, seed=0)(test)
    expected = KNeighborsClassifier(3, metric="cosine").fit(train, labels).predict_proba(test)
    np.testing.assert_allclose(found, expected)


def test_features_that_never_vary_are_left_out_and_refused_if_all_are():
    train = np.array([[1.0, 5.0, 0.0], [2.0, 5.0, 0.0]])
    known, scale = shallow.standardised(train)
    np.testing.assert_allclose(known, [[-1], [1]])
    np.testing.assert_allclose(scale(np.array([[1.5, 9.0, 1.0]])), [[0]])
    with pytest.raises(ValueError, match="Every feature is the same in all examples"):
        shallow.standardised(train[:, 1:])


def test_a_long_sequence_is_covered_by_windows_that_stay_in_one_batch():
    lengths = np.array([3, 25, 10])
    found = batches(lengths, longest=10, tokens=30)
    assert [batch.rows for batch in found] == [[1, 1, 1], [2, 0]]
    assert (found[0].starts, found[0].lengths) == ([0, 7, 15], [10, 10, 10])
    assert (found[1].starts, found[1].lengths) == ([0, 0], [10, 3])


def test_embeddings_are_written_once_and_equal_those_of_the_library(data, probed):  # noqa: F811
    run = probed("embed.layers=all")
    folder = build_embeddings(run)
    texts = [line.split(",")[0] for line in (data / "test.csv").read_text().splitlines()[1:]]
    for pooling in ("mean", "cls", "max"):
        matrix = np.load(folder / f"test-{pooling}.npy")
        assert matrix.dtype == np.float32
        assert matrix.shape == (30, 2, 16)
        found = genomask.embed(encoder_of(run), texts, pooling=pooling, layers="all")
        np.testing.assert_allclose(matrix, found, atol=1e-5)
    last = build_embeddings(probed())
    np.testing.assert_allclose(np.load(last / "pool-mean.npy"), np.load(folder / "pool-mean.npy")[:, -1], atol=1e-6)
    assert build_embeddings(probed("seed=5", "shots=3")) == last


def test_the_report_draws_an_embedding_on_its_principal_components_by_label(probed, tmp_path):
    run = probed(runs=tmp_path / "runs")
    folder = build_embeddings(run)
    (section,) = (part for part in build_report(tmp_path / "runs", baseline="random").document.sections if part.plots)
    (plot,) = section.plots
    assert (section.name, plot.title, plot.choice) == ("embeddings", folder.name, "csv")
    expected = PCA(2).fit(matrix := np.load(folder / "test-mean.npy"))
    labels = np.load(build_task(run) / "test-labels.npy")
    for label, trace in enumerate(plot.data):
        points = expected.transform(matrix[labels == label])
        np.testing.assert_allclose(np.abs([trace["x"], trace["y"]]).T, np.abs(points), atol=2e-4)
    titles = [plot.layout[axis]["title"]["text"] for axis in ("xaxis", "yaxis")]
    assert [title.split()[2] for title in titles] == [f"{share:.0%}" for share in expected.explained_variance_ratio_]


def test_an_embedding_that_was_interrupted_goes_on_to_the_same_numbers(probed, monkeypatch):
    monkeypatch.setattr(embed, "SAVE_EVERY", 1)
    monkeypatch.setitem(embed.embedding.TOKENS_AT_ONCE, "cpu", 100)
    run, calls, real = probed("embed.long=window"), [], embed.embedding.embed_batch
    whole = np.load(build_embeddings(run) / "test-mean.npy")
    shutil.rmtree(run.store.path(embedding_artefact(run)))

    def stop(*arguments, **options):
        calls.append(1)
        if len(calls) == 12:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(embed.embedding, "embed_batch", stop)
    with pytest.raises(KeyboardInterrupt):
        build_embeddings(run)
    np.testing.assert_array_equal(np.load(build_embeddings(run) / "test-mean.npy"), whole)
    assert len(calls) == 25 + 1, "no batch that was saved is embedded again"


@pytest.mark.parametrize("kind", ["probe", "knn", "ridge"])
def test_a_probe_meets_the_episode_of_a_fine_tuning_and_says_the_same(probed, kind):
    words = ("seed=1", "shots=4", "fs=off")
    folders = [build_classifier(probed(*words, classifier=each)) for each in (kind, "encoder")]
    probe, fine_tuned = (json.loads((folder / "result.json").read_text()) for folder in folders)
    alike = ("task", "model", "masking", "wc", "shots", "seed", "pretrain_seed", "n_train", "n_test", "classes")
    assert {name: probe[name] for name in alike} == {name: fine_tuned[name] for name in alike}
    assert (probe["classifier"], probe["fs"], probe["epochs"]) == (kind, "-", None)
    assert probe["artefacts"]["encoder"] == fine_tuned["artefacts"]["encoder"]
    assert {name: probe["settings"][name] for name in ("pool", "layer")} == {"pool": "mean", "layer": None}
    assert probe["auc"] > 0.6 or kind == "knn"
    assert len({(folder / "episode.csv").read_text() for folder in folders}) == 1
    assert np.load(folders[0] / "probabilities.npy").sum(axis=1) == pytest.approx(1)


def test_a_preset_is_a_classifier_and_its_settings(probed):
    geneb = probed("probe=geneb").config.classifier
    assert (geneb.kind, geneb.pool, geneb.standardise, geneb.inverse_penalty, geneb.max_steps) == (
        "probe", "mean", False, 1.0, 1000,
    )  # fmt: skip
    assert probed("probe=ours", classifier=None).config.classifier == probed().config.classifier


def test_what_shapes_no_probe_does_not_change_its_identity(probed):
    def name(*words):
        return classifier_artefact(probed(*words)).name

    assert name() == name("fs=off", "finetune.clip_norm=2", "embed.layers=all")
    assert len({name(), name("classifier.pool=cls"), name("embed.long=window"), name("seed=1")}) == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("classifier.layer=1",), r"classifier\.layer=1 needs embed\.layers=all"),
        (("classifier.layer=9", "embed.layers=all"), "classifier.layer needs a layer from 0 to 1"),
    ],
)
def test_a_layer_that_is_not_there_is_refused_before_anything_is_built(probed, words, message):
    with pytest.raises(ValueError, match=message):
        check(probed(*words))
    for word in ("classifier.pool=sum", "embed.long=cut", "embed.layers=first"):
        with pytest.raises(ValueError, match=r"needs one of"):
            probed(word)


def test_both_strands_of_a_sequence_have_one_embedding_the_mean_or_the_maximum_of_theirs(data, probed):  # noqa: F811
    forward, both = ({}, {"both_strands": True})
    text = (data / "test.csv").read_text().splitlines()[1].split(",")[0]
    turned = text[::-1].translate(str.maketrans("ACGT", "TGCA"))
    run = probed("embed.strands=both")
    built = build_embeddings(run)
    for pooling, combine in (("mean", np.mean), ("cls", np.mean), ("max", np.max)):
        plain = genomask.embed(encoder_of(run), [text, turned], pooling=pooling, **forward)
        found = genomask.embed(encoder_of(run), [text, turned], pooling=pooling, **both)
        np.testing.assert_allclose(found, np.tile(combine(plain, axis=0), (2, 1)), atol=1e-5)
        np.testing.assert_allclose(np.load(built / f"test-{pooling}.npy")[0], found[0], atol=1e-5)
    assert embedding_artefact(run).digest != embedding_artefact(probed()).digest
    assert classifier_artefact(run).digest != classifier_artefact(probed()).digest


def test_an_encoder_that_is_no_bert_is_embedded_and_probed_at_each_of_its_layers(probed):
    modern = ("model=modernbert", "model.max_tokens=128", "model.layers=3", "embed.layers=all")
    folder = build_embeddings(probed(*modern))
    published = ("model=hf", "tokens=own", f"model.path={encoder_of(probed(*modern))}", "embed.layers=all")
    again = build_embeddings(probed(*published, own_sizes=False))
    for part in ("pool", "test"):
        every, last = (
            np.load(build_embeddings(probed(*words)) / f"{part}-mean.npy") for words in (modern, modern[:-1])
        )
        assert every.shape[1:] == (4, 16)
        np.testing.assert_allclose(every[:, -1], last, atol=1e-6)
        np.testing.assert_allclose(np.load(again / f"{part}-mean.npy"), np.load(folder / f"{part}-mean.npy"), atol=1e-6)
    result = build_classifier(probed(*published, "classifier.layer=3", own_sizes=False)) / "result.json"
    assert json.loads(result.read_text())["masking"] == "published"
    with pytest.raises(ValueError, match=r"classifier\.layer needs a layer from 0 to 3"):
        check(probed(*published, "classifier.layer=4", own_sizes=False))


def test_sequences_longer_than_the_encoder_are_refused_or_averaged_over_windows(data, probed):  # noqa: F811
    short = ("model.max_tokens=30", "corpus.longest=33")
    with pytest.raises(ValueError, match=r"too long: 50 bases, the encoder takes at most 33.*embed.long=window"):
        build_embeddings(probed(*short))
    run = probed(*short, "embed.long=window")
    text = (data / "test.csv").read_text().splitlines()[1].split(",")[0]
    windows = genomask.embed(encoder_of(run), [text[:33], text[17:]])
    found = np.load(build_embeddings(run) / "test-mean.npy")[0]
    np.testing.assert_allclose(found, windows.mean(axis=0), atol=1e-5)


def test_a_data_frame_is_probed_as_the_command_line_probes(data, probed):  # noqa: F811
    pandas = pytest.importorskip("pandas")
    run = probed("shots=4", "seed=2")
    folder = build_classifier(run)
    frame, test = (pandas.read_csv(data / f"{part}.csv") for part in ("train", "test"))
    for choice in ({"shots": 4, "task": "csv"}, {"rows": folder}):
        fitted = genomask.probe(encoder_of(run), frame, seed=2, **choice)
        np.testing.assert_allclose(fitted.predict(test["sequence"]), np.load(folder / "probabilities.npy"), atol=1e-3)
    assert fitted.classes == ("0", "1")


def test_pooling_by_the_mean_and_adapters_train_and_adapters_merge_into_the_weights(data, probed):  # noqa: F811
    folder = build_classifier(probed("finetune.lora=2", "finetune.save_model=true", "seed=3", classifier="encoder"))
    texts = [line.split(",")[0] for line in (data / "test.csv").read_text().splitlines()[1:]]
    np.testing.assert_allclose(genomask.predict(folder, texts), np.load(folder / "probabilities.npy"), atol=1e-5)
    kept, start = (genomask.load_classifier(folder).model.bert, genomask.load_encoder(encoder_of(probed())).model)
    same = {name: bool((kept.state_dict()[name] == weight).all()) for name, weight in start.state_dict().items()}
    assert {name for name, equal in same.items() if not equal} == {
        f"encoder.layer.0.attention.self.{part}.weight" for part in ("query", "value")
    }
    mean, cls = (
        build_classifier(probed(f"finetune.pool={pool}", "seed=3", classifier="encoder")) for pool in ("mean", "cls")
    )
    assert not np.array_equal(np.load(mean / "probabilities.npy"), np.load(cls / "probabilities.npy"))
    with pytest.raises(ValueError, match=r"finetune.save_model=true needs finetune.pool=cls"):
        probed("finetune.pool=mean", "finetune.save_model=true", classifier="encoder")
