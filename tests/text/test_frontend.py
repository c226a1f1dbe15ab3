import subprocess
import sys

import pytest

from wyoming_hayakoe.text import words
from wyoming_hayakoe.text.dictionary import UserDictionary
from wyoming_hayakoe.text.frontend import FrontEnd, Stage
from wyoming_hayakoe.text.phonemes import DICTIONARY, MARK, USER_DICTIONARY

STAGES = (
    Stage("numbers and symbols", lambda text: text.replace("km/h", "キロメートル毎時").replace("&", "と")),
    Stage("English", lambda text: text.replace("kitchen", "キッチン")),
)


def test_a_trace_names_the_stage_that_wrote_a_word() -> None:
    sources = {word.surface: word.source for word in FrontEnd(STAGES).read("時速5km/hでkitchenへ。", trace=True).words}
    assert sources["キロメートル毎時"] == "numbers and symbols"
    assert sources["キッチン"] == "English"
    assert sources["時速"] == DICTIONARY
    assert sources["."] == MARK


def test_a_trace_leaves_the_users_words_theirs() -> None:
    dictionary = UserDictionary()
    dictionary.add(words.entry("kitchen", "ダイドコロ", 0))
    utterance = FrontEnd(STAGES, dictionary).read("kitchen&kitchen", trace=True)
    assert [(word.reading, word.source) for word in utterance.words] == [
        ("ダイドコロ", USER_DICTIONARY),
        ("ト", "numbers and symbols"),
        ("ダイドコロ", USER_DICTIONARY),
    ]


def test_stages_run_in_their_order() -> None:
    stages = [Stage("a", lambda text: text + "い"), Stage("b", lambda text: text + "う")]
    assert FrontEnd(stages).read("あ").bert_text == "あいう"


@pytest.mark.parametrize("text", ["\ud800あ\udfff", "あ\0い"])
def test_stages_never_see_half_characters(text: str) -> None:
    FrontEnd([Stage("strict", lambda text: text.encode("utf-8").decode("utf-8"))]).read(text)


def test_importing_is_cheap() -> None:
    code = (
        "import sys, wyoming_hayakoe.text.frontend, wyoming_hayakoe.text.explain;"
        "sys.exit(any(name in sys.modules for name in ('pyopenjtalk', 'numpy', 'onnxruntime')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_built_in_voice_reads_the_same() -> None:
    front_end = FrontEnd(STAGES)
    features = front_end.features("5km/hで走る")
    assert "".join(feature["pron"].replace("’", "") for feature in features) == front_end.read("5km/hで走る").reading
