"""The compiled loop that tokenises on the CPU, beside torch's operations, which serve every device."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genomask.tokens import tokenise, tokenise_by_loop, tokenise_by_torch


@given(
    rows=st.integers(0, 5),
    width=st.integers(0, 60),
    k=st.integers(1, 12),
    share=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=300, deadline=None)
def test_loop_and_torch_tokenise_alike(rows, width, k, share, seed):
    random, width = np.random.default_rng(seed), max(width, k)
    bases = random.integers(4, size=(rows, width), dtype=np.uint8)
    unknown = random.random(bases.shape) < share
    bases[unknown] = random.integers(4, 256, size=int(unknown.sum()))
    batch, lengths = torch.from_numpy(bases), torch.from_numpy(random.integers(0, width, rows, endpoint=True))
    assert torch.equal(tokenise_by_loop(batch, lengths, k=k), tokenise_by_torch(batch, lengths, k=k))


def test_batches_that_are_views_are_read_as_what_they_show():
    bases = torch.randint(0, 5, (40, 30), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    lengths = torch.arange(40) % 31
    for view in (bases[::2, 3:], bases.T.contiguous().T[::2, 3:]):
        assert torch.equal(
            tokenise_by_loop(view, lengths[::2], k=6),
            tokenise_by_torch(view.contiguous(), lengths[::2].clamp(max=27), k=6),
        )


@pytest.mark.parametrize("k", [1, 6, 15])
def test_the_longest_codes_fit(k):
    bases = torch.full((1, 20), 3, dtype=torch.uint8)
    assert tokenise(bases, torch.tensor([20]), k=k)[0, 1:-1].unique().tolist() == [4**k + 4]
