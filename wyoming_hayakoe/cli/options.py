"""Options that are a flag, a HAYAKOE_ variable and a configuration key at once; the first that is given counts."""

import argparse
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wyoming_hayakoe.cli.values import Converter, switch
from wyoming_hayakoe.errors import UsageError

_PREFIX = "HAYAKOE_"


@dataclass(frozen=True, slots=True)
class Option:
    """One option under its one name: ``max-clients`` is --max-clients and HAYAKOE_MAX_CLIENTS."""

    name: str
    convert: Converter
    help: str
    metavar: str | None = None
    is_list: bool = False
    """Whether the flag may be repeated, the variable separates by commas, and the key takes an array."""
    implied: str | None = None
    """What the flag means without a value; None where it needs one."""

    @property
    def is_switch(self) -> bool:
        """Whether the flag takes no value."""
        return self.convert is switch

    @property
    def variable(self) -> str:
        """The environment variable."""
        return _PREFIX + self.name.upper().replace("-", "_")

    def as_flag(self, values: Mapping[str, Any]) -> list[str]:
        """Return the arguments that give this option its value in ``values``, where it has one there."""
        if self.name not in values or (self.is_switch and not values[self.name]):
            return []
        return [f"--{self.name}"] if self.is_switch else [f"--{self.name}={values[self.name]}"]

    def add_to(self, parser: argparse._ActionsContainer) -> None:
        """Add the flag; what it is given stays a string until it is resolved."""
        settings: dict[str, Any] = {"help": self.help, "default": None, "dest": self.name}
        if self.is_switch:
            settings |= {"action": "store_const", "const": "true"}
        else:
            settings |= {"metavar": self.metavar or self.name.rsplit("-", 1)[-1].upper()}
            settings |= {"action": "append"} if self.is_list else {}
            settings |= {"nargs": "?", "const": self.implied} if self.implied else {}
        parser.add_argument(f"--{self.name}", **settings)


def add_options(parser: argparse._ActionsContainer, options: Iterable[Option]) -> None:
    """Add every option's flag, and --config."""
    for option in options:
        option.add_to(parser)
    parser.add_argument("--config", metavar="FILE.toml", help="file with the same names as keys, and [[voice]] presets")


@dataclass(frozen=True, slots=True)
class Given:
    """A value that was given, and where: ``--rate``, ``HAYAKOE_RATE``, ``kitchen.toml: rate``."""

    value: Any
    where: str


def resolve(
    options: Sequence[Option], flags: argparse.Namespace, config: Mapping[str, object], config_name: str
) -> dict[str, Given]:
    """Return the options that are given anywhere, by name; a flag before a variable before a key.

    Where ``no-x`` is given and is true, ``x`` is false, at the rank of whoever gave it.

    Raises:
        UsageError: one of them is not allowed.
    """
    ranks = [resolve_table(options, config, config_name), _resolve_variables(options), _resolve_flags(options, flags)]
    merged: dict[str, Given] = {}
    for rank in ranks:
        for name in [name for name in rank if name.startswith("no-")]:
            if (given := rank.pop(name)).value:
                rank[name.removeprefix("no-")] = Given(value=False, where=given.where)
        merged |= rank
    return merged


def _resolve_flags(options: Sequence[Option], flags: argparse.Namespace) -> dict[str, Given]:
    return {
        option.name: _convert(option, value, f"--{option.name}")
        for option in options
        if (value := getattr(flags, option.name, None)) is not None
    }


def _resolve_variables(options: Sequence[Option]) -> dict[str, Given]:
    values = {}
    for option in options:
        # An empty variable is one that is not set: compose files write them so.
        if text := os.environ.get(option.variable):
            parts = [part.strip() for part in text.split(",") if part.strip()] if option.is_list else text
            values[option.name] = _convert(option, parts, option.variable)
    return values


def resolve_table(options: Sequence[Option], table: Mapping[str, object], where: str) -> dict[str, Given]:
    """Return the options that ``table`` holds, by name.

    Raises:
        UsageError: one of them is not allowed.
    """
    return {
        option.name: _convert(option, table[option.name], f"{where}: {option.name}")
        for option in options
        if option.name in table
    }


def read_config(path: str | None) -> dict[str, object]:
    """Return the keys of a TOML file, with hyphens whichever way they are written; none without a file.

    Raises:
        UsageError: it cannot be read, or is not TOML.
    """
    if path is None:
        return {}
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}): name another file with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is not TOML: {error}") from None
    return hyphenated(data)


def config_path(flags: argparse.Namespace) -> str | None:
    """Return the file that --config or HAYAKOE_CONFIG names."""
    path: str | None = flags.config or os.environ.get(f"{_PREFIX}CONFIG") or None
    return path


def hyphenated(table: Mapping[str, object]) -> dict[str, object]:
    """Return ``table`` with hyphens for underscores in its keys: TOML users write either."""
    return {key.replace("_", "-"): value for key, value in table.items()}


def check_keys(table: Mapping[str, object], allowed: Sequence[str], where: str) -> None:
    """Refuse keys that mean nothing.

    Raises:
        UsageError: naming the key and what is allowed.
    """
    for key in table:
        if key not in allowed:
            raise UsageError(f"{where}: {key}: no such key: allowed are {', '.join(sorted(allowed))}")


def _convert(option: Option, raw: object, where: str) -> Given:
    if not option.is_list:
        return Given(_convert_one(option, raw, where), where)
    items = raw if isinstance(raw, list) else [raw]
    if not items:
        raise UsageError(f"{where}: [] is not a list with something in it: leave it out for the default")
    return Given([_convert_one(option, item, where) for item in items], where)


def _convert_one(option: Option, raw: object, where: str) -> object:
    try:
        return option.convert(raw)
    except ValueError as error:
        raise UsageError(f"{where}: {raw!r} is not {error}") from None
