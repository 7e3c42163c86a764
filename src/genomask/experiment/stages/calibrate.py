"""What a pretraining says of its masks before it begins: measured on a sample, matched to a share, warned of."""

from typing import Any

from genomask.console import say
from genomask.corpus.datamodule import CorpusDataModule
from genomask.experiment.stages.context import Context
from genomask.masking import calibration

DRIFT = 0.1  # relative; of the masked share over the whole training from the calibrated one
HELD = 0.5  # of a genome's bases; with less of them in segments, records are too short for how they are cut


def calibrate(corpus: CorpusDataModule, run: Context) -> dict[str, Any]:
    """Measure the masking on the corpus, after matching it to the configured share, if any; warn of what is unusual."""
    config, target = run.config, run.config.match
    sample = corpus.sample(config.pretrain.calibration_segments)
    if target.tokens is not None or target.bases is not None:
        corpus.masker = calibration.match(corpus.masker, sample, tokens=target.tokens, bases=target.bases)
    measured, name = calibration.measure(corpus.masker, sample), config.labels["masking"]
    common = calibration.measure(corpus.common, sample)
    expected = target.tokens or (measured.share if target.bases else calibration.expected_share(corpus.masker))
    seen = measured.seen
    say(
        f"       masking={name} masks {measured.share:.2%} of the tokens, {seen.masked_bases / seen.bases:.2%} of the "
        f"bases; corrupt={config.labels['corrupt']} leaves {seen.kept_share:.1%} of these in sight",
        style="dim",
    )
    steps, segments = config.pretrain.max_steps, len(corpus.train.start)
    say(f"       {steps:,} steps of {corpus.batch:,} sequences, drawn from {segments:,} segments", style="dim")
    if corpus.held < HELD and config.corpus.regions is None:
        say(
            f"       warning: segments hold {corpus.held:.1%} of the genome's bases: a record shorter than "
            f"corpus.first_start={config.corpus.first_start} may have none; lower it, or corpus.longest, for contigs",
            style="yellow",
        )
    hidden_whole = calibration.contrast(corpus.masker, sample)
    if hidden_whole is not None:
        best, others = hidden_whole
        say(
            f"       hides {best:.2%} of the best-ranked tenth of the k-mers whole, {others:.2%} of the others",
            style="dim",
        )
    planted = calibration.planted_shares(corpus.masker, sample)
    if planted is not None:
        say(f"       hides {planted[0]:.1%} of the bases of planted motifs, {planted[1]:.1%} of all", style="dim")
    for warning in calibration.warnings(measured, corpus.masker, name=name, expected=expected):
        say(f"       warning: {warning}", style="yellow")
    return calibration.facts(measured, corpus.masker, expected) | {
        "overlap_floor_common": round(common.seen.overlap_floor, 4),
        "overlapping": corpus.masker.tokens.overlapping,
        "masked_tokens": seen.masked_tokens,
        "masked_bases": seen.masked_bases,
        **({} if planted is None else {"planted_hidden": [round(share, 6) for share in planted]}),
        "hidden_whole": None if hidden_whole is None else [round(share, 6) for share in hidden_whole],
    }


def warn_of_drift(trained: float, claimed: float) -> None:
    """Warn where the masked share of a whole training was not the calibrated one."""
    if abs(trained - claimed) > DRIFT * claimed:
        say(
            f"       warning: {trained:.2%} of the tokens were masked; on the sample it was {claimed:.2%}: "
            "raise pretrain.calibration_segments",
            style="yellow",
        )
