"""`python -m script.listen`: the page for a listener, with a stand-in for the voice."""

import re
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest

from script.listen import __main__ as listen
from script.listen.sentences import SENTENCES
from wyoming_hayakoe import Audio


class Recorder:
    """Speaks a tone whose length tells with or without the accent, and records what was asked for."""

    def __init__(self):
        self.requests = []

    def generate(self, text, *, accent):
        self.requests.append((text, accent))
        return Audio(24_000, np.full(200 if accent else 100, 1000, dtype=np.int16))


class Elements(HTMLParser):
    """Counts elements and collects the sources of sounds."""

    def __init__(self):
        super().__init__()
        self.counts = Counter()
        self.sounds = []
        self.addresses = []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.counts[tag] += 1
        self.counts[f"{tag}:{found.get('type', '')}"] += 1
        if tag == "audio":
            self.sounds.append(found["src"])
        self.addresses += [value for name, value in attrs if name in {"href", "src"}]


@pytest.fixture
def written(tmp_path):
    speaker = Recorder()
    listen.write(tmp_path / "page", "kokoro-alpha", speaker)
    html = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    elements = Elements()
    elements.feed(html)
    return tmp_path / "page", html, elements, speaker


def test_each_sentence_is_heard_twice(written):
    folder, html, elements, speaker = written
    assert len(SENTENCES) == 20
    assert Counter(speaker.requests) == {(text, accent): 1 for text in SENTENCES for accent in (True, False)}
    assert len(elements.sounds) == 40
    assert all((folder / sound).is_file() for sound in elements.sounds)
    assert all(text in html for text in SENTENCES)


def test_each_pair_has_one_form(written):
    _, _, elements, _ = written
    assert elements.counts["fieldset"] == 20
    assert elements.counts["input:radio"] == 80
    assert elements.counts["input:text"] == 20


def test_the_page_needs_nothing_but_its_sounds(written):
    folder, html, elements, _ = written
    assert elements.addresses == elements.sounds
    assert "http" not in html
    assert {path.suffix for path in folder.iterdir()} == {".html", ".wav"}


def test_the_answers_stand_at_the_end_and_are_right(written):
    folder, html, _, _ = written
    answers = re.findall(r"<li>([AB])</li>", html.partition("<details>")[2])
    assert "<li>" not in html.partition("<details>")[0]
    assert answers.count("A") == answers.count("B") == 10
    for number, answer in enumerate(answers, 1):
        sizes = {name: (folder / f"{number:02}-{name.lower()}.wav").stat().st_size for name in "AB"}
        assert sizes[answer] == max(sizes.values()) > min(sizes.values())


def test_the_order_is_the_same_each_time(written, tmp_path):
    _, html, _, _ = written
    listen.write(tmp_path / "again", "kokoro-alpha", Recorder())
    assert (tmp_path / "again" / "index.html").read_text(encoding="utf-8") == html


def test_text_is_escaped(tmp_path):
    listen.write(tmp_path, "<b>", Recorder(), ["<script>alert(1)</script>"])
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert "「<b>」" not in html


def test_a_voice_that_is_missing_is_reported(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("HAYAKOE_DATA_DIR", str(tmp_path / "data"))
    assert listen.main([str(tmp_path / "page"), "--voice", "mei/../x"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "page").exists()
