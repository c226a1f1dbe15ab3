import pytest

from wyoming_hayakoe.text.rules.markdown import plain


@pytest.mark.parametrize(
    ("sentence", "spoken"),
    [
        ("**重要**です。", "重要です。"),
        ("**次の", "次の"),  # the other half is in the next sentence
        ("*強調*と_下線_と~~取消~~", "強調と下線と取消"),
        ("3*4は12", "3*4は12"),
        ("3 * 4 は 12", "3 * 4 は 12"),
        ("sensor_temp_1", "sensor_temp_1"),
        ("`light.turn_on`を呼ぶ", "light.turn_onを呼ぶ"),
        ("```yaml", ""),
        ("# 見出し", "見出し"),
        ("#1の部屋", "#1の部屋"),
        ("- 項目", "項目"),
        ("* 項目", "項目"),
        ("  • 項目", "項目"),
        ("- [x] 済み", "済み"),
        ("1. りんご", "1. りんご"),
        ("-5度です", "-5度です"),
        ("> 引用", "引用"),
        ("5 > 3", "5 > 3"),
        ("3<5", "3<5"),
        ("[取説](https://e.example/a?b=(1))を見て", "取説を見て"),
        ("![家の写真](a.png)", "家の写真"),
        ("晴れです[1]。", "晴れです。"),
        ("| 部屋 | 温度 |", "部屋、温度"),
        ("|---|:--:|", ""),
        ("---", ""),
        ("改行<br>です", "改行 です"),
        ("[警告] 水漏れ", "[警告] 水漏れ"),
        ("1\\. りんご", "1. りんご"),
    ],
)
def test_markdown_is_taken_out(sentence, spoken):
    assert plain(sentence) == spoken
