"""The limit of the model rows: nothing but matrix products, of as many operations as the work asks for."""

from typing import Final

import torch

from benchmarks.row import Contender
from genomask.models.products import product

LIMIT: Final = "matrix products alone"
SIZE: Final = {"cpu": 1024, "cuda": 8192}  # rows and columns of a matrix that is multiplied at full speed
REPEATS: Final = 5


def matrix_products(operations: int, *, dtype: torch.dtype, device: torch.device) -> Contender:
    """Square products of the size that runs at full speed; their time is scaled to ``operations``."""
    size = SIZE[device.type]
    one, other = (torch.ones(size, size, dtype=dtype, device=device) for _ in range(2))

    def multiply() -> None:
        for _ in range(REPEATS):
            product(one, other)
        wait(device)

    return Contender(multiply, REPEATS * 2 * size**3 / operations)


def wait(device: torch.device) -> None:
    """Wait for a GPU to end what is in its queue."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
