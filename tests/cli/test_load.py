"""Load on a server: asked when it is due, counted as it is, and the same again for the same seed."""

import asyncio
import itertools
import json
import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import FRONT_END, eventually, local, program, run_program, running
from tests.voices import BeepVoice
from wyoming_hayakoe.cli import main
from wyoming_hayakoe.cli.bench.figures import percentile
from wyoming_hayakoe.cli.load.chart import draw, made
from wyoming_hayakoe.cli.load.corpus import REPLIES
from wyoming_hayakoe.cli.load.drive import Load, Outcome, poisson
from wyoming_hayakoe.cli.load.report import summarise
from wyoming_hayakoe.cli.load.sizing import highest, size


def uri(server):
    return "tcp://{}:{}".format(*server.endpoints[0])


# -- the corpus --


def test_the_corpus_is_some_sixty_different_texts_that_are_read_whole():
    assert len(set(REPLIES)) == len(REPLIES) >= 60
    assert all(FRONT_END.read(text).phones for text in REPLIES)


# -- the clock --


@given(st.integers(0, 1000), st.floats(0.1, 50), st.floats(0.1, 20))
def test_arrivals_are_in_order_and_within_the_run(seed, rate, duration):
    times = list(poisson(Random(seed), rate, duration))
    assert times == sorted(times)
    assert all(0 <= time < duration for time in times)


def test_arrivals_are_as_many_as_the_rate_says_and_as_irregular_as_chance():
    times = list(poisson(Random(0), 20, 1000))
    gaps = [after - before for before, after in itertools.pairwise(times)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert mean == pytest.approx(1 / 20, rel=0.03)
    assert variance == pytest.approx(mean**2, rel=0.1)


async def test_an_open_loop_asks_on_while_nothing_is_answered_and_counts_the_wait(gated):
    """No coordinated omission: each that came while the server stalled waited for the rest of the stall."""
    stall = 1.0
    async with running(local(max_queue=1000), gated) as server:
        load = Load(uri(server))
        asking = asyncio.create_task(load.open(20, stall))
        due = list(poisson(load._random(0), 20, stall))
        await eventually(lambda: len(server.connections) >= 0.8 * len(due), "they are asked all the same")
        assert not load.outcomes
        opened = load._now()
        gated.gate.set()
        await asking
    assert len(load.outcomes) == len(due)
    assert all(outcome.asked - outcome.due < 0.5 for outcome in load.outcomes)
    # The gate lets a window or two pass, and some are due after it has opened.
    assert sum(outcome.waited >= opened - outcome.due > 0 for outcome in load.outcomes) >= 0.7 * len(due)


async def test_a_closed_loop_never_asks_for_more_than_its_clients_at_a_time():
    async with running(local(max_queue=1000), BeepVoice()) as server:
        load = Load(uri(server))
        await load.closed(3, 0, 0.5)
    changes = sorted([(o.asked, 1) for o in load.outcomes] + [(o.ended, -1) for o in load.outcomes])
    assert max(itertools.accumulate(change for _, change in changes)) <= 3
    assert len(load.outcomes) > 6


async def test_clients_that_think_ask_as_often_as_they_think():
    async with running(local(max_queue=1000), BeepVoice()) as server:
        load = Load(uri(server), seed=3)
        await load.closed(20, 0.5, 1.0)
    assert 10 < len(load.outcomes) < 80
    assert len({round(outcome.asked, 2) for outcome in load.outcomes}) > 5


async def test_the_same_seed_asks_the_same():
    async def texts(seed):
        voice = BeepVoice()
        async with running(local(max_queue=1000), voice) as server:
            await Load(uri(server), seed=seed).open(200, 0.2)
        return sorted(call.text for call in voice.calls)

    assert await texts(1) == await texts(1) != await texts(2)


# -- what becomes of it --


async def test_a_server_that_says_no_is_counted_by_its_word_for_it(gated):
    async with running(local(max_queue=1), gated) as server:
        load = Load(uri(server))
        asking = asyncio.create_task(load.open(100, 0.2))
        await eventually(lambda: len(load.outcomes) >= 5, "most are told so")
        gated.gate.set()
        await asking
    found = {figure.what: figure.value for figure in summarise(load.outcomes)}
    assert found["failed: busy"] >= 5
    assert found["requests"] == found["answered"] + found["failed: busy"] == len(load.outcomes)


async def test_a_voice_that_says_nothing_is_no_answer():
    class Mute(BeepVoice):
        def sound(self, utterance, params):
            return super().sound(utterance, params)[:0]

    async with running(local(max_queue=1000), Mute()) as server:
        load = Load(uri(server))
        await load.open(50, 0.2)
    assert {outcome.problem for outcome in load.outcomes} == {"no-audio"}


async def test_a_server_that_goes_is_told_from_one_that_was_never_there(gated):
    async with running(local(grace=0), voice=gated) as server:
        address = uri(server)
        load = Load(address)
        asking = asyncio.create_task(load.open(100, 0.1))
        await eventually(gated.waiting.is_set, "one is being answered")
    gated.gate.set()
    await asking
    assert "hung-up" in {outcome.problem for outcome in load.outcomes}
    await load.open(100, 0.1)
    assert {outcome.problem for outcome in load.outcomes} == {"unreachable"}


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_a_value_that_so_many_do_not_pass(values, share):
    found = percentile(values, share)
    assert found in values
    assert 100 * sum(value <= found for value in values) >= share * len(values)
    assert 100 * sum(value < found for value in values) < share * len(values)


def test_times_count_from_when_a_request_was_due_and_only_where_it_was_answered():
    slow = Outcome(due=1.0, asked=1.5, first=2.0, ended=3.0, speech=4.0, problem=None)
    busy = Outcome(due=1.0, asked=1.0, first=None, ended=9.0, speech=0.0, problem="busy")
    found = {figure.what: figure.value for figure in summarise([slow, busy])}
    assert found["first audio, 95 %"] == 1000
    assert found["whole answer, 50 %"] == 2000
    assert found["failed: busy"] == 1
    assert found["asked late, 99 %"] == 500
    assert found["answered per second"] == pytest.approx(1 / 9)


# -- sizing --


@given(st.floats(0.05, 5000), st.floats(0.1, 10))
def test_the_highest_rate_that_holds_is_found(capacity, start):
    async def holds(rate):
        return rate <= capacity

    found = asyncio.run(highest(holds, start))
    assert found <= capacity <= 1.16 * found


def test_a_fleet_has_one_to_spare():
    found = {figure.what: figure.value for figure in size(per_hour=36, rate=1.0)}
    assert found["replicas for 100 rooms"] == 2
    assert found["replicas for 300 rooms"] == 4
    assert found["replicas for 1,000 rooms"] == 11


# -- the command --


def test_the_command_prints_figures_as_json_and_draws_them(tmp_path):
    pytest.importorskip("matplotlib")
    chart = tmp_path / "chart.png"
    with program("--max-queue", "100") as server:
        arguments = ["--rate", "20", "--duration", "0.5", "--json", "-", "--chart", str(chart)]
        ran = run_program("load", "--uri", server.uri, *arguments)
    assert ran.returncode == 0, ran.stderr
    figures = {figure["what"]: figure["value"] for figure in json.loads(ran.stdout)}
    assert figures["answered"] == figures["requests"] > 0
    assert 0 < figures["first audio, 50 %"] <= figures["first audio, 99 %"] <= figures["whole answer, 99 %"]
    assert chart.read_bytes().startswith(b"\x89PNG")


def test_a_run_with_failures_only_is_drawn_too(tmp_path):
    pytest.importorskip("matplotlib")
    busy = Outcome(due=0.0, asked=0.0, first=None, ended=0.1, speech=0.0, problem="busy")
    draw([busy], "busy", tmp_path / "chart.png")
    assert (tmp_path / "chart.png").stat().st_size > 1000


def test_a_chart_says_what_was_measured():
    pytest.importorskip("matplotlib")
    outcomes = [Outcome(due=n, asked=n, first=n + 0.1, ended=n + 0.4, speech=1.0, problem=None) for n in range(20)]
    outcomes.append(Outcome(due=20, asked=20, first=None, ended=20.1, speech=0.0, problem="busy"))
    canvas = made(outcomes, "2 requests a second for 10 s at tcp://a:1, voice: x")
    assert canvas.get_suptitle() == "2 requests a second for 10 s at tcp://a:1, voice: x"
    shares, times = canvas.axes
    assert all(axes.get_xlabel() and axes.get_ylabel() and axes.get_title() for axes in canvas.axes)
    labels = [text.get_text() for axes in (shares, times) for text in axes.get_legend().get_texts()]
    assert labels == [
        *("first audio", "whole answer", "50 % have first audio in 100 ms", "95 % have first audio in 100 ms"),
        *("first audio (20)", "failed: busy (1)"),
    ]


async def test_the_command_sizes_a_fleet(capsys):
    async with running(local(max_clients=1000, max_queue=1000), voice=BeepVoice()) as server:
        arguments = ["load", "--size", "400", "--duration", "0.2", "--uri", uri(server)]
        assert await asyncio.to_thread(main, arguments) == 0
    rate, *rows = capsys.readouterr().out.splitlines()
    assert "95 % within 400 ms" in rate
    assert [row.split()[:4] for row in rows[:2]] == [
        ["replicas", "for", "10", "rooms"],
        ["replicas", "for", "30", "rooms"],
    ]


def test_a_limit_that_no_server_can_meet_is_reported_at_once():
    with program() as server:
        ran = run_program("load", "--uri", server.uri, "--size", "1", "--duration", "0.1")
    assert ran.returncode == 1
    assert "a single client waits" in ran.stderr.decode()


def test_a_chart_without_matplotlib_is_refused_before_the_run(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.backend_bases", None)
    assert main(["load", "--rate", "5", "--chart", "a.png"]) == 2
    assert "--chart: matplotlib is not installed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "--clients --rate --size"),
        (["--rate", "5", "--clients", "5"], 2, "not allowed with"),
        (["--rate", "many"], 2, "a number from"),
        (["--clients", "0"], 2, "a whole number from 1"),
        (["--rate", "5", "--uri", "http://here"], 2, "tcp://HOST:PORT"),
        (["--rate", "5", "--uri", "tcp://127.0.0.1:9"], 1, "no server answers"),
        (["--rate", "5", "--chart", "a.docx"], 2, "--chart: a.docx: is no image file: let its name end in .png"),
        (["--rate", "5", "--chart", "chart"], 2, "--chart: chart: is no image file"),
        (["--rate", "5", "--chart", "/no/such/a.png"], 2, "--chart: /no/such/a.png: there is no folder /no/such"),
        (["--rate", "5", "--json", "/no/such/a.json"], 2, "--json: /no/such/a.json: there is no folder /no/such"),
        (["--rate", "5", "--json", "/"], 2, "--json: /: cannot be written"),
    ],
)
def test_what_is_wrong_is_one_line(arguments, code, words, capsys):
    assert main(["load", *arguments]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
