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
        "encoder": "genomask.baselines.settings:EncoderClassifier",
        "majority": "genomask.baselines.settings:MajorityBaseline",
        "gc": "genomask.baselines.settings:GcBaseline",
        "kmer_logistic": "genomask.baselines.settings:KmerBaseline",
        "cnn": "genomask.baselines.settings:CnnBaseline",
    },
}
HOMES: Final = {  # the types that ``Config`` is annotated with, which a test holds together
    "ranking": "genomask.ranking.table:RankingSettings",
    "vocab": "genomask.ranking.vocabulary:VocabularySettings",
    "corpus": "genomask.corpus.settings:CorpusSettings",
    "model": "genomask.models.settings:ModelSettings",
    "wc": "genomask.pretrain.settings:Warmup",
    "hga": "genomask.pretrain.settings:Accumulation",
    "pretrain": "genomask.pretrain.settings:PretrainSettings",
    "fewshot": "genomask.finetune.settings:FewShot",
    "fs": "genomask.finetune.settings:Stability",
    "finetune": "genomask.finetune.settings:FinetuneSettings",
    "variants": "genomask.variants.settings:VariantSettings",
    "leaks": "genomask.leaks.settings:LeakSettings",
    "trainer": "genomask.config.machine:TrainerSettings",
    "logger": "genomask.config.machine:LoggerSettings",
    "motifs": "genomask.motifs.settings:MotifSettings",
    "stage": "genomask.config.machine:Stage",
    "paths": "genomask.config.machine:Paths",
    "sweep": "genomask.config.machine:SweepSettings",
}


@cache
def load(home: str) -> Any:
    """Import what ``module:name`` names."""
    module, _, name = home.partition(":")
    return getattr(import_module(module), name)
