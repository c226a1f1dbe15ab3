"""The readings of what a smart home says, by hand, against what this program reads."""

import csv
import re
from collections import Counter

from tests.text.shared import SHARED
from wyoming_hayakoe.text.frontend import japanese

# Rows that are not read as they are written there, with the reason.
MEANT = {
    '```python\\nprint("hi")\\n```': "a block of code is announced, or read with --code read",
    "2.4GHz帯": "the other rows of the file have ニーテン",
    "波の高さは1.5m後2.5mです。": "likewise",
}

# A row of vowels each, by which long ones are written out.
_ROWS = (
    "アカサタナハマヤラワガザダバパァャ",
    "イキシチニヒミリギジビピィ",
    "ウクスツヌフムユルグズブプゥュ",
    "エケセテネヘメレゲゼデベペェ",
    "オコソトノホモヨロゴゾドボポォョ",
)
_VOWELS = {kana: row[0] for row in _ROWS for kana in row}
_ALIKE = {"ヲ": "オ", "ヅ": "ズ", "ヂ": "ジ", "ヴァ": "バ", "ヴィ": "ビ", "ヴェ": "ベ", "ヴォ": "ボ", "ヴ": "ブ"}


def normal(kana: str) -> str:
    """Return katakana without marks, each long vowel written out, and what sounds alike written alike."""
    for written, sounded in _ALIKE.items():
        kana = kana.replace(written, sounded)
    found = ""
    for character in re.sub("[^ァ-ヶー]", "", kana):
        vowel = _VOWELS.get(found[-1:], "")
        is_long = character == "ー" or (vowel, character) in {("エ", "イ"), ("オ", "ウ")}
        found += vowel if is_long and vowel else character
    return found


def test_nearly_all_are_right_in_every_category():
    read = japanese().read
    right, all_rows, wrong = Counter[str](), Counter[str](), []
    with (SHARED / "golden" / "readings.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["text"] in MEANT:
                continue
            wanted = {normal(each) for each in (row["reading"], *re.split("[|,/;]", row["alternatives"] or "")) if each}
            found = read(row["text"].replace("\\n", "\n")).reading
            all_rows[row["category"]] += 1
            if normal(found) in wanted:
                right[row["category"]] += 1
            else:
                wrong.append(f"{row['text']}: {found} instead of {row['reading']}")
    assert right.total() >= 0.99 * all_rows.total(), wrong
    assert not [category for category, count in all_rows.items() if right[category] < 0.9 * count], wrong
