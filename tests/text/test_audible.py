"""What is not for the ear is left out, however the text is cut."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.text.strategies import cuts_of
from wyoming_hayakoe.text.audible import AudibleText, audible
from wyoming_hayakoe.text.passage_cutter import cut

CODE = "見本です。\n```python\nprint(1)\n# ``` ではない\n```\n以上です。"


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("<think>晴れか、\n\n雨か。</think>\n晴れです。", "\n晴れです。"),
        ("<THINKING effort='high'>うーん</Thinking>晴れ", "晴れ"),
        ("<reasoning>うーん</reasoning><thought>ええ</thought>晴れ", "晴れ"),
        ("◁think▷うーん◁/think▷晴れ", "晴れ"),
        ("[THINK]うーん[/THINK]晴れ", "晴れ"),
        ("<|begin_of_thought|>うーん<|end_of_thought|><|begin_of_solution|>晴れ<|end_of_solution|>", "晴れ"),
        (
            "<|channel|>analysis<|message|>うーん<|end|><|start|>assistant<|channel|>final<|message|>晴れ<|return|>",
            "晴れ",
        ),
        ("晴れです。<think>でも", "晴れです。"),
        ("</think>\n晴れ", "\n晴れ"),
        ("<tool_call>{}</tool_call>晴れ", "晴れ"),
        ("<thin>晴れ <b>です</b> [警告] a<b", "<thin>晴れ <b>です</b> [警告] a<b"),
        ("◁◁ 戻る", "◁◁ 戻る"),
        ("`light.on`を呼ぶ\n``二つ``", "`light.on`を呼ぶ\n``二つ``"),
        ("```短い```です", "```短い```です"),
        ("~~~\nコード\n~~~\nはい", "\nコード省略。\nはい"),
        ("```\nコード", "\nコード省略。\n"),
        ("はい\n```\n\n```\n", "はい\n"),
        ("  ````yaml\na\n```\nb\n````\nはい", "\nコード省略。\nはい"),
        ("~~取消~~", "~~取消~~"),
    ],
)
def test_what_is_spoken(text, spoken):
    assert audible(text) == spoken
    for size in (1, 2, 7):
        hearing = AudibleText()
        chunks = [hearing.take(text[at : at + size]) for at in range(0, len(text), size)]
        assert "".join(chunks) + hearing.rest() == spoken


@pytest.mark.parametrize(
    ("code", "spoken"),
    [
        ("announce", ["見本です。", "コード省略。", "以上です。"]),
        ("silent", ["見本です。", "以上です。"]),
        ("read", ["見本です。", "print(1)", "# ``` ではない", "以上です。"]),
    ],
)
def test_code_is_announced_silent_or_read(code, spoken):
    assert [passage.text.strip() for passage in cut(CODE, code=code)] == spoken


def test_what_is_certain_is_not_held_back():
    hearing = AudibleText()
    assert hearing.take("晴れです。3 < 5、<") == "晴れです。3 < 5、"
    assert hearing.take("3です。") == "<3です。"


PARTS = st.sampled_from(
    [
        *(
            "<think>",
            "</think>",
            "<thinking x>",
            "</thinking>",
            "◁think▷",
            "◁/think▷",
            "[THINK]",
            "[/THINK]",
            "<|end|>",
        ),
        *("<|channel|>analysis", "<|channel|>", "final", "<|message|>", "<|start|>assistant", "<|begin_of_thought|>"),
        *("```", "~~~", "````", "\n", "\n```\n", " ", "yaml", "<", "[", "◁", "はい。", "`", "<tool_call>", "あ" * 400),
    ]
)


@given(
    st.lists(PARTS | st.text(max_size=5), max_size=25).map("".join), st.sampled_from(["announce", "read"]), st.data()
)
@example("```\n" + " " * 400 + "```\n", "read", None)
def test_how_a_text_is_cut_changes_nothing(text, code, data):
    chunks = list(text) if data is None else data.draw(cuts_of(text))
    hearing = AudibleText(code)
    assert "".join([*map(hearing.take, chunks), hearing.rest()]) == audible(text, code)


@given(st.text())
def test_plain_text_passes(text):
    if not set("<◁[`~") & set(text):
        assert audible(text) == text


@pytest.mark.parametrize(
    "unit", ["<", "<think>", "</", "[", "◁", "`", "```", "```\n", "~~~\n~", "<|", "\n", " ", "<t "]
)
@pytest.mark.parametrize("code", ["announce", "read"])
def test_the_time_grows_as_the_text_does(unit, code):
    def seconds(length: int, size: int) -> float:
        text = (unit * length)[:length]
        started = time.thread_time()
        hearing = AudibleText(code)
        for at in range(0, length, size):
            hearing.take(text[at : at + size])
        hearing.rest()
        return time.thread_time() - started

    for size in (50, 50_000):
        assert seconds(50_000, size) < 1
