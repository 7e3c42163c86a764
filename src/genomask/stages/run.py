"""Run the stages that are asked for, and say what came out and what to type next."""

import json
from pathlib import Path

from genomask.console import say
from genomask.stages.context import Context
from genomask.stages.rank import build_ranking, build_vocabulary


def check(run: Context) -> None:
    """Find what is wrong with a configuration before anything is built.

    Raises:
        ValueError: If the masking strategy refuses its settings, or a package of an extra is missing.
    """
    if {"pretrain", "finetune"} & set(run.config.stage.run):
        from genomask.stages.strategy import check_strategy

        check_strategy(run)
    if "motifs" in run.config.stage.run:
        from genomask.stages.motifs import check_motifs

        check_motifs(run)


def run_stages(run: Context) -> None:
    """Check the configuration, then build whatever the stages asked for need."""
    check(run)
    for stage in run.config.stage.run:
        STAGES[stage](run)


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
    say(f"\n{found['task']}, {found['model']}, masking={found['masking']}")
    say(f"  shots={found['shots']}, seed={found['seed']}")
    say(f"  accuracy {found['accuracy']:.3f}   AUC {found['auc']:.3f}   on {found['n_test']} test sequences")
    if found["collapsed"]:
        say("  every test sequence was given the same class: this fine-tuning collapsed")
    if "synthetic" in found["genome"] or "synthetic" in found["task"]:
        say(f"  synthetic data: {found['genome']}, {found['task']}; the numbers say nothing about real DNA")
    say(f"  written to {directory}")
    say(NEXT)


def _motifs(run: Context) -> None:
    from genomask.stages.motifs import run_motifs

    run_motifs(run)


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


STAGES = {"rank": _rank, "vocab": _vocab, "pretrain": _pretrain, "finetune": _finetune, "motifs": _motifs}

NEXT = """
Next:
  python train.py masking=random                                    the baseline, on the same episode
  python train.py -m shots=10,50,100,500,1000 'seed=range(10)'      ten seeds of every size
  python train.py genome=fasta genome.path=FILE task=csv task.train=FILE task.test=FILE"""
