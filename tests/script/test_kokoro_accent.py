"""`python -m script.kokoro_accent`: measures of accent, on curves whose accent is known."""

from itertools import pairwise

import numpy as np
import pytest

from script.kokoro_accent import __main__ as kokoro_accent
from script.kokoro_accent.judge import Movements, Spoken, auc, mora_heights, new_jumps
from tests.support import FRONT_END
from wyoming_hayakoe.engine.kokoro.phonemes import line
from wyoming_hayakoe.engine.kokoro.voice_files import is_installed


def spoken(text, low=150.0, high=200.0):
    """Return a sentence whose morae are spoken low and high as they were read."""
    written = line(FRONT_END.read(text))
    durations = np.full(len(written.symbols) + 2, 3)
    f0 = np.full(6 * len(durations), 9.0, dtype=np.float32)
    for mora in written.morae:
        f0[6 * (mora.start + 1) : 6 * (mora.stop + 1)] = high if mora.high else low
    return Spoken(written, durations, f0)


def test_perfect_accent_and_none():
    perfect, none = Movements(), Movements()
    for text in ("友達が来ました。", "雨が降る。", "今日は学校が休みだ。"):
        perfect.add(spoken(text), spoken(text).f0, steady=False)
        none.add(spoken(text, 200.0), spoken(text, 200.0).f0, steady=False)
    assert (perfect.fall_auc, perfect.rise_auc) == (1, 1)
    assert (none.fall_auc, none.rise_auc) == (0.5, 0.5)
    assert np.mean(perfect.falls) == pytest.approx(12 * np.log2(150 / 200), abs=0.01)


def test_auc_is_the_chance_of_the_right_order():
    assert auc([1, 2], [3, 4]) == 1
    assert auc([3, 4], [1, 2]) == 0
    assert auc([1, 3], [2, 4]) == 0.75


def test_the_rise_of_a_question_is_no_accent():
    question = Movements()
    sentence = spoken("行く？")
    question.add(sentence, sentence.f0, steady=False)
    assert question.low_high == []


def test_unvoiced_morae_have_no_height():
    sentence = spoken("雨")
    assert np.isnan(mora_heights(sentence, np.full_like(sentence.f0, 9.0), steady=False)).all()


def test_steady_heights_pass_over_the_edges_of_voice():
    sentence = spoken("雨", 200.0)
    sentence.f0[6:9] = [70, 100, 140]
    plain, steady = (mora_heights(sentence, sentence.f0, steady=steady) for steady in (False, True))
    assert steady == pytest.approx([12.0, 12.0])
    assert plain[1] == pytest.approx(12.0)


def test_jumps_that_the_model_has_are_not_counted():
    own = np.array([200, 200, 260, 260, 9, 100, 100], dtype=np.float32)
    new = np.array([200, 260, 200, 260, 9, 100, 200], dtype=np.float32)
    assert list(new_jumps(own, own)) == []
    assert list(new_jumps(own, new)) == [0, 2, 5]


@pytest.mark.skipif(not is_installed(), reason="the extra [kokoro] is not installed")
def test_a_voice_is_judged(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(
        kokoro_accent, "SENTENCES", ("友達が来ました。", "今日は学校が休みだ。", "雨が降ると、飴が食べたくなる。")
    )
    assert kokoro_accent.main(["kokoro-alpha", "--keep", str(tmp_path / "curves.npz")]) == 0
    head, without, with_accent = capsys.readouterr().out.splitlines()
    assert head.startswith("3 sentences")
    chances = [float(row.split("AUC ")[1].split()[0]) for row in (without, with_accent)]
    assert all(before < after for before, after in pairwise(chances))
    assert "new jumps 0" in with_accent
    with np.load(tmp_path / "curves.npz") as curves:
        assert str(curves["kokoro-alpha/0/text"]) == "友達が来ました。"


def test_an_unknown_voice_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        kokoro_accent.main(["mei"])
    assert "there is kokoro-alpha" in capsys.readouterr().err
