"""Any Unicode, and the parts of it that have broken readers before."""

from itertools import pairwise

from hypothesis import strategies as st

_BLOCKS = (
    (0x0000, 0x00FF),  # ASCII, controls, Latin-1
    (0x0300, 0x036F),  # combining marks
    (0x0600, 0x06FF),  # Arabic
    (0x1100, 0x11FF),  # Hangul jamo
    (0x2000, 0x206F),  # blanks, joiners, directions
    (0x2100, 0x218F),  # letterlike, Roman numerals
    (0x2460, 0x27BF),  # circled numbers, pictures
    (0x3000, 0x30FF),  # Japanese punctuation, kana
    (0x3200, 0x33FF),  # squared words
    (0x4E00, 0x4FFF),  # kanji
    (0xD800, 0xDFFF),  # lone surrogates
    (0xE000, 0xE0FF),  # private
    (0xF900, 0xFAFF),  # compatibility kanji
    (0xFDF0, 0xFDFF),  # Arabic ligatures: U+FDFA becomes 18 characters
    (0xFE00, 0xFE2F),  # variation selectors, combining halves
    (0xFF00, 0xFFEF),  # half and full width
    (0x1F300, 0x1FAFF),  # emoji
    (0x20000, 0x2FA1F),  # rare kanji
    (0xE0100, 0xE01EF),  # variation selectors supplement
)

FRAGMENTS = (
    "今日は", "いい天気", "です。", "東京都知事", "１２３", "800", "3.14", "7:30", "-5度", "23.5℃",
    "1,234円", "二〇二四年", "〇", "(^_^)/", "＼(^o^)／", "(´・ω・`)", "m(_ _)m", "orz", "(笑)",
    "www", "👨\u200d👩\u200d👧", "🇯🇵", "☀\ufe0f", "葛\U000e0100城", "か\u3099", "は\u309a", "ｶﾞｷﾞ",
    "ﾊﾟ", "ー", "ーー", "っー", "〜", "!?", "……", "‼", "々", "ヽ", "ゝ", "〃", "〆", "ヴュ", "フュ",
    "クォ", "ヶ", "ゎ", "ﷺ", "مرحبا", "안녕", "привет", "Wi-Fi", "ESP32", "it's", "&amp;", "\n",
    "\t", "\u3000", "\0", "\ud800", "\udfff", "\uffff", "\U0010ffff", "ᅡ", "ᄀ", "Ⅲ章", "㈱", "①",
    "㍻", "𩸽", "髙", "﨑", "ＡＩ", "α", "「", "」", "『", "（", "\\",
)  # fmt: skip

_characters = st.one_of(
    st.characters(),
    st.sampled_from(_BLOCKS).flatmap(lambda block: st.integers(*block)).map(chr),
)

texts = st.one_of(
    st.lists(st.one_of(st.sampled_from(FRAGMENTS), _characters), max_size=30).map("".join),
    st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join),
    st.text(_characters, max_size=60),
    # Long runs, past what one call of Open JTalk takes.
    st.builds(
        lambda unit, size: unit * (size // max(1, len(unit))),
        st.sampled_from(FRAGMENTS),
        st.integers(0, 4000),
    ),
)


def cuts_of(text: str) -> st.SearchStrategy[list[str]]:
    """Return the ways of cutting a text into chunks."""
    edges = st.lists(st.integers(0, len(text)), max_size=10).map(lambda cuts: [0, *sorted(cuts), len(text)])
    return edges.map(lambda found: [text[start:end] for start, end in pairwise(found)])
