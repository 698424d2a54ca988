import numpy as np

from dreamvid.training.data.duplicates import ALIKE, Hashes


def test_duplicate_is_the_first_within_four_bits():
    """Against a comparison with every hash before, over hashes that lie near one another."""
    rng = np.random.default_rng(0)
    centres = [int.from_bytes(rng.bytes(8)) for _ in range(40)]
    hashes = Hashes()
    seen: list[int] = []
    alike = 0
    for number in range(1200):
        flips = rng.choice(64, rng.integers(0, 8), replace=False)
        value = centres[rng.integers(40)] ^ sum(1 << int(bit) for bit in flips)
        expected = [i for i, other in enumerate(seen) if (value ^ other).bit_count() <= ALIKE]
        assert hashes.like(value) == (str(expected[0]) if expected else None)
        alike += bool(expected)
        hashes.add(value, str(number))
        seen.append(value)
    assert 300 < alike < 1150


def test_duplicates_differ_in_four_bits_not_five():
    hashes = Hashes()
    hashes.add(0, "black")
    assert hashes.like(0b1111 << 60) == "black"
    assert hashes.like(1 | 1 << 21 | 1 << 22 | 1 << 63) == "black"
    assert hashes.like(0b11111 << 20) is None
