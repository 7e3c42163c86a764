"""``encoder=NAME|FOLDER`` goes on with an encoder that exists: its settings, its identity, its scores."""

import shutil

import pytest

from genomask.experiment.config import schema
from genomask.experiment.stages.classifier import build_classifier, classifier_artefact
from genomask.experiment.stages.pretrain import build_encoder, encoder_artefact
from genomask.experiment.stages.rank import build_genome
from genomask.experiment.stages.run import check, check_inputs
from genomask.experiment.sweeps.plan import Plan
from genomask.files import read_json
from helpers.compose import composed

TINY = (
    "model.hidden_size=16", "model.layers=1", "model.heads=2", "model.intermediate_size=16", "pretrain=none",
    "genome.bases=60000", "genome.promoters=4", "genome.enhancers=4", "tokens=base", "masking=random",
    "pretrain_seed=3",
)  # fmt: skip


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    for name, count in (("train", 6), ("test", 4)):
        rows = [f"{base * 30}{'ACGT' * 5},{label}" for label, base in enumerate("AC") for _ in range(count)]
        (folder / f"{name}.csv").write_text("\n".join(["sequence,label", *rows]) + "\n")
    words = (f"task.train={folder}/train.csv", f"task.test={folder}/test.csv")
    return ("task=csv", *words, "shots=3", "classifier=probe")


def test_an_existing_encoder_brings_its_settings_and_gives_the_same_result(tables, tmp_path):
    first = composed(*TINY, *tables, f"paths.runs={tmp_path / 'runs'}")
    folder = build_encoder(first)
    for name in (folder.name, folder.name[-8:], str(folder)):
        run = composed(f"encoder={name}", *tables, f"paths.runs={tmp_path / 'runs'}")
        assert run.config.tokens == first.config.tokens
        assert run.config.model == first.config.model
        assert run.config.pretrain_seed == 3
        assert run.config.labels["masking"] == "random"
        assert encoder_artefact(run).digest == encoder_artefact(first).digest
        assert classifier_artefact(run).digest == classifier_artefact(first).digest


def test_an_encoder_of_another_version_is_refused_by_its_folder(tables, tmp_path, monkeypatch):
    folder = build_encoder(composed(*TINY, *tables, f"paths.runs={tmp_path / 'runs'}"))
    manifest = read_json(folder / "manifest.json")
    manifest["config"]["pretrain"]["gone"] = 1
    monkeypatch.setattr(schema, "read_manifest", lambda folder: manifest)  # noqa: ARG005
    with pytest.raises(ValueError, match=rf"^{folder} was made by another version of genomask \(.*'gone'.*\): make"):
        composed(f"encoder={folder}", *tables)


def test_an_encoder_of_another_directory_is_read_where_it_is(tables, tmp_path):
    first = composed(*TINY, *tables, f"paths.runs={tmp_path / 'runs'}")
    elsewhere = shutil.move(build_encoder(first), tmp_path / "mine")
    run = composed(f"encoder={elsewhere}", *tables, f"paths.runs={tmp_path / 'other'}")
    check(run)
    check_inputs(run)
    assert Plan(tmp_path / "other", "sweep", ()).built(encoder_artefact(run))
    result = read_json(build_classifier(run) / "result.json")
    assert result["masking"] == "none"
    assert not (tmp_path / "other" / "genome").exists()
    with pytest.raises(ValueError, match=r"encoder=.* holds an artefact of kind genome, not an encoder"):
        composed(f"encoder={build_genome(first)}", *tables)
    assert not (tmp_path / "other" / "encoder").exists()
    (elsewhere / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(ValueError, match=r"mine is damaged: model.safetensors"):
        build_classifier(composed(f"encoder={elsewhere}", *tables, f"paths.runs={tmp_path / 'third'}"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("encoder=none_such",), "encoder=none_such is no folder with a manifest.json, and no name in"),
        (("encoder=toy", "tokens=base", "model.layers=1"), "leave out tokens, model.layers"),
        (("encoder=toy", "contender=pmi"), "leave out contender"),
    ],
)
def test_an_encoder_that_is_not_there_and_words_that_would_shape_another_are_refused(tmp_path, words, message):
    with pytest.raises(ValueError, match=message):
        composed(*words, f"paths.runs={tmp_path}")


def test_a_name_that_fits_two_encoders_is_refused(tables, tmp_path):
    for seed in (0, 1):
        build_encoder(composed(*TINY[:-1], f"pretrain_seed={seed}", *tables, f"paths.runs={tmp_path}"))
    with pytest.raises(ValueError, match=r"encoder=random fits 2 encoders in .*: give more of the name"):
        composed("encoder=random", f"paths.runs={tmp_path}")
