"""The choice of convolutions that run in int8: as much arithmetic as leaves the sound as good as in fp32.

Everything in int8 is tried first. Where the quality gate refuses that, each group of convolutions is measured alone.
Powers of independent noises add up, which predicts the plan with the most arithmetic that passes: it is tried next, and
where it is worse than predicted, one with less arithmetic.
"""

import itertools
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from wyoming_hayakoe.engine.prepare.int8_trial import Rehearsal, Trial
from wyoming_hayakoe.engine.prepare.quality import Quality, cost, refusal
from wyoming_hayakoe.errors import HayakoeError

if TYPE_CHECKING:
    from onnx import ModelProto

_LOGGER = logging.getLogger(__name__)

Precision = Literal["auto", "fp32", "int8"]
"""``auto`` lets the quality gate choose; ``int8`` takes everything, at any quality; ``fp32`` nothing."""

# Plans that should pass, tried before fp32 is taken.
_MOST_TRIES = 4

# As a share of the arithmetic: less is not worth any noise.
_LEAST_SHARE = 0.1

Plan = frozenset[str]
"""The groups of convolutions in int8, see :attr:`Trial.groups`."""


def choose(
    stages: Mapping[str, "ModelProto"], rehearse: Callable[[], Rehearsal], precision: Precision
) -> tuple[Mapping[str, "ModelProto"], dict[str, Any]]:
    """Return the stages to run, and a report for JSON on what was tried, what was chosen and why.

    Args:
        stages: in fp32, by their names.
        rehearse: computes the sentences with them; not called for ``fp32``, since that takes the BERT's time.
        precision: of the configuration.

    Raises:
        HayakoeError: the voice fails in fp32.
    """
    report: dict[str, Any] = {"precision": precision, "chosen": "fp32", "reason": "fp32 was asked for", "plans": []}
    if precision == "fp32":
        return stages, report
    start = time.monotonic()
    _LOGGER.info("int8: calibrating it by its own sentences")
    judge = _Judge(Trial(stages, rehearse()))
    plan = judge.everything if precision == "int8" else judge.fastest()
    if precision == "int8":
        judge.passes(plan)
    report |= {"chosen": "int8" if plan else "fp32", "reason": judge.reason(plan), "plans": judge.verdicts}
    report |= {"alone": judge.alone, "seconds": round(time.monotonic() - start, 1)}
    _LOGGER.info("%s: %s", report["chosen"], report["reason"])
    return (judge.trial.stages(plan) if plan else stages), report


class _Judge:
    """The plans that were tried, with their verdicts."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.groups = trial.groups
        self.everything: Plan = frozenset(self.groups)
        self.verdicts: list[dict[str, Any]] = []
        self.alone: dict[str, Any] = {}
        self._last: Quality | None = None

    def fastest(self) -> Plan:
        """Return the plan with the most arithmetic in int8 that passes; an empty one stands for fp32."""
        if self.passes(self.everything):
            return self.everything
        measured = {}
        for group in self.groups:
            try:
                measured[group] = self.trial.measure([group], sentences=1)
            except HayakoeError:
                continue
        self.alone = {group: _figures(quality) for group, quality in measured.items()}
        excess = (1.0, 1.0)
        for _ in range(_MOST_TRIES):
            plan = promising(self.groups, measured, excess)
            if not plan or self.passes(plan):
                return plan
            excess = self._excess(plan, measured, excess)
        return frozenset()

    def passes(self, plan: Plan) -> bool:
        """Measure ``plan``, keep the verdict, and return whether the gate lets it pass."""
        figures: dict[str, Any] = {}
        refused: str | None
        self._last = None
        try:
            self._last = self.trial.measure(plan)
        except HayakoeError as error:
            refused = str(error)
        else:
            figures, refused = _figures(self._last), refusal(self._last)
        share = self._share(plan)
        _LOGGER.info("int8: %.0f %% of the arithmetic: %s", 100 * share, refused or "passes")
        self.verdicts.append({"int8": sorted(plan), "share": share, **figures, "refused": refused})
        return refused is None

    def _excess(self, plan: Plan, measured: Mapping[str, Quality], known: tuple[float, float]) -> tuple[float, float]:
        """Return the factors by which a refused plan was worse than predicted; the next is chosen with them."""
        if self._last is None:
            return known
        costs = [cost(measured[group]) for group in plan]
        predicted = [max(1e-9, sum(each)) for each in zip(*costs, strict=True)]
        mean, high = (actual / each for actual, each in zip(cost(self._last), predicted, strict=True))
        return max(known[0], mean), max(known[1], high)

    def reason(self, plan: Plan) -> str:
        """Return the reason for ``plan`` in a line."""
        if not plan:
            first = self.verdicts[0]["refused"]
            return f"no plan passes; all in int8: {first}"
        last = self.verdicts[-1]
        share = f"{100 * last['share']:.0f} % of the arithmetic in int8"
        return f"{share}: noise to mask {last['noise_to_mask']} dB, of 95 % of the frames {last['noise_to_mask_95']} dB"

    def _share(self, plan: Plan) -> float:
        return round(sum(self.groups[group] for group in plan) / max(1, sum(self.groups.values())), 3)


def promising(groups: Mapping[str, int], measured: Mapping[str, Quality], excess: tuple[float, float]) -> Plan:
    """Return the plan with the most arithmetic that should pass; an empty one where there is none worth it.

    Args:
        groups: multiply-adds of each group.
        measured: the quality of each group alone; those that failed are missing.
        excess: factors by which both costs of a plan are over the sums of its groups.
    """
    costs = {group: cost(quality) for group, quality in measured.items()}
    best: Plan = frozenset()
    most = _LEAST_SHARE * sum(groups.values())
    for count in range(1, min(len(measured), len(groups) - 1) + 1):
        for plan in itertools.combinations(sorted(measured), count):
            work = sum(groups[group] for group in plan)
            if work > most and all(
                factor * sum(costs[group][kind] for group in plan) <= 1 for kind, factor in enumerate(excess)
            ):
                best, most = frozenset(plan), work
    return best


def _figures(quality: Quality) -> dict[str, Any]:
    figures = asdict(quality)
    bands = {name: round(value, 2) for name, value in quality.bands.items()}
    rounded = {name: round(value, 2) for name, value in figures.items() if isinstance(value, float)}
    return figures | rounded | {"bands": bands}
