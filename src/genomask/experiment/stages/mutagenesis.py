"""Stage ``mutagenesis``: every single-base change of one sequence, as a table and as heat maps."""

import re
from pathlib import Path
from typing import Final, NamedTuple

from genomask.alphabet import OTHER, decode, encode
from genomask.analysis.figure_style import save
from genomask.analysis.variants.scores import Scores, grid, mutagenesis_figure, mutant_rows, saturate
from genomask.checks import require
from genomask.console import say
from genomask.experiment.stages.context import Context
from genomask.experiment.stages.rank import build_genome
from genomask.experiment.stages.saved_classifiers import open_classifiers, windows_at_once
from genomask.experiment.store.artefact import Artefact, Count, digest_of
from genomask.files import write_csv
from genomask.genome.encoded import open_genome
from genomask.genome.names import place_in
from genomask.genome.places import parse_region

MUTAGENESIS_FORMAT: Final = 1  # raised when the code would write other scores
LABEL: Final = {"delta": "change of p", "diff": "diff", "log_odds": "log odds lost (bits)"}


class Subject(NamedTuple):
    """The sequence that is changed, what it is called, and the number of its first base."""

    letters: str
    name: str
    first: int


def report_mutagenesis(run: Context) -> None:
    """Score all changes; write ``mutagenesis.csv`` and a heat map for every classifier, and say where they are."""
    settings, subject = run.config.variants, _subject(run)
    classifiers = open_classifiers(run, length=len(subject.letters))
    shaping = {"format": MUTAGENESIS_FORMAT, **subject._asdict(), "classifiers": classifiers.identity}
    shaping |= {"strands": settings.strands, "score": settings.score}

    def build(directory: Path) -> dict[str, Count]:
        bases, both = encode(subject.letters), settings.strands == "both"
        batch = windows_at_once(run)
        found = [saturate(each, bases, batch=batch, both_strands=both) for each in classifiers.predictors]
        scores = (f"{name}_{score}" for name in classifiers.positives for score in Scores._fields)
        rows = mutant_rows(subject.letters, subject.first, found)
        write_csv(directory / "mutagenesis.csv", ("position", "reference", "base", *scores), rows)
        for (name, positive), each in zip(classifiers.positives.items(), found, strict=True):
            title = f"{subject.name}: {name}, p = {each.p_ref[0]:.3f} of class {positive}"
            values, label = grid(getattr(each, settings.score)), LABEL[settings.score]
            figure = mutagenesis_figure(values, subject.letters, first=subject.first, title=title, label=label)
            save(figure, directory / name)
        return {"bases": Count(len(subject.letters))}

    label = re.sub(r"[^\w.]+", "-", subject.name, flags=re.ASCII)
    directory = run.store.build(Artefact("mutagenesis", label, shaping), build)
    say(f"\n{3 * len(subject.letters):,} changes of {subject.name}: {directory / 'mutagenesis.csv'}")
    for name in classifiers.positives:
        say(f"  heat map: {directory / name}.png, .pdf, .svg")


def _subject(run: Context) -> Subject:
    settings = run.config.variants
    if settings.sequence is not None:
        letters = settings.sequence.upper()
        odd = sorted(set(letters) - set("ACGT"))
        require(letters and not odd, "variants.sequence", "letters A, C, G and T", "".join(odd))
        return Subject(letters, f"sequence-{digest_of(letters)[:8]}", 1)
    assert settings.region
    place = parse_region(settings.region)
    genome = open_genome(build_genome(run))
    try:
        bases = genome.bases[place_in(genome, place)[1]]
    except ValueError as error:
        raise ValueError(f"variants.region={settings.region}: {error}.") from None
    require(not (bases == OTHER).any(), "variants.region", "A, C, G and T only", f"{decode(bases)[:60]}...")
    return Subject(decode(bases), settings.region.replace(",", ""), place.start + 1)
