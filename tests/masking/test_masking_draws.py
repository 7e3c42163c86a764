"""Counter-based numbers: the right arithmetic, the right law, and no dependence on anything else."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genomask.masking.draws import Stream, below, bits, sequence_keys

SEQUENCES, LENGTH = 2000, 512
SIGMAS = 5


def mix_64(word):
    """Finaliser of SplitMix64, on Python's integers."""
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB % 2**64
    return word ^ (word >> 31)


def mix_32(key, stream, position):
    """The finaliser "lowbias32" of a counter, with the upper half of the key added on the way."""
    key = (key + stream) % 2**64
    word = (key + position * 0x9E3779B9) % 2**32
    word = ((word ^ (word >> 16)) * 0x7FEB352D + (key >> 32)) % 2**32
    word = (word ^ (word >> 15)) * 0x846CA68B % 2**32
    return word ^ (word >> 16)


def words(stream=Stream.CENTERS, seed=0):
    """Random words 0..2**32 - 1 of many sequences."""
    keys = sequence_keys(seed, 0, torch.arange(SEQUENCES))
    return bits(keys, stream=stream, count=LENGTH).long() % 2**32


def chi_square(values, kinds):
    """Deviation from equal shares, in standard deviations of its law."""
    counts = torch.bincount(values.flatten(), minlength=kinds).double()
    expected = counts.sum() / kinds
    return ((((counts - expected) ** 2 / expected).sum() - (kinds - 1)) / (2 * (kinds - 1)) ** 0.5).item()


def test_the_reference_in_this_file_is_splitmix64():
    assert mix_64(0x9E3779B97F4A7C15) == 0xE220A8397B1DCDAF  # its first number for seed 0


@pytest.mark.parametrize(("seed", "epoch"), [(0, 0), (1, 0), (0, 1), (2**62 + 5, 123456)])
def test_keys_chain_seed_epoch_and_position(seed, epoch):
    positions = [0, 1, 2, 7_641_039]
    found = [key % 2**64 for key in sequence_keys(seed, epoch, torch.tensor(positions)).tolist()]
    of_epoch = mix_64((mix_64(seed) + epoch) % 2**64)
    assert found == [mix_64((of_epoch + position) % 2**64) for position in positions]


def test_an_epoch_may_differ_within_a_batch():
    positions = torch.arange(10)
    both = sequence_keys(3, torch.tensor([4] * 5 + [5] * 5), positions)
    assert torch.equal(both[:5], sequence_keys(3, 4, positions)[:5])
    assert torch.equal(both[5:], sequence_keys(3, 5, positions)[5:])


@pytest.mark.parametrize("stream", Stream)
def test_numbers_are_the_hash_of_key_stream_and_position(stream):
    keys = sequence_keys(9, 0, torch.arange(5))
    expected = [[mix_32(key % 2**64, stream, position) for position in range(40)] for key in keys.tolist()]
    assert (bits(keys, stream=stream, count=40).long() % 2**32).tolist() == expected


def test_more_positions_or_sequences_change_none_of_the_numbers():
    keys = sequence_keys(1, 2, torch.arange(30))
    wide = bits(keys, stream=Stream.CENTERS, count=700)
    assert torch.equal(bits(keys[7:9], stream=Stream.CENTERS, count=20), wide[7:9, :20])


@given(st.integers(0, 2**32 - 1), st.floats(2**-40, 1))
def test_below_compares_bits_as_a_fraction(word, probability):
    signed = torch.tensor([[word - 2**31]], dtype=torch.int32)
    assert below(signed, probability).item() == (word / 2**32 < probability)


@pytest.mark.parametrize("probability", [1e-3, 0.0176, 0.5, 0.9, 1.0])
def test_bits_are_below_a_probability_just_as_often(probability):
    keys = sequence_keys(4, 0, torch.arange(SEQUENCES))
    counts = below(bits(keys, stream=Stream.CENTERS, count=LENGTH), probability).sum(dim=1).double()
    spread = probability * (1 - probability) * LENGTH  # variance of a binomial count
    assert counts.mean().item() == pytest.approx(probability * LENGTH, abs=SIGMAS * (spread / SEQUENCES) ** 0.5)
    assert counts.var().item() == pytest.approx(spread, rel=SIGMAS * 2 / SEQUENCES**0.5, abs=1e-9)


@pytest.mark.parametrize("shift", [0, 8, 16, 24])
def test_every_byte_is_uniform(shift):
    assert abs(chi_square((words() >> shift) & 255, 256)) < SIGMAS


@pytest.mark.parametrize("low", [False, True])
@pytest.mark.parametrize("other", ["lag 1", "lag 2", "lag 5", "next key", "stream", "epoch", "seed"])
def test_pairs_are_independent(other, low):
    """The joint law of six bits each; numbers of neighbours, of other sequences and of other purposes."""
    drawn = words()
    if other.startswith("lag"):
        lag = int(other[-1])
        one, two = drawn[:, :-lag], drawn[:, lag:]
    elif other == "next key":
        one, two = drawn[:-1], drawn[1:]
    elif other == "stream":
        one, two = drawn, words(Stream.CORRUPTION)
    elif other == "seed":
        one, two = drawn, words(seed=1)
    else:
        keys = sequence_keys(0, 1, torch.arange(SEQUENCES))
        one, two = drawn, bits(keys, stream=Stream.CENTERS, count=LENGTH).long() % 2**32
    one, two = (part & 63 if low else part >> 26 for part in (one, two))
    assert abs(chi_square(one * 64 + two, 4096)) < SIGMAS


def test_upper_and_lower_bits_of_a_number_are_independent():
    drawn = words()
    assert abs(chi_square((drawn >> 26) * 64 + (drawn & 63), 4096)) < SIGMAS


@pytest.mark.gpu
def test_numbers_are_the_same_on_a_gpu():
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    keys = sequence_keys(0, 0, torch.arange(100))
    found = sequence_keys(0, 0, torch.arange(100, device="cuda"))
    assert torch.equal(found.cpu(), keys)
    drawn = bits(found, stream=Stream.CENTERS, count=512)
    assert torch.equal(drawn.cpu(), bits(keys, stream=Stream.CENTERS, count=512))
