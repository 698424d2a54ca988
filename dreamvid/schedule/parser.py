"""Parser of formulas such as "1 + 0.2*sin(t)": parsed once, evaluated in every frame.

A shared preset is untrusted input. Python's own `ast` does the parsing and nothing is ever
compiled or run: only numbers, the listed names and functions, and the operators below are
taken from the tree, and length and size are bounded. All values are floats; a comparison
is 1 or 0, and & | ~ work on the bits of whole numbers, as in numexpr.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from keyword import iskeyword
from typing import NoReturn

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
from dreamvid.schedule.functions import (
    CONSTANTS,
    FUNCTIONS,
    bits_of_both,
    bits_of_either,
    complement,
    opposite,
)
from dreamvid.schedule.moment import VARIABLES

MAX_LENGTH = 500  # characters
MAX_NODES = 200  # numbers, names, operations and calls
MAX_DEPTH = 100  # of the tree; evaluating and pickling recurse
# ASCII digits only, matched in linear time.
NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_SIGNED_NUMBER = re.compile(rf"[+-]?{NUMBER}")
_TOKEN = re.compile(rf"[ \t]+|{NUMBER}|[A-Za-z_][A-Za-z_0-9]*|[<>=!]=|[-+*/%<>(),&|~]")
_LEADING_ZEROS = re.compile(r"(?<![\w.])(?<![0-9.][eE][+-])0+(?=[0-9])")  # Python refuses 007
_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "&": bits_of_both,
    "|": bits_of_either,
    "**": math.pow,  # Python's own returns complex numbers for negative bases
}
_NEGATIVE: Callable[[float], float] = operator.neg
_COMPARISONS = {"<", "<=", ">", ">=", "==", "!="}
_HINTS = {
    "^": "; a power is written **",
    "=": "; equality is written ==",
    "?": "; a choice is written where(condition, a, b)",
    "if": "; a choice is written where(condition, a, b)",
    "and": "; use (a) & (b)",
    "or": "; use (a) | (b)",
    "not": "; use x == 0",
    ":": "; keyframes begin with a frame, such as 0:(1), 60:(2)",
}


def parse(
    text: str,
    variables: Collection[str] = VARIABLES,
    column: int = 1,
    *,
    remainder: Callable[[float, float], float] = operator.mod,
) -> Expression:
    """Parse a formula; raises ExpressionError.

    `variables` are the names it may use besides the constants and functions; `column` is where it
    begins in a longer text; `remainder` is the function of %.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(column + MAX_LENGTH, f"longer than {MAX_LENGTH} characters")
    line = text.replace("\n", " ").replace("\r", " ")
    even = _LEADING_ZEROS.sub(lambda zeros: " " * len(zeros[0]), line)
    source = even.lstrip(" \t")  # indented, Python would refuse it
    operators = {**_OPERATORS, "%": remainder}
    builder = _Builder(source, variables, operators, column + len(even) - len(source))
    root = builder.build(builder.tree())
    return Expression(text, frozenset(builder.used), root, builder.nodes)


def is_number(text: str) -> bool:
    """Test for a plain number, with or without a sign."""
    return _SIGNED_NUMBER.fullmatch(text.strip()) is not None


def read_number(value: float | str) -> float:
    """Read a number, which may be written as text; raises ValueError unless it is finite."""
    try:
        number = float(value)
    except OverflowError:  # an integer of hundreds of digits
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("should be a finite number")
    return number


def _is_truth(node: Node) -> bool:
    """Test for a comparison, or several joined by & | ~."""
    if not isinstance(node, Operation):
        return False
    joined = node.symbol in ("&", "|", "~") and all(_is_truth(one) for one in node.operands)
    return joined or node.symbol in _COMPARISONS


class _Builder:
    """Builder of an expression's nodes from Python's syntax tree of the same source."""

    def __init__(
        self,
        source: str,
        variables: Collection[str],
        operators: Mapping[str, Callable[[float, float], float]],
        column: int,
    ) -> None:
        self.source, self.variables, self.column = source, variables, column
        self.operators = operators
        self.nodes = 0
        self.used: set[str] = set()

    def tree(self) -> ast.expr:
        """Check the source token by token, then parse it."""
        for start, token in self._tokens():
            if iskeyword(token):
                self._refuse_name(start, token)
        try:
            return ast.parse(self.source, mode="eval").body
        except SyntaxError as error:
            start, end = (error.offset or 0) - 1, (error.end_offset or 0) - 1
            if start < 0 or not self.source[start:].strip():
                self._fail(len(self.source), "a value is missing")
            if "parentheses" in error.msg:  # too many: CPython's tokenizer takes 200
                self._fail(start, "nested too deep")
            if "(" in error.msg or ")" in error.msg:  # never closed, unmatched
                self._fail(start, error.msg)
            word = re.match(r"\w*", self.source[start:])
            end = max(end, start + (word.end() if word else 0), start + 1)
            self._refuse(start, self.source[start:end])
        except (MemoryError, RecursionError):
            self._fail(0, "nested too deep")

    def build(self, tree: ast.expr, depth: int = 1) -> Node:
        start, text = tree.col_offset, self.source[tree.col_offset : tree.end_col_offset]
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._fail(start, f"more than {MAX_NODES} numbers, names and operations")
        if depth > MAX_DEPTH:
            self._fail(start, f"nested more than {MAX_DEPTH} deep")
        match tree:
            case ast.Constant() if re.fullmatch(NUMBER, text):
                if not math.isfinite(float(text)):
                    self._fail(start, f"{quote(text)} is too large")
                return Constant(float(text))
            case ast.Name(id=name):
                return self._variable(start, name)
            case ast.Call(func=ast.Name(id=name), args=operands, keywords=[]):
                return self._call(start, name, [self.build(one, depth + 1) for one in operands])
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.build(operand, depth + 1)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                operands = (self.build(operand, depth + 1),)
                return Operation("-", _NEGATIVE, operands, self.column + start)
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                inner = self.build(operand, depth + 1)
                invert = opposite if _is_truth(inner) else complement
                return Operation("~", invert, (inner,), self.column + start)
            case (
                ast.BinOp(left=left, right=right)
                | ast.Compare(left=left, ops=[_], comparators=[right])
            ):
                place, sign = self._sign(left, right)
                if sign not in self.operators:
                    self._refuse(place, sign)
                operands = self.build(left, depth + 1), self.build(right, depth + 1)
                return Operation(sign, self.operators[sign], operands, self.column + place)
            case ast.Compare(comparators=[first, second, *_]):
                # a < b < c: Python reads it as a < b and b < c, few would expect that.
                place, sign = self._sign(first, second)
                self._fail(place, f"{quote(sign)} cannot stand here; write (a < b) & (b < c)")
        self._refuse(start, text)

    def _tokens(self) -> Iterator[tuple[int, str]]:
        start = 0
        while start < len(self.source):
            match = _TOKEN.match(self.source, start)
            if match is None:
                self._refuse(start, self.source[start])
            yield start, match[0]
            start = match.end()

    def _sign(self, left: ast.expr, right: ast.expr) -> tuple[int, str]:
        """Find the operator between two operands; parentheses are no part of either."""
        start = left.end_col_offset or 0
        gap = self.source[start : right.col_offset]
        sign = gap.strip("() \t")
        return start + gap.index(sign), sign

    def _variable(self, start: int, name: str) -> Node:
        if name in CONSTANTS:
            return Constant(CONSTANTS[name])
        if name not in self.variables:
            self._refuse_name(start, name)
        self.used.add(name)
        return Variable(name)

    def _call(self, start: int, name: str, operands: list[Node]) -> Node:
        if name not in FUNCTIONS and name != "where":
            self._refuse_name(start, name)
        least, most = (3, 3) if name == "where" else FUNCTIONS[name][1:]
        if not least <= len(operands) <= most:
            counts = f"{least}" if least == most else f"{least} to {most}"
            self._fail(start, f"{name} takes {counts} values, got {len(operands)}")
        if name == "where":
            return Choice(*operands)
        return Operation(name, FUNCTIONS[name].compute, tuple(operands), self.column + start)

    def _refuse_name(self, start: int, name: str) -> NoReturn:
        functions = (*FUNCTIONS, "where")
        if name in functions:
            self._fail(start, f"{name} is a function; give it a value, as in {name}(t)")
        if name in self.variables or name in CONSTANTS:
            self._fail(start, f"{name} is not a function")
        hint = _HINTS.get(name) or f"; {suggest(name, (*self.variables, *CONSTANTS, *functions))}"
        self._fail(start, f"no such name {quote(name)}{hint}")

    def _refuse(self, start: int, text: str) -> NoReturn:
        self._fail(start, f"{quote(text)} cannot stand here{_HINTS.get(text, '')}")

    def _fail(self, start: int, problem: str) -> NoReturn:
        raise ExpressionError(self.column + start, problem)
