"""Choosing voices, and having them here: what is asked of sources, and what waits for them."""

import random
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tests.sources import hub as hubs
from tests.sources.shared import contents
from tests.support import DEADLINE, TINY_REPO, in_threads
from tests.voice_kinds import as_aivmx, as_folder
from wyoming_hayakoe import TTS, HayakoeError, UsageError, devices
from wyoming_hayakoe.engine.jp_extra.voice import JPExtraVoice
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.sources.source import Patience

VOICE = TINY_REPO / "onnx" / "speakers" / "rand-jp"


@pytest.fixture
def voices(hub):
    """The tiny repository on a Hub, as hf://me/voices."""
    hub.repository().commit(contents(TINY_REPO))
    return hub


@pytest.fixture
def tts(tmp_path):
    """Makes the library's face on one data folder, as each start of a program does."""
    return lambda **arguments: TTS(cache_dir=tmp_path / "data", **arguments)


def is_built_in(speaker) -> bool:
    return isinstance(speaker.voice, OpenJTalkVoice)


def test_progress_is_called_with_each_transfer(tts, voices, monkeypatch):
    monkeypatch.setattr(JPExtraVoice, "prepare", lambda _: None)
    transfers = []
    tts().load("rand-jp", "hf://me/voices").prepare(progress=transfers.append)
    assert {transfer.name for transfer in transfers} == {
        f"hf://me/voices: onnx/{part}" for part in ("speakers/rand-jp", "bert/q8")
    } | {"hf://me/voices: bert/tokenizer"}
    assert all(0 <= transfer.done <= transfer.total for transfer in transfers)
    assert transfers[-1].done == transfers[-1].total > 0


class TestTheBuiltInVoice:
    """It stands in under its name until a voice that was chosen under the same name is here."""

    def test_nothing_unloads_it(self, tts):
        face = tts()
        assert list(face.speakers) == ["mei"]
        face.load("mei").unload("mei")
        assert is_built_in(face.speakers["mei"])
        assert is_built_in(face.open("mei"))
        assert is_built_in(face.reopen("mei"))

    def test_a_namesake_takes_its_place_and_gives_it_back(self, tts):
        face = tts().load("mei", f"{TINY_REPO}#rand-jp")
        assert not is_built_in(face.speakers["mei"])
        assert is_built_in(face.load("mei").speakers["mei"])
        face.load("mei", f"{TINY_REPO}#rand-jp").unload("mei")
        assert is_built_in(face.speakers["mei"])

    def test_it_speaks_while_its_namesake_is_not_here(self, tts, voices, tmp_path):
        face = tts().load("mei", "hf://me/voices#rand-jp")
        assert face.speakers["mei"].generate("はい。").sr == 48000
        face.pre_download()
        assert not is_built_in(face.speakers["mei"])

    def test_it_speaks_when_there_is_no_namesake(self, tts, tmp_path):
        face = tts()
        with pytest.raises(HayakoeError, match="no such file or folder"):
            face.load("mei", str(tmp_path / "nope"))
        assert is_built_in(face.speakers["mei"])
        with pytest.raises(HayakoeError, match="no such file or folder"):
            face.open("mei")
        # What is mended at its source comes with the next look.
        shutil.copytree(TINY_REPO, tmp_path / "nope")
        with pytest.raises(HayakoeError, match="no voice 'mei': there is rand-jp"):
            face.open("mei")


class TestRequests:
    """Looking for something newer costs one request for each repository."""

    def test_a_voice_its_bert_and_its_licence_cost_a_hub_one_request(self, tts, voices):
        tts().load("rand-jp", "hf://me/voices").pre_download()
        voices.count()
        face = tts().load("rand-jp", "hf://me/voices")
        assert voices.count() == {}
        face.open("rand-jp")
        assert voices.count() == {"api": 1}
        face.open("rand-jp")
        assert voices.count() == {"api": 1}

    def test_a_voice_that_is_one_folder_costs_no_more(self, tts, voices, tmp_path):
        voices.repository("me/folder").commit(contents(as_folder(tmp_path / "rand")))
        voices.repository("me/file").commit({"rand.aivmx": as_aivmx(tmp_path / "rand.aivmx").read_bytes()})
        for source in ("hf://me/folder", "hf://me/file"):
            tts(bert_source="me/voices").load("a", source).pre_download()
            voices.count()
            face = tts(bert_source="me/voices").load("a", source)
            face.open("a")
            assert voices.count() == {"api": 2}, "one for each repository"
            face.open("a")
            assert voices.count() == {"api": 1}, "the BERT is looked for once per process"

    def test_voices_of_one_repository_cost_one_request(self, tts, voices):
        files = contents(TINY_REPO)
        second = {path.replace("rand-jp", "second"): data for path, data in files.items() if "speakers/" in path}
        voices.repository().commit(files | second)
        for expected in (None, {"api": 1}):
            voices.count()
            tts().load("rand-jp", "me/voices").load("second", "me/voices").pre_download()
            assert expected is None or voices.count() == expected

    def test_a_voice_its_bert_and_its_licence_cost_a_bucket_one_request(self, tts, bucket, requests):
        bucket.put(**{f"some/prefix/{path}": data for path, data in contents(TINY_REPO).items()})
        tts().load("rand-jp", f"s3://{bucket.name}/some/prefix").pre_download()
        face = tts().load("rand-jp", f"s3://{bucket.name}/some/prefix")
        requests.clear()
        face.open("rand-jp")
        assert len(requests) == 1

    def test_a_source_that_is_down_costs_what_is_here_no_time(self, tts, voices, monkeypatch):
        files = contents(TINY_REPO)
        files.pop("README.md", None)
        voices.repository().commit(files)
        tts().load("rand-jp", "me/voices").pre_download()
        waited = []
        monkeypatch.setattr(Patience, "pause", lambda *_: waited.append(1))
        voices.down += [503] * 100
        voices.count()
        tts().load("rand-jp", "me/voices").pre_download()
        assert voices.count() == {"api": 1}
        assert waited == []

    @pytest.mark.parametrize("kind", ["folder", "file"])
    def test_a_folder_or_file_that_is_here_serves_without_its_source_as_well(self, tts, voices, tmp_path, kind):
        if kind == "folder":
            files = {f"some/where/{path}": data for path, data in contents(as_folder(tmp_path / "rand")).items()}
        else:
            files = {"rand.aivmx": as_aivmx(tmp_path / "rand.aivmx").read_bytes()}
        voices.repository("me/others").commit(files)
        tts(bert_source="me/voices").load("a", "me/others").pre_download()
        voices.down += [503] * 100
        voices.count()
        face = tts(bert_source="me/voices").load("a", "me/others").pre_download()
        assert list(face.speakers) == ["a", "mei"]
        assert voices.count() == {"api": 2}, "one for each repository"

    def test_a_voice_that_is_not_here_is_worth_all_attempts_also_where_its_bert_is(self, tts, voices, monkeypatch):
        monkeypatch.setattr(Patience, "pause", lambda *_: None)
        tts().load("rand-jp", "me/voices").pre_download()
        voices.down += [503] * 100
        with pytest.raises(HayakoeError, match="overloaded or down"):
            tts().load("second", "me/voices").pre_download()
        assert len(voices.down) == 100 - 1 - Patience().attempts
        voices.down[2:] = []
        with pytest.raises(HayakoeError, match="no voice 'second': there is rand-jp"):
            tts().load("second", "me/voices").pre_download()


class TestOpening:
    def test_a_voice_is_opened_once(self, tts, voices, monkeypatch):
        tts().load("rand-jp", "me/voices").pre_download()
        opened = []
        read = devices.read_voice
        monkeypatch.setattr(devices, "read_voice", lambda place: opened.append(place) or read(place))
        face = tts().load("rand-jp", "me/voices")
        speaker = face.speakers["rand-jp"]
        face.load("rand-jp", "me/voices")
        assert face.pre_download().open("rand-jp") is face.speakers["rand-jp"] is speaker
        assert len(opened) == 1
        assert len({id(each) for each in in_threads(lambda: face.open("rand-jp"))}) == 1
        assert len(opened) == 1

    def test_a_voice_whose_files_change_is_another(self, tts, tmp_path):
        repository = shutil.copytree(TINY_REPO, tmp_path / "repository")
        face = tts().load("rand-jp", str(repository))
        before = face.speakers["rand-jp"]
        config = repository / "onnx" / "speakers" / "rand-jp" / "config.json"
        config.write_bytes(config.read_bytes() + b"\n")
        assert face.open("rand-jp") is not before

    def test_a_voice_is_opened_anew_if_asked_for(self, tts):
        face = tts().load("rand-jp", str(TINY_REPO))
        before = face.speakers["rand-jp"]
        after = face.reopen("rand-jp")
        assert after.voice is not before.voice
        assert face.speakers["rand-jp"] is after
        assert face.open("rand-jp") is after

    def test_a_voice_that_is_not_here_is_not_opened_anew(self, tts):
        face = tts().load("rand-jp", "hf://me/voices")
        with pytest.raises(HayakoeError, match="not here"):
            face.reopen("rand-jp")
        with pytest.raises(HayakoeError, match="no voice 'other' was loaded: there is mei"):
            face.reopen("other")

    @pytest.mark.parametrize(
        ("name", "content", "line"),
        [
            ("config.json", b"{", "config.json: is not JSON"),
            (
                "config.json",
                b'{"version": "2.6.1", "data": {}}',
                "version '2.6.1' is not JP-Extra: choose a JP-Extra voice",
            ),
            ("style_vectors.npy", b"\x93NUMPY", "style_vectors.npy: holds no style vectors"),
        ],
    )
    def test_a_voice_of_another_kind_is_told_in_one_line(self, tts, tmp_path, name, content, line):
        folder = as_folder(tmp_path / "voices" / "anna")
        (folder / name).write_bytes(content)
        face = tts(bert_source=str(TINY_REPO))
        with pytest.raises(HayakoeError, match=line):
            face.load("anna", str(tmp_path / "voices"))
        assert list(face.speakers) == ["mei"]


class TestWaiting:
    """Nothing waits for a download but what needs it."""

    def test_the_berts_download_holds_nothing_up(self, tts, voices, tmp_path):
        is_over = threading.Event()
        is_asked = threading.Event()

        def held(handler, data):
            is_asked.set()
            assert is_over.wait(DEADLINE)
            hubs.send(handler, data)

        files = contents(TINY_REPO)
        voices.repository().commit({path: data for path, data in files.items() if not path.startswith("onnx/speakers")})
        voices.faults += [held]
        face = tts(bert_source="hf://me/voices").load("a", f"{TINY_REPO}#rand-jp")
        with ThreadPoolExecutor(1) as beside:
            opening = beside.submit(face.open, "a")
            assert is_asked.wait(DEADLINE)
            try:
                started = time.monotonic()
                face.load("b", f"{TINY_REPO}#rand-jp").load("mei")
                face.load("a", f"{TINY_REPO}#rand-jp")
                assert list(face.speakers) == ["mei"]
                assert is_built_in(face.open("mei"))
                face.unload("b")
                waited = time.monotonic() - started
            finally:
                is_over.set()
            assert waited < 1
            assert opening.result(DEADLINE) is face.speakers["a"]

    def test_one_voices_download_holds_no_other_up(self, tts, voices):
        is_over = threading.Event()
        is_asked = threading.Event()

        def held(handler, data):
            is_asked.set()
            assert is_over.wait(DEADLINE)
            hubs.send(handler, data)

        face = tts(bert_source=str(TINY_REPO)).load("a", "hf://me/voices#rand-jp").load("b", f"{TINY_REPO}#rand-jp")
        voices.faults += [held]
        with ThreadPoolExecutor(1) as beside:
            opening = beside.submit(face.open, "a")
            assert is_asked.wait(DEADLINE)
            try:
                assert face.open("b") is face.speakers["b"]
                assert list(face.load("a", f"{TINY_REPO}#rand-jp").speakers) == ["a", "b", "mei"]
                chosen = face.speakers["a"]
            finally:
                is_over.set()
            assert opening.result(DEADLINE) is not chosen
            assert face.speakers["a"] is chosen, "what was chosen otherwise meanwhile stays"


def test_threads_change_the_choice_as_they_like(tts):
    """Every call ends well, or says that a voice was not loaded."""
    face = tts()
    source = f"{TINY_REPO}#rand-jp"
    names = ["a", "b", "mei"]
    end = time.monotonic() + 3

    def disturb(seed: int) -> None:
        dice = random.Random(seed)
        while time.monotonic() < end:
            name = dice.choice(names)
            match dice.randrange(6):
                case 0 | 1:
                    face.load(name, source if name != "mei" or dice.random() < 0.5 else None)
                case 2:
                    face.unload(name)
                case 3:
                    face.pre_download()
                case 4:
                    assert "mei" in face.speakers
                    assert all(speaker.name in names for speaker in face.speakers.values())
                case _:
                    # KeyErrors and changed dictionaries are what this looks for.
                    with suppress(HayakoeError):
                        dice.choice([face.open, face.reopen])(name)

    with ThreadPoolExecutor(6) as pool:
        for job in [pool.submit(disturb, seed) for seed in range(6)]:
            job.result()
    for name in names:
        face.unload(name)
    assert list(face.speakers) == ["mei"]
    assert is_built_in(face.speakers["mei"])


def test_a_source_that_is_none_is_refused(tts):
    with pytest.raises(UsageError):
        tts().load("a", "nonsense")
    with pytest.raises(UsageError):
        tts(bert_source="nonsense")
