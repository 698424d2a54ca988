"""Harm done to what films are packed in: boxes of MP4, elements of Matroska, chunks of AVI.

A file is read as a tree, one node of it is harmed, and it is written again with sound lengths
around: else a reader gives up before it gets there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from tests.fuzz.mutate import LARGE, mutated_bytes


@dataclass(frozen=True)
class Node:
    kind: bytes
    content: "bytes | list[Node]"
    says: int | None = None  # a length that lies


@dataclass(frozen=True)
class Format:
    read: Callable[[bytes], list[Node]]
    write: Callable[[list[Node]], bytes]


def harmed(rng: Random, form: Format, data: bytes) -> bytes:
    """One node harmed, or a few."""
    nodes = form.read(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        nodes = _anywhere(rng, nodes)
    return form.write(nodes)


def _anywhere(rng: Random, nodes: list[Node]) -> list[Node]:
    if not nodes:
        return nodes
    at = rng.randrange(len(nodes))
    node = nodes[at]
    if isinstance(node.content, list) and rng.random() < 0.9:
        return [*nodes[:at], replace(node, content=_anywhere(rng, node.content)), *nodes[at + 1 :]]
    kind = rng.randrange(10)
    if kind == 0:  # gone
        return nodes[:at] + nodes[at + 1 :]
    if kind == 1:  # again, now and then very often
        return [*nodes[:at], *[node] * rng.choice((2, 3, 300)), *nodes[at + 1 :]]
    if kind == 2:  # elsewhere
        return sorted(nodes, key=lambda _: rng.random())
    if kind == 3:  # as another
        return [*nodes[:at], replace(node, kind=rng.choice(nodes).kind), *nodes[at + 1 :]]
    if kind == 4:
        return [*nodes[:at], replace(node, says=rng.choice(LARGE)), *nodes[at + 1 :]]
    if isinstance(node.content, list):
        return nodes
    return [*nodes[:at], replace(node, content=_harmed_leaf(rng, node.content)), *nodes[at + 1 :]]


def _harmed_leaf(rng: Random, content: bytes) -> bytes:
    """A number of it that lies, where formats keep them: at a multiple of four, or anywhere."""
    if len(content) < 4 or rng.random() < 0.3:
        return mutated_bytes(rng, content)
    wide = rng.choice((2, 4, 4, 4, 8))
    at = 4 * rng.randrange(min(64, len(content) // 4))
    old = int.from_bytes(content[at : at + wide], "big")
    number = rng.choice((*LARGE, old + 1, old - 1, old * 2, old * 1000, -old, -1, -(2**31)))
    return content[:at] + (number % 256**wide).to_bytes(wide, "big") + content[at + wide :]


# MP4 and QuickTime, HEIF too

_BOXES = frozenset(b"moov trak mdia minf stbl edts moof traf mvex udta dinf iprp ipco".split())


def _read_boxes(data: bytes) -> list[Node]:
    nodes, at = [], 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big") or len(data) - at
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + max(8, size)]
        nodes.append(Node(kind, _read_boxes(content) if kind in _BOXES else content))
        at += max(8, size)
    return nodes


def _write_boxes(nodes: list[Node]) -> bytes:
    out = bytearray()
    for node in nodes:
        content = _write_boxes(node.content) if isinstance(node.content, list) else node.content
        says = len(content) + 8 if node.says is None else node.says % 2**32
        out += says.to_bytes(4, "big") + node.kind + content
    return bytes(out)


# Matroska and WebM

_PARENTS = ("1A45DFA3", "18538067", "114D9B74", "4DBB", "1549A966", "1654AE6B", "AE", "E0", "55B0")
_PARENTS += ("E1", "1F43B675", "A0", "1C53BB6B", "BB", "B7", "1254C367", "7373", "67C8")
_ELEMENTS = frozenset(map(bytes.fromhex, _PARENTS))
"""Those that hold others, from the header to tracks, clusters, cues and tags."""


def _read_elements(data: bytes) -> list[Node]:
    nodes, at = [], 0
    while at < len(data):
        kind, at = _number_at(data, at)
        length, at = _number_at(data, at)
        size = int.from_bytes(length, "big") & ((1 << 7 * len(length)) - 1)
        if size == (1 << 7 * len(length)) - 1:  # unknown: to the end
            size = len(data) - at
        content = data[at : at + size]
        nodes.append(Node(kind, _read_elements(content) if kind in _ELEMENTS else content))
        at += size
    return nodes


def _number_at(data: bytes, at: int) -> tuple[bytes, int]:
    width = 9 - (data[at] or 1).bit_length()
    return data[at : at + width], at + width


def _write_elements(nodes: list[Node]) -> bytes:
    out = bytearray()
    for node in nodes:
        content = _write_elements(node.content) if isinstance(node.content, list) else node.content
        says = len(content) if node.says is None else node.says % 2**56
        out += node.kind + (says | 1 << 56).to_bytes(8, "big") + content
    return bytes(out)


# AVI, WAV, WebP


def _read_chunks(data: bytes) -> list[Node]:
    nodes, at = [], 0
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        content = data[at + 8 : at + 8 + size]
        if kind in (b"RIFF", b"LIST"):
            nodes.append(Node(kind + content[:4], _read_chunks(content[4:])))
        else:
            nodes.append(Node(kind, content))
        at += 8 + size + size % 2
    return nodes


def _write_chunks(nodes: list[Node]) -> bytes:
    out = bytearray()
    for node in nodes:
        inner = _write_chunks(node.content) if isinstance(node.content, list) else node.content
        content = node.kind[4:] + inner
        says = len(content) if node.says is None else node.says % 2**32
        out += node.kind[:4] + says.to_bytes(4, "little") + content + bytes(len(content) % 2)
    return bytes(out)


BOXES = Format(_read_boxes, _write_boxes)
ELEMENTS = Format(_read_elements, _write_elements)
CHUNKS = Format(_read_chunks, _write_chunks)


# Containers without a tree


def harmed_spans(rng: Random, data: bytes) -> bytes:
    """Spans zeroed, doubled, swapped or cut away, as disks and networks do, in sectors or not."""
    for _ in range(rng.choice((1, 1, 2, 5))):
        unit = rng.choice((1, 188, 512, 4096))
        length = unit * rng.choice((1, 2, 8))
        at, other = (rng.randrange(len(data) // unit + 1) * unit for _ in "ab")
        span = data[at : at + length]
        kind = rng.randrange(5)
        if kind == 0:
            data = data[:at] + bytes(len(span)) + data[at + length :]
        elif kind == 1:
            data = data[:at] + span + data[at:]
        elif kind == 2:
            data = data[:at] + data[at + length :] or data
        elif kind == 3:
            data = data[:at] + data[other : other + length] + data[at + length :]
        else:
            data = data[: at + rng.randrange(unit)] or data
    return data
