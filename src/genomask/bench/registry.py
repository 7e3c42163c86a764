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
    "pretrain_logo": "genomask.bench.model_pretrain:logo",
    "pretrain_logo_bf16": "genomask.bench.model_pretrain:logo_low",
    "pretrain_dnabert": "genomask.bench.model_pretrain:dnabert",
    "pretrain_dnabert_bf16": "genomask.bench.model_pretrain:dnabert_low",
    "kshot_step": "genomask.bench.model_kshot:step",
    "kshot_evaluation": "genomask.bench.model_kshot:evaluation",
    "cell": "genomask.bench.model_cell:cell",
    "gpu_pretrain_logo": "genomask.bench.model_gpu:logo",
    "gpu_pretrain_dnabert": "genomask.bench.model_gpu:dnabert",
    "gpu_pretrain_logo_compiled": "genomask.bench.model_gpu:logo_compiled",
    "gpu_pretrain_dnabert_compiled": "genomask.bench.model_gpu:dnabert_compiled",
    "gpu_stacked": "genomask.bench.model_gpu:stacked",
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
