"""Which tokens should a genomic language model mask while it is pretrained?

In a notebook (docs/library.md)::

    import genomask
    genome = genomask.read_genome("my.fa.gz")
    ranking = genomask.rank(genomask.count(genome))
    genomask.mask(["ACGTACGTTAGC..."], "pmi", ranking=ranking).figure()

Nothing heavy is imported before it is asked for.

Axis names of every annotated array in the package:

- ``batch``: sequences of one batch; ``bases``: positions along a sequence or genome;
- ``tokens``: token positions, special tokens included; ``kmers``: the ``4**k`` k-mers, by base-4 code;
- ``vocab``: token ids; ``hidden``: features of the encoder; ``classes``: labels of a task;
- ``rows``: examples of a benchmark; ``segments``: stretches of the pretraining corpus;
  ``words``: k-mers of a masking vocabulary;
- ``episodes``: k-shot draws that arms are compared on;
  ``blocks``, ``methods``: cells of a table and the arms that were scored in them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genomask.api.genome import count, rank, read_genome, vocabulary
    from genomask.api.masking import Masked, mask
    from genomask.api.models import embed, fine_tune, load_classifier, load_encoder, predict, probe
    from genomask.genome.synthetic.settings import SyntheticGenome

__all__ = [
    "Masked",
    "SyntheticGenome",
    "count",
    "embed",
    "fine_tune",
    "load_classifier",
    "load_encoder",
    "mask",
    "predict",
    "probe",
    "rank",
    "read_genome",
    "vocabulary",
]

_HOMES = {
    "SyntheticGenome": "genomask.genome.synthetic.settings",
    **dict.fromkeys(
        ("embed", "fine_tune", "load_classifier", "load_encoder", "predict", "probe"), "genomask.api.models"
    ),
    **dict.fromkeys(("count", "rank", "read_genome", "vocabulary"), "genomask.api.genome"),
    **dict.fromkeys(("Masked", "mask"), "genomask.api.masking"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, now."""
    if name not in _HOMES:
        raise AttributeError(f"module 'genomask' has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """What ``import genomask`` offers."""
    return __all__
