"""The choice of convolutions that run in int8, and of their forms: the most time saved that leaves the sound as good.

Each piece of the network is timed in each form, and each group of convolutions is heard alone in the forms that are
faster. Noises of groups add up, which predicts the plan that saves the most and passes the gate; it is then judged
whole. Where it is noisier than predicted, the next plan allows for that.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal, Protocol

from wyoming_hayakoe.engine.prepare.int8_trial import FP32, Group, Rehearsal, Times, Trial
from wyoming_hayakoe.engine.prepare.quality import Quality, cost, refusal
from wyoming_hayakoe.engine.prepare.quantize import Form
from wyoming_hayakoe.engine.prepare.selection import Candidate, Plan, promising
from wyoming_hayakoe.errors import HayakoeError

if TYPE_CHECKING:
    from onnx import ModelProto

_LOGGER = logging.getLogger(__name__)

Precision = Literal["auto", "fp32", "int8"]
"""``auto`` lets the quality gate choose; ``int8`` takes the best plan, at any quality; ``fp32`` nothing."""

# Plans that should pass, tried before fp32 is taken.
_MOST_TRIES = 4

# Of the time in fp32; timing is not more exact, and less is not worth any noise.
_LEAST_SAVED = 0.05

# The same, of a plan that is taken at any quality.
_LEAST_FORCED = 0.1
_MOST_BUDGET = 1 << 20

# Costs of a refused plan whose own are unknown or within the budget: it must not look promising again.
_REFUSED = 1.1


class Measuring(Protocol):
    """What :class:`Trial` measures."""

    @property
    def groups(self) -> Mapping[str, Group]:
        """The groups of convolutions, by their names."""
        ...

    def times(self) -> Sequence[Times]:
        """Return the times of each piece."""
        ...

    def alone(self, group: str, form: Form) -> Quality:
        """Return the quality of one group in a form."""
        ...

    def together(self, plan: Plan) -> Quality:
        """Return the quality of a plan."""
        ...

    def gain(self, plan: Plan) -> float:
        """Return how many times as fast as fp32 a plan is."""
        ...


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
    if precision == "fp32":
        return stages, {"precision": precision, "chosen": "fp32", "reason": "fp32 was asked for", "plans": []}
    start = time.monotonic()
    _LOGGER.debug("int8: calibrating it by its own sentences")
    trial = Trial(stages, rehearse())
    plan, report = search(trial, precision)
    report |= {"seconds": round(time.monotonic() - start, 1)}
    _LOGGER.debug("%s: %s", report["chosen"], report["reason"])
    return (trial.stages(plan) if plan else stages), report


def search(trial: Measuring, precision: Literal["auto", "int8"]) -> tuple[Plan, dict[str, Any]]:
    """Return the plan to run, an empty one for fp32, and the report of :func:`choose` on it.

    Raises:
        HayakoeError: the voice fails in fp32.
    """
    judge = _Judge(trial)
    plan = judge.fastest()
    if not plan and precision == "int8":
        plan = judge.forced()
    return plan, {
        "precision": precision,
        "chosen": "int8" if plan else "fp32",
        "reason": judge.reason,
        "plans": judge.verdicts,
        "alone": judge.alone,
        "milliseconds": [{form: round(1000 * each, 2) for form, each in times.items()} for times in judge.times],
    }


def savings(groups: Mapping[str, Group], times: Sequence[Times]) -> dict[str, dict[Form, float]]:
    """Return the time that each group saves in each form worth it, as shares of all the time in fp32, cleanest first.

    What a piece saves is divided among its groups by their work. A form is worth it where it saves 5 % of the piece's
    time more than fp32 and than each cleaner form.
    """
    total = sum(each[FP32] for each in times)
    work = [0] * len(times)
    for group in groups.values():
        work[group.piece] += group.work
    return {
        name: {
            form: seconds * group.work / (work[group.piece] * total)
            for form, seconds in _worth_it(times[group.piece]).items()
        }
        for name, group in groups.items()
    }


def _worth_it(times: Times) -> dict[Form, float]:
    """Return the seconds that each form of a piece saves if it is worth it, the cleanest form first."""
    saved: dict[Form, float] = {}
    for form in reversed(Form):
        seconds = times[FP32] - times.get(form, times[FP32])
        if seconds >= max(saved.values(), default=0.0) + _LEAST_SAVED * times[FP32]:
            saved[form] = seconds
    return saved


class _Judge:
    """The search of one voice's plan, with all that was measured for it."""

    def __init__(self, trial: Measuring) -> None:
        self.verdicts: list[dict[str, Any]] = []
        self.alone: dict[str, dict[str, Any]] = {}
        self.reason = ""
        self._trial = trial
        self._groups = trial.groups
        _LOGGER.debug("int8: timing its forms on this machine")
        self.times = trial.times()
        self._options = list(self._measured(savings(self._groups, self.times)))
        # The gate may refuse one also by a figure that does not add up.
        self._passing = [each for each in self._options if self.alone[each.group][each.form]["refused"] is None]
        self._excess = (1.0,) * max((len(option.costs) for option in self._options), default=1)

    def fastest(self) -> Plan:
        """Return the plan that saves the most time and passes; an empty one stands for fp32."""
        self.reason = self._why_none_is_tried()
        for _ in range(_MOST_TRIES):
            plan = promising(self._passing, self._excess)
            if not plan or self._saved(plan) < _LEAST_SAVED:
                return {}
            if self._passes(plan):
                return plan if self._is_faster(plan) else {}
        return {}

    def forced(self) -> Plan:
        """Return the quietest plan that saves a tenth of the time; where none does, all groups in their fastest form.

        An empty one where nothing can be computed in int8.
        """
        budget = 2.0
        while budget < _MOST_BUDGET:
            plan = promising(self._options, self._excess, budget)
            if self._saved(plan) >= _LEAST_FORCED:
                break
            budget *= 2
        else:
            plan = self._everything()
        if plan:
            self._passes(plan)
            last = self.verdicts[-1]
            self.reason = f"int8 was asked for; {last['refused'] or self._praise(last)}"
        return plan

    def _measured(self, savings: Mapping[str, Mapping[Form, float]]) -> Iterator[Candidate]:
        """Yield the options, after hearing each alone; where a form alone is too much, noisier ones are left out."""
        number, total = 0, sum(map(len, savings.values()))
        for group, forms in savings.items():
            for position, (form, saved) in enumerate(forms.items()):
                number += 1
                if number % max(1, total // 4) == 0:
                    _LOGGER.info("trying int8: %d of %d measurements are done", number, total)
                try:
                    quality = self._trial.alone(group, form)
                except HayakoeError as error:
                    self.alone.setdefault(group, {})[form] = {"failed": str(error)}
                    continue
                costs = cost(quality)
                self.alone.setdefault(group, {})[form] = {
                    "saved": round(saved, 4),
                    "costs": [float(f"{each:.3g}") for each in costs],
                    "refused": refusal(quality),
                }
                yield Candidate(group, form, saved, costs)
                if max(costs) > 1:
                    # Those that are left are noisier.
                    number += len(forms) - position - 1
                    break

    def _passes(self, plan: Plan) -> bool:
        """Judge ``plan``, keep the verdict, and return whether the gate lets it pass."""
        measured: dict[str, Any] = {}
        refused: str | None
        costs = (_REFUSED,) * len(self._excess)
        try:
            quality = self._trial.together(plan)
        except HayakoeError as error:
            refused = str(error)
        else:
            measured, refused = figures(quality), refusal(quality)
            if max(cost(quality)) > 1:
                costs = cost(quality)
        if refused:
            self._learn(plan, costs)
        share = self._share(plan)
        _LOGGER.debug("int8: %.0f %% of the arithmetic: %s", 100 * share, refused or "passes")
        saved = round(self._saved(plan), 3)
        forms = {group: plan[group] for group in sorted(plan)}
        self.verdicts.append({"int8": forms, "share": share, "saved": saved, **measured, "refused": refused})
        self.reason = f"no int8 form passes: {refused}; speaks in fp32"
        return refused is None

    def _learn(self, plan: Plan, found: Sequence[float]) -> None:
        """Keep the factors by which a refused plan is noisier than its groups; the next is chosen with them."""
        alone = [option.costs for option in self._options if plan.get(option.group) == option.form]
        if alone:
            expected = [max(1e-9, sum(each)) for each in zip(*alone, strict=True)]
            factors = zip(self._excess, found, expected, strict=True)
            self._excess = tuple(max(known, cost / each) for known, cost, each in factors)

    def _is_faster(self, plan: Plan) -> bool:
        """Time a plan that passes, keep that, and return whether it is faster than fp32 as a whole."""
        last = self.verdicts[-1]
        gain = last["gain"] = round(self._trial.gain(plan), 2)
        self.reason = self._praise(last)
        if gain * (1 - _LEAST_SAVED) < 1:
            self.reason = f"int8 is not faster on this machine ({self.reason}); speaks in fp32"
            return False
        return True

    def _why_none_is_tried(self) -> str:
        if not self._options:
            return "no int8 form is faster on this machine; speaks in fp32"
        quietest = min(self._options, key=lambda option: (max(option.costs), option.group, option.form))
        refused = self.alone[quietest.group][quietest.form]["refused"]
        if refused is None:
            return f"int8 forms that pass save less than {100 * _LEAST_SAVED:.0f} % of the time; speaks in fp32"
        return f"no int8 form passes: {refused} even in {quietest.group} alone; speaks in fp32"

    def _praise(self, verdict: Mapping[str, Any]) -> str:
        gain = f", {verdict['gain']:g} times as fast as fp32" if "gain" in verdict else ""
        return f"{100 * verdict['share']:.0f} % of the arithmetic in int8{gain}: {verdict['heard']}"

    def _everything(self) -> Plan:
        plan: dict[str, Form] = {}
        for name, group in self._groups.items():
            times = self.times[group.piece]
            if forms := [form for form in Form if form in times]:
                plan[name] = min(forms, key=times.__getitem__)
        return plan

    def _saved(self, plan: Plan) -> float:
        return sum(option.saved for option in self._options if plan.get(option.group) == option.form)

    def _share(self, plan: Plan) -> float:
        return round(
            sum(self._groups[group].work for group in plan) / sum(each.work for each in self._groups.values()), 3
        )


def figures(quality: Quality) -> dict[str, Any]:
    """Return a quality for JSON; ``heard`` are the figures of the gate in words."""
    heard = f"noise to mask {quality.noise_to_mask:.1f} dB, of 95 % of the frames {quality.noise_to_mask_95:.1f} dB"
    return {**_rounded(asdict(quality)), "heard": heard}


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _rounded(each) if isinstance(each, dict) else each and round(each, 2) for name, each in values.items()
    }
