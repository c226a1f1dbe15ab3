"""The choice of int8 forms, rule by rule on measurements that are given, and on a voice."""

import json
import logging
from dataclasses import replace

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.awake import awake, edited
from tests.engine.sentences import sentence
from tests.support import FRONT_END, TINY_REPO
from wyoming_hayakoe import TTS
from wyoming_hayakoe.engine.graphs.cutting import cut
from wyoming_hayakoe.engine.jp_extra.network import JP_EXTRA
from wyoming_hayakoe.engine.prepare import precision, rehearsal
from wyoming_hayakoe.engine.prepare.int8_trial import FP32, Group
from wyoming_hayakoe.engine.prepare.precision import choose, savings, search
from wyoming_hayakoe.engine.prepare.quality import MOST_NOISE, MOST_NOISE_95
from wyoming_hayakoe.engine.prepare.quantize import Form
from wyoming_hayakoe.engine.vits.preparation import Sentences, accepts, rehearse, simplified
from wyoming_hayakoe.errors import HayakoeError

MODEL = TINY_REPO / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"
TENSOR, CHANNEL, PRODUCT = Form


class Heard(tuple):
    """A quality that is nothing but its costs."""

    __slots__ = ()


@pytest.fixture(autouse=True)
def plain_gate(monkeypatch):
    """Have the gate judge :class:`Heard`, and all else as it does."""
    real = precision.cost, precision.refusal, precision.figures

    def cost(quality):
        return tuple(quality) if isinstance(quality, Heard) else real[0](quality)

    def refusal(quality):
        if isinstance(quality, Heard):
            return f"noise {max(quality):.2f} is over 1" if max(quality) > 1 else None
        return real[1](quality)

    def figures(quality):
        return {"heard": f"noise {max(quality):.2f}"} if isinstance(quality, Heard) else real[2](quality)

    for name, function in (("cost", cost), ("refusal", refusal), ("figures", figures)):
        monkeypatch.setattr(precision, name, function)


class Measured:
    """Measurements that are given, in place of a voice's; an error in place of a quality is raised."""

    def __init__(self, times, costs, *, excess=1.0, gain=2.0, works=None):
        self.groups = {
            name: Group(piece, [name], (works or {}).get(name, 1))
            for name, piece in zip(costs, range(len(costs)), strict=True)
        }
        self._times = times
        self._costs = costs
        self._excess = excess
        self._gain = gain
        self.heard = []
        self.tried = []

    def times(self):
        return self._times

    def alone(self, group, form):
        self.heard.append((group, form))
        found = self._costs[group][form]
        if isinstance(found, Exception):
            raise found
        return Heard((found,))

    def together(self, plan):
        self.tried.append(dict(plan))
        if isinstance(self._excess, Exception):
            raise self._excess
        return Heard((self._excess * sum(self._costs[group][form] for group, form in plan.items()),))

    def gain(self, plan):
        return self._gain


def seconds(fp32, *forms):
    """Return the times of a piece; those of forms in their order."""
    return {FP32: fp32, **dict(zip(Form, forms, strict=False))}


def test_the_most_time_within_the_budget_is_saved():
    trial = Measured(
        [seconds(10, 5), seconds(10, 6), seconds(10, 9)],
        {"a": {TENSOR: 0.6}, "b": {TENSOR: 0.3}, "c": {TENSOR: 0.3}},
    )
    plan, report = search(trial, "auto")
    assert plan == {"a": TENSOR, "b": TENSOR}
    assert (report["chosen"], report["plans"][-1]["refused"]) == ("int8", None)
    assert report["reason"] == "67 % of the arithmetic in int8, 2 times as fast as fp32: noise 0.90"
    assert json.loads(json.dumps(report)) == report


def test_what_a_piece_saves_is_shared_by_work():
    groups = {"a": Group(0, [], 1), "b": Group(0, [], 3), "c": Group(1, [], 5)}
    saved = savings(groups, [seconds(6, 2), seconds(4, 3)])
    assert saved == {"a": {TENSOR: pytest.approx(0.1)}, "b": {TENSOR: pytest.approx(0.3)}, "c": {TENSOR: 0.1}}


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (seconds(10, 9.6), []),
        (seconds(10, 9.4), [TENSOR]),
        (seconds(10), []),
        (seconds(10, 5, 6, 7), [PRODUCT, CHANNEL, TENSOR]),
        (seconds(10, 7, 6, 5), [PRODUCT]),
        (seconds(10, 5, 5.9, 6), [PRODUCT, TENSOR]),
        (seconds(10, 5, 11, 12), [TENSOR]),
    ],
)
def test_only_forms_that_save_more_than_each_cleaner_one_are_heard(times, expected):
    assert list(savings({"a": Group(0, [], 1)}, [times])["a"]) == expected


@given(st.lists(st.lists(st.floats(0.001, 10), min_size=1, max_size=4), min_size=1, max_size=4))
@settings(max_examples=50)
def test_groups_never_save_more_than_the_time_in_fp32(pieces):
    times = [seconds(*piece) for piece in pieces]
    groups = {str(piece): Group(piece, [], 1) for piece in range(len(pieces))}
    saved = savings(groups, times)
    assert all(0 < each <= 1 for forms in saved.values() for each in forms.values())
    assert sum(max(forms.values(), default=0) for forms in saved.values()) <= 1 + 1e-9


def test_a_noisier_form_is_not_heard_where_a_cleaner_one_is_too_noisy_alone():
    trial = Measured([seconds(10, 4, 6), seconds(10, 4, 6)], {"a": {CHANNEL: 1.5}, "b": {CHANNEL: 0.1, TENSOR: 0.2}})
    plan, _ = search(trial, "auto")
    assert trial.heard == [("a", CHANNEL), ("b", CHANNEL), ("b", TENSOR)]
    assert plan == {"b": TENSOR}


def test_a_form_that_fails_is_left_out():
    trial = Measured(
        [seconds(10, 4, 6), seconds(10, 4)], {"a": {CHANNEL: HayakoeError("fails"), TENSOR: 0.1}, "b": {TENSOR: 0.1}}
    )
    plan, report = search(trial, "auto")
    assert plan == {"a": TENSOR, "b": TENSOR}
    assert report["alone"]["a"][CHANNEL] == {"failed": "fails"}


def test_after_a_refusal_the_next_plan_allows_for_the_excess():
    costs = {"a": {TENSOR: 0.5}, "b": {TENSOR: 0.3}, "c": {TENSOR: 0.1}}
    trial = Measured([seconds(10, 2), seconds(10, 4), seconds(10, 5)], costs, excess=1.5)
    plan, report = search(trial, "auto")
    assert trial.tried == [{"a": TENSOR, "b": TENSOR, "c": TENSOR}, {"a": TENSOR, "c": TENSOR}]
    assert plan == trial.tried[-1]
    assert [bool(each["refused"]) for each in report["plans"]] == [True, False]


@pytest.mark.parametrize("excess", [20.0, HayakoeError("does not load")])
def test_where_none_passes_fp32_is_chosen_and_the_figure_is_named(excess):
    costs = {name: {TENSOR: 0.1} for name in "abcdefgh"}
    trial = Measured([seconds(10, 5)] * 8, costs, excess=excess)
    plan, report = search(trial, "auto")
    assert (plan, report["chosen"]) == ({}, "fp32")
    assert 1 <= len(trial.tried) <= 4
    refused = report["plans"][-1]["refused"]
    assert refused in {"noise 16.00 is over 1", "does not load"}
    assert report["reason"] == f"no int8 form passes: {refused}; speaks in fp32"


def test_no_plan_is_tried_twice():
    trial = Measured([seconds(10, 5)] * 8, {name: {TENSOR: 0.05} for name in "abcdefgh"}, excess=HayakoeError("fails"))
    search(trial, "auto")
    assert len({tuple(sorted(plan)) for plan in trial.tried}) == len(trial.tried)


def test_where_each_group_alone_is_too_noisy_the_quietest_is_named():
    trial = Measured([seconds(10, 5)] * 2, {"a": {TENSOR: 3.0}, "b": {TENSOR: 1.5}})
    plan, report = search(trial, "auto")
    assert (plan, trial.tried) == ({}, [])
    assert report["reason"] == "no int8 form passes: noise 1.50 is over 1 even in b alone; speaks in fp32"


def test_where_no_form_is_faster_nothing_is_heard():
    trial = Measured([seconds(10, 11, 12, 13)], {"a": {}})
    plan, report = search(trial, "auto")
    assert (plan, trial.heard) == ({}, [])
    assert report["reason"] == "no int8 form is faster on this machine; speaks in fp32"


def test_what_saves_hardly_anything_is_not_worth_it():
    trial = Measured([seconds(10, 5), seconds(1000, 1000)], {"a": {TENSOR: 0.1}, "b": {}})
    plan, report = search(trial, "auto")
    assert (plan, trial.tried) == ({}, [])
    assert report["reason"] == "int8 forms that pass save less than 5 % of the time; speaks in fp32"


@pytest.mark.parametrize(("gain", "chosen"), [(1.04, "fp32"), (1.06, "int8")])
def test_a_plan_that_is_not_faster_as_a_whole_is_not_taken(gain, chosen):
    _, report = search(Measured([seconds(10, 5)], {"a": {TENSOR: 0.1}}, gain=gain), "auto")
    assert report["chosen"] == chosen
    assert f"{gain:g} times as fast" in report["reason"]


def test_int8_that_was_asked_for_is_the_plan_that_passes_where_one_does():
    trial = Measured([seconds(10, 5)] * 2, {"a": {TENSOR: 0.5}, "b": {TENSOR: 3.0}})
    assert search(trial, "int8")[0] == search(trial, "auto")[0] == {"a": TENSOR}


def test_int8_that_was_asked_for_is_else_the_quietest_that_saves_a_tenth():
    trial = Measured([seconds(10, 5)] * 3, {"a": {TENSOR: 30.0}, "b": {TENSOR: 3.0}, "c": {TENSOR: 50.0}})
    plan, report = search(trial, "int8")
    assert (plan, report["chosen"]) == ({"b": TENSOR}, "int8")
    assert report["plans"][-1]["refused"] == "noise 3.00 is over 1"
    assert report["reason"] == "int8 was asked for; noise 3.00 is over 1"


@pytest.mark.parametrize("gain", [0.9, 2.0])
def test_int8_that_was_asked_for_is_taken_even_where_it_is_slower(gain):
    trial = Measured([seconds(10, 12, 11), seconds(5)], {"a": {CHANNEL: 0.1}, "b": {}}, gain=gain)
    plan, report = search(trial, "int8")
    assert (plan, report["chosen"]) == ({"a": CHANNEL}, "int8")


def test_int8_that_cannot_be_computed_is_fp32_even_where_it_was_asked_for():
    plan, report = search(Measured([seconds(10)], {"a": {}}), "int8")
    assert (plan, report["chosen"]) == ({}, "fp32")
    assert report["reason"]


def test_progress_is_logged_in_a_few_lines(caplog):
    trial = Measured([seconds(10, 4, 5.5, 7)] * 16, {f"{each:02}": dict.fromkeys(Form, 0.04) for each in range(16)})
    with caplog.at_level(logging.INFO):
        search(trial, "auto")
    lines = [record.message for record in caplog.records]
    assert "trying int8: 24 of 48 measurements are done" in lines
    assert len(lines) <= 8


@pytest.fixture(scope="module")
def stages():
    stages = cut(onnx.load(MODEL))
    return simplified(JP_EXTRA, replace(stages, decoder=edited(stages.decoder, awake))).graphs


def chosen_of(stages, precision):
    """Return the stages that are chosen, by name, and the report."""
    sentences = Sentences(
        calibration=[sentence(12, seed) for seed in range(4)],
        held_out=[sentence(30, seed) for seed in (90, 91)],
        sample_rate=44100,
    )
    return choose(stages, lambda: rehearse(stages, sentences, MODEL), precision)


def operators(model):
    return {node.op_type for node in model.graph.node}


def never():
    raise AssertionError


def test_fp32_measures_nothing(stages):
    chosen, report = choose(stages, never, "fp32")
    assert chosen == stages
    assert (report["chosen"], report["plans"]) == ("fp32", [])


@pytest.mark.parametrize("wanted", ["auto", "int8"])
def test_a_voice_runs_in_what_its_report_says(stages, wanted):
    chosen, report = chosen_of(stages, wanted)
    assert report["chosen"] in ({"int8"} if wanted == "int8" else {"fp32", "int8"})
    assert report["reason"]
    assert chosen["encoder"] is stages["encoder"]
    taken = set().union(*map(operators, chosen.values())) - set().union(*map(operators, stages.values()))
    assert bool(taken) == (report["chosen"] == "int8")
    if report["chosen"] == "int8":
        plan = report["plans"][-1]
        assert plan["int8"]
        # Whether it is faster on this machine is another matter.
        assert wanted == "int8" or plan["refused"] is None
        assert plan["refused"] or (plan["noise_to_mask"] <= MOST_NOISE and plan["noise_to_mask_95"] <= MOST_NOISE_95)
    assert json.loads(json.dumps(report)) == report


def test_a_prepared_voice_says_what_was_chosen_and_why(tmp_path):
    voice = TTS(cache_dir=tmp_path).load("rand-jp", TINY_REPO.as_uri()).speakers["rand-jp"].voice
    voice.compile()
    choice = voice.report["choice"]
    assert accepts(voice.report)
    assert (choice["precision"], choice["chosen"] in {"fp32", "int8"}) == ("auto", True)
    assert " fp32" in choice["reason"]
    assert all(FP32 in times for times in choice["milliseconds"])
    assert not list(tmp_path.glob("compiled/*.incoming"))


def test_sentences_that_judge_are_no_sentences_that_calibrate():
    assert not set(rehearsal.HELD_OUT) & set(rehearsal.CALIBRATION)


def test_sentences_that_judge_hold_what_shows_noise():
    for text in rehearsal.HELD_OUT:
        assert "," in FRONT_END.read(text).phones[1:-1]
    phones = {phone for text in rehearsal.HELD_OUT for phone in FRONT_END.read(text).phones}
    assert phones >= {*"ptkbdg", "q", "N", "sh", "ts", "!", "?", "."}
    assert {text[-1] for text in rehearsal.HELD_OUT} == {"。", "？", "！"}
