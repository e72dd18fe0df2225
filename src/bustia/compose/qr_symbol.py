"""Makes QR symbols of level M: the very modules that segno makes, in a fiftieth of its time.

segno needs 10 ms for the symbol of a bill, mostly to weigh its eight masks module by module. Here
a symbol is one integer, a bit a module, and is weighed with a few shifts. What all symbols of a
version share (patterns, format, version, masks) is read from samples that segno draws.

Source: ISO/IEC 18004:2015; its clauses stand beside what they rule.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, zip_longest
from math import isqrt
from operator import itemgetter
from typing import Any

import segno
from segno import consts

from bustia.errors import ComposeError

__all__ = ["symbol"]

_BORDER = 2
"""Light modules around a symbol in its integer: weighing looks four beyond the end of a row."""
_LEVEL = consts.ERROR_LEVEL_M
_DATA = {consts.TYPE_DATA_DARK, consts.TYPE_DATA_LIGHT}
_DARK_PATTERNS = {
    consts.TYPE_FINDER_PATTERN_DARK,
    consts.TYPE_ALIGNMENT_PATTERN_DARK,
    consts.TYPE_TIMING_DARK,
}


def symbol(content: str) -> list[str]:
    """Give the rows of the smallest symbol for an ASCII text: a ``1`` for each dark module.

    Raise :class:`~bustia.errors.ComposeError` where no symbol holds it.
    """
    data = content.encode("ascii")
    for version in range(1, 41):
        capacity = sum(length for length, _ in _blocks(version))
        if 4 + _count_bits(version) + 8 * len(data) <= 8 * capacity:
            return _shared(version).rows(data)
    raise ComposeError(f"A QR code can't hold {len(data)} characters.")


def _count_bits(version: int) -> int:
    """Give the width of the count of characters (7.4.1)."""
    return 8 if version < 10 else 16


@dataclass(frozen=True, slots=True)
class _Version:
    """What all symbols of a version share; in integers, the first module is the lowest bit."""

    version: int
    step: int
    """Modules from one row to the next, the border's included."""
    area: int
    """All modules but the border's."""
    weighed: int
    """Dark modules while masks are weighed: patterns, but not format and version yet (7.8)."""
    fixed: tuple[int, ...]
    """For each mask, the dark modules that aren't data."""
    masks: tuple[int, ...]
    """For each mask, the data modules that it turns over."""
    blocks: tuple[tuple[int, int], ...]
    """How many codewords of data, and how many in all, each block has."""
    place: Callable[[str], tuple[str, ...]]
    """Gives each module its bit of the codewords as they come, block by block; the last first."""

    def rows(self, data: bytes) -> list[str]:
        codewords = self._codewords(data)
        bits = f"{int.from_bytes(codewords):0{8 * len(codewords)}b}"
        unmasked = int("".join(self.place(f"{bits}0")), 2)
        weights = [self._weight(self.weighed | unmasked ^ mask) for mask in self.masks]
        best = weights.index(min(weights))
        dark = self.fixed[best] | unmasked ^ self.masks[best]
        text = f"{dark:0{self.step**2}b}"[::-1]
        rows = [text[at : at + self.step] for at in range(0, len(text), self.step)]
        return [row[_BORDER:-_BORDER] for row in rows[_BORDER:-_BORDER]]

    def _codewords(self, data: bytes) -> bytes:
        """Give the codewords of data (7.4), then those of error correction (7.5)."""
        count_bits = _count_bits(self.version)
        bits = (0b0100 << count_bits | len(data)) << 8 * len(data) | int.from_bytes(data)
        head = (bits << 4).to_bytes(1 + count_bits // 8 + len(data))
        length = sum(length for length, _ in self.blocks)
        codewords = (head + b"\0" + b"\xec\x11" * length)[:length]  # segno pads with a 0 first
        corrections = []
        start = 0
        for length, total in self.blocks:
            block = codewords[start : start + length]
            corrections.append(_correction(block, total - length))
            start += length
        return codewords + b"".join(corrections)

    def _weight(self, dark: int) -> int:
        """Weigh what makes a symbol hard to read (7.8.3.1)."""
        light = self.area ^ dark
        share = dark.bit_count() / self.area.bit_count()
        return (
            sum(_runs(colour, by) for colour in (dark, light) for by in (1, self.step))
            + sum(_squares(colour, self.step) for colour in (dark, light))
            + sum(_finders(dark, light, by) for by in (1, self.step))
            + 10 * int(abs(share * 100 - 50) / 5)
        )


def _runs(modules: int, by: int) -> int:
    """Weigh the runs of five or more: 3 for five, 1 for each further one."""
    pairs = modules & modules >> by
    fives = pairs & pairs >> 2 * by & modules >> 4 * by
    return 3 * fives.bit_count() - 2 * (fives & fives >> by).bit_count()


def _squares(modules: int, step: int) -> int:
    """Weigh the squares of two by two."""
    pairs = modules & modules >> 1
    return 3 * (pairs & pairs >> step).bit_count()


def _finders(dark: int, light: int, by: int) -> int:
    """Weigh what looks like a finder pattern, 1011101, with four light ones before or after."""
    found = dark & light >> by & dark >> 2 * by & dark >> 3 * by & dark >> 4 * by
    found &= light >> 5 * by & dark >> 6 * by
    two = dark | dark << by
    found &= ~((two << by | two << 3 * by) & (two >> 8 * by | two >> 10 * by))
    while overlaps := found & (found << 4 * by | found << 6 * by):
        found ^= overlaps & -overlaps  # of two that overlap the first counts
    return 40 * found.bit_count()


def _correction(block: bytes, length: int) -> bytes:
    """Divide a block by the generator polynomial (7.5.2) and give the remainder."""
    multiples = _multiples(length)
    top = 8 * (length - 1)
    lower = (1 << top) - 1
    rest = 0
    for codeword in block:
        rest = (rest & lower) << 8 ^ multiples[rest >> top ^ codeword]
    return rest.to_bytes(length)


@cache
def _multiples(length: int) -> list[int]:
    """Give the products of the generator polynomial with each codeword."""
    log, power = consts.GALIOS_LOG, consts.GALIOS_EXP
    return [0] + [
        int.from_bytes(bytes(power[log[codeword] + term] for term in consts.GEN_POLY[length]))
        for codeword in range(1, 256)
    ]


@cache
def _shared(version: int) -> _Version:
    drawn = [
        segno.make("sample", version=version, error="m", mask=mask, boost_error=False)
        for mask in range(8)
    ]
    dark = [_packed(chain.from_iterable(one.matrix_iter(border=_BORDER))) for one in drawn]
    kinds = list(chain.from_iterable(drawn[0].matrix_iter(border=_BORDER, verbose=True)))
    step = isqrt(len(kinds))
    data = [kind in _DATA for kind in kinds]
    data[step * (_BORDER + 9) - _BORDER - 9] = True  # segno counts it to the format beside it
    area_of_data = _packed(data)
    chequered = _packed(
        is_data and sum(divmod(at, step)) % 2 == 0 for at, is_data in enumerate(data)
    )
    bit_at = dict(zip(_data_modules(data, step), _bits_in_order(_blocks(version)), strict=False))
    return _Version(
        version=version,
        step=step,
        area=_packed(kind != consts.TYPE_QUIET_ZONE for kind in kinds),
        weighed=_packed(kind in _DARK_PATTERNS for kind in kinds),
        fixed=tuple(one & ~area_of_data for one in dark),
        masks=tuple((one ^ dark[0] ^ chequered) & area_of_data for one in dark),
        blocks=_blocks(version),
        place=itemgetter(*(bit_at.get(at, -1) for at in reversed(range(step**2)))),
    )


@cache
def _blocks(version: int) -> tuple[tuple[int, int], ...]:
    """Give how many codewords of data, and how many in all, each block has (7.5.1)."""
    levels: Any = consts.ECC[version]
    return tuple(
        (one.num_data, one.num_total) for one in levels[_LEVEL] for _ in range(one.num_blocks)
    )


def _packed(modules: Iterable[object]) -> int:
    return int("".join("1" if module else "0" for module in modules)[::-1], 2)


def _data_modules(data: Sequence[bool], step: int) -> Iterator[int]:
    """Go through the data modules as they are filled (7.7.3): up and down, two at a time."""
    timing = _BORDER + 6
    columns = [one for one in reversed(range(_BORDER, step - _BORDER)) if one != timing]
    upwards = True
    for right in columns[::2]:
        rows = range(0, step**2, step)
        for row in reversed(rows) if upwards else rows:
            yield from (at for at in (row + right, row + right - 1) if data[at])
        upwards = not upwards


def _bits_in_order(blocks: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Go through the bits of the blocks as they are interleaved (7.6)."""
    start = 0
    for lengths in ([data for data, _ in blocks], [total - data for data, total in blocks]):
        ranges = []
        for length in lengths:
            ranges.append(range(start, start + length))
            start += length
        for codeword in chain.from_iterable(zip_longest(*ranges)):
            if codeword is not None:
                yield from range(8 * codeword, 8 * codeword + 8)
