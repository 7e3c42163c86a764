"""What a pretraining says of its masks before it begins: measured on a sample, matched to a share, warned of."""

from typing import Any

from genomask.console import note
from genomask.corpus.datamodule import CorpusDataModule
from genomask.experiment.stages.context import Context
from genomask.masking import calibration

DRIFT = 0.1  # relative; of the masked share over the whole training from the calibrated one
HELD = 0.5  # of a genome's bases; with less of them in segments, records are too short for how they are cut


def calibrate(corpus: CorpusDataModule, run: Context) -> dict[str, Any]:
    """Measure the masking on the corpus, after matching it to the configured share, if any; warn of what is unusual."""
    config, target, name = run.config, run.config.match, run.config.labels["masking"]
    sample = corpus.sample(config.pretrain.calibration_segments)
    if target.tokens is not None or target.bases is not None:
        corpus.masker = calibration.match(corpus.masker, sample, tokens=target.tokens, bases=target.bases)
    masker = corpus.masker
    measured, common = (calibration.measure(each, sample) for each in (masker, corpus.common))
    expected = target.tokens or (measured.share if target.bases else calibration.expected_share(masker))
    seen = measured.seen
    masked = f"{measured.share:.2%} of the tokens, {seen.masked_bases / seen.bases:.2%} of the bases"
    corrupt = f"corrupt={config.labels['corrupt']} leaves {seen.kept_share:.1%} of these in sight"
    note(f"masking={name} masks {masked}; {corrupt}")
    segments = len(corpus.train.start)
    note(f"{config.pretrain.max_steps:,} steps of {corpus.batch:,} sequences, drawn from {segments:,} segments")
    if corpus.held < HELD and config.corpus.regions is None:
        note(
            f"warning: segments hold {corpus.held:.1%} of the genome's bases: a record shorter than corpus.first_start="
            f"{config.corpus.first_start} may have none; lower it, or corpus.longest, for contigs"
        )
    if hidden_whole := calibration.contrast(masker, sample):
        best, others = hidden_whole
        note(f"hides {best:.2%} of the best-ranked tenth of the k-mers whole, {others:.2%} of the others")
    if planted := calibration.planted_shares(masker, sample):
        note(f"hides {planted[0]:.1%} of the bases of planted motifs, {planted[1]:.1%} of all")
    for warning in calibration.warnings(measured, masker, name=name, expected=expected):
        note(f"warning: {warning}")
    return calibration.facts(measured, masker, expected) | {
        "overlap_floor_common": round(common.seen.overlap_floor, 4),
        "overlapping": masker.tokens.overlapping,
        "masked_tokens": seen.masked_tokens,
        "masked_bases": seen.masked_bases,
        **({"planted_hidden": [round(share, 6) for share in planted]} if planted else {}),
        "hidden_whole": hidden_whole and [round(share, 6) for share in hidden_whole],
    }


def warn_of_drift(trained: float, claimed: float) -> None:
    """Warn where the masked share of a whole training was not the calibrated one."""
    if abs(trained - claimed) > DRIFT * claimed:
        drift = f"{trained:.2%} of the tokens were masked; on the sample it was {claimed:.2%}"
        note(f"warning: {drift}: raise pretrain.calibration_segments")
