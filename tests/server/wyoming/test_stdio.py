"""The end of a server that speaks over standard input and output."""

import io
import subprocess
import sys

import pytest
from wyoming.event import read_event

from tests.support import DEADLINE, clean_environment

# Every answer fails, as of a damaged model; only the text that prepares the voice is spoken.
PROGRAM = """
import time
from wyoming_hayakoe.cli import main
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice

speak = OpenJTalkVoice.speak

def fail(self, utterance, *arguments, **how):
    if "準備" in utterance.text:
        return speak(self, utterance, *arguments, **how)
    time.sleep(0.3)  # the queue is full by then
    raise FloatingPointError

OpenJTalkVoice.speak = fail
raise SystemExit(main(["--uri", "stdio://"]))
"""


@pytest.mark.parametrize("requests", [1, 32, 33, 34, 100])
def test_it_ends_behind_an_answer_that_fails_however_many_requests_wait(requests):
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=b'{"type":"synthesize","data":{"text":"\\u306f\\u3044"}}\n' * requests,
        capture_output=True,
        env=clean_environment(),
        timeout=DEADLINE,
        check=False,
    )
    stream = io.BytesIO(result.stdout)
    assert [event.type for event in iter(lambda: read_event(stream), None)] == ["audio-start", "error"]
    assert result.returncode == 0, result.stderr
