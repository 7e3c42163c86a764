"""Where the type of every group's settings is, by name, so that each is imported only where it is needed."""

from functools import cache
from importlib import import_module
from typing import Any, Final

# Groups with several kinds of choice: which kind it is, a choice's YAML says in its defaults list.
KIND_HOMES: Final = {
    "genome": {
        "synthetic": "genomask.genome.synthetic.settings:SyntheticGenome",
        "fasta": "genomask.genome.fasta:FastaGenome",
        "grch38": "genomask.genome.grch38:Grch38Genome",
    },
    "tokens": {
        "kmer": "genomask.tokens.settings:KmerSettings",
        "bpe": "genomask.tokens.settings:BpeSettings",
    },
    "task": {
        "synthetic": "genomask.tasks.synthetic:SyntheticTask",
        "table": "genomask.tasks.sources:TableTask",
        "fasta": "genomask.tasks.sources:FastaTask",
        "folder": "genomask.tasks.sources:FolderTask",
        "promoters": "genomask.tasks.promoters.settings:PromoterTask",
        "cohn": "genomask.tasks.cohn:CohnTask",
        "gue": "genomask.tasks.layouts:GueTask",
        "genomic_benchmarks": "genomask.tasks.layouts:GenomicBenchmarksTask",
        "split_table": "genomask.tasks.layouts:SplitTableTask",
    },
    "classifier": {
        "encoder": "genomask.finetune.baselines.settings:EncoderClassifier",
        "majority": "genomask.finetune.baselines.settings:MajorityBaseline",
        "gc": "genomask.finetune.baselines.settings:GcBaseline",
        "kmer_logistic": "genomask.finetune.baselines.settings:KmerBaseline",
        "cnn": "genomask.finetune.baselines.settings:CnnBaseline",
    },
}
HOMES: Final = {  # the types that ``Config`` is annotated with, which a test holds together
    "ranking": "genomask.ranking.table:RankingSettings",
    "vocab": "genomask.ranking.vocabulary:VocabularySettings",
    "corrupt": "genomask.masking.masker:Corruption",
    "match": "genomask.masking.calibration:MatchSettings",
    "corpus": "genomask.corpus.settings:CorpusSettings",
    "model": "genomask.models.settings:ModelSettings",
    "wc": "genomask.pretrain.settings:Warmup",
    "hga": "genomask.pretrain.settings:Accumulation",
    "pretrain": "genomask.pretrain.settings:PretrainSettings",
    "fewshot": "genomask.finetune.settings:FewShot",
    "fs": "genomask.finetune.settings:Stability",
    "finetune": "genomask.finetune.settings:FinetuneSettings",
    "variants": "genomask.analysis.variants.settings:VariantSettings",
    "leaks": "genomask.tasks.leaks.settings:LeakSettings",
    "trainer": "genomask.training.settings:TrainerSettings",
    "logger": "genomask.training.settings:LoggerSettings",
    "motifs": "genomask.analysis.motifs.settings:MotifSettings",
    "stage": "genomask.experiment.config.machine:Stage",
    "paths": "genomask.experiment.config.machine:Paths",
    "sweep": "genomask.experiment.config.machine:SweepSettings",
}


@cache
def load(home: str) -> Any:
    """Import what ``module:name`` names."""
    module, _, name = home.partition(":")
    return getattr(import_module(module), name)
