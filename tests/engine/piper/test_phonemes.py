"""Ids of Piper's voices: the notations, their prosody, and nothing of the utterance lost."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.piper.made import IPA, PIPER, PLUS, PLUS_ALONE, PRIVATE, config, displayed, lines, written
from tests.support import FRONT_END
from wyoming_hayakoe.engine.piper.labels import labels
from wyoming_hayakoe.engine.piper.phonemes import LONGEST, encode
from wyoming_hayakoe.symbols import PAD

TEXTS = st.text(
    st.sampled_from("アイウンッーキャシュジョトゥファヴクァフュグヮデス今日東京雨。、！？…「」・〜―ー 12aB木行かの"),
    max_size=60,
)


@pytest.fixture(scope="session")
def piper(tmp_path_factory):
    return config(tmp_path_factory.mktemp("piper"), PIPER)


@pytest.fixture(scope="session")
def plus(tmp_path_factory):
    return config(tmp_path_factory.mktemp("plus"), PLUS)


@pytest.fixture(scope="session")
def alone(tmp_path_factory):
    return config(tmp_path_factory.mktemp("alone"), PLUS_ALONE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今日はいい天気ですね。", "^ k ʲ o ↓ o w a # i ↑ i # t e ↓ ɴ k i d e s ɯ n e . $"),
        ("本当？", "^ h o ↑ ɴ t o o ? $"),
        ("雨", "^ a ↓ m e . $"),
        ("東京、大阪", "^ t o ↑ o k ʲ o o , o ↑ o s a k a . $"),
        ("草を食べる！", "^ k ɯ ↑ s a ↓ o # t a ↑ b e ↓ ɾ ɯ . $"),
        ("「はい」と言った。", "^ h a ↓ i , t o # i ↑ ʔ t a . $"),
        ("え！？", "^ e ? $"),
        ("フュージョン", "^ ɸ ʲ ɯ ↓ ɯ d ʑ o ɴ . $"),
        ("クァルテット", "^ k ʷ a ↓ ɾ ɯ t e ʔ t o . $"),
        ("ツチヤ", "^ t s ɯ ↓ t ɕ i j a . $"),
    ],
)
def test_piper_writes_ipa(text, expected, piper):
    assert written(text, piper) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今日はいい天気ですね。", "^ ky o ] [ o w a i [ i t e ] [ N_ng k i d e s U n e $"),
        ("散歩、案内、本、円", "^ s a [ N_m p o a [ N_n n a ] i h o ] [ N_uvular e ] [ N_uvular $"),
        ("草を食べる！", "^ k U [ s a ] o t a [ b e ] r u $"),
        ("木と火", "^ k i ] [ t o h # i $"),
        ("本当？", "^ h o [ N_n t o o ?"),
        ("本当！？", "^ h o [ N_n t o o ?"),
        ("フュージョン", "^ f y u ] [ u j o N_uvular $"),
        ("あっ、グァム", "^ a ] [ cl gw a ] [ m u $"),
    ],
)
def test_piper_plus_writes_kuriharas_marks(text, expected, plus):
    assert written(text, plus) == expected


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("本当。", "$"),
        ("本当？", "?"),
        ("本当！？", "?!"),
        ("本当？！", "?!"),
        ("本当。？", "?."),
        ("本当？。", "?."),
        ("本当…？", "?"),
        ("「本当？」", "?"),
    ],
)
def test_piper_plus_has_four_kinds_of_question(text, end, alone):
    assert written(text, alone).endswith(f"o {end}")


def test_a_blank_is_behind_every_symbol_but_a_pause(piper, plus, alone):
    assert written("雨、雨", piper, blanks=True) == "^ _ a _ ↓ _ m _ e _ , _ a _ ↓ _ m _ e _ . _ $"
    assert written("雨、雨", plus, blanks=True) == "^ _ a _ ] _ [ _ m _ e _ _ a _ ] _ [ _ m _ e _ $"
    assert written("雨、雨", alone, blanks=True) == "^ a ] [ m e _ a ] [ m e $"


def test_prosody_is_that_of_the_phones_alone(plus):
    (line,) = lines("雨、桜", plus)
    names = displayed(line.ids, plus, blanks=True).split(" ")
    assert [(name, place) for name, place in zip(names, line.prosody, strict=True) if place != (0, 0, 0)] == [
        ("a", (0, 1, 2)),
        ("m", (1, 2, 1)),
        ("e", (1, 2, 1)),
        ("s", (-2, 1, 3)),
        ("a", (-2, 1, 3)),
        ("k", (-1, 2, 2)),
        ("u", (-1, 2, 2)),
        ("r", (0, 3, 1)),
        ("a", (0, 3, 1)),
    ]


def test_each_phone_knows_its_ids(piper):
    (line,) = lines("「今日、雨！？」", piper)
    assert [(span.phone, displayed(line.ids[span.start : span.stop], piper)) for span in line.phones] == [
        ("_", "^"),
        ("'", ""),
        ("ky", "k ʲ"),
        ("o", "o ↓"),
        ("o", "o"),
        (",", ","),
        ("a", "a ↓"),
        ("m", "m"),
        ("e", "e"),
        ("!", ""),
        ("?", "?"),
        ("'", ""),
        ("_", "$"),
    ]


@pytest.mark.parametrize("text", ["", "。", "「」", "(^_^)", "！？"])
def test_where_nothing_is_spoken_there_is_no_line(text, piper):
    assert lines(text, piper) == ()


@pytest.mark.parametrize(
    ("lacks", "expected"),
    [
        ("↑", "^ s a k ɯ ɾ a , a ↓ m e ? $"),
        ("↑↓#,?", "^ s a k ɯ ɾ a a m e . $"),
        ("?.", "^ s a ↑ k ɯ ɾ a , a ↓ m e $"),
    ],
)
def test_marks_that_a_voice_lacks_are_left_out(lacks, expected, piper):
    symbols = {sign: ids for sign, ids in piper.symbols.items() if sign not in lacks}
    assert written("桜、雨？", replace(piper, symbols=symbols)) == expected


def test_phones_that_a_voice_lacks_are_written_as_others(piper, plus):
    few = {sign: ids for sign, ids in piper.symbols.items() if sign not in "ʲɯ"} | {"u": (99,)}
    assert written("急", replace(piper, symbols=few)) == "^ k j u ↑ u . $"
    lacking = {PRIVATE[token] for token in ("N_m", "cl", "ky")} | {"U"}
    fewer = {sign: ids for sign, ids in plus.symbols.items() if sign not in lacking}
    assert written("きょう、切符です、散歩", replace(plus, symbols=fewer)) == (
        "^ k y o ] [ o k i [ q p u d e ] s u s a [ N p o $"
    )


@given(text=TEXTS, longest=st.one_of(st.just(LONGEST), st.integers(1, 120)), kind=st.sampled_from(["piper", "plus"]))
def test_nothing_of_an_utterance_is_lost(piper, plus, alone, text, longest, kind):
    config = {"piper": piper, "plus": plus}[kind]
    utterance = FRONT_END.read(text)
    found = encode(utterance, config, longest)
    assert bool(found) == bool(utterance.reading)
    if found:
        assert tuple(span.phone for line in found for span in line.phones[1:-1]) == utterance.phones[1:-1]
    known = {number for ids in config.symbols.values() for number in ids}
    for line in found:
        assert len(line.ids) == len(line.prosody) <= max(24, longest)
        assert set(line.ids) <= known
        assert line.ids[:2] == (*config.symbols["^"], *config.symbols["_"])
        assert line.ids[-1] in {*config.symbols["$"], *config.symbols["?"]}
        assert (line.phones[0].start, line.phones[-1].stop) == (0, len(line.ids))
        assert (line.phones[0].phone, line.phones[-1].phone) == (PAD, PAD)
        assert all(before.stop == after.start for before, after in pairwise(line.phones))
        assert all(span.start <= span.stop for span in line.phones)
    if found:
        (whole,) = encode(utterance, config, 100_000)
        assert whole.ids[2:-1] == tuple(number for line in found for number in line.ids[2:-1])


def test_a_long_sentence_is_divided_behind_a_pause_else_behind_a_word(piper):
    text = "今日は雨です、明日は晴れです、夜は曇りです。"
    found = lines(text, piper, 50)
    assert [displayed(line.ids, piper) for line in found] == [
        "^ k ʲ o ↓ o w a # a ↓ m e d e s ɯ , $",
        "^ a ↑ ɕ i t a ↓ w a # h a ↑ ɾ e ↓ d e s ɯ , $",
        "^ j o ↓ ɾ ɯ w a # k ɯ ↑ m o ɾ i ↓ d e s ɯ . $",
    ]
    first, *_ = lines("今日は雨です", piper, 24)
    assert displayed(first.ids, piper) == "^ k ʲ o ↓ o w a # $"


def test_a_word_without_features_is_voiced(plus):
    utterance = FRONT_END.read("草です。")
    assert [label.phone for label in labels(utterance).phones if label.phone.isupper()] == ["U", "U"]
    assert not [label for label in labels(replace(utterance, features=())).phones if label.phone.isupper()]


def test_the_largest_number_in_a_label_is_49(plus):
    (line,) = lines("ア" * 60, plus)
    assert max(abs(number) for place in line.prosody for number in place) == 49


def test_the_signs_of_piper_are_all_needed():
    assert len(set(IPA)) == len(IPA)
