"""Every row by name, and the module that prepares it, which is imported only when its row is run."""

from collections.abc import Callable
from importlib import import_module
from typing import Final

from benchmarks.inputs import Inputs
from benchmarks.row import Row
from genomask.checks import require_choice

# Each function gets the inputs and returns the row, or raises NotMeasured.
ROWS: Final[dict[str, str]] = {
    "fasta": "benchmarks.fasta:plain",
    "fasta_gz": "benchmarks.fasta:packed",
    "counts": "benchmarks.counting:from_encoded",
    "counts_fasta": "benchmarks.counting:from_fasta",
    "pmi": "benchmarks.scoring:six",
    "pmi_all": "benchmarks.scoring:up_to_ten",
    "tokens": "benchmarks.batches:tokens",
    "masking": "benchmarks.hiding:pmi",
    "strategies": "benchmarks.hiding:strategies",
    "help": "benchmarks.start:start",
    "pretrain_logo": "benchmarks.model_pretrain:logo",
    "pretrain_logo_bf16": "benchmarks.model_pretrain:logo_low",
    "pretrain_dnabert": "benchmarks.model_pretrain:dnabert",
    "pretrain_dnabert_bf16": "benchmarks.model_pretrain:dnabert_low",
    "kshot_step": "benchmarks.model_kshot:step",
    "kshot_evaluation": "benchmarks.model_kshot:evaluation",
    "cell": "benchmarks.model_cell:cell",
    "gpu_pretrain_logo": "benchmarks.model_gpu:logo",
    "gpu_pretrain_dnabert": "benchmarks.model_gpu:dnabert",
    "gpu_pretrain_logo_compiled": "benchmarks.model_gpu:logo_compiled",
    "gpu_pretrain_dnabert_compiled": "benchmarks.model_gpu:dnabert_compiled",
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
