"""Run the stages that are asked for, and say what came out and what to type next."""

import json
from importlib import import_module
from pathlib import Path

from genomask.console import say
from genomask.stages.context import Context
from genomask.stages.rank import build_ranking, build_vocabulary
from genomask.store.artefact import Artefact
from genomask.variants.settings import check_variants


def check(run: Context) -> None:
    """Find what is wrong with a configuration before anything is built.

    Raises:
        ValueError: If the masking strategy refuses its settings, or a stage lacks its input.
    """
    for stage in set(run.config.stage.run) & {"variants", "mutagenesis"}:
        check_variants(run.config.variants, stage)
    if _trains(run):
        from genomask.stages.strategy import check_strategy

        check_strategy(run)


def _trains(run: Context) -> bool:
    """Whether an encoder or a classifier may have to be trained."""
    asked = set(run.config.stage.run)
    scores = asked & {"variants", "mutagenesis"} and run.config.variants.classifiers is None
    return bool(asked & {"pretrain", "finetune"} or scores)


def run_stages(run: Context) -> None:
    """Check the configuration, then build whatever the stages asked for need."""
    check(run)
    for stage in run.config.stage.run:
        STAGES[stage](run)


def artefact_of(run: Context) -> Artefact:
    """What the last of the stages asked for builds.

    Raises:
        ValueError: If that cannot be named before other artefacts are built, as a sweep's plan must.
    """
    stage = run.config.stage.run[-1]
    if stage not in ARTEFACTS:
        raise ValueError(f"stage={stage} cannot be swept: run it by itself, without -m.")
    module, _, function = ARTEFACTS[stage].rpartition(".")
    return getattr(import_module(module), function)(run)


def _rank(run: Context) -> None:
    path = build_ranking(run) / "ranking.csv"
    with path.open(encoding="utf-8") as lines:
        best = [line.split(",")[1] for _, line in zip(range(11), lines, strict=False)][1:]
    say(f"\nRanking of {run.config.genome.label}: {path}")
    say(f"  best {run.config.ranking.k}-mers: {' '.join(best)}")


def _vocab(run: Context) -> None:
    directory = build_vocabulary(run)
    say(f"\nMasking vocabulary of {run.config.genome.label}: {directory / 'vocabulary.csv'}")
    say((directory / "table5.csv").read_text(encoding="utf-8").rstrip())


def _pretrain(run: Context) -> None:
    from genomask.stages.pretrain import build_encoder

    directory = build_encoder(run)
    found = _read(directory / "pretraining.json")
    say(
        f"\nEncoder: {directory}\n"
        f"  perplexity {found['perplexity']:.2f} under masking={run.config.labels['masking']}, "
        f"{found['perplexity_common']:.2f} under the common random mask\n"
        f"  open it: AutoModelForMaskedLM.from_pretrained('{directory}')"
    )


def _finetune(run: Context) -> None:
    from genomask.stages.finetune import build_finetune

    directory = build_finetune(run)
    found = _read(directory / "result.json")
    if run.config.sweep.name:
        say(f"       accuracy {found['accuracy']:.3f}   AUC {found['auc']:.3f}   {directory.name}")
        return
    say(f"\n{found['task']}, {found['model']}, masking={found['masking']}")
    say(f"  shots={found['shots']}, seed={found['seed']}")
    say(f"  accuracy {found['accuracy']:.3f}   AUC {found['auc']:.3f}   on {found['n_test']} test sequences")
    if found["collapsed"]:
        say("  every test sequence was given the same class: this fine-tuning collapsed")
    if "synthetic" in found["genome"] or "synthetic" in found["task"]:
        say(f"  synthetic data: {found['genome']}, {found['task']}; the numbers say nothing about real DNA")
    say(f"  written to {directory}")
    say(NEXT)


def _variants(run: Context) -> None:
    from genomask.stages.variants import report_variants

    report_variants(run)


def _mutagenesis(run: Context) -> None:
    from genomask.stages.mutagenesis import report_mutagenesis

    report_mutagenesis(run)


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


STAGES = {
    "rank": _rank,
    "vocab": _vocab,
    "pretrain": _pretrain,
    "finetune": _finetune,
    "variants": _variants,
    "mutagenesis": _mutagenesis,
}
ARTEFACTS = {  # what each stage builds; imported when asked for, as some bring PyTorch along
    "rank": "genomask.stages.rank.ranking_artefact",
    "vocab": "genomask.stages.rank.vocabulary_artefact",
    "pretrain": "genomask.stages.pretrain.encoder_artefact",
    "finetune": "genomask.stages.finetune.finetune_artefact",
}

NEXT = """
Next:
  python train.py masking=random                                    the baseline, on the same episode
  python train.py -m shots=10,50,100,500,1000 'seed=range(10)'      ten seeds of every size
  python train.py genome=fasta genome.path=FILE task=csv task.train=FILE task.test=FILE"""
