"""Run the stages that are asked for, and say what came out and what to type next."""

import json
from importlib import import_module
from pathlib import Path

from genomask.console import say
from genomask.stages.classifier import build_classifier, uses_encoder
from genomask.stages.context import Context
from genomask.stages.rank import build_ranking, build_vocabulary
from genomask.store.artefact import Artefact


def check(run: Context) -> None:
    """Find what is wrong with a configuration before anything is built.

    Raises:
        ValueError: If the masking strategy refuses its settings.
    """
    needs_encoder = {"pretrain", *(["finetune"] if uses_encoder(run) else [])}
    if needs_encoder & set(run.config.stage.run):
        from genomask.stages.strategy import check_strategy

        check_strategy(run)


def run_stages(run: Context) -> None:
    """Check the configuration, then build whatever the stages asked for need."""
    check(run)
    for stage in run.config.stage.run:
        STAGES[stage](run)


def artefact_of(run: Context) -> Artefact:
    """What the last of the stages asked for builds."""
    module, _, function = ARTEFACTS[run.config.stage.run[-1]].rpartition(".")
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
    directory = build_classifier(run)
    found = _read(directory / "result.json")
    if run.config.sweep.name:
        say(f"       accuracy {found['accuracy']:.3f}   AUC {found['auc']:.3f}   {directory.name}")
        return
    trained = f", masking={found['masking']}" if uses_encoder(run) else ""
    say(f"\n{found['task']}, {found['model']}{trained}")
    say(f"  shots={found['shots']}, seed={found['seed']}")
    say(f"  accuracy {found['accuracy']:.3f}   AUC {found['auc']:.3f}   on {found['n_test']} test sequences")
    if found["collapsed"] and found["classifier"] != "majority":
        say("  every test sequence was given the same class: this fine-tuning collapsed")
    synthetic = [found[source] for source in ("genome", "task") if "synthetic" in found[source]]
    if synthetic:
        say(f"  synthetic data: {', '.join(synthetic)}; the numbers say nothing about real DNA")
    say(f"  written to {directory}")
    say(NEXT)


def _leaks(run: Context) -> None:
    from genomask.leaks.report import lines_of
    from genomask.stages.leaks import PAGE, REPORT, build_leaks

    directory = build_leaks(run)
    say(f"\nLeaks of {run.config.task.name}: {directory / PAGE}")
    for line in lines_of(_read(directory / REPORT)):
        say(f"  {line}")


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


STAGES = {"rank": _rank, "vocab": _vocab, "pretrain": _pretrain, "finetune": _finetune, "leaks": _leaks}
ARTEFACTS = {  # what each stage builds; imported when asked for, as some bring PyTorch along
    "rank": "genomask.stages.rank.ranking_artefact",
    "vocab": "genomask.stages.rank.vocabulary_artefact",
    "pretrain": "genomask.stages.pretrain.encoder_artefact",
    "finetune": "genomask.stages.classifier.classifier_artefact",
    "leaks": "genomask.stages.leaks.leaks_artefact",
}

NEXT = """
Next:
  python train.py masking=random                                    the baseline, on the same episode
  python train.py -m classifier=majority,gc,kmer_logistic,cnn       baselines on the same episode
  python train.py -m shots=10,50,100,500,1000 'seed=range(10)'      ten seeds of every size
  python train.py genome=fasta genome.path=FILE task=csv task.train=FILE task.test=FILE"""
