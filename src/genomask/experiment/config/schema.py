"""The whole configuration as one type; Hydra checks every value against it before a job starts.

Most groups have one type, some have one per kind of choice (``KINDS``). ``masking`` has none: a strategy's
constructor is its schema, so that a new strategy is one class and one YAML file.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from genomask.analysis.motifs.settings import MotifSettings
from genomask.analysis.variants.settings import VariantSettings
from genomask.checks import require, require_choice
from genomask.corpus.settings import CorpusSettings
from genomask.experiment.config.trust import watch_composition
from genomask.experiment.stages.registry import STAGES
from genomask.finetune.classifiers import (
    CnnBaseline,
    EncoderClassifier,
    GcBaseline,
    KmerBaseline,
    MajorityBaseline,
    NearestNeighbours,
    Probe,
    Ridge,
)
from genomask.finetune.settings import EmbedSettings, FewShot, FinetuneSettings, Stability
from genomask.genome.fasta import FastaGenome
from genomask.genome.grch38 import Grch38Genome
from genomask.genome.synthetic.settings import SyntheticGenome
from genomask.masking.settings import Corruption, MatchSettings
from genomask.masking.terms import Rate, Weight
from genomask.models.settings import ModelSettings, ModernBertSettings, PretrainedSettings
from genomask.pretrain.settings import Accumulation, PretrainSettings, Warmup
from genomask.ranking.table import RankingSettings
from genomask.ranking.vocabulary import VocabularySettings
from genomask.tasks.cohn import CohnTask
from genomask.tasks.file_task import FileTask
from genomask.tasks.leaks.find import LeakSettings
from genomask.tasks.promoters.settings import PromoterTask
from genomask.tasks.sources import SyntheticTask
from genomask.tasks.suites import Suite
from genomask.tokens.settings import BpeSettings, KmerSettings, OwnSettings
from genomask.training.settings import LoggerSettings, TrainerSettings

# Groups with several kinds of choice; a choice's YAML names its kind in its defaults list.
KINDS: Final[dict[str, dict[str, type]]] = {
    "genome": {"synthetic": SyntheticGenome, "fasta": FastaGenome, "grch38": Grch38Genome},
    "tokens": {"kmer": KmerSettings, "bpe": BpeSettings, "own": OwnSettings},
    "model": {"bert": ModelSettings, "modernbert": ModernBertSettings, "hf": PretrainedSettings},
    "task": {
        "synthetic": SyntheticTask,
        "files": FileTask,
        "promoters": PromoterTask,
        "cohn": CohnTask,
    },
    "classifier": {
        "encoder": EncoderClassifier,
        "majority": MajorityBaseline,
        "gc": GcBaseline,
        "kmer_logistic": KmerBaseline,
        "cnn": CnnBaseline,
        "probe": Probe,
        "knn": NearestNeighbours,
        "ridge": Ridge,
    },
}
NAME: Final = re.compile(r"[A-Za-z0-9_][\w.+=-]*", re.ASCII)
LONGEST_NAME: Final = 80


@dataclass
class Stage:
    """Which stages to run; each builds the inputs that it lacks."""

    name: str
    run: list[str]

    def __post_init__(self) -> None:
        for stage in self.run:
            require_choice(stage, "stage.run", tuple(STAGES))


@dataclass
class SweepSettings:
    """The seeds that one job of a sweep runs, in place of ``seed``, and the sweep's folder; the sweeper sets both."""

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
    tokens: Any = MISSING
    masking: Any = MISSING
    corrupt: Corruption = MISSING
    rate: Rate = field(default_factory=Rate)
    weight: Weight = field(default_factory=Weight)
    match: MatchSettings = field(default_factory=MatchSettings)
    model: Any = MISSING
    wc: Warmup = MISSING
    hga: Accumulation = MISSING
    pretrain: PretrainSettings = MISSING
    task: Any = MISSING
    fewshot: FewShot = MISSING
    fs: Stability = MISSING
    finetune: FinetuneSettings = MISSING
    embed: EmbedSettings = field(default_factory=EmbedSettings)
    variants: VariantSettings = MISSING
    classifier: Any = None
    suite: Suite | None = None
    leaks: LeakSettings = field(default_factory=LeakSettings)
    trainer: TrainerSettings = MISSING
    logger: LoggerSettings = MISSING
    motifs: MotifSettings = MISSING
    stage: Stage = MISSING
    paths: Paths = field(default_factory=Paths)
    sweep: SweepSettings = field(default_factory=SweepSettings)
    encoder: str | None = None
    shots: int | str = 10
    seed: int = 0
    pretrain_seed: int = 0
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
        self._check_together()

    def _check_names(self) -> None:
        """Refuse names that lead out of the directory of runs: names of artefacts are made of them."""
        names: dict[str, str | None] = {f"labels.{group}": label for group, label in self.labels.items()}
        for group in ("model", "task", "classifier"):
            names[f"{group}.name"] = getattr(self, group).name
        names["sweep.name"] = self.sweep.name
        for setting, name in names.items():
            fits = name is None or (len(name) <= LONGEST_NAME and NAME.fullmatch(name))
            require(fits, setting, f"up to {LONGEST_NAME} letters, digits and . _ + = -", name)

    def _check_together(self) -> None:
        """Refuse values outside of groups that are out of range, and settings that do not fit together."""
        brings, own = isinstance(self.model, PretrainedSettings), isinstance(self.tokens, OwnSettings)
        require(brings <= own, "tokens", "own with model=hf, which brings its tokens along", "other tokens")
        require(own <= brings, "tokens=own", "model=hf, which brings its tokens along", self.model.name)
        shots, folds = self.shots, self.finetune.cross_validate
        in_range = shots == "full" or (isinstance(shots, int) and shots >= 1)
        require(in_range, "shots", "a number from 1, or full", shots)
        if folds is not None and isinstance(shots, int):
            require(folds <= shots, "finetune.cross_validate", f"at most shots = {shots} folds", folds)
        require(self.seed >= 0, "seed", "at least 0", self.seed)
        require(self.pretrain_seed >= 0, "pretrain_seed", "at least 0", self.pretrain_seed)

    @property
    def shots_or_none(self) -> int | None:
        """Examples per class; None for the full training set."""
        return self.shots if isinstance(self.shots, int) else None

    @property
    def pretrained_by(self) -> str:
        """The masking that shaped the encoder; ``none`` for random weights, ``published`` for given ones."""
        if self.pretrain.max_steps:
            return self.labels["masking"]
        published = isinstance(self.model, PretrainedSettings) or getattr(self.model, "weights", None) is not None
        return "published" if published else "none"


def register() -> None:
    """Give Hydra the types, outside of the groups that users choose from, and check all that it composes."""
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
