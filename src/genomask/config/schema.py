"""The whole configuration as one type; Hydra checks every value against it before a job starts.

Groups with several kinds of choice (genome, task) have one type a kind, which the choice's YAML names in
its defaults list. ``masking`` has none: a strategy's constructor is its schema, so that a new strategy is
one class and one YAML file.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from genomask.baselines.settings import (
    CnnBaseline,
    EncoderClassifier,
    GcBaseline,
    KmerBaseline,
    MajorityBaseline,
)
from genomask.checks import require, require_choice
from genomask.config.trust import watch_composition
from genomask.corpus.settings import CorpusSettings
from genomask.finetune.settings import FewShot, FinetuneSettings, Stability
from genomask.genome.fasta import FastaGenome
from genomask.genome.grch38 import Grch38Genome
from genomask.genome.synthetic.settings import SyntheticGenome
from genomask.leaks.settings import LeakSettings, unchanged
from genomask.models.settings import ModelSettings
from genomask.motifs.settings import MotifSettings
from genomask.pretrain.settings import Accumulation, PretrainSettings, Warmup
from genomask.ranking.table import RankingSettings
from genomask.ranking.vocabulary import VocabularySettings
from genomask.tasks.cohn import CohnTask
from genomask.tasks.layouts import GenomicBenchmarksTask, GueTask, SplitTableTask
from genomask.tasks.promoters.settings import PromoterTask
from genomask.tasks.sources import FastaTask, FolderTask, TableTask
from genomask.tasks.synthetic import SyntheticTask
from genomask.variants.settings import VariantSettings

NAME = re.compile(r"[A-Za-z0-9_][\w.+=-]*", re.ASCII)
LONGEST_NAME = 80
STAGES = ("rank", "vocab", "pretrain", "finetune", "leaks", "motifs", "variants", "mutagenesis")


@dataclass
class Stage:
    """Which stages to run; each builds the inputs that it lacks."""

    name: str
    run: list[str]

    def __post_init__(self) -> None:
        for stage in self.run:
            require_choice(stage, "stage.run", STAGES)


@dataclass
class TrainerSettings:
    """The machine: what Lightning's Trainer runs on. Nothing here changes a result beyond rounding."""

    accelerator: str
    devices: int
    nodes: int
    strategy: str
    threads: int | None
    profile: bool = False

    def __post_init__(self) -> None:
        require(self.devices >= 1, "trainer.devices", "at least 1", self.devices)
        require(self.nodes >= 1, "trainer.nodes", "at least 1", self.nodes)
        require(self.threads is None or self.threads >= 1, "trainer.threads", "at least 1", self.threads)


@dataclass
class LoggerSettings:
    """Where curves go. ``wandb: auto`` is online with a key and offline without."""

    wandb: str
    csv: bool
    tensorboard: bool
    project: str

    def __post_init__(self) -> None:
        require_choice(self.wandb, "logger.wandb", ("auto", "online", "offline", "never"))


@dataclass
class SweepSettings:
    """How the seeds of one cell of a sweep are trained. ``name`` and ``seeds`` are the sweep's to fill in.

    ``stacked`` trains the seeds together instead of in turn: the same results, within rounding. ``seeds``
    are those that one process runs, in place of ``seed``; ``name`` is the folder that keeps the outcomes.
    """

    stacked: bool = False
    name: str | None = None
    seeds: list[int] | None = None


@dataclass
class Paths:
    """Where artefacts and results are written."""

    runs: str = "runs"


@dataclass
class Config:
    """Every setting of a run."""

    genome: Any = MISSING
    ranking: RankingSettings = MISSING
    vocab: VocabularySettings = MISSING
    corpus: CorpusSettings = MISSING
    masking: Any = MISSING
    model: ModelSettings = MISSING
    wc: Warmup = MISSING
    hga: Accumulation = MISSING
    pretrain: PretrainSettings = MISSING
    task: Any = MISSING
    fewshot: FewShot = MISSING
    fs: Stability = MISSING
    finetune: FinetuneSettings = MISSING
    variants: VariantSettings = MISSING
    classifier: Any = None
    leaks: LeakSettings = field(default_factory=unchanged)
    trainer: TrainerSettings = MISSING
    logger: LoggerSettings = MISSING
    motifs: MotifSettings = field(default_factory=MotifSettings)
    stage: Stage = MISSING
    paths: Paths = field(default_factory=Paths)
    sweep: SweepSettings = field(default_factory=SweepSettings)
    shots: int | str = 10
    seed: int = 0
    pretrain_seed: int = 0
    match_rate: float | None = None
    labels: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.classifier is None:  # a configuration that was saved before there were baselines
            self.classifier = EncoderClassifier()
        for group, types in KINDS.items():
            kinds = tuple(types.values())
            known = isinstance(getattr(self, group), kinds)
            require(known, group, f"one of the kinds {', '.join(types)}", type(getattr(self, group)).__name__)
        require(isinstance(self.masking, dict), "masking", "a _target_ and its arguments", self.masking)
        self._check_names()
        whole = isinstance(self.shots, int) and self.shots >= 1
        require(whole or self.shots == "full", "shots", "a number from 1, or full", self.shots)
        folds = self.finetune.cross_validate
        if folds is not None and isinstance(self.shots, int):
            require(
                folds <= self.shots, "finetune.cross_validate", f"at most shots = {self.shots} folds", folds
            )
        require(self.seed >= 0, "seed", "at least 0", self.seed)
        require(self.pretrain_seed >= 0, "pretrain_seed", "at least 0", self.pretrain_seed)
        rate = self.match_rate
        require(rate is None or 0 < rate < 1, "match_rate", "a share between 0 and 1, or null", rate)
        require(
            self.ranking.k == self.model.k, "ranking.k", f"the model's k = {self.model.k}", self.ranking.k
        )

    def _check_names(self) -> None:
        """Refuse names that lead out of the directory of runs: names of artefacts are made of them."""
        names = {f"labels.{group}": label for group, label in self.labels.items()}
        for group in ("model", "task", "classifier"):
            names[f"{group}.name"] = getattr(self, group).name
        names["sweep.name"] = self.sweep.name
        for setting, name in names.items():
            fits = name is None or (len(name) <= LONGEST_NAME and NAME.fullmatch(name))
            require(fits, setting, f"up to {LONGEST_NAME} letters, digits and . _ + = -", name)

    @property
    def pretrained_by(self) -> str:
        """The masking that shaped the encoder; ``none`` for random weights, ``published`` for given ones."""
        if self.pretrain.max_steps:
            return self.labels["masking"]
        return "none" if self.model.weights is None else "published"


KINDS = {
    "genome": {"synthetic": SyntheticGenome, "fasta": FastaGenome, "grch38": Grch38Genome},
    "task": {
        "synthetic": SyntheticTask,
        "table": TableTask,
        "fasta": FastaTask,
        "folder": FolderTask,
        "promoters": PromoterTask,
        "cohn": CohnTask,
        "gue": GueTask,
        "genomic_benchmarks": GenomicBenchmarksTask,
        "split_table": SplitTableTask,
    },
    "classifier": {
        "encoder": EncoderClassifier,
        "majority": MajorityBaseline,
        "gc": GcBaseline,
        "kmer_logistic": KmerBaseline,
        "cnn": CnnBaseline,
    },
}


def register() -> None:
    """Make the types known to Hydra, out of sight of the groups that users choose from; watch its work."""
    watch_composition()
    store = ConfigStore.instance()
    store.store(name="config_schema", node=Config)
    for group, types in KINDS.items():
        for kind, node in types.items():
            store.store(group=f"schema/{group}", name=kind, node=node)


def rerunnable(config: Config, resolved: dict[str, Any]) -> dict[str, Any]:
    """The resolved configuration as a file that Hydra composes again to the same settings and types."""
    kinds = [
        {f"/schema/{group}@{group}": kind}
        for group, types in KINDS.items()
        for kind, node in types.items()
        if type(getattr(config, group)) is node
    ]
    hydra = {"run": {"dir": "."}, "output_subdir": None}
    defaults = ["config_schema", *kinds, "_self_", {"override hydra/job_logging": "stdout"}]
    alone = {name: value for name, value in resolved.items() if name != "sweep"}
    return {"defaults": defaults, **alone, "hydra": hydra}
