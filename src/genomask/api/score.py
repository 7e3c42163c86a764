"""Score a classifier on another labelled file.

  genomask score runs/finetune/NAME other.csv
  genomask score runs/finetune/NAME other.jsonl task.sequence=text task.label=y
  genomask score runs/finetune/NAME other.fa task.label_from=header --out scores.json

FILE is whatever task= reads; the words say how, as for python train.py. A fine-tuning scores with the model that
finetune.save_model=true keeps; a probe or a baseline learns its episode again, and its encoder and task must still be
in the directory of runs.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from genomask.checks import require
from genomask.console import say
from genomask.experiment.config.schema import Config, existing_encoder
from genomask.experiment.run import configured
from genomask.experiment.stages.context import Context
from genomask.experiment.store.artefact import read_manifest, verify
from genomask.experiment.store.store import Store
from genomask.files import read_object, require_free, sha256, write_json
from genomask.finetune.classifiers import PROBES
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.examples import TARGET_SCORES, Benchmark, Examples, check_test_set, crop, read_episode
from genomask.tasks.file_task import FileTask

SCORES = {"accuracy": "accuracy", "auc": "AUC", "f1": "F1", "mcc": "MCC"}


class Scored(NamedTuple):
    """A classifier that was scored before: its folder, configuration and result."""

    folder: Path
    config: Config
    result: dict[str, Any]

    def input(self, kind: str) -> Path:
        """The folder of its encoder or of its task; an error if it is gone, damaged, or another one."""
        made_of = read_manifest(self.folder)["inputs"][kind]
        elsewhere = self.config.encoder if kind == "encoder" else None
        folder = Path(elsewhere or self.folder.resolve().parents[1] / kind / made_of["name"])
        if not folder.is_dir():
            raise FileNotFoundError(f"{self.folder} learns again from {folder}, which is gone. Run its command again.")
        verify(folder, existing_encoder(str(folder)) if elsewhere else None)
        same = read_manifest(folder)["digest"] == made_of["digest"]
        require(same, str(self.folder), f"the {kind} that it learned from", f"another one at {folder}")
        return folder


def main(arguments: list[str]) -> int:
    """Score a classifier on a file. Raises FileNotFoundError if the file, the classifier or what it learned from is
    not there; ValueError if the file cannot be read or scored, or the classifier is damaged."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("genomask score", description=__doc__, formatter_class=layout)
    parser.add_argument("classifier", type=Path, help="folder of a fine-tuning, a probe or a baseline")
    parser.add_argument("file", type=Path, help="labelled sequences")
    parser.add_argument("words", nargs="*", help="how to read them: task.label=NAME and others, as for a run")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="write the scores there, too")
    parser.add_argument("--overwrite", action="store_true", help="write over FILE.json if it is there already")
    options = parser.parse_args(arguments)
    if options.out is not None:
        require_free(options.out, inputs=[options.file], overwrite=options.overwrite)
    folder = options.classifier.expanduser()
    if not (folder / "result.json").is_file():
        raise FileNotFoundError(f"{folder} has no result.json; a classifier is a folder runs/finetune/NAME.")
    verify(folder)
    known = Scored(folder, configured((), saved=folder), read_object(folder / "result.json"))
    task = _task(options.file, options.words, known.result)
    say(f"score {known.folder} on {options.file}: {len(task.test.labels):,} sequences")
    if note := (task.origin or {}).get("note"):
        say(f"  {note}")
    scores = _scores(known, task)
    shown = TARGET_SCORES.get(task.kind, SCORES)
    say(f"  {'   '.join(f'{title} {scores[name]:.3f}' for name, title in shown.items())}")
    if options.out is not None:
        about = {"classifier": known.folder.resolve().name, "file": options.file.name, "sha256": sha256(options.file)}
        write_json(options.out, about | {"n_test": len(task.test.labels)} | scores)
        say(f"  written to {options.out}")
    return 0


def _task(file: Path, words: list[str], result: dict[str, Any]) -> Benchmark:
    """The file as a task, whose pool and test set are the same rows, with the classes or targets of a classifier.
    Raises ValueError if a label is none of the classifier's, or the file cannot be scored."""
    if not file.exists():
        raise FileNotFoundError(f"There is no file {file}.")
    own = [f"task.{part}={file}" for part in ("train", "test")]
    source = configured(["task=csv", *own, f"task.kind={result.get('kind', 'classes')}", *words]).task
    plain = isinstance(source, FileTask) and source.genome is None
    require(plain, "genomask score", "a file of sequences, and words task.NAME=VALUE that say how to read it", words)
    task, classes = source.read(), tuple(result["classes"])
    unknown = [name for name in task.classes if name not in classes]
    require(not unknown, "The file", f"labels that the classifier knows ({', '.join(classes)})", ", ".join(unknown))
    places, found = [classes.index(name) for name in task.classes], task.test
    if found.targets is None:
        found = found._replace(labels=np.array(places, dtype=np.int64)[found.labels])
    else:
        wide = np.zeros((len(found.targets), len(classes)))
        wide[:, places] = found.targets
        found = found._replace(targets=wide)
    task = task._replace(pool=found, test=found, classes=classes)
    check_test_set(task, targets=True, name="The file")
    return task


def _scores(known: Scored, task: Benchmark) -> dict[str, Any]:
    import torch

    from genomask.finetune.metrics import score, score_targets

    predicted = torch.from_numpy(np.asarray(_predict(known, task)))
    if task.test.targets is None:
        return score(predicted, torch.from_numpy(task.test.labels))._asdict()
    return score_targets(predicted, torch.from_numpy(task.test.targets), task.kind)


def _predict(known: Scored, task: Benchmark) -> Float[np.ndarray, "rows classes"]:
    """What the classifier says of the task's test set."""
    from genomask.analysis.predictor import placed, probabilities
    from genomask.experiment.stages.learners import Episode, train
    from genomask.models.export import classifier_folder, open_classifier
    from genomask.training.host import device_of, fixed_order, sequences_at_once

    config = known.config
    if known.result["classifier"] == "encoder":
        classifier = open_classifier(classifier_folder(known.folder), any_kind=True)
        keep, shortest = config.finetune.crop, classifier.shortest
        rows = crop(task, longest=classifier.longest, keep=keep, shortest=shortest).test.rows()
        batch = sequences_at_once(config.trainer, config.finetune.evaluation_batch, cpu=8, gpu=256)
        ready = placed(classifier, device_of(config.trainer.accelerator))
        return probabilities(ready, rows, batch=batch, max_unknown=None)
    pool, rows = open_benchmark(known.input("task")), read_episode(known.folder)
    if isinstance(config.classifier, PROBES):
        return _by_probe(known, pool, rows, task)
    whole = pool._replace(test=task.test)
    with TemporaryDirectory(prefix="genomask-score-") as folder, fixed_order(config.trainer):
        run = Context(config, Store(Path(folder)))
        return train(run, Episode(whole, rows, None, [], Path(folder), known.folder.name)).predicted


def _by_probe(known: Scored, pool: Benchmark, rows: np.ndarray, task: Benchmark) -> Float[np.ndarray, "rows classes"]:
    from genomask.api.models import embed
    from genomask.experiment.stages.learners import probe_prediction
    from genomask.models.bert import load_encoder
    from genomask.pretrain.keep import step_folder

    config, settings, folder = known.config, known.config.classifier, known.input("encoder")
    step, long = config.pretrain.step, config.embed.long
    encoder = load_encoder(folder if step is None else step_folder(folder, step))
    if long == "refuse":
        task = crop(task, longest=encoder.longest, keep=long, shortest=encoder.tokens.shortest)

    def vectors(examples: Examples) -> Float[np.ndarray, "rows hidden"]:
        layers, both = "last" if settings.layer is None else "all", config.embed.strands == "both"
        found = embed(encoder, examples.rows(), pooling=settings.pool, layers=layers, long=long, both_strands=both)
        return found if settings.layer is None else found[:, settings.layer]

    learned = vectors(pool.pool.take(rows))
    return probe_prediction(settings, pool, rows, learned, vectors(task.test), seed=config.seed)
