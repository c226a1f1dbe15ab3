"""The choice among forms of one graph: whichever is fastest on this machine, of those that give the same values."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from wyoming_hayakoe.engine.prepare import timing
from wyoming_hayakoe.engine.prepare.simplify import largest_difference
from wyoming_hayakoe.engine.prepare.timing import Run
from wyoming_hayakoe.engine.runtime.session import Feeds, Session
from wyoming_hayakoe.errors import HayakoeError, in_brief

if TYPE_CHECKING:
    from onnx import ModelProto

# As a share of the largest value: one step of 16-bit sound. Sums in another order were measured to differ by 6e-6, and
# in a trained decoder by 1.5e-5.
_TOLERANCE = 2**-15

# As a share of the time, and in seconds: less may be noise of the measurement. Graphs that take a millisecond were
# measured to change places in a third of all preparations on a busy machine; nobody hears that they do not.
_LEAST_GAIN = 0.03
_LEAST_SAVING = 0.005

Measure = Callable[[Mapping[str, Run], Sequence[Feeds]], Mapping[str, float]]
"""Returns the seconds of each form by its name, as :func:`~.timing.measure` does."""


def fastest(
    forms: "Mapping[str, ModelProto]",
    samples: Sequence[Feeds],
    timed: Sequence[Feeds],
    *,
    origin: Path,
    folder: Path,
    measure: Measure = timing.measure,
) -> tuple[str, dict[str, Any]]:
    """Return the name of the fastest form, and a report for JSON: what was chosen, why, and the seconds of each form.

    Another form than the first is chosen only if it saves at least 3 % of the first one's time, and 5 ms.

    Args:
        forms: the graph as it is, then those that should give the same values.
        samples: what the graph takes, in several lengths: the values are compared on these.
        timed: what it takes in the lengths that matter: the times are measured with these.
        origin: the published file that errors name.
        folder: an existing folder that keeps the forms meanwhile.
        measure: the measurement of the times.

    Raises:
        HayakoeError: the graph as it is cannot be run.
    """
    first = next(iter(forms))
    with TemporaryDirectory(dir=folder) as place:
        sessions, reasons = _alike(forms, samples, origin, Path(place))
        seconds = measure({name: _run(session) for name, session in sessions.items()}, timed)
    chosen = min(seconds, key=seconds.__getitem__)
    if seconds[first] - seconds[chosen] < max(_LEAST_SAVING, _LEAST_GAIN * seconds[first]):
        chosen = first
    reasons |= {name: f"{seconds[first] / each:.2f} times as fast" for name, each in seconds.items() if name != first}
    return chosen, {
        "chosen": chosen,
        "reason": "; ".join(f"{name}: {reason}" for name, reason in reasons.items()),
        "seconds": {name: round(each, 4) for name, each in seconds.items()},
    }


def _alike(
    forms: "Mapping[str, ModelProto]", samples: Sequence[Feeds], origin: Path, place: Path
) -> tuple[dict[str, Session], dict[str, str]]:
    """Return the forms that give the values of the first one, loaded, and why the others are not among them."""
    sessions: dict[str, Session] = {}
    reasons: dict[str, str] = {}
    for name, form in forms.items():
        try:
            session = timing.load(form, place / f"{len(sessions) + len(reasons)}.onnx", origin)
            difference = largest_difference(next(iter(sessions.values()), session), session, samples)
        except (HayakoeError, ValueError) as error:
            if not sessions:
                raise
            reasons[name] = in_brief(error)
            continue
        if difference <= _TOLERANCE:
            sessions[name] = session
        else:
            reasons[name] = f"differs by {difference:.0e}"
    return sessions, reasons


def _run(session: Session) -> Run:
    return lambda feeds: session.run(session.outputs, feeds)
