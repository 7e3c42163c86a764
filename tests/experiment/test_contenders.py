"""Contenders: ideas of what to mask, each with the contender that is its control."""

import pytest

from compose import composed
from genomask.experiment.config.choices import groups, read_yaml
from genomask.experiment.run import CONF
from genomask.experiment.stages.classifier import classifier_artefact
from genomask.experiment.stages.pretrain import encoder_artefact

CONTENDERS = groups()["contender"]


def labels(name):
    return read_yaml(CONF / "contender" / f"{name}.yaml")["labels"]


@pytest.mark.parametrize("name", CONTENDERS)
def test_controls_lead_to_random_masking(name):
    seen = [name]
    while "control" in labels(seen[-1]):
        assert labels(seen[-1])["contender"] == seen[-1]
        seen.append(labels(seen[-1])["control"])
        assert len(set(seen)) == len(seen), "a circle of controls"
    assert seen[-1] == "random"


def test_a_contender_is_no_other_one_under_another_name():
    names = [name for name in CONTENDERS if not name.startswith("variants")]
    encoders = {encoder_artefact(composed(f"contender={name}", "match.bases=0.05")).digest for name in names}
    assert len(encoders) == len(names)


def test_a_contender_labels_a_result_of_its_own_of_an_encoder_that_others_share():
    named, plain = composed("contender=span", "classifier=probe"), composed("masking=span", "classifier=probe")
    assert (named.config.labels["contender"], named.config.labels["control"]) == ("span", "random")
    assert named.config.labels["masking"] == "span"
    assert encoder_artefact(named).digest == encoder_artefact(plain).digest
    assert classifier_artefact(named).digest != classifier_artefact(plain).digest


def test_the_experiment_holds_contenders_whose_controls_it_holds_too():
    params = read_yaml(CONF / "experiment" / "contenders.yaml")["hydra"]["sweeper"]["params"]
    names = params["contender"].replace(" ", "").split(",")
    assert {labels(name).get("control", "random") for name in names} <= set(names)
    elsewhere = {"variants", "variants_shifted", "weight_repeats", "weight_repeats_permuted"}
    assert set(names) == set(CONTENDERS) - elsewhere
