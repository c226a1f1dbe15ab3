"""Values of a JSON body, each taken with the type and the range that it must have."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.exceptions import HTTPException

T = TypeVar("T")
Place = tuple[str | int, ...]
"""Where a value stands in a body: names of objects' members and indices of lists."""

_REQUIRED: Any = object()
_ANY = 1e9


class FieldError(HTTPException):
    """A value is missing, or is not what it must be: status 422."""

    def __init__(self, place: Place, message: str) -> None:
        """Keep the place of the value and what is wrong with it."""
        super().__init__(422, f"{'.'.join(map(str, place)) or 'body'}: {message}")
        self.place = place
        self.message = message


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of a JSON body."""

    values: dict[str, Any]
    place: Place = ()

    @classmethod
    def of(cls, value: Any, place: Place = ()) -> "Fields":
        """Return the fields of ``value``.

        Raises:
            FieldError: it is no object.
        """
        if not isinstance(value, dict):
            raise FieldError(place, "is not an object")
        return cls(value, place)

    def text(self, name: str, default: T = _REQUIRED, *, longest: int = 1000) -> str | T:
        """Return a text of at most ``longest`` characters; ``default`` where it is missing or null."""
        value = self._get(name, default)
        if value is default:
            return default
        if not isinstance(value, str):
            raise self._error(name, "is not a text")
        if len(value) > longest:
            raise self._error(name, f"has more than {longest} characters")
        return value

    def number(self, name: str, low: float, high: float, default: T = _REQUIRED) -> float | T:
        """Return a number from ``low`` to ``high``; ``default`` where it is missing or null."""
        value = self._get(name, default)
        if value is default:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self._error(name, "is not a number")
        if not low <= value <= high:
            raise self._error(name, f"is not between {low:g} and {high:g}")
        return float(value)

    def clamped(self, name: str, low: float, high: float, default: T = _REQUIRED) -> float | T:
        """Return a number, the nearest one from ``low`` to ``high``; ``default`` where it is missing or null."""
        value = self.number(name, -_ANY, _ANY, default)
        return min(max(value, low), high) if isinstance(value, float) else value

    def whole(self, name: str, low: int, high: int, default: T = _REQUIRED) -> int | T:
        """Return a whole number from ``low`` to ``high``; ``default`` where it is missing or null."""
        value = self.number(name, low, high, default)
        if isinstance(value, float):
            if value != int(value):
                raise self._error(name, "is not a whole number")
            return int(value)
        return value

    def flag(self, name: str, default: bool = _REQUIRED) -> bool:
        """Return true or false; ``default`` where it is missing or null."""
        value = self._get(name, default)
        if not isinstance(value, bool):
            raise self._error(name, "is not true or false")
        return value

    def objects(self, name: str, most: int) -> "Iterator[Fields]":
        """Yield the objects of a list of at most ``most``; nothing where it is missing or null."""
        for index, value in enumerate(self.items(name, most)):
            yield Fields.of(value, (*self.place, name, index))

    def items(self, name: str, most: int) -> list[Any]:
        """Return a list of at most ``most`` values; an empty one where it is missing or null."""
        value = self._get(name, None)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._error(name, "is not a list")
        if len(value) > most:
            raise self._error(name, f"has more than {most} values")
        return value

    def object(self, name: str) -> "Fields | None":
        """Return an object; None where it is missing or null."""
        value = self._get(name, None)
        return None if value is None else Fields.of(value, (*self.place, name))

    def _get(self, name: str, default: Any) -> Any:
        value = self.values.get(name)
        if value is not None:
            return value
        if default is _REQUIRED:
            raise self._error(name, "is missing")
        return default

    def _error(self, name: str, message: str) -> FieldError:
        return FieldError((*self.place, name), message)
