"""Counter-based numbers: the right arithmetic, the right law, and no dependence on anything else."""

import numpy as np
import pytest

from genomask.masking.draws import Stream, bits, sequence_keys, uniform

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
    return words_of(sequence_keys(seed, 0, np.arange(SEQUENCES)), stream)


def words_of(keys, stream=Stream.CENTERS):
    return np.stack([bits(key, stream=stream, count=LENGTH) for key in keys]).astype(np.int64)


def chi_square(values, kinds):
    """Deviation from equal shares, in standard deviations of its law."""
    counts = np.bincount(values.ravel(), minlength=kinds)
    expected = counts.sum() / kinds
    return (((counts - expected) ** 2 / expected).sum() - (kinds - 1)) / (2 * (kinds - 1)) ** 0.5


def test_the_reference_in_this_file_is_splitmix64():
    assert mix_64(0x9E3779B97F4A7C15) == 0xE220A8397B1DCDAF  # its first number for seed 0


@pytest.mark.parametrize(("seed", "epoch"), [(0, 0), (1, 0), (0, 1), (2**62 + 5, 123456)])
def test_keys_chain_seed_epoch_and_position(seed, epoch):
    positions = [0, 1, 2, 7_641_039]
    found = [key % 2**64 for key in sequence_keys(seed, epoch, np.array(positions)).tolist()]
    of_epoch = mix_64((mix_64(seed) + epoch) % 2**64)
    assert found == [mix_64((of_epoch + position) % 2**64) for position in positions]


def test_an_epoch_may_differ_within_a_batch():
    positions = np.arange(10)
    both = sequence_keys(3, np.array([4] * 5 + [5] * 5), positions)
    assert (both[:5] == sequence_keys(3, 4, positions)[:5]).all()
    assert (both[5:] == sequence_keys(3, 5, positions)[5:]).all()


@pytest.mark.parametrize("stream", Stream)
def test_numbers_are_the_hash_of_key_stream_and_position(stream):
    for key in sequence_keys(9, 0, np.arange(5)):
        expected = [mix_32(int(key) % 2**64, stream, position) ^ 2**31 for position in range(40)]
        assert bits(key, stream=stream, count=40).tolist() == expected
        assert uniform(key, stream=stream, count=40).tolist() == [word / 2**32 for word in expected]


def test_more_positions_change_none_of_the_numbers():
    key = sequence_keys(1, 2, np.arange(30))[7]
    wide = bits(key, stream=Stream.CENTERS, count=700)
    assert (bits(key, stream=Stream.CENTERS, count=20) == wide[:20]).all()


@pytest.mark.parametrize("probability", [1e-3, 0.0176, 0.5, 0.9, 1.0])
def test_bits_are_below_a_probability_just_as_often(probability):
    counts = (words(seed=4) / 2**32 < probability).sum(axis=1)
    spread = probability * (1 - probability) * LENGTH  # variance of a binomial count
    assert counts.mean() == pytest.approx(probability * LENGTH, abs=SIGMAS * (spread / SEQUENCES) ** 0.5)
    assert counts.var() == pytest.approx(spread, rel=SIGMAS * 2 / SEQUENCES**0.5, abs=1e-9)


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
        one, two = drawn, words_of(sequence_keys(0, 1, np.arange(SEQUENCES)))
    one, two = (part & 63 if low else part >> 26 for part in (one, two))
    assert abs(chi_square(one * 64 + two, 4096)) < SIGMAS


def test_upper_and_lower_bits_of_a_number_are_independent():
    drawn = words()
    assert abs(chi_square((drawn >> 26) * 64 + (drawn & 63), 4096)) < SIGMAS
