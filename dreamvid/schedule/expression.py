"""Expression trees of parsed formulas, evaluated in floats in every frame."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from dreamvid.schedule.functions import FUNCTIONS

Variables = Callable[[str], float]
"""Lookup of a variable's value; raises ValueError where it has none."""


class ExpressionError(ValueError):
    """Error in a formula: one line that begins with the column, counted from 1."""

    def __init__(self, column: int, problem: str) -> None:
        super().__init__(f"column {column}: {problem}")


class Constant(NamedTuple):
    number: float

    def compute(self, variables: Variables) -> float:
        return self.number


class Variable(NamedTuple):
    name: str

    def compute(self, variables: Variables) -> float:
        return variables(self.name)


class Operation(NamedTuple):
    symbol: str
    function: Callable[..., float]
    operands: "tuple[Node, ...]"
    column: int

    def compute(self, variables: Variables) -> float:
        values = [operand.compute(variables) for operand in self.operands]
        try:
            result = float(self.function(*values))
        except (ArithmeticError, ValueError):  # such as 1/0, exp(1e9), sqrt(-1)
            result = math.nan
        if not math.isfinite(result):
            raise ExpressionError(self.column, f"{self._text(values)} has no finite value")
        return result

    def _text(self, values: list[float]) -> str:
        if self.symbol in FUNCTIONS:
            return f"{self.symbol}({', '.join(f'{value:g}' for value in values)})"
        return f" {self.symbol} ".join(f"{value:g}" for value in values)


class Choice(NamedTuple):
    """Conditional, where(condition, then, otherwise); evaluates the chosen branch only."""

    condition: "Node"
    then: "Node"
    otherwise: "Node"

    def compute(self, variables: Variables) -> float:
        branch = self.then if self.condition.compute(variables) else self.otherwise
        return branch.compute(variables)


Node = Constant | Variable | Operation | Choice


@dataclass(frozen=True)
class Expression:
    """Parsed formula; equal to another of the same text."""

    source: str
    names: frozenset[str]  # variables it uses
    root: Node
    size: int  # numbers, names and operations

    def compute(self, variables: Variables) -> float:
        """Evaluate it; raises ExpressionError, or the ValueError of a missing variable."""
        return self.root.compute(variables)
