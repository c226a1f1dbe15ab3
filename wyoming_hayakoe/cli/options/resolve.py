"""From flags, environment variables and configuration keys, which count in this order, to settings."""

import argparse
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from wyoming_hayakoe.cli.nearest import did_you_mean
from wyoming_hayakoe.cli.options.option import PREFIX, Option
from wyoming_hayakoe.disk import read_start
from wyoming_hayakoe.errors import UsageError, in_brief

S = TypeVar("S")

_LARGEST_FILE = 1 << 20
_LONGEST_VALUE = 200


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The keys of a configuration file, with hyphens whichever way they are written, and its [[preset]] tables."""

    name: str = ""
    keys: Mapping[str, object] = field(default_factory=dict)
    presets: Sequence[Mapping[str, object]] = ()

    hint: str | None = None
    """What should be written otherwise, though it is understood."""


@dataclass(frozen=True, slots=True)
class Resolved(Generic[S]):
    """Settings, and where each of their values was given."""

    settings: S

    origins: Mapping[str, str]
    """By field: ``--rate``, ``HAYAKOE_RATE`` or ``kitchen.toml: rate``; the option's name where it has its default."""


def resolve(
    make: Callable[..., S], options: Sequence[Option], flags: argparse.Namespace, config: ConfigFile
) -> Resolved[S]:
    """Return the settings dataclass ``make`` with the values that ``options`` are given anywhere.

    Where --no-NAME is given and true, NAME is false, at the rank of --no-NAME.

    Raises:
        UsageError: a value is not allowed, whether or not another one counts before it.
    """
    given = [
        *_given_in_table(options, config.keys, config.name),
        *_given_in_environment(options),
        *_given_as_flags(options, flags),
    ]
    return _resolved(make, options, given)


def resolve_table(
    make: Callable[..., S], options: Sequence[Option], table: Mapping[str, object], where: str
) -> Resolved[S]:
    """Return the settings dataclass ``make`` with the values that a TOML table gives ``options``.

    Raises:
        UsageError: a value is not allowed, or a key is none of ``options``.
    """
    check_keys(table, options, where)
    return _resolved(make, options, _given_in_table(options, table, where))


def config_path(flags: argparse.Namespace) -> str | None:
    """Return the configuration file that --config or HAYAKOE_CONFIG names."""
    path: str | None = flags.config or os.environ.get(f"{PREFIX}CONFIG") or None
    return path


def read_config(path: str | None) -> ConfigFile:
    """Return the content of a configuration file; without a path, an empty one.

    Raises:
        UsageError: the file cannot be read, or is not TOML.
    """
    if path is None:
        return ConfigFile()
    try:
        encoded = read_start(Path(path), _LARGEST_FILE + 1)
        if len(encoded) > _LARGEST_FILE:
            raise ValueError(f"it has more than {_LARGEST_FILE >> 20} MiB")
        keys = _hyphenated(tomllib.loads(encoded.decode("utf-8")))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}): name another file with --config") from None
    # TOML's own errors, and Python's: text that is no UTF-8, a number of 5,000 digits, 5,000 brackets.
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: is not TOML: {_toml_hint(encoded) or in_brief(error)}") from None
    presets = keys.pop("preset", [])
    if not isinstance(presets, list) or not all(isinstance(item, dict) for item in presets):
        raise UsageError(f"{path}: preset: is not a list of tables: begin each preset with a line [[preset]]")
    # Up to version 0.1, presets stood among the names of ``voice``.
    voices = keys.pop("voice", [])
    voices = voices if isinstance(voices, list) else [voices]
    if names := [item for item in voices if not isinstance(item, dict)]:
        keys["voice"] = names
    old = [item for item in voices if isinstance(item, dict)]
    hint = f"{path}: voice: presets are called [[preset]] now: [[voice]] is still understood" if old else None
    return ConfigFile(path, keys, [_hyphenated(item) for item in [*presets, *old]], hint)


def _toml_hint(encoded: bytes) -> str | None:
    """Return what to do about ``voice = …`` beside ``[[voice]]``, which TOML does not allow; None for another fault."""
    lines = {line.split(b"=")[0].strip() for line in encoded.splitlines()}
    if {b"voice", b"[[voice]]"} <= lines:
        return "voice = … and [[voice]] exclude each other: call the presets [[preset]]"
    return None


def check_keys(table: Mapping[str, object], options: Sequence[Option], where: str) -> None:
    """Refuse keys that are none of ``options``.

    Raises:
        UsageError: naming the key and what is allowed.
    """
    allowed = sorted(option.name for option in options)
    for key in table:
        if key not in allowed:
            remedy = did_you_mean(key, allowed) or f": allowed are {', '.join(allowed)}"
            raise UsageError(f"{where}: {' '.join(key[:_LONGEST_VALUE].split())}: no such key{remedy}")


_Given = tuple[Option, object, str]
"""An option, the value that it is given, before conversion, and where."""


def _given_in_table(options: Sequence[Option], table: Mapping[str, object], where: str) -> Iterator[_Given]:
    for option in options:
        if option.name in table:
            yield option, table[option.name], f"{where}: {option.name}"


def _given_in_environment(options: Sequence[Option]) -> Iterator[_Given]:
    for option in options:
        # An empty variable is one that is not set: compose files write them so.
        if text := os.environ.get(option.variable):
            parts = [part.strip() for part in text.split(",") if part.strip()] if option.is_list else text
            yield option, parts, option.variable


def _given_as_flags(options: Sequence[Option], flags: argparse.Namespace) -> Iterator[_Given]:
    for option in options:
        if (value := getattr(flags, option.name, None)) is not None:
            yield option, value, f"--{option.name}"


def _resolved(make: Callable[..., S], options: Sequence[Option], given: Iterable[_Given]) -> Resolved[S]:
    """Return the settings with the last value that each field is given."""
    values: dict[str, object] = {}
    origins = {option.field: option.name for option in reversed(options)}
    for option, raw, origin in given:
        value = _convert(option, raw, origin)
        if option.negates and not value:
            continue
        values[option.field] = False if option.negates else value
        origins[option.field] = origin
    return Resolved(make(**values), origins)


def _convert(option: Option, raw: object, origin: str) -> object:
    if not option.is_list:
        return _convert_one(option, raw, origin)
    items = raw if isinstance(raw, list) else [raw]
    if not items:
        raise UsageError(f"{origin}: [] is not a list with something in it: leave it out for the default")
    return tuple(_convert_one(option, item, origin) for item in items)


def _convert_one(option: Option, raw: object, origin: str) -> object:
    try:
        return option.convert(raw)
    except ValueError as error:
        raise UsageError(f"{origin}: {_shown(raw)} is not {error}") from None
    except UsageError as error:
        raise UsageError(f"{origin}: {error}") from None


def _shown(raw: object) -> str:
    """Return the beginning of a value as Python writes it."""
    try:
        text = repr(raw)
    except ValueError:  # TOML's 0xfff… may have any number of digits, and Python writes no more than 4,300
        return "a number of more than 4300 digits"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _hyphenated(table: Mapping[str, object]) -> dict[str, object]:
    return {key.replace("_", "-"): value for key, value in table.items()}
