"""Ids are those of piper-tts's and piper-plus-g2p's own phonemizers, but for the differences that are listed.

Each sentence is compared twice: with what the packages make of the labels of this program's own reading, and, where
Open JTalk reads the sentence alike, with what they make of its text.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyopenjtalk
import pytest

from tests.engine.piper.made import PIPER, PLUS, config, displayed
from tests.engine.piper.published import PiperPlus, PiperTTS, Published, Written, is_read, labels_of
from tests.support import FRONT_END, shared
from wyoming_hayakoe.engine.piper.config import PiperConfig
from wyoming_hayakoe.engine.piper.phonemes import encode
from wyoming_hayakoe.engine.prepare import rehearsal
from wyoming_hayakoe.text.sentences import split
from wyoming_hayakoe.utterance import Utterance

LISTED = Path(__file__).parents[2] / "data" / "piper_differences.tsv"
_TABLES = {"english.tsv": "text", "numbers.tsv": "text", "readings.tsv": "text"}

Case = tuple[str, str, str]
"""A sentence, a notation, and what the package was given: labels or text."""


@pytest.fixture(scope="module", params=[PiperTTS, PiperPlus], ids=lambda package: package.kind)
def package(request):
    return request.param()


@pytest.fixture(scope="module")
def voice(package, tmp_path_factory):
    content = PIPER if package.kind == "piper" else PLUS
    folder = tmp_path_factory.mktemp("published")
    return config(folder, content, phoneme_id_map=package.symbols, num_symbols=512)


def listed() -> dict[Case, str]:
    with LISTED.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {(row["sentence"], row["notation"], row["given"]): row["judgement"] for row in rows}


@cache
def read(sentence: str) -> Utterance:
    return FRONT_END.read(sentence)


def golden() -> list[str]:
    lines = shared("golden/frontend.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    for name, column in _TABLES.items():
        with shared(f"golden/{name}").open(encoding="utf-8", newline="") as file:
            texts += [row[column] for row in csv.DictReader(file, delimiter="\t")]
    return list(dict.fromkeys(sentence for text in texts for sentence in split(text)))


def differing(sentences: Iterable[str], package: Published, voice: PiperConfig) -> dict[Case, str]:
    """Return the sentences that the package writes otherwise, with both ways of writing."""
    found = {}
    for sentence in sentences:
        utterance = read(sentence)
        for line in encode(utterance, voice, 100_000):
            for given, written in _written(package, sentence, utterance):
                if written.ids != list(line.ids) or written.prosody not in (None, list(line.prosody)):
                    ways = (displayed(ids, voice) for ids in (line.ids, written.ids))
                    found[sentence.strip().replace("\n", "\\n"), package.kind, given] = "\n".join(ways)
    return found


def _written(package: Published, sentence: str, utterance: Utterance) -> Iterator[tuple[str, Written]]:
    yield "labels", package.written(sentence, labels_of(utterance.features))
    if is_read_alike(sentence):
        yield "text", package.written(sentence)


@cache
def is_read_alike(sentence: str) -> bool:
    """Return whether Open JTalk alone pronounces and accents a sentence as this program does."""
    return _heard(read(sentence).features) == _heard(pyopenjtalk.run_frontend(sentence))


def _heard(features: Sequence[Any]) -> list[object]:
    """Return pronunciations and accents of what is read."""
    return [(each["pron"], each["acc"], each["chain_flag"] == 1) for each in features if is_read(each)]


def test_sentences_of_the_rehearsal_are_written_as_by_the_package(package, voice):
    assert differing((*rehearsal.CALIBRATION, *rehearsal.HELD_OUT), package, voice) == {}


def test_golden_sentences_are_written_as_by_the_package_but_for_what_is_listed(package, voice, capsys):
    sentences = golden()
    found = differing(sentences, package, voice)
    expected = {case: judgement for case, judgement in listed().items() if case[1] == package.kind}
    new = [f"{case}\n{ways}" for case, ways in found.items() if case not in expected]
    assert not new, "\n".join(new)
    assert not expected.keys() - found.keys(), "these no longer differ: take them off the list"
    assert all(expected.values())
    with capsys.disabled():
        alike = sum(map(is_read_alike, sentences))
        print(f"\n{len(sentences)} golden sentences, {alike} of them read alike: {len(found)} differ in {package.kind}")
