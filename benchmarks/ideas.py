"""What every choice of masking, rate and weight does to a genome: ``python -m benchmarks.ideas GENOME.fa.gz``.

One table, for 6-mers and ``corrupt=token``: realised shares of tokens and bases, the share of hidden bases that a token
left as it is shows, and milliseconds for a batch of 32 segments of 510 bases, from bases to what the encoder sees.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

import genomask
from genomask.alphabet import decode
from genomask.analysis.motifs.known import read_jaspar
from genomask.console import say
from genomask.corpus.segments import Corpus, Segments, lay_out
from genomask.experiment.config.choices import groups
from genomask.experiment.run import configured
from genomask.genome.encoded import EncodedGenome
from genomask.genome.fasta import FastaGenome
from genomask.masking.calibration import Sample, measure
from genomask.masking.draws import sequence_keys
from genomask.masking.masker import Masker
from genomask.masking.priority import VariantsMasking
from genomask.tokens.kmer import KmerTokens

BASES: Final = 510
BATCH: Final = 32


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ideas", description=__doc__)
    parser.add_argument("genome", help="FASTA file")
    parser.add_argument("--variants", help="VCF file of the same genome: adds masking=variants, where it has variants")
    parser.add_argument("--segments", type=int, default=800)
    words = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        source = FastaGenome(words.genome, tracks={"variants": words.variants} if words.variants else None)
        genome = genomask.read_genome(source, Path(folder))
        sample = _sample(genome, words.segments, np.ones(len(genome.bases), dtype=np.bool_))
        say("| choice | masked tokens | hidden bases | of these shown | ms a batch |\n|---|---|---|---|---|")
        for name, masker in _maskers(genome, decode(sample.pieces[0][0])):
            say(_row(name, masker, sample))
        if words.variants:
            near = _sample(genome, words.segments, genome.tracks["variants"] > 0)
            say(_row("masking=variants", Masker(VariantsMasking(), KmerTokens()), near))


def _sample(genome: EncodedGenome, count: int, here: np.ndarray) -> Sample:
    """Segments that begin at random bases of these and hold no unknown one, spread over a training."""
    places = np.random.default_rng(0).permutation(np.flatnonzero(here))[: 10 * count]
    run = np.searchsorted(genome.runs[:, 0], places, side="right") - 1
    starts = places[(run >= 0) & (places + BASES <= genome.runs[run, 1])][:count]
    keys = sequence_keys(0, 0, np.arange(len(starts)))
    pieces = Corpus(genome, lay_out(genome, gaps="drop")).read(Segments(starts, np.full_like(starts, BASES)), keys)
    return Sample(pieces, keys, np.arange(len(starts)) / len(starts))


def _maskers(genome: EncodedGenome, text: str) -> Iterator[tuple[str, Masker]]:
    counts = genomask.count(genome, k=10)
    given: dict[str, Any] = {
        "ranking": genomask.rank(counts),
        "vocabulary": genomask.vocabulary(counts),
        "motifs": [motif.matrix for motif in read_jaspar(2024, "vertebrates")],
    }
    plain = genomask.mask([text], "random").masker
    for name in groups()["masking"]:
        if name != "variants":
            yield f"masking={name}", genomask.mask([text], name, **given).masker
    for name in groups()["rate"]:
        yield f"rate={name}", replace(plain, rate=configured([f"rate={name}"]).rate)
    for name in groups()["weight"]:
        if name in ("none", "entropy") or (name == "repeats" and len(genome.lower)):
            yield f"weight={name}", replace(plain, weight=configured([f"weight={name}"]).weight)


def _row(name: str, masker: Masker, sample: Sample) -> str:
    masker(*sample.pieces[0], key=sample.keys[0])  # compiles the tokens
    start = time.perf_counter()
    for piece, key, progress in zip(*sample, strict=True):
        masker(*piece, key=key, progress=float(progress))
    milliseconds = 1000 * BATCH * (time.perf_counter() - start) / len(sample.pieces)
    measured = measure(masker, sample)
    seen = measured.seen
    shares = (f"{share:.1%}" for share in (measured.share, seen.masked_bases / seen.bases, seen.kept_share))
    return f"| `{name}` | {' | '.join(shares)} | {milliseconds:.2f} |"


if __name__ == "__main__":
    main(sys.argv[1:])
