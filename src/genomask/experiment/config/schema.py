"""The whole configuration as one type; Hydra checks every value against it before a job starts.

Most groups have one type, some have one per kind of choice (``KINDS``). ``masking`` has none: a strategy's
constructor is its schema, so that a new strategy is one class and one YAML file.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_type_hints

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from genomask.analysis.settings import MotifSettings, VariantSettings, check_variants
from genomask.checks import one_line, require
from genomask.corpus.segments import CorpusSettings
from genomask.experiment.config.trust import watch_composition
from genomask.experiment.store.artefact import MANIFEST, Artefact, Json, read_manifest
from genomask.finetune import classifiers
from genomask.finetune.settings import EmbedSettings, FewShot, FinetuneSettings, Stability
from genomask.genome.fasta import FastaGenome
from genomask.genome.grch38 import Grch38Genome
from genomask.genome.synthetic.settings import SyntheticGenome
from genomask.masking.settings import Corruption, MatchSettings, Rate, Weight
from genomask.models.settings import ModelSettings, ModernBertSettings, PretrainedSettings
from genomask.pretrain.settings import Accumulation, PretrainSettings, Warmup
from genomask.ranking.table import RankingSettings
from genomask.ranking.vocabulary import VocabularySettings
from genomask.tasks.cohn import CohnTask
from genomask.tasks.file_task import FileTask
from genomask.tasks.leaks import LeakSettings
from genomask.tasks.promoters import PromoterTask
from genomask.tasks.sources import SyntheticTask
from genomask.tasks.suites import Suite
from genomask.tokens.settings import BpeSettings, KmerSettings, OwnSettings
from genomask.training.settings import LoggerSettings, TrainerSettings

# Groups with several kinds of choice; a choice's YAML names its kind in its defaults list.
KINDS: Final[dict[str, dict[str, type]]] = {
    "genome": {"synthetic": SyntheticGenome, "fasta": FastaGenome, "grch38": Grch38Genome},
    "tokens": {"kmer": KmerSettings, "bpe": BpeSettings, "own": OwnSettings},
    "model": {"bert": ModelSettings, "modernbert": ModernBertSettings, "hf": PretrainedSettings},
    "task": {"synthetic": SyntheticTask, "files": FileTask, "promoters": PromoterTask, "cohn": CohnTask},
    "classifier": classifiers.KINDS,
}
# What shapes an encoder, and groups that choose any of it.
SHAPING: Final = (
    "genome", "ranking", "vocab", "corpus", "tokens", "masking", "corrupt", "rate", "weight", "match", "model", "wc",
    "hga", "pretrain", "pretrain_seed",
)  # fmt: skip
CHOOSING: Final = ("contender", "experiment", "variant", *SHAPING)
NAME: Final = re.compile(r"[A-Za-z0-9_][\w.+=-]*", re.ASCII)
LONGEST_NAME: Final = 80


@dataclass
class Stage:
    """Which stages to run; each builds the inputs that it lacks."""

    name: str
    run: list[str]


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
        for group, types in KINDS.items():
            kinds = tuple(types.values())
            known = isinstance(getattr(self, group), kinds)
            require(known, group, f"one of the kinds {', '.join(types)}", type(getattr(self, group)).__name__)
        require(isinstance(self.masking, dict), "masking", "a _target_ and its arguments", self.masking)
        # Names of artefacts are made of these, and may not lead out of the directory of runs.
        names: dict[str, str | None] = {f"labels.{group}": label for group, label in self.labels.items()}
        names |= {f"{group}.name": getattr(self, group).name for group in ("model", "task", "classifier", "sweep")}
        for setting, name in names.items():
            fits = name is None or (len(name) <= LONGEST_NAME and NAME.fullmatch(name))
            require(fits, setting, f"up to {LONGEST_NAME} letters, digits and . _ + = -", name)
        self._check_together()

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
        for stage in set(self.stage.run) & {"variants", "mutagenesis"}:
            check_variants(self.variants, stage)
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
    defaults = ["config_schema", *kinds, "_self_", {"override hydra/job_logging": "stdout"}]
    alone = {name: value for name, value in resolved.items() if name != "sweep"}
    return {"defaults": defaults, **alone, "hydra": {"run": {"dir": "."}, "output_subdir": None}}


def with_encoder(cfg: DictConfig, words: list[str]) -> None:
    """Take all that shaped the encoder from the configuration that it was made with; ``cfg.encoder``, a name or a
    folder, becomes the folder. Raises ValueError if there is no such encoder, or words of the command line would
    shape another."""
    given = (word.lstrip("+~").partition("=")[0].partition("@")[0] for word in words)
    shaping = [name for name in given if name.replace("/", ".").split(".")[0] in CHOOSING and name != "pretrain.step"]
    if shaping:
        raise ValueError(f"encoder={cfg.encoder} brings all that shaped it: leave out {', '.join(shaping)}.")
    folder = _find(cfg.encoder, Path(cfg.paths.runs))
    manifest = read_manifest(folder)
    if manifest["kind"] != "encoder":
        raise ValueError(f"encoder={cfg.encoder} holds an artefact of kind {manifest['kind']}, not an encoder.")
    saved: Json = manifest["config"]
    step, cfg.encoder = cfg.pretrain.step, str(folder)
    try:
        for group in (group for group in SHAPING if group in saved):
            cfg[group] = _with_type(group, saved)
    except OmegaConfBaseException as error:
        why = one_line(str(error).splitlines()[0])
        raise ValueError(f"{folder} was made by another version of genomask ({why}): make it anew.") from None
    cfg.pretrain.step = step
    cfg.labels = {**cfg.labels, **{name: label for name, label in saved["labels"].items() if name != "fs"}}


def existing_encoder(folder: str) -> Artefact:
    """The encoder as an artefact that is there, under the identity that its manifest says."""
    path = Path(folder)
    manifest = read_manifest(path)
    name, _, _ = path.resolve().name.rpartition("-")
    return Artefact("encoder", name or path.name, manifest["settings"], folder=path, known=manifest["digest"])


def _find(name: str, runs: Path) -> Path:
    """The folder of an encoder, by its path, its name in the directory of runs, or a part of it that no other has."""
    folder = Path(name).expanduser()
    if (folder / MANIFEST).is_file():
        return folder
    found = [path.parent for path in sorted((runs / "encoder").glob(f"*{name}*/{MANIFEST}"))] if "/" not in name else []
    found = [path for path in found if path.name == name] or found
    if len(found) == 1:
        return found[0]
    if found:
        few = ", ".join(path.name for path in found[:3])
        raise ValueError(f"encoder={name} fits {len(found)} encoders in {runs}, such as {few}: give more of the name.")
    raise ValueError(
        f"encoder={name} is no folder with a {MANIFEST}, and no name in {runs / 'encoder'} (genomask runs {runs} "
        "lists them). Other encoders: model=hf tokens=own model.path=FOLDER pretrain=none."
    )


def _with_type(group: str, saved: Json) -> Any:
    """A group of a saved configuration, with the type that the schema has for it."""
    if not isinstance(saved[group], dict) or group == "masking":  # a strategy's constructor is its schema
        return saved[group]
    named = {place: kind for entry in saved["defaults"] if isinstance(entry, dict) for place, kind in entry.items()}
    kind = named.get(f"/schema/{group}@{group}")
    schema = KINDS[group][kind] if kind else get_type_hints(Config)[group]
    return OmegaConf.merge(OmegaConf.structured(schema), saved[group])
