"""An option: a field of a settings dataclass that is a flag, an environment variable and a configuration key at once.

A settings dataclass is a table of options, one :func:`option` or :func:`listed` for each field::

    @dataclass(frozen=True, kw_only=True)
    class Serving:
        max_clients: int = option(whole(1, 10000), 64, "simultaneous connections", "COUNT")

The field's name gives --max-clients, HAYAKOE_MAX_CLIENTS and ``max-clients``; its type is that of the converter.
"""

import argparse
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

from wyoming_hayakoe.cli.options.converters import OneOf, Range, Size, switch

T = TypeVar("T")

PREFIX = "HAYAKOE_"
"""Beginning of each option's environment variable."""

_ELSEWHERE = """\
Each of these options can also be set by an environment variable (--max-clients: HAYAKOE_MAX_CLIENTS; commas separate
the values of a list) or by a key of the --config file (max-clients). A flag takes precedence over a variable, and a
variable over a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option, under its one name."""

    field: str = ""
    """The field of the settings."""

    name: str = ""
    """``max-clients``: the flag without its dashes, and the configuration key."""

    group: str = ""
    """Heading in --help; "" for an option that stands among the command's own."""

    convert: Callable[[object], object]
    """Makes the field's value of a string or a TOML value; raises ValueError with the words after "is not"."""

    default: object
    """The field's value where the option is given nowhere."""

    meaning: str
    """One line for --help, without the default."""

    metavar: str | None = None
    shown: str | None = None
    """The default in words; None shows ``default``."""

    is_list: bool = False
    """Whether the flag may be repeated, the variable separates by commas, and the key takes an array."""

    implied: str | None = None
    """What the flag means without a value; None where it needs one."""

    negation: str | None = None
    """Meaning of --no-NAME, where there is such a flag."""

    negates: bool = False
    """Whether this is a --no-NAME: where it is true, the field is False."""

    is_live: bool = False
    """Whether a running server follows a change of it in the configuration file."""

    @property
    def is_switch(self) -> bool:
        """Whether the flag takes no value."""
        return self.convert is switch

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name.upper().replace("-", "_")

    @property
    def help(self) -> str:
        """The line of --help."""
        notes = ["repeatable"] * self.is_list
        allowed = self.convert.allowed if isinstance(self.convert, Range | Size) else ""
        notes += [allowed] if allowed else []
        default = self.shown or _shown(self.default)
        notes += [f"default: {default}"] if default else []
        return self.meaning + (f" ({'; '.join(notes)})" if notes else "")

    @property
    def _metavar(self) -> str:
        """The values of the flag where they are few, else a word for them."""
        if isinstance(self.convert, OneOf):
            return f"{{{','.join(self.convert.texts)}}}"
        return self.metavar or self.name.rsplit("-", 1)[-1].upper()

    def add_to(self, parser: argparse._ActionsContainer) -> None:
        """Add the flag; its value stays a string until it is resolved."""
        settings: dict[str, Any] = {"help": self.help.replace("%", "%%"), "default": None, "dest": self.name}
        if self.is_switch:
            settings |= {"action": "store_const", "const": "true"}
        else:
            settings |= {"metavar": self._metavar}
            settings |= {"action": "append"} if self.is_list else {}
            settings |= {"nargs": "?", "const": self.implied} if self.implied else {}
        parser.add_argument(f"--{self.name}", **settings)


def option(  # noqa: PLR0913 - one argument for each thing that an option may have
    convert: Callable[[object], T],
    default: T,
    meaning: str,
    metavar: str | None = None,
    *,
    shown: str | None = None,
    implied: str | None = None,
    negation: str | None = None,
    is_live: bool = False,
) -> T:
    """Declare a field as an option; see :class:`Option`."""
    made = Option(
        convert=convert,
        default=default,
        meaning=meaning,
        metavar=metavar,
        shown=shown,
        implied=implied,
        negation=negation,
        is_live=is_live,
    )
    return dataclasses.field(default=default, metadata={"option": made})


def listed(
    convert: Callable[[object], T],
    default: tuple[T, ...],
    meaning: str,
    metavar: str,
    *,
    shown: str | None = None,
    is_live: bool = False,
) -> tuple[T, ...]:
    """Declare a field as an option with any number of values, each of which ``convert`` makes."""
    made = Option(
        convert=convert,
        default=default,
        meaning=meaning,
        metavar=metavar,
        shown=shown,
        is_list=True,
        is_live=is_live,
    )
    return dataclasses.field(default=default, metadata={"option": made})


def options_of(*tables: type) -> tuple[Option, ...]:
    """Return the options of some settings dataclasses, under their ``heading``; each --no-NAME after its option."""
    found = []
    for table in tables:
        for field in dataclasses.fields(table):
            name = field.name.replace("_", "-")
            spec: Option = field.metadata["option"]
            made = dataclasses.replace(spec, field=field.name, name=name, group=getattr(table, "heading", ""))
            found.append(made)
            if made.negation:
                found.append(_negation(made))
    return tuple(found)


def add_options(parser: argparse.ArgumentParser, options: Iterable[Option]) -> None:
    """Add each option's flag under its group's heading, and --config."""
    parser.add_argument(
        "--config", metavar="FILE.toml", help="configuration file: option names as keys, and presets as [[preset]]"
    )
    for group, members in groupby(options, lambda option: option.group):
        section = parser.add_argument_group(group) if group else parser
        for member in members:
            member.add_to(section)
    parser.epilog = f"{parser.epilog or ''}\n\n{_ELSEWHERE}".strip()


def as_flags(settings: object, options: Sequence[Option]) -> list[str]:
    """Return the arguments that give ``options`` the values that they have in ``settings``.

    None and False need no argument; a default does, since a variable may say otherwise. A list of values has none.
    """
    flags = []
    for each in options:
        value = getattr(settings, each.field)
        if value is not None and value is not False and not each.is_list and not each.negates:
            flags.append(f"--{each.name}" if each.is_switch else f"--{each.name}={value}")
    return flags


def _negation(of: Option) -> Option:
    return Option(
        field=of.field,
        name=f"no-{of.name}",
        group=of.group,
        convert=switch,
        default=False,
        meaning=of.negation or "",
        negates=True,
    )


def _shown(default: object) -> str:
    if default is None or isinstance(default, bool):
        return ""
    if isinstance(default, tuple):
        return ", ".join(map(str, default))
    return f"{default:g}" if isinstance(default, float) else str(default)
