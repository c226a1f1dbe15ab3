"""The melody of Kokoro's lines: accent, pitch and intonation on curves of the model and on invented ones.

tests/data/kokoro_curves.npz holds what the model gives for 20 sentences in its five voices; it was made with
`python -m script.kokoro_accent --keep tests/data/kokoro_curves.npz`.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from script.kokoro_accent.judge import Movements, Spoken, mora_heights, new_jumps
from tests.support import FRONT_END
from wyoming_hayakoe.engine.kokoro.melody import HIGHEST, LOWEST, VOICED, melody
from wyoming_hayakoe.engine.kokoro.phonemes import line
from wyoming_hayakoe.utterance import Utterance, Word

CURVES = Path(__file__).parents[2] / "data" / "kokoro_curves.npz"
VOICES = ("kokoro-alpha", "kokoro-gongitsune", "kokoro-kumo", "kokoro-nezumi", "kokoro-tebukuro")

TEXTS = st.text(st.sampled_from("あいうんっーきゃ今日東京雨。、！？…木行かのはが"), max_size=30)
SCALES = st.floats(0.5, 2.0)


def spoken_by(voice: str) -> Iterator[Spoken]:
    """Yield the kept sentences of a voice."""
    with np.load(CURVES) as curves:
        names = [name.removesuffix("/f0") for name in curves.files if name.startswith(voice) and name.endswith("/f0")]
        for name in names:
            symbols = str(curves[f"{name}/symbols"])
            written = written_as(FRONT_END.read(str(curves[f"{name}/text"])), symbols)
            durations, f0 = curves[f"{name}/durations"], curves[f"{name}/f0"]
            yield Spoken(written, durations.astype(np.int64), f0.astype(np.float32))


def written_as(utterance: Utterance, symbols: str):
    """Write an utterance with the word spaces of ``symbols``, which the installed word list decided."""
    words = utterance.words
    joined = {
        "".join(word.surface for word in words[start:stop])
        for start in range(len(words))
        for stop in range(start + 2, len(words) + 1)
        if is_one(words[start:stop], symbols)
    }
    result = line(utterance, joined)
    assert result.symbols == symbols, "the sentence is read otherwise: make the file again"
    return result


def is_one(words: tuple[Word, ...], symbols: str) -> bool:
    surface = "".join(word.surface for word in words)
    alone = line(Utterance("", (), (), (), "", words), {surface}).symbols
    return " " not in alone and f" {alone}" in f" {symbols}"


def flat(text: str, hertz: float = 200.0, each: int = 4) -> Spoken:
    """Return a sentence that a monotone model speaks, with ``each`` durations for a symbol and none voiced outside."""
    written = line(FRONT_END.read(text))
    durations = np.full(len(written.symbols) + 2, each)
    f0 = np.full(2 * durations.sum(), hertz, dtype=np.float32)
    f0[: 2 * each] = f0[-2 * each :] = 10.0
    return Spoken(written, durations, f0)


def sung(spoken: Spoken, **changes: float) -> np.ndarray:
    return melody(spoken.f0, spoken.durations, spoken.line, **changes)


def heights(text: str) -> list[float]:
    """Return the semitones of each mora of a sentence that a monotone model speaks, over the first mora."""
    spoken = flat(text)
    each = mora_heights(spoken, sung(spoken), steady=False)
    return [height - each[0] for height in each]


@pytest.mark.parametrize("voice", VOICES)
def test_each_voice_speaks_with_the_accent_that_was_read(voice):
    own, ours = Movements(), Movements()
    jumps = 0
    for spoken in spoken_by(voice):
        f0 = sung(spoken)
        own.add(spoken, spoken.f0, steady=True)
        ours.add(spoken, f0, steady=True)
        jumps += len(list(new_jumps(spoken.f0, f0)))
    assert own.fall_auc < 0.65
    assert ours.fall_auc > 0.98
    assert ours.rise_auc > 0.97
    assert np.mean(ours.falls) < -3
    assert abs(np.mean(ours.flat)) < 1
    assert jumps == 0


@pytest.mark.parametrize("voice", VOICES)
def test_level_and_range_stay_the_models(voice):
    for spoken in spoken_by(voice):
        if spoken.line.symbols.endswith("?"):
            continue
        voiced = spoken.f0 > VOICED
        before, after = (12 * np.log2(curve[voiced]) for curve in (spoken.f0, sung(spoken)))
        assert abs(after.mean() - before.mean()) < 1.5
        assert after.std() < 1.6 * before.std() + 1


@pytest.mark.parametrize("voice", VOICES)
def test_peaks_are_not_lowered(voice):
    lowered = []
    for spoken in spoken_by(voice):
        voiced = spoken.f0 > VOICED
        before, after = (np.percentile(12 * np.log2(curve[voiced]), 90) for curve in (spoken.f0, sung(spoken)))
        lowered.append(before - after)
    assert np.mean(lowered) < 0.3


def test_words_that_differ_by_accent_alone_differ_in_pitch():
    rain, candy = heights("雨が"), heights("飴が")
    assert rain[1] < -2 < 1 < candy[1]
    chopsticks, bridge = heights("箸が"), heights("橋が")
    assert chopsticks[1] < -2
    assert bridge[1] > 1
    assert bridge[2] < bridge[1] - 2


def test_a_flat_phrase_does_not_fall():
    first, *rest = heights("友達が")
    assert first == 0
    assert min(rest) > 0.5
    assert np.ptp(rest) < 1.5


def test_a_phrase_behind_an_accented_one_is_lower():
    line_heights = heights("青い海を見る。")
    spoken = flat("青い海を見る。")
    peaks = {}
    for mora, height in zip(spoken.line.morae, line_heights, strict=True):
        peaks[mora.phrase] = max(peaks.get(mora.phrase, -99.0), height)
    in_order = [peaks[phrase] for phrase in sorted(peaks)]
    assert in_order == sorted(in_order, reverse=True)
    assert in_order[0] - in_order[2] > 0.6


@pytest.mark.parametrize("text", ["食べますか？", "本当ー？", "そうですか？"])
def test_a_question_rises_as_the_model_has_it(text):
    spoken = flat(text)
    mora = next(mora for mora in reversed(spoken.line.morae) if mora.kana not in "ーッン")
    start, stop = (2 * int(spoken.durations[: index + 1].sum()) for index in (mora.start, spoken.line.morae[-1].stop))
    spoken.f0[start:stop] *= 2 ** (np.linspace(0, 6, stop - start) / 12)
    inner = sung(spoken)[start + 4 : stop]
    assert 12 * np.log2(inner[-1] / inner[0]) == pytest.approx(
        12 * np.log2(spoken.f0[stop - 1] / spoken.f0[start + 4]), abs=0.3
    )


@pytest.mark.parametrize("text", ["食べますか", "本当に", "え", "行くの", "本当ー"])
def test_a_question_rises_where_the_model_does_not(text):
    moved = {}
    for mark in "。？":
        spoken = flat(text + mark)
        end = 2 * int(spoken.durations[: spoken.line.morae[-1].stop + 1].sum())
        f0 = sung(spoken)
        moved[mark] = 12 * np.log2(f0[end - 1] / f0[end - 8])
        assert not list(new_jumps(spoken.f0, f0))
    assert moved["。"] < 1
    assert moved["？"] > 1.5


def test_each_question_of_a_line_rises():
    heard = heights("行く？はい。")
    assert heard[1] > heard[0] + 2
    assert heard[3] < heard[2] - 1.5


def test_an_exclamation_is_no_question():
    assert heights("雨！")[1] < -2


@pytest.mark.parametrize("text", ["木。", "え！", "……。", "！？", ""])
def test_what_has_no_movement_stays_as_it_is(text):
    spoken = flat(text)
    assert sung(spoken) == pytest.approx(spoken.f0)


def test_short_words_have_their_accent():
    assert heights("はい。")[1] < -2
    assert heights("飴。")[1] > 1


def test_an_unvoiced_geminate_stays_unvoiced_and_the_pitch_falls_across():
    spoken = flat("切符を")
    geminate = next(mora for mora in spoken.line.morae if mora.kana == "ッ")
    gap = slice(8 * (geminate.start + 1), 8 * (geminate.stop + 1))
    spoken.f0[gap] = 9.0
    assert (sung(spoken)[gap] == 9.0).all()


def test_without_accent_the_melody_is_the_models_own():
    for spoken in spoken_by("kokoro-kumo"):
        assert np.array_equal(sung(spoken, accent=False), spoken.f0)


def test_half_of_the_accent_is_half_of_the_way():
    spoken = next(spoken_by("kokoro-alpha"))
    voiced = spoken.f0 > VOICED
    none, half, whole = (np.log2(sung(spoken, accent=share)[voiced]) for share in (0.0, 0.5, 1.0))
    assert half == pytest.approx((none + whole) / 2, abs=0.03)


@pytest.mark.parametrize("accent", [False, True])
def test_pitch_and_intonation_are_scaled_about_the_mean(accent):
    spoken = next(spoken_by("kokoro-alpha"))
    voiced = spoken.f0 > VOICED
    plain = sung(spoken, accent=accent)[voiced]
    higher = sung(spoken, accent=accent, pitch_scale=1.2)[voiced]
    livelier = sung(spoken, accent=accent, intonation_scale=1.5)[voiced]
    assert higher.mean() == pytest.approx(1.2 * plain.mean(), rel=0.01)
    assert livelier.mean() == pytest.approx(plain.mean(), rel=0.03)
    assert livelier.std() > 1.3 * plain.std()
    assert sung(spoken, accent=accent, intonation_scale=0.0)[voiced].std() < 0.01


@given(TEXTS, st.data(), st.sampled_from([False, True, 0.5]), SCALES, st.floats(0.0, 2.0))
def test_any_curve_becomes_one_that_can_be_spoken(text, data, accent, pitch_scale, intonation_scale):
    spoken = invented(text, data)
    result = sung(spoken, accent=accent, pitch_scale=pitch_scale, intonation_scale=intonation_scale)
    assert result.shape == spoken.f0.shape
    assert result.dtype == np.float32
    assert np.isfinite(result).all()
    voiced = np.isfinite(spoken.f0) & (spoken.f0 > VOICED)
    assert (result[~voiced] == np.where(np.isfinite(spoken.f0), spoken.f0, 0)[~voiced]).all()
    if accent or (pitch_scale, intonation_scale) != (1.0, 1.0):
        assert (result[voiced] >= LOWEST).all()
        assert (result[voiced] <= HIGHEST).all()


@given(TEXTS, st.data())
def test_no_curve_gets_new_jumps(text, data):
    spoken = invented(text, data)
    assert not list(new_jumps(np.nan_to_num(spoken.f0, posinf=0), sung(spoken)))


def invented(text: str, data: st.DataObject) -> Spoken:
    """Return a sentence with any durations and any curve."""
    written = line(FRONT_END.read(text))
    count = len(written.symbols) + 2
    durations = data.draw(stn.arrays(np.int64, count, elements=st.integers(1, 12)))
    hertz = st.one_of(st.floats(0, 20, width=32), st.floats(80, 500, width=32), st.sampled_from([np.inf, np.nan]))
    return Spoken(written, durations, data.draw(stn.arrays(np.float32, 2 * int(durations.sum()), elements=hertz)))
