"""Row ``gpu_stacked``: the seeds of a 10-shot cell trained as one, beside a process a seed.

Both paths start as processes, draw the same task (70 bases, as core promoters; a motif marks class 1), train
LOGO from random weights and evaluate it on as many sequences as the paper's test set has.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

import genomask
from benchmarks import model_inputs as inputs_of
from benchmarks.inputs import Inputs
from benchmarks.row import Comparison, Contender, NotMeasured, Row
from genomask.seeds import derived_seed, generator

OURS, REFERENCE = "genomask, stacked seeds", "a process a seed, Hugging Face eager"
SEEDS: Final = 10  # Sec. 5.2
BASES, TESTS, POOL = 70, 5_920, 200  # Prom-core (Sec. 5.1); the pool's size matters to no figure
MOTIF: Final = (1, 0, 1, 0, 0, 0)  # TATAAA
TOGETHER: Final = 256  # test sequences at once, our default on a GPU
AUC_TOLERANCE: Final = 1e-2  # 80 optimiser steps apart, rounding grows; a draw of shots moves it by far more
PROGRAM: Final = (
    "from benchmarks.gpu import replace_missing; replace_missing(); from benchmarks.model_stacked import main; main()"
)


def row(inputs: Inputs, device: torch.device) -> Row:
    """Ten seeds in one process, beside two of ten processes.

    Raises:
        NotMeasured: If Lightning is missing, which fine-tuning is built on.
    """
    if importlib.util.find_spec("lightning") is None:
        raise NotMeasured("needs Lightning: pip install lightning")
    seeds, theirs, tests = (3, 1, 40) if inputs.quick else (SEEDS, 2, TESTS)
    common = (str(device), "tiny" if inputs.quick else "logo", str(tests))
    contenders = {
        OURS: Contender(partial(_start, "stacked", *common, *map(str, range(seeds)))),
        REFERENCE: Contender(
            lambda: {k: v for n in range(theirs) for k, v in _start("alone", *common, str(n)).items()},
            theirs / seeds,
        ),
    }
    return Row(
        f"{seeds} seeds of 10 shots, {common[1]}: start-up, training, {tests:,} test sequences",
        (float(seeds), "seeds"),
        contenders,
        (Comparison(OURS, REFERENCE, 20),),
        _same_scores,
        most_rounds=3,
        note=(
            f"The reference runs {theirs} of the {seeds} processes, one by one; each pads to 100 tokens as "
            "DNABERT's command does. Both in float32, without dropout."
        ),
    )


def main() -> None:
    """Train and evaluate: ``stacked`` or ``alone``, device, model, test sequences, seeds."""
    path, device, model, tests, *seeds = sys.argv[1:]
    run = {"stacked": _stacked, "alone": _alone}[path]
    scores = run([int(seed) for seed in seeds], int(tests), model, torch.device(device))
    sys.stdout.write(json.dumps({seed: _auc(*found) for seed, found in zip(seeds, scores, strict=True)}))


def _alone(seeds: Sequence[int], tests: int, model: str, device: torch.device) -> list[tuple[Tensor, Tensor]]:
    from benchmarks.model_script import EVALUATED_TOGETHER, evaluate, train

    return [
        evaluate(train(_classifier(model, seed), _episode(tests, seed, EVALUATED_TOGETHER), device)) for seed in seeds
    ]


def _stacked(seeds: Sequence[int], tests: int, model: str, device: torch.device) -> list[tuple[Tensor, Tensor]]:
    from benchmarks.model_script import EPOCHS, LEARNING_RATE
    from genomask.finetune.module import ClassifierModule
    from genomask.finetune.settings import FinetuneSettings
    from genomask.finetune.stacked import train_stacked

    settings = FinetuneSettings(
        warmup_share=0.1,
        weight_decay=0.01,
        hidden_dropout=0.0,
        beta1=0.9,
        beta2=0.999,
        epsilon=1e-8,
        clip_norm=1.0,
        precision="32-true",
        fast_path=True,
        evaluation_batch=TOGETHER,
        crop="refuse",
        save_model=False,
    )
    modules = [
        ClassifierModule(
            _classifier(model, seed), settings=settings, k=inputs_of.K, learning_rate=LEARNING_RATE, seed=seed
        )
        for seed in seeds
    ]
    episodes = [_episode(tests, seed, TOGETHER) for seed in seeds]
    train_stacked(modules, episodes, epochs=EPOCHS, device=device)
    return [_evaluate(*pair, device) for pair in zip(modules, episodes, strict=True)]


@torch.inference_mode()
def _evaluate(module: Any, data: Any, device: torch.device) -> tuple[Tensor, Tensor]:
    module.to(device).eval()
    scores, labels = [], []
    for batch in data.test_dataloader():
        on_device = batch._replace(bases=batch.bases.to(device), lengths=batch.lengths.to(device))
        scores.append(module.logits(on_device).softmax(dim=1)[:, 1])
        labels.append(batch.labels)
    return torch.cat(scores).cpu(), torch.cat(labels)


def _classifier(model: str, seed: int):
    from genomask.models.bert import sequence_classifier

    head = derived_seed(seed, "classification head")
    shape = {"logo": inputs_of.LOGO, "tiny": inputs_of.TINY}[model]
    return sequence_classifier(shape, classes=2, seed=head, hidden_dropout=0.0)


def _episode(tests: int, seed: int, together: int):
    from benchmarks.model_script import BATCH, SHOTS
    from genomask.tasks.datamodule import EpisodeDataModule
    from genomask.tasks.episode import draw_episode
    from genomask.tasks.examples import Benchmark, pack

    random = generator(0, "benchmark cell")

    def examples(count: int):
        labels = np.arange(count) % 2
        rows = random.integers(4, size=(count, BASES), dtype=np.uint8)
        rows[labels == 1, 30 : 30 + len(MOTIF)] = MOTIF
        return pack(rows, labels)

    task = Benchmark(examples(POOL), examples(tests), ("0", "1"))
    return EpisodeDataModule(
        task,
        draw_episode(task.pool.labels, task="benchmark cell", shots=SHOTS, seed=seed),
        batch_size=BATCH,
        evaluation_batch=together,
        seed=derived_seed(seed, "order of examples"),
    )


def _auc(scores: Tensor, labels: Tensor) -> float:
    """Probability that a sequence of class 1 scores higher than one of class 0; equal scores count half."""
    ones, zeros = scores[labels == 1], scores[labels == 0].sort().values
    below, up_to = (torch.searchsorted(zeros, ones, right=right) for right in (False, True))
    return float((below + up_to).double().mean() / 2 / len(zeros))


def _start(*arguments: str) -> dict[str, float]:
    """Run ``main`` in a process of its own."""
    source = str(Path(genomask.__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": source},
    )
    if done.returncode:
        raise ValueError(f"the {arguments[0]} path ended with {done.returncode}: {done.stderr[-300:]}")
    return json.loads(done.stdout.rpartition("\n")[2])


def _same_scores(results: Mapping[str, Any]) -> str:
    ours, theirs = results[OURS], results[REFERENCE]
    apart = max(abs(ours[seed] - auc) for seed, auc in theirs.items())
    if not apart < AUC_TOLERANCE:
        raise ValueError(f"an AUC differs by {apart:.1e}")
    return f"AUC of {len(theirs)} seeds within {apart:.0e}"
