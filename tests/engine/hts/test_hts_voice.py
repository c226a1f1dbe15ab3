"""Voices of .htsvoice files: level, pitch, intonation, styles and what is kept of them."""

import numpy as np
import pytest

from tests.hts_voices import MEI, louder, mei, tiny, with_header
from tests.support import ARTICLE, FRONT_END
from wyoming_hayakoe.engine.hts import distributions
from wyoming_hayakoe.engine.hts.voice import HTSShared, HTSVoice, StyleVoice, raw_loudness
from wyoming_hayakoe.engine.hts.voice_files import read_hts
from wyoming_hayakoe.engine.loudness import loudness
from wyoming_hayakoe.engine.prepare import proofs
from wyoming_hayakoe.engine.prepare.proofs import Proofs, UnprovedError
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Credit


@pytest.fixture
def make(tmp_path):
    """Makes a voice of files' contents by style, on one data folder, as each start of a program does."""

    def made(**styles: bytes) -> HTSVoice:
        for style, data in styles.items():
            path = tmp_path / f"{style}.htsvoice"
            if not path.exists() or path.read_bytes() != data:
                path.write_bytes(data)
        shared = HTSShared(Proofs(tmp_path / "compiled"), tmp_path / "levels", FRONT_END.read)
        files = read_hts({style: tmp_path / f"{style}.htsvoice" for style in styles})
        return HTSVoice("miku", files, shared, Credit("somebody", "https://example.org", "CC0"))

    return made


@pytest.fixture
def trusting(monkeypatch):
    """Lets every file be loaded without a process of its own, where that is not what is tested."""
    monkeypatch.setattr(Proofs, "require", lambda *_: None)


def spoken(voice, text=ARTICLE, **params):
    return np.concatenate(list(voice.speak(FRONT_END.read(text), SynthesisParams(**params)).windows))


def test_any_file_has_its_own_rate_and_is_as_loud_as_mei_in_each_style(make, voice, trusting):
    rate = {"SAMPLING_FREQUENCY": 24_000, "FRAME_PERIOD": 120}
    made = make(normal=with_header(louder(mei(), 9), **rate), angry=with_header(louder(mei(), -12), **rate))
    expected = spoken(voice)
    assert made.sample_rate == 24_000
    for style in made.styles:
        wave = spoken(made, style=style)
        assert len(wave) == pytest.approx(len(expected) / 2, abs=16)
        assert loudness(wave, 24_000) == pytest.approx(loudness(expected, 48_000), abs=1.0)


def test_the_level_of_mei_is_what_others_get(voice):
    assert raw_loudness(StyleVoice(lambda: MEI), FRONT_END.read, 48_000) == pytest.approx(-16.23, abs=0.05)


def course(wave):
    """Return the logarithm of the fundamental frequency in voiced frames, by WORLD."""
    import pyworld

    wave = wave.astype(np.float64)
    rough, times = pyworld.dio(wave, 48_000, allowed_range=0.2)
    pitch = pyworld.stonemask(wave, rough, times, 48_000)
    return np.log(pitch[pitch > 0])


def test_intonation_scales_the_course_of_the_pitch_around_its_mean(voice):
    text = "今日は全国的に晴れて、暖かくなるでしょう。"
    normal = course(spoken(voice, text))
    for scale in (0.0, 1.5):
        changed = course(spoken(voice, text, intonation_scale=scale))
        # Pitch trackers take a few frames for an octave lower.
        spread, wanted = (np.subtract(*np.percentile(each, [95, 5])) for each in (changed, normal))
        assert spread == pytest.approx(scale * wanted, abs=0.1 * wanted + 0.05)
        assert np.median(changed) == pytest.approx(np.median(normal), abs=0.08)


def test_a_damaged_file_is_refused_before_it_is_loaded(make, tmp_path):
    with pytest.raises(UnprovedError, match=r"normal\.htsvoice: is no \.htsvoice file .* DURATION_PDF is outside"):
        make(normal=tiny()[:8000]).prepare()
    with pytest.raises(HayakoeError, match="FRAME_PERIOD is 4000000000"):
        make(normal=with_header(tiny(), FRAME_PERIOD=4_000_000_000))


def test_it_is_proved_and_measured_once(make, monkeypatch):
    tried = []

    def counted(model, prove):
        tried.append(model)
        return proofs.Verdict("")

    monkeypatch.setattr(proofs, "try_in_child", counted)
    monkeypatch.setattr(proofs, "_KNOWN", {})
    made = make(normal=mei())
    assert (made.is_compiled, made.has_spoken, made.is_ready) == (False, False, False)
    made.compile()
    assert made.is_compiled
    monkeypatch.setattr(proofs, "_KNOWN", {})
    monkeypatch.setattr(distributions, "check_file", None)
    again = make(normal=mei())
    assert again.is_compiled
    again.prepare()
    assert again.is_ready
    assert len(tried) == 1


def test_styles_of_different_rates_are_refused(make):
    with pytest.raises(HayakoeError, match=r"angry\.htsvoice: has 24000 Hz, and normal\.htsvoice 48000 Hz"):
        make(normal=tiny(), angry=with_header(tiny(), SAMPLING_FREQUENCY=24_000, FRAME_PERIOD=120))


def test_a_voice_of_another_language_is_refused(make):
    with pytest.raises(HayakoeError, match="HTS_TTS_ENG, and Japanese voices have HTS_TTS_JPN: choose a"):
        make(normal=with_header(tiny(), FULLCONTEXT_FORMAT="HTS_TTS_ENG"))
