"""Formulas that were read: trees that are computed in every frame, all in floats."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from dreamvid.schedule.functions import FUNCTIONS

Variables = Callable[[str], float]
"""Gives the value of a variable; raises ValueError where it has none."""


class ExpressionError(ValueError):
    """What is wrong, in one line that begins with the column, the first being 1."""

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
            raise ExpressionError(self.column, f"{self._shown(values)} has no finite value")
        return result

    def _shown(self, values: list[float]) -> str:
        if self.symbol in FUNCTIONS:
            return f"{self.symbol}({', '.join(f'{value:g}' for value in values)})"
        return f" {self.symbol} ".join(f"{value:g}" for value in values)


class Choice(NamedTuple):
    """where(condition, then, otherwise): what is not chosen is not computed either."""

    condition: "Node"
    then: "Node"
    otherwise: "Node"

    def compute(self, variables: Variables) -> float:
        chosen = self.then if self.condition.compute(variables) else self.otherwise
        return chosen.compute(variables)


Node = Constant | Variable | Operation | Choice


@dataclass(frozen=True)
class Expression:
    """A formula that was read; equal to another of the same text."""

    source: str
    names: frozenset[str]
    """The variables it uses."""
    root: Node

    def compute(self, variables: Variables) -> float:
        """Its value; raises ExpressionError, or the ValueError of a missing variable."""
        return self.root.compute(variables)
