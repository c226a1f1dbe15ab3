import subprocess
import sys

import pytest

from wyoming_hayakoe.text import user_words
from wyoming_hayakoe.text.dictionary import UserDictionary
from wyoming_hayakoe.text.frontend import FrontEnd, TextStage, japanese, portions
from wyoming_hayakoe.text.phonemes import DICTIONARY, MARK, USER_DICTIONARY
from wyoming_hayakoe.text.sentences import LIMIT

STAGES = (
    TextStage("numbers and symbols", lambda text: text.replace("km/h", "キロメートル毎時").replace("&", "と")),
    TextStage("English", lambda text: text.replace("kitchen", "キッチン")),
)


def test_a_trace_names_the_stage_that_wrote_a_word() -> None:
    sources = {word.surface: word.source for word in FrontEnd(STAGES).read("時速5km/hでkitchenへ。", trace=True).words}
    assert sources["キロメートル毎時"] == "numbers and symbols"
    assert sources["キッチン"] == "English"
    assert sources["時速"] == DICTIONARY
    assert sources["."] == MARK


def test_a_trace_leaves_the_users_words_theirs() -> None:
    dictionary = UserDictionary()
    dictionary.add(user_words.entry("kitchen", "ダイドコロ", 0))
    utterance = FrontEnd(STAGES, dictionary).read("kitchen&kitchen", trace=True)
    assert [(word.reading, word.source) for word in utterance.words] == [
        ("ダイドコロ", USER_DICTIONARY),
        ("ト", "numbers and symbols"),
        ("ダイドコロ", USER_DICTIONARY),
    ]


def test_stages_run_in_their_order() -> None:
    stages = [TextStage("a", lambda text: text + "い"), TextStage("b", lambda text: text + "う")]
    assert FrontEnd(stages).read("あ").bert_text == "あいう"


@pytest.mark.parametrize("text", ["\ud800あ\udfff", "あ\0い"])
def test_stages_never_see_half_characters(text: str) -> None:
    strict = TextStage("strict", lambda text: text.encode("utf-8").decode("utf-8"))
    assert FrontEnd([strict]).read(text).reading in {"ア", "アイ"}


def test_importing_is_cheap() -> None:
    code = (
        "import sys, wyoming_hayakoe.text.frontend, wyoming_hayakoe.text.explain;"
        "sys.exit(any(name in sys.modules for name in ('pyopenjtalk', 'numpy', 'onnxruntime')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_built_in_voice_is_given_the_same_reading() -> None:
    utterance = FrontEnd(STAGES).read("5km/hで走る")
    assert "".join(feature["pron"].replace("’", "") for feature in utterance.features) == utterance.reading


def test_changes_name_what_was_rewritten_and_by_which_rule() -> None:
    changes = japanese().changes("**室温**は23℃、CPUは3%です(^_^)")
    assert [(change.before, change.after) for change in changes if change.rule == "kaomoji"] == [("(^_^)", "")]
    assert ("CPU", "シーピーユー", "English: spelled") in changes
    assert ("%", "パーセント", "percent") in changes
    assert japanese().changes("今日は晴れです。") == []


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("**晴れ**😀☀️です👨‍👩‍👧", "ハレデス"),
        ("1️⃣番", "イチバン"),
        ("🇯🇵日本", "ニホン"),
        ("見え\u200bない\ufeff文字\x07\ud800", "ミエナイモジ"),
        ("葛\U000e0100城", "カツラギ"),
        ("▲2%、25→28度", "マイナスニパーセントニジューゴカラニジューハチド"),
        ("❶番", "イチバン"),
        ("- [取説](https://e.example/?a=1)を見て", "トリセツヲミテ"),
    ],
)
def test_the_eye_s_own_is_silent_and_the_rest_is_not(text: str, reading: str) -> None:
    assert japanese().read(text).reading == reading


def test_emoji_are_silent_unless_asked_for() -> None:
    assert japanese().read("晴れ☀").reading == "ハレ"
    assert japanese(read_emoji=True).read("注意⚠").reading == "チューイチューイ"


def test_a_long_text_is_read_in_portions_of_whole_sentences() -> None:
    sentence = "東京都知事は明日の朝6時45分に起きます。"
    text = sentence * 30
    parts = list(portions(text))
    assert "".join(parts) == text
    assert all(len(part) <= LIMIT and part.endswith("。") for part in parts)
    long, short = japanese().read(text), japanese().read(sentence)
    assert (long.text, long.words) == (text, short.words * 30)
    assert len(japanese().changes("室温は23℃です。" * 30)) == 30 * len(japanese().changes("室温は23℃です。"))


@pytest.mark.parametrize("text", ["", "あ。い。", "あ" * LIMIT, "。" * LIMIT])
def test_what_may_be_one_sentence_is_read_at_once(text: str) -> None:
    assert list(portions(text)) == [text]
