"""Tables of functions by the names that presets call them by."""

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class Registry(dict[str, Function]):
    """Functions by name; `@TABLE.register("name")` adds one.

    The list of names is a `Literal` in `preset/`, which loads without torch; a test holds the
    two against each other.
    """

    def register(self, name: str) -> Callable[[Function], Function]:
        def add(function: Function) -> Function:
            self[name] = function
            return function

        return add
