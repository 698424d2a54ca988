"""A number written as a formula, such as "1 + 0.2*sin(t)": read once, computed in every frame.

A preset that somebody shared is untrusted input. So the grammar is this module's own, it
names nothing but the variables and functions listed, and length, size and depth are bounded.

    formula   = sum [("<" | "<=" | ">" | ">=" | "==" | "!=") sum]
    sum       = product {("+" | "-") product}
    product   = signed {("*" | "/" | "%") signed}
    signed    = ("+" | "-") signed | operand ["**" signed]
    operand   = number | name | name "(" formula {"," formula} ")" | "(" formula ")"

Operators bind as in Python. All is computed in floats; a comparison is 1 or 0.
"""

import math
import operator
import re
from collections.abc import Callable, Collection
from typing import NamedTuple, NoReturn

from dreamvid.errors import quote, suggest
from dreamvid.schedule.expression import (
    Choice,
    Constant,
    Expression,
    ExpressionError,
    Node,
    Operation,
    Variable,
)
from dreamvid.schedule.functions import CONSTANTS, FUNCTIONS
from dreamvid.schedule.moment import VARIABLES

MAX_LENGTH = 500  # characters
MAX_NODES = 200  # numbers, names, operations and calls
MAX_DEPTH = 30
# Digits of ASCII alone, and one way to match them: no text takes a long time.
NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_SIGNED_NUMBER = re.compile(rf"[+-]?{NUMBER}")


def parse(text: str, variables: Collection[str] = VARIABLES, column: int = 1) -> Expression:
    """Read a formula; raises ExpressionError.

    Args:
        variables: names it may use beside the constants and functions.
        column: where it begins, within a longer text.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(column + MAX_LENGTH, f"longer than {MAX_LENGTH} characters")
    parser = _Parser(_tokens(text, column), variables)
    root = parser.formula()
    return Expression(text, frozenset(parser.used), root)


def is_number(text: str) -> bool:
    """Whether a text is a plain number, which may have a sign."""
    return _SIGNED_NUMBER.fullmatch(text.strip()) is not None


def read_number(value: float | str) -> float:
    """A number, also written as text; raises ValueError unless it is finite."""
    try:
        number = float(value)
    except OverflowError:  # an integer of hundreds of digits
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("should be a finite number")
    return number


class _Token(NamedTuple):
    kind: str  # number, name, sign or end
    text: str
    column: int


_TOKEN = re.compile(
    rf"(?P<number>{NUMBER})|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<sign>\*\*|[<>=!]=|[-+*/%<>(),])"
)
_HINTS = {
    "^": "; a power is written **",
    "=": "; equality is written ==",
    "?": "; a choice is written where(condition, a, b)",
    "if": "; a choice is written where(condition, a, b)",
    "and": "; use min(a, b)",
    "or": "; use max(a, b)",
    "not": "; use x == 0",
    ":": "; keyframes begin with a frame, such as 0:(1), 60:(2)",
}


def _tokens(text: str, column: int) -> list[_Token]:
    tokens, place = [], 0
    while place < len(text):
        if text[place] in " \t":
            place += 1
            continue
        match = _TOKEN.match(text, place)
        if match is None:
            character = text[place]
            _fail(column + place, f"{quote(character)} cannot stand here", character)
        tokens.append(_Token(match.lastgroup or "", match[0], column + place))
        place = match.end()
    return [*tokens, _Token("end", "", column + place)]


def _fail(column: int, problem: str, hint: str = "") -> NoReturn:
    raise ExpressionError(column, problem + _HINTS.get(hint, ""))


class _Operator(NamedTuple):
    strength: int
    function: Callable[..., float]


_COMPARISON, _SUM, _PRODUCT, _SIGNED, _POWER = 1, 2, 3, 4, 5
_OPERATORS = {
    "<": _Operator(_COMPARISON, operator.lt),
    "<=": _Operator(_COMPARISON, operator.le),
    ">": _Operator(_COMPARISON, operator.gt),
    ">=": _Operator(_COMPARISON, operator.ge),
    "==": _Operator(_COMPARISON, operator.eq),
    "!=": _Operator(_COMPARISON, operator.ne),
    "+": _Operator(_SUM, operator.add),
    "-": _Operator(_SUM, operator.sub),
    "*": _Operator(_PRODUCT, operator.mul),
    "/": _Operator(_PRODUCT, operator.truediv),
    "%": _Operator(_PRODUCT, operator.mod),
    "**": _Operator(_POWER, math.pow),  # Python's own makes complex numbers of negative ones
}


def _negative(x: float) -> float:
    return -x


class _Parser:
    """Precedence climbing: an operator takes what follows as far as it binds more strongly."""

    def __init__(self, tokens: list[_Token], variables: Collection[str]) -> None:
        self.tokens, self.variables = tokens, variables
        self.place = self.nodes = 0
        self.used: set[str] = set()

    def formula(self) -> Node:
        root = self._climb(_COMPARISON, 0)
        if self._next.kind != "end":
            self._refuse()
        return root

    def _climb(self, weakest: int, depth: int) -> Node:
        node = self._operand(depth)
        while (found := _OPERATORS.get(self._next.text)) and found.strength >= weakest:
            sign = self._take()
            # A power takes a whole power on its right, all others only what binds tighter.
            right = found.strength + (found.strength != _POWER)
            deeper = depth + (found.strength == _POWER)
            operands = (node, self._climb(right, deeper))
            node = self._count(Operation(sign.text, found.function, operands, sign.column))
            if found.strength == _COMPARISON:
                weakest = _SUM  # a < b < c would be (a < b) < c, which nobody means
        return node

    def _operand(self, depth: int) -> Node:
        token = self._take()
        if depth > MAX_DEPTH:
            _fail(token.column, f"nested more than {MAX_DEPTH} deep")
        if token.kind == "number":
            return self._constant(token)
        if token.kind == "name":
            return self._call(token, depth) if self._next.text == "(" else self._variable(token)
        if token.text == "(":
            node = self._climb(_COMPARISON, depth + 1)
            self._expect(")")
            return node
        if token.text == "+":
            return self._climb(_SIGNED, depth + 1)
        if token.text == "-":
            operands = (self._climb(_SIGNED, depth + 1),)
            return self._count(Operation("-", _negative, operands, token.column))
        self.place -= 1
        self._refuse("a value is missing")

    def _constant(self, token: _Token) -> Node:
        number = float(token.text)
        if not math.isfinite(number):
            _fail(token.column, f"{quote(token.text)} is too large")
        return self._count(Constant(number))

    def _variable(self, token: _Token) -> Node:
        if token.text in CONSTANTS:
            return self._count(Constant(CONSTANTS[token.text]))
        if token.text not in self.variables:
            self._unknown(token)
        self.used.add(token.text)
        return self._count(Variable(token.text))

    def _call(self, token: _Token, depth: int) -> Node:
        if token.text not in FUNCTIONS and token.text != "where":
            self._unknown(token)
        self._expect("(")
        operands = [self._climb(_COMPARISON, depth + 1)]
        while self._next.text == ",":
            self._take()
            operands.append(self._climb(_COMPARISON, depth + 1))
        self._expect(")")
        if token.text == "where":
            _check_count(token, len(operands), 3, 3)
            return self._count(Choice(*operands))
        function = FUNCTIONS[token.text]
        _check_count(token, len(operands), function.least, function.most)
        node = Operation(token.text, function.compute, tuple(operands), token.column)
        return self._count(node)

    def _unknown(self, token: _Token) -> NoReturn:
        name, functions = token.text, (*FUNCTIONS, "where")
        if name in functions:
            _fail(token.column, f"{name} is a function; give it a value, as in {name}(t)")
        if name in self.variables or name in CONSTANTS:
            _fail(token.column, f"{name} is not a function")
        problem = f"no such name {quote(name)}"
        if name in _HINTS:
            _fail(token.column, problem, name)
        known = (*self.variables, *CONSTANTS, *functions)
        _fail(token.column, f"{problem}; {suggest(name, known)}")

    def _count(self, node: Node) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            column = self.tokens[self.place - 1].column
            _fail(column, f"more than {MAX_NODES} numbers, names and operations")
        return node

    @property
    def _next(self) -> _Token:
        return self.tokens[self.place]

    def _take(self) -> _Token:
        token = self._next
        self.place += 1
        return token

    def _expect(self, sign: str) -> None:
        if self._next.text != sign:
            self._refuse(f"{quote(sign)} is missing")
        self._take()

    def _refuse(self, missing: str = "") -> NoReturn:
        token = self._next
        if token.kind == "end":
            _fail(token.column, missing or "ends too soon")
        if missing:
            _fail(token.column, f"{missing} before {quote(token.text)}")
        _fail(token.column, f"{quote(token.text)} cannot stand here", token.text)


def _check_count(token: _Token, count: int, least: int, most: int) -> None:
    if not least <= count <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        _fail(token.column, f"{token.text} takes {wanted} values, got {count}")
