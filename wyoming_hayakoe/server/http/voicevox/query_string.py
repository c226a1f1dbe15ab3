"""The parameters of a request's query string, each with the type that it must have."""

from starlette.requests import Request

from wyoming_hayakoe.server.http.fields import FieldError

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_DIGITS = 15


def text_parameter(request: Request, name: str) -> str:
    """Return a text; lone surrogates, which are no text, become question marks.

    Raises:
        FieldError: it is missing.
    """
    value = request.query_params.get(name)
    if value is None:
        raise FieldError(("query", name), "is missing")
    return value.encode("utf-8", "replace").decode("utf-8")


def whole_parameter(request: Request, name: str, default: int | None = None) -> int:
    """Return a whole number, ``default`` where it is missing and that is given.

    Raises:
        FieldError: it is missing, or no whole number.
    """
    value = request.query_params.get(name)
    if value is None and default is not None:
        return default
    given = text_parameter(request, name)
    if len(given) > _DIGITS or not given.removeprefix("-").isdecimal():
        raise FieldError(("query", name), "is not a whole number")
    return int(given)


def flag_parameter(request: Request, name: str, default: bool | None = None) -> bool:
    """Return true or false, ``default`` where it is missing and that is given.

    Raises:
        FieldError: it is missing, or neither.
    """
    value = request.query_params.get(name)
    if value is None and default is not None:
        return default
    given = text_parameter(request, name).lower()
    if given not in _TRUE | _FALSE:
        raise FieldError(("query", name), "is not true or false")
    return given in _TRUE
