import pytest

from wyoming_hayakoe.text.frontend import japanese
from wyoming_hayakoe.text.kaomoji import silence_faces


@pytest.mark.parametrize(
    "face", ["(^_^)", "m(_ _)m", "(*´▽`*)", "(>_<)", "_(:3」∠)_", "(´・ω・`)", "\\(^o^)/", "( ;∀;)"]
)
def test_faces_are_silent_whatever_marks_they_are_made_of(face):
    assert japanese().read(f"ありがとう{face}").reading == "アリガトー"


@pytest.mark.parametrize("text", ["(笑)", "東京(日本)", "f(x)", "(株)ハヤコエ"])
def test_brackets_are_no_faces(text):
    assert silence_faces(text) == text
