"""Base class of a preset's tables, and the types they share."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict

from dreamvid.schedule.curve import Bounds, Curve


class Options(BaseModel):
    """Table of options: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def changed(self) -> set[str]:
        """Names of the options that differ from their defaults."""
        fields = type(self).model_fields
        return {name for name in fields if getattr(self, name) != fields[name].default}


Scheduled = float | Curve
"""Number, or its schedule: keyframes or an expression. `Bounds` annotates it."""
Share = Annotated[Scheduled, Bounds(ge=0, le=1)]


def flatten(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested tables to one level, keys joined by dots."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
