"""No regular expression takes more than linear time, whatever it is run on.

While one runs, the interpreter is held: a pattern that takes quadratic time on a text of 64 KiB stops the whole server
for half a minute.
"""

import re

import pytest

from tests.hostile.attacks import Attack, attacks
from tests.hostile.growth import is_exponential, is_super_linear
from tests.hostile.patterns import Use, uses


def weakness(use: Use) -> Attack | None:
    """Return an attack on which a pattern takes more than linear time, if one is found."""
    return next(
        (
            attack
            for attack in attacks(use.pattern)
            if is_exponential(use.run, attack.text) or is_super_linear(use.run, attack.text)
        ),
        None,
    )


def test_every_pattern_of_the_package_takes_linear_time() -> None:
    weak = {use.where: (use.pattern.pattern, found) for use in uses() if (found := weakness(use)) is not None}
    assert weak == {}


@pytest.mark.parametrize(
    "pattern",
    [
        r"<[^>]*>",
        r"\s*\n\s*",
        r"\s*---\s*\n(?s:.*?)\n---",
        r"\s?(?:→|[-=]+>)\s?",
        r"(?<![0-9.])0+(?=[0-9]+(?:[年月日]|時間))",
        r"(?<![0-9A-Za-z./-])-?[0-9]+(?:\s?[-+×x*÷/]\s?[0-9]+)+\s?[=≒≠]",
        r"(?<![一-鿿])(?P<days>[月火水](?:[・、]?[月火水])+)(?![・、]?(?!祝)[一-鿿])",
        r"<!-- a -->.*?<!-- b -->",
        r"(a+)+$",
        r"(?:あ|あい|い)*う",
    ],
)
def test_a_weak_pattern_is_found(pattern: str) -> None:
    compiled = re.compile(pattern)
    assert weakness(Use("here", compiled, lambda text: list(compiled.finditer(text))))


def test_patterns_are_found_wherever_they_are() -> None:
    found = {use.where.removeprefix("wyoming_hayakoe.") for use in uses()}
    places = {re.sub(r":\d+|'.*'", "", where) for where in found}
    assert {
        "text.english._CAMEL.finditer",  # of a module
        "text.english.finditer",  # re.split("…") in a function
        "text.english.fullmatch",  # built in a function
        "cli.options.converters.fullmatch",  # with a flag
        "text.analysis._BREAKS.finditer",  # in a tuple
        "text.frontend.EMOJI.rewrite ",  # a rule, in an object's partial
        "text.readings._RULES.search",
    } <= places
