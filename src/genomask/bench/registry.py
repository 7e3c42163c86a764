"""Every row by name, and the module that prepares it, which is imported only when its row is run."""

from collections.abc import Callable
from importlib import import_module
from typing import Final

from genomask.bench.inputs import Inputs
from genomask.bench.row import Row
from genomask.checks import require_choice

# Each function gets the inputs and returns the row, or raises NotMeasured.
ROWS: Final[dict[str, str]] = {
    "fasta": "genomask.bench.fasta:plain",
    "fasta_gz": "genomask.bench.fasta:packed",
    "counts": "genomask.bench.counting:from_encoded",
    "counts_fasta": "genomask.bench.counting:from_fasta",
    "pmi": "genomask.bench.scoring:six",
    "pmi_all": "genomask.bench.scoring:up_to_ten",
    "tokens": "genomask.bench.batches:tokens",
    "masking": "genomask.bench.hiding:pmi",
    "strategies": "genomask.bench.hiding:strategies",
    "help": "genomask.bench.start:start",
}


def prepare(name: str, inputs: Inputs) -> Row:
    """Make a row ready to be measured.

    Raises:
        ValueError: If there is no such row.
        NotMeasured: If this machine lacks what it needs.
    """
    require_choice(name, "bench", tuple(ROWS))
    module, _, function = ROWS[name].partition(":")
    make: Callable[[Inputs], Row] = getattr(import_module(module), function)
    return make(inputs)
