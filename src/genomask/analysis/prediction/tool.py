"""Ask a fine-tuned classifier about the sequences of a FASTA, CSV or BED file.

  genomask predict runs/finetune/NAME sequences.fa
  genomask predict runs/finetune/NAME mine.csv --out mine.predicted.csv --both-strands
  genomask predict runs/finetune/NAME genome.fa --window 300 --step 50 --out promoters.bw
  genomask predict runs/finetune/NAME peaks.bed --genome hg38.fa.gz --out peaks.parquet

NAME is a fine-tuning that kept its classifier: python train.py ... finetune.save_model=true.
docs/predict.md says what the columns and the tracks hold.
"""

import argparse
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from genomask.analysis.prediction.sinks import open_sink, sink_kind
from genomask.analysis.prediction.windows import cut_of, cut_windows, kind_of, reader, survey
from genomask.checks import require, require_choice
from genomask.console import duration, progress, say
from genomask.files import require_free
from genomask.genome.encoded import BASES_FILE, EncodedGenome, open_genome

TRACKS: Final = {  # and what to do with them
    "bedgraph": "a BigWig file of the same: --out FILE.bw; either opens in IGV and in the UCSC browser",
    "bigwig": "open it in IGV, or as a custom track of the UCSC browser",
}
AT_ONCE: Final = {"cpu": 32, "cuda": 1024}  # windows that go through the classifier together


def main(arguments: list[str]) -> int:
    """Predict, and say where the predictions are.

    FileNotFoundError if a file or the classifier is missing; ValueError if the input, the output or the classifier
    cannot be what the options say.
    """
    options = _parser().parse_args(arguments)
    kind = sink_kind(options.out)
    inputs = [path for path in (options.input, options.genome) if path]
    require_free(options.out, inputs=inputs, overwrite=options.overwrite)
    require(options.batch is None or options.batch >= 1, "--batch", "at least 1 window", options.batch)
    require(0 <= options.max_unknown <= 1, "--max-unknown", "a share from 0 to 1", options.max_unknown)
    places = kind_of(options.input) != "table" or kind not in TRACKS
    require(places, f"--out {options.out}", "sequences with a place in a genome: FASTA or BED", str(options.input))
    with ExitStack() as stack:
        _predict(options, kind, _genome(options.genome, stack) if options.genome else None)
    return 0


def _predict(options: argparse.Namespace, kind: str, genome: EncodedGenome | None) -> None:
    from genomask.analysis.predictor import placed, predict_windows
    from genomask.models.export import classifier_folder, open_classifier
    from genomask.training.host import device_of

    reader(options.input, genome)  # refuses what it can before the classifier is opened
    folder, device = classifier_folder(options.model), device_of(options.device)
    classifier = placed(open_classifier(folder, any_kind=True), device)
    pieces = reader(options.input, genome, k=getattr(classifier.tokens, "k", 0), track=kind in TRACKS)
    shown = classifier.classes[-1] if options.positive is None else options.positive
    require_choice(shown, "--class", classifier.classes)
    cut = cut_of(options.window, options.step, shortest=classifier.shortest, longest=classifier.longest)
    found = survey(pieces(), cut, genome, named=kind in TRACKS)
    require(found.windows, str(options.input), "at least one sequence", "none")
    named = ", ".join(classifier.classes)
    say(f"predict {options.input}: {found.windows:,} windows of {found.pieces:,} sequences; classes {named}")
    started, batch, nothing = time.perf_counter(), options.batch or AT_ONCE[device.type], 0
    windows = predict_windows(
        classifier, cut_windows(pieces(), cut), batch=batch,
        both_strands=options.both_strands, max_unknown=options.max_unknown,
    )  # fmt: skip
    place, kept = classifier.classes.index(shown), classifier.kind
    sink = open_sink(options.out, classifier.classes, positive=place, lengths=found.lengths, kind=kept)
    with sink as write, progress("Predicting", found.windows, unit="windows") as advance:
        for chunk, probability in windows:
            write(chunk, probability)
            nothing += int(np.isnan(probability[:, 0]).sum())
            advance(len(chunk))
    shows = "value" if classifier.kind == "regression" else f"probability of class {shown}"
    holds = f"{shows} along the genome" if kind in TRACKS else "one row for each window"
    say(f"  written to {options.out} in {duration(time.perf_counter() - started)}: {holds}")
    if kind in TRACKS:
        say(f"  next: {TRACKS[kind]}")
    if nothing:
        why = f"more than {options.max_unknown:.0%} unknown bases, or no {classifier.tokens.name} without one"
        say(f"  {found.windows - nothing:,} windows have a value, {nothing:,} have none: {why} (--max-unknown)")


def _genome(path: Path, stack: ExitStack) -> EncodedGenome:
    """The genome of intervals: an encoded one as it is, or a FASTA file encoded among the temporary files."""
    if (path / BASES_FILE).is_file():
        return open_genome(path)
    from genomask.genome.fasta import FastaGenome

    folder = Path(stack.enter_context(TemporaryDirectory(prefix="genomask-genome-")))
    FastaGenome(str(path)).encode(folder)
    return open_genome(folder)


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("genomask predict", description=__doc__, formatter_class=form)
    add = parser.add_argument
    add("model", type=Path, help="folder of a fine-tuning, or of the model in it")
    add("input", type=Path, help="FASTA, CSV/TSV with a column sequence, or BED; also in gzip")
    out = "FILE.csv, .tsv, .parquet, .bedgraph or .bw (predictions.csv)"
    add("--out", type=Path, default=Path("predictions.csv"), help=out)
    add("--genome", type=Path, help="for BED: the genome's FASTA, or a folder runs/genome/NAME")
    add("--window", type=int, help="bases of a window; without it, every sequence whole")
    add("--step", type=int, help="bases from one window to the next (as long as a window)")
    add("--both-strands", action="store_true", help="mean of a window and its reverse complement")
    add("--class", dest="positive", metavar="CLASS", help="class that a track shows (the last)")
    unknown = "largest share of unknown bases (N) in a window that gets a value (0.5)"
    add("--max-unknown", type=float, default=0.5, metavar="SHARE", help=unknown)
    add("--overwrite", action="store_true", help="write over FILE if it is there already")
    add("--batch", type=int, help="windows at once (32 on a CPU, 1024 on a GPU)")
    add("--device", choices=("auto", "cpu", "gpu"), default="auto", help="what computes (auto)")
    return parser
