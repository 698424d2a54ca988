"""Photos that look alike, found without comparing each with all.

Two hashes of 64 bits that differ in at most 4 differ in at most 1 within one of three bands of
them. So a hash is looked up by each band, and by each band with one bit turned.
"""

from collections import defaultdict
from collections.abc import Iterator

ALIKE = 4  # bits at most that two photos' hashes differ in
BAND = 22  # bits; three bands hold 64
MASK = (1 << BAND) - 1


class Hashes:
    """The photos seen so far, by their perceptual hashes."""

    def __init__(self) -> None:
        self._hashes: list[tuple[int, str]] = []
        self._by_band: defaultdict[int, list[int]] = defaultdict(list)

    def like(self, found: int) -> str | None:
        """The name of the first photo that looks like one with this hash."""
        near = {
            number
            for key in _keys(found)
            for turned in (key, *(key ^ (1 << bit) for bit in range(BAND)))
            for number in self._by_band.get(turned, ())
        }
        alike = [n for n in near if (self._hashes[n][0] ^ found).bit_count() <= ALIKE]
        return self._hashes[min(alike)][1] if alike else None

    def add(self, found: int, name: str) -> None:
        for key in _keys(found):
            self._by_band[key].append(len(self._hashes))
        self._hashes.append((found, name))


def _keys(found: int) -> Iterator[int]:
    """Each band's bits, below the band's number."""
    for band in range(3):
        yield band << BAND | (found >> (band * BAND) & MASK)
