"""Files of HTS voices that somebody has damaged or made to do harm: HTS engine, in C, trusts whatever it reads."""

import random
import re
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hts_voices import mei, tiny, with_header
from wyoming_hayakoe.engine.hts.distributions import check_file
from wyoming_hayakoe.engine.hts.header import DamagedError
from wyoming_hayakoe.engine.hts.proof import prove_hts
from wyoming_hayakoe.engine.hts.trees import Question, parse_trees
from wyoming_hayakoe.engine.prepare.proofs import try_in_child

HEADER = tiny().index(b"[DATA]")
NUMBERS = (0, 1, 2, 255, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 40, 10**15)

SPEAK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))
from pyopenjtalk import extract_fullcontext
from pyopenjtalk.htsengine import HTSEngine
labels = extract_fullcontext("はい")
for path in sys.argv[1:]:
    print(path, flush=True)
    HTSEngine(path.encode()).synthesize(labels)
print("all")
"""


def cut(data, rng):
    return data[: rng.randrange(len(data))]


def flipped(data, rng):
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 20))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def flipped_in_header(data, rng):
    changed = bytearray(data)
    changed[rng.randrange(HEADER)] = rng.choice(b'0123456789-,.[]AZ\n"')
    return bytes(changed)


def absurd_number(data, rng):
    place = rng.choice(list(re.finditer(rb"\d+", data[:HEADER])))
    return data[: place.start()] + str(rng.choice(NUMBERS)).encode() + data[place.end() :]


def copied(data, rng):
    start, to, length = rng.randrange(len(data)), rng.randrange(len(data)), rng.randrange(400)
    return data[:to] + data[start : start + length] + data[to + length :]


def shortened(data, rng):
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(200) :]


DAMAGES = (cut, flipped, flipped_in_header, absurd_number, copied, shortened)


def refusal(data):
    """Return the line that refuses a file; "" where it passes."""
    try:
        check_file(data)
    except DamagedError as error:
        return str(error)
    return ""


def test_what_passes_the_check_never_ends_the_process_that_speaks_with_it(tmp_path):
    rng = random.Random(18)
    made = [DAMAGES[number % len(DAMAGES)](tiny(), rng) for number in range(600)]
    # Each is spoken with once, which takes a tenth of a second.
    passed = [data for data in made if not refusal(data)][:12]
    assert passed
    paths = [tmp_path / str(number) for number in range(len(passed))]
    for path, data in zip(paths, passed, strict=True):
        path.write_bytes(data)
    ran = subprocess.run([sys.executable, "-c", SPEAK, *map(str, paths)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "all"), ran.stderr[-500:]


def test_what_is_whole_passes():
    assert check_file(mei()).sample_rate == 48_000
    assert check_file(tiny()).frame_period == 240
    assert check_file(with_header(tiny(), COMMENT="初音")).sample_rate == 48_000


NODE = b' 0 C-Vowel "leaf_2" "leaf_1"'


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        # Each of these ends the process that loads it, or keeps it busy for ever.
        (b"OPTION[MCP]:ALPHA=0.55\n", b"", "lacks, or should not have, OPTION[MCP]"),
        (b"OPTION[MCP]:", b"OPTION[3CP]:", "lacks, or should not have, OPTION["),
        (NODE, b' 0 C-Vowel 0        "leaf_1"', "have the line"),
        (NODE, b' 0 C-Vowel -0       "leaf_1"', "come back to a node"),
        (NODE, b' 0 C-Vowel "leaf_0" "leaf_1"', "come back to a node"),
        (NODE, b' 0 C-Vowel "leaf_9" "leaf_1"', "names a leaf that is not there"),
        (NODE, b' 0 C-Vowel -1       "leaf_1"', "lack a node"),
        (b"\nDURATION_PDF:", b"\nDURATION_PDF:9999999999-", "its position DURATION_PDF is '9999999999-"),
    ],
)
def test_what_ends_or_never_ends_the_engine_is_refused(old, new, reason):
    assert old in tiny()
    assert reason in refusal(tiny().replace(old, new))


@pytest.mark.parametrize("name", ["SAMPLING_FREQUENCY", "FRAME_PERIOD", "NUM_STATES", "NUM_STREAMS"])
@pytest.mark.parametrize("value", [0, *NUMBERS[5:], "-1", "", "1e9", "٣", "1 "])
def test_absurd_numbers_are_refused(name, value):
    assert name in refusal(with_header(tiny(), **{name: value}))


@given(st.binary(max_size=300), st.integers(0, HEADER + 2000))
def test_bytes_of_any_kind_are_refused_in_one_line(noise, place):
    data = tiny()
    for made in (noise, data[:place] + noise, data[:place] + noise + data[place + len(noise) :]):
        line = refusal(made)
        assert len(line) < 400
        assert not line or line.isprintable()


def test_a_pattern_is_tried_in_a_time_linear_in_the_label():
    started = time.process_time()
    assert not Question(["*a" * 90 + "*b"]).matches("a" * 1000)
    assert Question(["x", "*-?+*/A:-1*"]).matches("k^o-a+i=u/A:-1+1")
    assert not Question(["*-?+"]).matches("k^o-ch+i")
    assert time.process_time() - started < 1


def test_many_nodes_are_read_once():
    lines = [
        'QS q { "*" }',
        "{*}[2]",
        "{",
        *(f'{-at} q {-at - 1} "l_1"' for at in range(20_000)),
        '-20000 q "l_1" "l_1"',
    ]
    started = time.process_time()
    parsed = parse_trees("\n".join([*lines, "}"]).encode())
    assert parsed.trees[0].leaf_of("a", parsed.questions) == 1
    assert time.process_time() - started < 2


def test_a_damaged_file_is_refused_in_a_process_of_its_own(tmp_path):
    damaged = tmp_path / "a.htsvoice"
    damaged.write_bytes(mei()[:300_000])
    assert "is no .htsvoice file that can be used (its STREAM_PDF[MCP]" in try_in_child(damaged, prove_hts).reason
