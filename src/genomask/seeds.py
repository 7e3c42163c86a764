"""Independent streams of randomness from one seed and the names of what they are for."""

import hashlib

import numpy as np


def derived_seed(seed: int, *purpose: int | str) -> int:
    """A 63-bit seed that depends on the seed and on every part of the purpose, on every platform alike."""
    name = ":".join(map(str, (seed, *purpose)))
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) >> 1


def generator(seed: int, *purpose: int | str) -> np.random.Generator:
    """A numpy generator of the derived seed."""
    return np.random.default_rng(derived_seed(seed, *purpose))
