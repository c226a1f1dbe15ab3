"""A neural voice from a repository's files to sound, through the library."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import numpy as np
import onnx
import pytest

from tests.engine.collecting import collecting_in, finishes
from tests.engine.wanted import higher, longer, spoken, told
from tests.publish.shared import made_once
from tests.support import FRONT_END, TINY_REPO
from tests.uncuttable import make_uncuttable
from wyoming_hayakoe import TTS
from wyoming_hayakoe.engine import prepared_voice
from wyoming_hayakoe.engine.jp_extra import pauses
from wyoming_hayakoe.engine.jp_extra.parts import divide
from wyoming_hayakoe.engine.loudness import loudness
from wyoming_hayakoe.engine.runtime import model_cache
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.utterance import SynthesisParams, WantedProsody

TEXT = "おはようございます。今日は、いい天気ですね！お出かけですか？"
SEEDED = SynthesisParams(seed=0)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return a data folder in which the voice was prepared, and its level measured, once in a run."""
    prepared = made_once(tmp_path_factory, "jp-extra", load)
    return shutil.copytree(prepared, tmp_path_factory.mktemp("jp-extra") / "data")


def load(data):
    return TTS(cache_dir=data).load("rand-jp", TINY_REPO.as_uri()).prepare().speakers["rand-jp"]


@pytest.fixture(scope="module")
def speaker(data):
    return load(data)


@pytest.fixture
def repository(tmp_path):
    """Return a copy of the repository that may be spoiled."""
    return shutil.copytree(TINY_REPO, tmp_path / "repository")


def lists(audio):
    return audio.data.astype(np.int64)


def test_it_has_the_styles_and_the_rate_of_its_files(speaker):
    assert list(speaker.styles) == ["Neutral", "Happy", "Sad"]
    assert speaker.sample_rate == 44100


def test_each_style_sounds_otherwise_and_without_weight_all_are_the_mean(speaker):
    neutral, happy, sad = (speaker.generate(TEXT, style=style, seed=1).pcm_bytes() for style in speaker.styles)
    assert len({neutral, happy, sad}) == 3
    assert speaker.generate(TEXT, style="Happy", style_weight=0.0, seed=1).pcm_bytes() == neutral


def test_generate_is_the_concatenation_of_stream(speaker):
    whole = lists(speaker.generate(TEXT, seed=2))
    windows = [lists(audio) for audio in speaker.stream(TEXT, seed=2)]
    assert len(windows) > 3
    assert np.abs(np.concatenate(windows) - whole).max() <= 1


def test_the_first_window_is_a_small_part_of_its_sentence(speaker):
    sentence = "明日は全国的に晴れて気温が上がりますが、夕方からは風が強くなるところがあります。"
    first = next(speaker.stream(sentence, seed=1))
    assert first.duration < 0.2 < 0.1 * speaker.generate(sentence, seed=1).duration


def test_speed_is_a_length_scale(speaker):
    usual, slow = (speaker.generate(TEXT, seed=1, sdp_ratio=0.0, speed=speed).duration for speed in (1.0, 2.0))
    assert 1.5 < slow / usual < 2.1


def test_pitch_and_intonation_leave_the_length(speaker):
    usual = speaker.generate("はい。", seed=1)
    for change in ({"pitch_scale": 1.2}, {"intonation_scale": 0.5}):
        bent = speaker.generate("はい。", seed=1, **change)
        assert len(bent.data) == len(usual.data)
        assert bent.pcm_bytes() != usual.pcm_bytes()


def test_timings_are_those_of_the_sound(speaker):
    audio = speaker.generate("こんにちは。", seed=1, with_timing=True)
    phones = FRONT_END.read("こんにちは。").phones
    assert [timing.phone for timing in audio.timings][1::2] == list(phones)
    assert audio.timings[0].start == 0
    for before, after in pairwise(audio.timings):
        assert after.start == pytest.approx(before.start + before.duration)
    assert audio.timings[-1].start + audio.timings[-1].duration == pytest.approx(audio.duration)


def test_sentences_rest_alike_in_a_whole_text_and_in_a_text_stream(speaker):
    whole = speaker.narrate(seed=3, sdp_ratio=0.0, noise=0.0)
    as_text = np.concatenate(list(whole.speak_text("はい。元気です。")))
    streamed = speaker.narrate(seed=3, sdp_ratio=0.0, noise=0.0)
    as_stream = np.concatenate([window for text in ("はい。", "元気です。") for window in streamed.speak(text)])
    assert len(as_text) == len(as_stream)
    before, after = FRONT_END.read("はい。"), FRONT_END.read("元気です。")
    assert speaker.voice.pause(before, after, SEEDED) >= pauses.MINIMUM


def test_it_is_as_loud_as_speech_and_its_level_is_kept(speaker, data):
    audio = speaker.generate(TEXT, seed=1)
    assert -21 < loudness(audio.data / np.float32(32768), audio.sr) < -15
    assert len(list((data / "levels").iterdir())) == 1


def test_where_the_level_cannot_be_kept_it_is_measured_once_for_each_program(tmp_path, monkeypatch):
    (tmp_path / "levels").write_text("no folder", encoding="utf-8")
    speaker = TTS(cache_dir=tmp_path).load("rand-jp", TINY_REPO.as_uri()).speakers["rand-jp"]
    measured = []
    monkeypatch.setattr(prepared_voice, "gain_for", lambda *_: measured.append(1) or 1.0)
    for _ in range(3):
        speaker.generate("はい。")
    assert len(measured) == 1


def test_the_rest_after_an_endless_sentence_is_asked_of_its_end_only(speaker):
    before, after = FRONT_END.read("これはとても長い文で" * 300 + "す。"), FRONT_END.read("はい。")
    assert pauses.MINIMUM <= speaker.voice.pause(before, after, SEEDED) < 2


def test_hayakoes_level_is_full_scale(speaker):
    assert np.abs(lists(speaker.generate(TEXT, seed=1, normalize="peak"))).max() == 32767


def test_each_speaker_of_a_voice_sounds_otherwise(speaker):
    first, second = (speaker.generate("はい。", seed=1, speaker_id=index).pcm_bytes() for index in (0, 1))
    assert first != second
    with pytest.raises(HayakoeError, match="has no speaker 7: it has 0, 1"):
        speaker.generate("はい。", speaker_id=7)


def test_an_unknown_style_is_told_what_there_is(speaker):
    with pytest.raises(UsageError, match="it has Neutral, Happy, Sad"):
        speaker.generate("はい。", style="Angry")


def test_what_says_nothing_is_silent(speaker):
    for text in ("", "。", "…！"):
        assert len(speaker.generate(text).data) == 0


def test_a_sentence_without_an_end_is_spoken_in_parts(speaker):
    text = "これはとても長い文で" * 60
    audio = speaker.generate(text, seed=1, with_timing=True)
    assert audio.duration > 60
    assert audio.timings[-1].start + audio.timings[-1].duration == pytest.approx(audio.duration)


@pytest.mark.parametrize("text", ["これはとても長い文で" * 20, "あ" * 300, "はい、" * 80])
@pytest.mark.parametrize("longest", [10, 60, 299])
def test_parts_are_utterances_and_together_the_whole(text, longest):
    utterance = FRONT_END.read(text)
    parts = divide(utterance, longest)
    assert "".join(part.bert_text for part in parts) == utterance.bert_text
    assert [phone for part in parts for phone in part.phones[1:-1]] == list(utterance.phones[1:-1])
    assert [tone for part in parts for tone in part.tones[1:-1]] == list(utterance.tones[1:-1])
    for part in parts:
        assert sum(part.word2ph) == len(part.phones) == len(part.tones)
        assert len(part.word2ph) == len(part.bert_text) + 2
        assert len(part.phones) < 2 * longest + 10
    assert divide(utterance, 10_000) == [utterance]


def test_two_voices_share_a_bert_and_speak_at_once(data, repository):
    speakers = repository / "onnx" / "speakers"
    shutil.copytree(speakers / "rand-jp", speakers / "other")
    tts = TTS(cache_dir=data).load("rand-jp", str(repository)).load("other", str(repository)).prepare()
    alone = [tts.speakers[name].generate(TEXT, seed=1).pcm_bytes() for name in ("rand-jp", "other")]
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(tts.speakers[name].generate, TEXT, seed=1) for name in ("rand-jp", "other") * 4]
        assert [job.result().pcm_bytes() for job in jobs] == alone * 4


def test_the_voice_unused_for_longest_leaves_memory(data, repository):
    speakers = repository / "onnx" / "speakers"
    shutil.copytree(speakers / "rand-jp", speakers / "other")
    tts = TTS(cache_dir=data, max_memory=1).load("rand-jp", str(repository)).load("other", str(repository)).prepare()
    first, second = tts.speakers["rand-jp"], tts.speakers["other"]
    assert (first.voice.is_ready, second.voice.is_ready) == (False, True)
    stream = second.stream(TEXT, seed=1)
    begun = [next(stream)]
    first.generate("はい。")
    assert (first.voice.is_ready, second.voice.is_ready) == (True, False)
    spoken = np.concatenate([lists(audio) for audio in [*begun, *stream]])
    assert np.abs(spoken - lists(second.generate(TEXT, seed=1))).max() <= 1


def test_a_dropped_voice_that_is_collected_in_a_locked_section_blocks_nothing(data):
    def work():
        tts = TTS(cache_dir=data).load("stays", f"{TINY_REPO.as_uri()}#rand-jp").prepare()
        for _ in range(3):
            dropped = tts.load("rand-jp", TINY_REPO.as_uri()).speakers["rand-jp"].voice
            # In a circle of references, as a traceback makes one: only the collector takes it.
            dropped.itself = dropped
            dropped.prepare()
            tts.unload("rand-jp")
            del dropped
            assert tts.speakers["stays"].generate("はい。").duration > 0
        return True

    with collecting_in(model_cache):
        assert finishes(work)


@pytest.mark.parametrize(
    "missing",
    [
        "config.json",
        "style_vectors.npy",
        "synthesizer.onnx",
        "../../bert/q8/bert_q8.onnx",
        "../../../bert/tokenizer/vocab.txt",
    ],
)
def test_a_missing_file_is_one_line_that_names_it(data, repository, missing):
    path = (repository / "onnx" / "speakers" / "rand-jp" / missing).resolve()
    path.unlink()
    with pytest.raises(HayakoeError) as error:
        TTS(cache_dir=data).load("rand-jp", str(repository)).prepare()
    assert path.name in str(error.value)
    assert "again" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_repository_without_the_voice_is_named(data, tmp_path):
    for source, words in (
        (TINY_REPO, "tiny-repo: no voice 'nobody': there is rand-jp"),
        (tmp_path / "nothing", "nothing: there is no such file or folder"),
    ):
        with pytest.raises(HayakoeError, match=words):
            TTS(cache_dir=data).load("nobody", str(source))


def test_without_stages_pauses_come_from_the_duration_predictor_or_are_short(data, repository):
    folder = repository / "onnx" / "speakers" / "rand-jp"
    model = onnx.load(folder / "synthesizer.onnx")
    make_uncuttable(model)
    onnx.save(model, folder / "synthesizer.onnx")
    still = SynthesisParams(sdp_ratio=0.0, noise_w=0.0, seed=0)
    before, after = FRONT_END.read("はい。"), FRONT_END.read("元気です。")
    expected = TTS(cache_dir=data).load("rand-jp", str(TINY_REPO)).speakers["rand-jp"].voice
    voice = TTS(cache_dir=data).load("rand-jp", str(repository)).speakers["rand-jp"].voice
    assert voice.pause(before, after, still) == expected.pause(before, after, still)
    (folder / "duration_predictor.onnx").unlink()
    assert voice.pause(before, after, still) == expected.pause(before, after, still)
    fresh = TTS(cache_dir=data).load("rand-jp", str(repository)).speakers["rand-jp"].voice
    assert fresh.pause(before, after, still) == pauses.MINIMUM


def test_a_broken_configuration_is_refused_at_once(data, repository):
    path = repository / "onnx" / "speakers" / "rand-jp" / "config.json"
    path.write_text(json.dumps({"version": "2.0"}), encoding="utf-8")
    with pytest.raises(HayakoeError, match="JP-Extra"):
        TTS(cache_dir=data).load("rand-jp", str(repository))


def test_it_follows_lengths_and_pitches_that_are_wanted_and_what_it_tells_of_itself_changes_nothing(speaker):
    voice, params = speaker.voice, SynthesisParams(seed=3)
    read = FRONT_END.read("今日は、いい天気です。")
    utterance = told(read, voice.prosody(read, params))
    usual, timings = spoken(voice, read, params)
    assert np.array_equal(spoken(voice, utterance, params)[0], usual)
    assert sum(each.seconds for each in utterance.wanted) == pytest.approx(len(usual) / voice.sample_rate, abs=0.01)
    place = read.phones.index(",")
    changed, later = spoken(voice, longer(utterance, p2=0.3, **{f"p{place}": 0.5}), params)
    assert (len(changed) - len(usual)) / voice.sample_rate == pytest.approx(0.8, abs=0.02)
    assert later[-1].start - timings[-1].start == pytest.approx(0.8, abs=0.02)
    higher_sound = spoken(voice, higher(utterance, 1.3, range(place)), params)[0]
    assert len(higher_sound) == len(usual)
    assert not np.array_equal(higher_sound, usual)


def test_lengths_that_add_up_to_too_much_are_an_error(speaker):
    read = FRONT_END.read("おはようございます。")
    endless = replace(read, wanted=tuple(WantedProsody(1e9) for _ in read.phones))
    with pytest.raises(UsageError, match="add up to"):
        next(speaker.voice.speak(endless, SynthesisParams(seed=3)).windows)
