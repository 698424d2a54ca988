"""Near-duplicate photos, found without comparing each with all.

Two hashes of 64 bits that differ in at most 4 bits differ in at most 1 within one of three bands.
So a hash is looked up by each band, and by each band with one bit flipped.
"""

from collections import defaultdict
from collections.abc import Iterator

ALIKE = 4  # bits, at most, that the hashes of near-duplicates differ in
BAND = 22  # bits; three bands hold 64
MASK = (1 << BAND) - 1


class Hashes:
    """An index of photos by their perceptual hashes."""

    def __init__(self) -> None:
        self._hashes: list[tuple[int, str]] = []
        self._by_band: defaultdict[int, list[int]] = defaultdict(list)

    def like(self, phash: int) -> str | None:
        """Return the name of the first photo that looks like one with this hash."""
        near = {
            number
            for key in _keys(phash)
            for flipped in (key, *(key ^ (1 << bit) for bit in range(BAND)))
            for number in self._by_band.get(flipped, ())
        }
        alike = [n for n in near if (self._hashes[n][0] ^ phash).bit_count() <= ALIKE]
        return self._hashes[min(alike)][1] if alike else None

    def add(self, phash: int, name: str) -> None:
        for key in _keys(phash):
            self._by_band[key].append(len(self._hashes))
        self._hashes.append((phash, name))


def _keys(phash: int) -> Iterator[int]:
    """Yield each band's bits, below the band's number."""
    for band in range(3):
        yield band << BAND | (phash >> (band * BAND) & MASK)
