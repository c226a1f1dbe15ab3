"""The selection of int8 forms within a budget of noise."""

import itertools
import math
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wyoming_hayakoe.engine.prepare.quantize import Form
from wyoming_hayakoe.engine.prepare.selection import Candidate, promising

COSTS = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.5]), st.floats(0, 2))


@st.composite
def options(draw, groups=4):
    figures = draw(st.integers(1, 3))
    keys = draw(
        st.sets(st.tuples(st.sampled_from("abcdef"[:groups]), st.sampled_from(list(Form))), max_size=3 * groups)
    )
    return [
        Candidate(group, form, draw(st.floats(0.001, 1)), tuple(draw(COSTS) for _ in range(figures)))
        for group, form in sorted(keys)
    ]


def figures(found):
    return len(found[0].costs) if found else 1


def saved(plan, found):
    return sum(option.saved for option in found if plan.get(option.group) == option.form)


def costs(plan, found):
    taken = [option.costs for option in found if plan.get(option.group) == option.form]
    return [sum(each) for each in zip(*taken, strict=True)]


def every_plan(found):
    groups = sorted({option.group for option in found})
    forms = [[None, *(option.form for option in found if option.group == group)] for group in groups]
    for chosen in itertools.product(*forms):
        yield {group: form for group, form in zip(groups, chosen, strict=True) if form is not None}


@given(options())
@settings(max_examples=150, deadline=None)
def test_no_plan_within_the_budget_saves_more(found):
    best = promising(found, (1.0,) * figures(found))
    assert all(cost <= 1 + 1e-9 for cost in costs(best, found))
    fitting = [plan for plan in every_plan(found) if all(cost <= 1 - 1e-9 for cost in costs(plan, found))]
    assert saved(best, found) >= max(saved(plan, found) for plan in fitting) - 1e-9


@given(options(groups=6), st.floats(1, 4), st.floats(1, 3))
@settings(max_examples=100, deadline=None)
def test_a_larger_budget_never_saves_less_and_more_excess_never_more(found, budget, factor):
    plain = (1.0,) * figures(found)
    exact = saved(promising(found, plain), found)
    assert saved(promising(found, plain, budget), found) >= exact - 1e-9
    assert saved(promising(found, (factor,) * figures(found)), found) <= exact + 1e-9


@given(options(groups=6), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_options_does_not_matter(found, chance):
    shuffled = chance.sample(found, len(found))
    assert promising(shuffled, (1.0,) * figures(found)) == promising(found, (1.0,) * figures(found))


@pytest.mark.parametrize("noisy", [math.nan, math.inf, 1.1])
def test_what_is_over_the_budget_alone_is_left_out(noisy):
    found = [Candidate("a", Form.TENSOR, 0.5, (0.1, noisy)), Candidate("b", Form.TENSOR, 0.1, (0.1, 0.1))]
    assert promising(found, (1.0, 1.0)) == {"b": Form.TENSOR}


def test_a_cleaner_form_makes_room_for_another_group():
    found = [
        Candidate("a", Form.TENSOR, 0.5, (0.8,)),
        Candidate("a", Form.CHANNEL, 0.45, (0.3,)),
        Candidate("b", Form.TENSOR, 0.3, (0.6,)),
    ]
    assert promising(found, (1.0,)) == {"a": Form.CHANNEL, "b": Form.TENSOR}
    assert promising(found, (2.0,)) == {"a": Form.CHANNEL}


def test_nothing_is_selected_from_nothing():
    assert promising([], (1.0,)) == {}


@pytest.mark.parametrize("same", [False, True])
def test_as_many_groups_as_a_decoder_has_take_no_time(same):
    chance = random.Random(0)
    found = [
        Candidate(
            f"{group:02}",
            form,
            0.1 if same else chance.random(),
            tuple(0.11 if same else chance.random() for _ in range(4)),
        )
        for group in range(16)
        for form in Form
    ]
    start = time.process_time()
    plan = promising(found, (1.0,) * 4)
    assert time.process_time() - start < 5
    assert all(cost <= 1 for cost in costs(plan, found))
