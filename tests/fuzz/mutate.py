"""Harm done to files and tables, as a stranger or a bad disk would, or one who knows the format."""

from collections.abc import Callable
from random import Random
from typing import Any

Table = dict[str, Any]

LARGE = (0, 1, 2, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
LARGE += (2**63 - 1, 2**63, 2**64 - 1)
CONTROL = ("\0", "\x1b[2J", "\x1b]0;gone\a", "\r", "\n", "\x7f", "\x9b31m", "\u202e", "\ufeff")
TEXTS = (
    "",
    " ",
    ".",
    "..",
    "../../../etc/passwd",
    "/dev/zero",
    "/dev/stdin",
    "~root/x",
    "a" * 5000,
)
TEXTS += ("http://127.0.0.1:9/x", "concat:/etc/passwd", "file:/etc/passwd", "%s%n", "{0}", "\ud800")
TEXTS += ("é" * 300, "9" * 5000, "1e999", "nan", "none", "true", "lite0", "noise", "9**9**9**9")
NUMBERS = (-1, 0, 1, 2, 0.5, -0.0, 1e-320, 1e308, float("inf"), float("-inf"), float("nan"))
NUMBERS += (2**31 - 1, 2**31, 2**63, -(2**63), 10**30, 10**400)


def mutated_bytes(rng: Random, data: bytes) -> bytes:
    """One harm, or a few of them."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        data = rng.choice(_BYTES)(rng, data) if data else rng.randbytes(9)
    return data


def mutated_text(rng: Random, text: str) -> bytes:
    """Lines and letters, numbers and brackets of a text; seldom its bytes."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        text = rng.choice(_TEXT)(rng, text)
    data = text.encode("utf-8", "surrogatepass")
    return mutated_bytes(rng, data) if rng.random() < 0.1 else data


def mutated_table(rng: Random, table: Any) -> Any:
    """A table with some of its values changed, moved, doubled or gone; the old one stays."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        table = _harmed(rng, table)
    return table


def value(rng: Random) -> Any:
    """What nobody meant."""
    kind = rng.randrange(7)
    if kind == 0:
        return rng.choice(NUMBERS)
    if kind == 1:
        return rng.choice(TEXTS)
    if kind == 2:
        return "".join(rng.choice((*CONTROL, "a", "/", "é")) for _ in range(rng.randrange(1, 9)))
    if kind == 3:
        return nested(rng.choice((3, 90, 400, 900)), rng.choice((list, dict)))
    if kind == 4:
        return [value(rng) for _ in range(rng.randrange(4))]
    if kind == 5:
        return {rng.choice(("path", "weight", "a", "\x1b", "")): value(rng)}
    return rng.choice((None, True, False, [], {}, [[]], "0:(1), 5:(2)", [0] * 3000))


def nested(depth: int, kind: type) -> Any:
    inner: Any = 1
    for _ in range(depth):
        inner = [inner] if kind is list else {"a": inner}
    return inner


def _harmed(rng: Random, table: Any) -> Any:
    if isinstance(table, dict) and table:
        key = rng.choice(list(table))
        if rng.random() < 0.7:
            return table | {key: _harmed(rng, table[key])}
        rest = {k: v for k, v in table.items() if k != key}
        other = rng.choice((key, key.upper(), f"{key}x", rng.choice(CONTROL), rng.choice(TEXTS)))
        return rest if rng.random() < 0.3 else rest | {other: value(rng)}
    if isinstance(table, list) and table:
        at = rng.randrange(len(table))
        if rng.random() < 0.2:
            return table * rng.choice((0, 2, 50))
        return [*table[:at], _harmed(rng, table[at]), *table[at + 1 :]]
    if isinstance(table, str) and table and rng.random() < 0.5:
        at = rng.randrange(len(table))
        return table[:at] + rng.choice((*CONTROL, *TEXTS, "(", "9", "*")) + table[at:]
    return value(rng)


def _flip_bit(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def _other_bytes(rng: Random, data: bytes) -> bytes:
    at, count = rng.randrange(len(data)), rng.choice((1, 1, 2, 4, 16))
    new = rng.choice((rng.randbytes(count), bytes(count), b"\xff" * count))
    return data[:at] + new + data[at + count :]


def _head(rng: Random, data: bytes) -> bytes:
    """In the first bytes, where formats say what follows."""
    at = rng.randrange(min(64, len(data)))
    return data[:at] + rng.randbytes(1) + data[at + 1 :]


def _cut(rng: Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def _cut_inside(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.choice((1, 4, rng.randrange(len(data)))) :]


def _double(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    piece = data[at : at + rng.choice((1, 8, 64, 1024))]
    return data[:at] + piece * rng.choice((2, 3, 20)) + data[at:]


def _move(rng: Random, data: bytes) -> bytes:
    one, other = rng.randrange(len(data)), rng.randrange(len(data))
    piece = data[one : one + rng.choice((4, 32, 256))]
    return data[:other] + piece + data[other + len(piece) :]


def _number(rng: Random, data: bytes) -> bytes:
    """A length, an offset or a size that lies."""
    at, wide = rng.randrange(len(data)), rng.choice((1, 2, 4, 8))
    number = rng.choice(LARGE) % 256**wide
    return data[:at] + number.to_bytes(wide, rng.choice(("big", "little"))) + data[at + wide :]


def _nudge(rng: Random, data: bytes) -> bytes:
    """A number that is nearly right."""
    at, wide, order = rng.randrange(len(data)), rng.choice((1, 2, 4)), rng.choice(("big", "little"))
    number = int.from_bytes(data[at : at + wide], order) + rng.choice((-2, -1, 1, 2, 8))
    return data[:at] + (number % 256**wide).to_bytes(wide, order) + data[at + wide :]


def _any_place(rng: Random, text: str) -> int:
    return rng.randrange(len(text) + 1)


def _insert(rng: Random, text: str) -> str:
    at = _any_place(rng, text)
    return text[:at] + rng.choice((*CONTROL, *TEXTS, *"\"'[]{}()=,.#\\*")) + text[at:]


def _deepen(rng: Random, text: str) -> str:
    at, count = _any_place(rng, text), rng.choice((20, 300, 5000))
    opened, closed = rng.choice((("[", "]"), ("(", ")"), ("{a=", "}"), ('{"a":', "}"), ("a.", "")))
    return text[:at] + opened * count + "1" + closed * rng.choice((0, count)) + text[at:]


def _other_value(rng: Random, text: str) -> str:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    sign = "=" if "=" in lines[at] else ":" if ":" in lines[at] else ","
    new = rng.choice((*map(repr, NUMBERS[:-1]), f'"{rng.choice(TEXTS)}"', "[]", "{}", "1e99999"))
    lines[at] = f"{lines[at].partition(sign)[0]}{sign} {new}"
    return "\n".join(lines)


def _other_number(rng: Random, text: str) -> str:
    places = [n for n, letter in enumerate(text) if letter.isdigit()]
    if not places:
        return text
    at = rng.choice(places)
    new = rng.choice(("-", "", "9" * 30, "9" * 5000, "0.", "1e308", ".", "_", "inf", "**9"))
    return text[:at] + new + text[at + 1 :]


def _lines(rng: Random, text: str) -> str:
    lines = text.split("\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    kept = lines[:one] + lines[one + rng.choice((0, 1)) :]
    return "\n".join([*kept[:other], *[lines[one]] * rng.choice((0, 1, 2, 60)), *kept[other:]])


def _cut_text(rng: Random, text: str) -> str:
    return text[: _any_place(rng, text)]


_BYTES: tuple[Callable[[Random, bytes], bytes], ...] = (
    *(_flip_bit, _flip_bit, _other_bytes, _head, _head, _cut, _cut_inside),
    *(_double, _move, _number, _number, _nudge),
)
_TEXT: tuple[Callable[[Random, str], str], ...] = (
    *(_insert, _insert, _deepen, _other_value, _other_value, _other_number, _lines, _cut_text),
)
