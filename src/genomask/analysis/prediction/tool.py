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
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from genomask.analysis.prediction.sinks import open_sink, sink_kind
from genomask.checks import require, require_choice
from genomask.console import duration, progress, say
from genomask.files import require_free

if TYPE_CHECKING:
    from genomask.analysis.prediction.windows import Cut, Piece
    from genomask.genome.encoded import EncodedGenome

TRACKS: Final = {  # and what to do with them
    "bedgraph": "a BigWig file of the same: --out FILE.bw; either opens in IGV and in the UCSC browser",
    "bigwig": "open it in IGV, or as a custom track of the UCSC browser",
}
AT_ONCE: Final = {"cpu": 32, "cuda": 1024}  # windows that go through the classifier together


class Survey(NamedTuple):
    """What a file holds: pieces and windows, and, for tracks, the bases of every piece by its name."""

    pieces: int
    windows: int
    lengths: dict[str, int]


def main(arguments: list[str]) -> int:
    """Predict, and say where the predictions are.

    Raises:
        FileNotFoundError: If a file or the classifier is missing.
        ValueError: If the input, the output or the classifier cannot be what the options say.
    """
    options = _parser().parse_args(arguments)
    kind = sink_kind(options.out)
    inputs = [path for path in (options.input, options.genome) if path]
    require_free(options.out, inputs=inputs, overwrite=options.overwrite)
    require(options.batch is None or options.batch >= 1, "--batch", "at least 1 window", options.batch)
    require(0 <= options.max_unknown <= 1, "--max-unknown", "a share from 0 to 1", options.max_unknown)
    from genomask.analysis.prediction.windows import kind_of

    places = kind_of(options.input) != "table" or kind not in TRACKS
    require(places, f"--out {options.out}", "sequences with a place in a genome: FASTA or BED", str(options.input))
    with ExitStack() as stack:
        _predict(options, kind, _genome(options.genome, stack) if options.genome else None)
    return 0


def _predict(options: argparse.Namespace, kind: str, genome: "EncodedGenome | None") -> None:
    from genomask.analysis.prediction.windows import cut_of, cut_windows, reader
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
    found = survey(pieces, cut, genome, named=kind in TRACKS)
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


def survey(
    pieces: Callable[[], Iterator["Piece"]], cut: "Cut", genome: "EncodedGenome | None", *, named: bool
) -> Survey:
    """Read a file once from end to end, so that what is wrong with it shows before hours of work.

    Raises:
        ValueError: Naming the place, if a sequence is too short or too long for the classifier.
    """
    from genomask.analysis.prediction.windows import window_count

    counts, lengths = [], {}
    for piece in pieces():
        counts.append(window_count(piece, cut))
        if named and genome is None:
            lengths[piece.name] = len(piece.bases)
    if genome is not None:
        lengths = dict(zip(genome.names, np.diff(genome.offsets).tolist(), strict=True))
    return Survey(len(counts), sum(counts), lengths)


def _genome(path: Path, stack: ExitStack) -> "EncodedGenome":
    """The genome of intervals: an encoded one as it is, or a FASTA file encoded among the temporary files."""
    from genomask.genome.encoded import BASES_FILE, open_genome
    from genomask.genome.fasta import FastaGenome

    if (path / BASES_FILE).is_file():
        return open_genome(path)
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="genomask-genome-")))
    FastaGenome(str(path)).encode(folder)
    return open_genome(folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "genomask predict", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="folder of a fine-tuning, or of the model in it")
    parser.add_argument("input", type=Path, help="FASTA, CSV/TSV with a column sequence, or BED; also in gzip")
    parser.add_argument(
        "--out", type=Path, default=Path("predictions.csv"),
        help="FILE.csv, .tsv, .parquet, .bedgraph or .bw (predictions.csv)",
    )  # fmt: skip
    parser.add_argument("--genome", type=Path, help="for BED: the genome's FASTA, or a folder runs/genome/NAME")
    parser.add_argument("--window", type=int, help="bases of a window; without it, every sequence whole")
    parser.add_argument("--step", type=int, help="bases from one window to the next (as long as a window)")
    parser.add_argument("--both-strands", action="store_true", help="mean of a window and its reverse complement")
    parser.add_argument("--class", dest="positive", metavar="CLASS", help="class that a track shows (the last)")
    parser.add_argument(
        "--max-unknown", type=float, default=0.5, metavar="SHARE",
        help="largest share of unknown bases (N) in a window that gets a value (0.5)",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="write over FILE if it is there already")
    parser.add_argument("--batch", type=int, help="windows at once (32 on a CPU, 1024 on a GPU)")
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto", help="what computes (auto)")
    return parser
