"""Every choice of every group builds, and no impossible configuration gets past its check."""

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from compose import composed
from genomask.experiment.config.schema import Config
from genomask.experiment.config.words import hydra_word
from genomask.experiment.run import CONF
from genomask.experiment.stages.run import check
from genomask.experiment.stages.strategy import HANDED_OVER
from genomask.finetune.settings import policy
from genomask.masking.base import Masking
from genomask.models.settings import ModelSettings

GROUPS = sorted(path.name for path in CONF.iterdir() if path.is_dir())
CHOICES = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]
WITH_VARIANTS = ["genome=fasta", "genome.path=x.fa", "genome.tracks={variants: x.vcf}"]
NEEDED = {
    ("stage", "variants"): ["variants.vcf=x.vcf"],
    ("stage", "mutagenesis"): ["variants.sequence=ACGTACGT"],
    ("genome", "fasta"): ["genome.path=x.fa"],
    ("task", "csv"): ["task.train=x", "task.test=x"],
    ("task", "fasta"): ["task.train=[x,y]", "task.test=[x,y]"],
    ("task", "gue"): ["task.name=tf/0", "task.dir=x"],
    ("task", "dnabert"): ["task.dir=x"],
    ("task", "genomic_benchmarks"): ["task.name=x", "task.dir=x"],
    ("task", "split_table"): ["task.name=x", "task.table=x"],
    ("task", "nt"): ["task.name=x", "task.dir=x"],
    ("task", "intervals"): ["task.genome=x", "task.table=x"],
    ("task", "splice_40"): ["task.dir=x"],
    ("task", "silencer"): ["task.table=x"],
    ("logger", "wandb"): ["logger.wandb=offline"],
    ("masking", "variants"): WITH_VARIANTS,
    ("contender", "variants"): WITH_VARIANTS,
    ("contender", "variants_shifted"): WITH_VARIANTS,
    ("model", "hf"): ["model.path=x", "pretrain=none"],
}


def settings(*overrides: str) -> Config:
    return composed(*overrides).config


@pytest.mark.parametrize(
    ("group", "choice"),
    [
        (group, choice)
        for group, choice in CHOICES
        if group not in ("launcher", "experiment", "suite") and choice != "own"
    ],
)
def test_every_choice_of_every_group_composes_and_passes_its_check(group, choice):
    run = composed(f"{group}={choice}", *NEEDED.get((group, choice), []))
    check(run)


@pytest.mark.parametrize("choice", [choice for group, choice in CHOICES if group == "masking"])
def test_a_masking_file_has_the_keys_of_its_constructor_no_more_no_less(choice):
    written = dict(composed(f"masking={choice}", *NEEDED.get(("masking", choice), [])).config.masking)
    module, _, name = written.pop("_target_").rpartition(".")
    strategy = getattr(__import__(module, fromlist=[name]), name)
    assert issubclass(strategy, Masking)
    assert set(written) == set(inspect.signature(strategy).parameters) - set(HANDED_OVER)


@pytest.mark.parametrize(
    "group",
    [
        "rate",
        "weight",
        "corpus",
        "ranking",
        "vocab",
        "model",
        "pretrain",
        "finetune",
        "fs",
        "wc",
        "hga",
        "fewshot",
        "leaks",
    ],
)
def test_the_default_choice_of_a_group_spells_out_every_setting(group):
    default = {
        "pretrain": "paper",
        "wc": "on",
        "hga": "on",
        "fs": "on",
        "fewshot": "paper",
        "finetune": "paper",
        "leaks": "none",
        "rate": "constant",
        "weight": "none",
    }
    names = {"corpus": "paper", "ranking": "eq1", "vocab": "global", "model": "logo"} | default
    written = yaml.safe_load((CONF / group / f"{names[group]}.yaml").read_text())
    kind = ModelSettings if group == "model" else {field.name: field.type for field in fields(Config)}[group]
    assert set(written) - {"defaults"} == {field.name for field in fields(kind)}


def test_no_file_of_the_configuration_names_an_absolute_path():
    for path in CONF.rglob("*.yaml"):
        assert not re.search(r"[=:]\s*/(?!schema)\w|~/", path.read_text()), path


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("shots=ten", "shots needs a number from 1, or full; found 'ten'"),
        ("shots=0", "shots needs a number from 1"),
        ("shots=-3", "shots needs a number from 1"),
        ("seed=-1", "seed needs at least 0; found -1"),
        ("match.tokens=1.5", "match.tokens needs a share"),
        ("model.heads=7", "model.heads needs a divisor of hidden_size = 256; found 7"),
        ("pretrain.learning_rate=0", "pretrain.learning_rate needs a positive number"),
        ("pretrain.precision=half", "pretrain.precision needs one of auto, 32-true, bf16-mixed"),
        ("ranking.mode=eq3", "ranking.mode needs one of eq1, released"),
        ("masking.center_probability=1.5", "masking.center_probability needs a number"),
        ("masking.span_at=nowhere", "masking.span_at needs one of best, center"),
        (
            "+masking.spam_at=best",
            "masking.spam_at is not a setting of masking=pmi; it takes center_probability, count",
        ),
        (
            "masking=variants",
            r"masking=variants needs genome=fasta genome.path=FASTA 'genome.tracks=\{variants: VCF\}'",
        ),
        ("weight=track weight.track=x", r"weight.track needs one of the tracks planted; found 'x'"),
        ("masking=schedule +masking.first.x=1", r"masking.first.x is not a setting of masking.first; it takes center"),
        ("masking=schedule masking.second._target_=os.system", "masking.second: masking._target_=os.system is not"),
        ("masking._target_=os.system", "masking._target_=os.system is not a subclass"),
        ("masking._target_=no.such.Strategy", "there is no module no on Python's path, .*PYTHONPATH=FOLDER"),
        ("genome=fasta", r"genome\.path needs a value: give it as genome\.path=VALUE"),
        ("genome.bases=10", "genome.bases needs"),
        ("logger.wandb=maybe", "logger.wandb needs one of auto, online, offline, never"),
    ],
)
def test_an_impossible_value_is_refused_with_what_is_allowed(override, message):
    with pytest.raises(ValueError, match=message):
        check(composed(*re.split(r" (?=[+\w]+[.=])", override)))


def test_a_schedule_takes_any_two_choices_of_the_group_with_their_settings():
    words = map(hydra_word, ["masking=schedule", "masking.first=span", "masking.second=cm_step", "masking.at=0.25"])
    masking = settings(*words, "masking.first.high_share=0.25").masking
    assert masking["first"]["_target_"].endswith("SpanMasking")
    assert masking["first"]["high_share"] == 0.25


@pytest.mark.parametrize(
    "override", ["seed=abc", "pretrain.max_steps=many", "model.hiden_size=3", "masking=pni", "k=6"]
)
def test_a_typo_or_a_wrong_type_does_not_even_compose(override):
    with pytest.raises(
        (HydraException, OmegaConfBaseException), match=override.split("=", maxsplit=1)[0].split(".")[0]
    ):
        composed(override)


@pytest.mark.parametrize(
    ("shots", "batch", "epochs", "rate"),
    [
        (10, 5, 20, 4e-4),
        (50, 5, 20, 4e-4),
        (100, 5, 20, 4e-4),
        (500, 15, 5, 5e-5),
        (1000, 15, 5, 5e-5),
        ("full", 15, 5, 5e-5),
    ],
)
def test_the_number_of_shots_decides_the_policy_as_in_section_5_3(shots, batch, epochs, rate):
    config = settings(f"shots={shots}")
    chosen = policy(config.shots if config.shots != "full" else None, config.fewshot, config.fs)
    assert chosen == (batch, epochs, rate, epochs == 20)


@pytest.mark.parametrize(("fs", "shots", "epochs"), [("on", 1000, 20), ("off", 10, 5), ("on", 10, 20), ("off", 500, 5)])
def test_fs_can_be_forced_on_and_off(fs, shots, epochs):
    config = settings(f"fs={fs}", f"shots={shots}")
    assert policy(shots, config.fewshot, config.fs).epochs == epochs


@pytest.mark.parametrize(("model", "off", "on"), [("logo", 500, 240), ("dnabert", 1000, 480)])
def test_half_gradient_accumulation_gives_the_batches_of_section_5_4(model, off, on):
    for hga, batch in (("off", off), ("on", on)):
        config = settings(f"model={model}", f"hga={hga}", "pretrain=paper")
        assert config.hga.of(config.pretrain.batch or config.model.paper_batch) == batch


@pytest.mark.parametrize(("wc", "steps"), [("on", 500), ("off", 10_000)])
def test_warmup_correction_gives_the_steps_of_section_5_4(wc, steps):
    config = settings(f"wc={wc}", "pretrain=paper")
    assert config.wc.of(config.pretrain.max_steps) == steps


def test_the_paper_scale_is_ten_thousand_steps_at_the_papers_rate():
    config = settings("pretrain=paper")
    assert (config.pretrain.max_steps, config.pretrain.learning_rate) == (10_000, 4e-4)


def test_the_configuration_folder_is_the_checkouts():
    assert Path(__file__).parents[2] / "conf" == CONF
