import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.text import user_words
from wyoming_hayakoe.text.user_words import Contents, UserWord

_HEADER = ("surface", "reading", "accent", "priority")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (("HACS", "ハックス", "1"), UserWord("HACS", "ハックス", 1)),
        (("ＥＳＰ３２", "イーエスピー", 0), UserWord("ESP32", "イーエスピー", 0)),
        (("担々麺", "タンタンメン", "3", "10"), UserWord("担々麺", "タンタンメン", 3, 10)),
        ((" 雫 ", " シズク ", " ", ""), UserWord("雫", "シズク", 0)),
        (("雫", "ｼｽﾞｸ"), UserWord("雫", "シズク", 0)),
        (("急", "キュー", 2), UserWord("急", "キュー", 2)),
    ],
)
def test_entry(fields: tuple[str, ...], expected: UserWord) -> None:
    assert user_words.entry(*fields) == expected


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (("", "ア"), "the surface is empty"),
        (("\u0301", "ア"), "no character"),
        (("あ\x00", "ア"), "control"),
        (("あ" * 101, "ア"), "longer than 100"),
        (("雫", ""), "the reading is empty"),
        (("雫", "しずく"), "not katakana"),
        (("雫", "シズクx"), "not katakana"),
        (("雫", "ーシ"), "not katakana"),
        (("雫", "シ・ズク"), "not katakana"),
        (("雫", "ア" * 101), "longer than 100 morae"),
        (("雫", "シズク", "4"), "accent 4 is beyond the 3 morae"),
        (("急", "キュー", 3), "accent 3 is beyond the 2 morae"),
        (("雫", "シズク", "-1"), "accent -1"),
        (("雫", "シズク", "a"), "accent 'a' is not a whole number"),
        (("雫", "シズク", "1.5"), "not a whole number"),
        (("雫", "シズク", "1", "11"), "priority 11 is not between 0 and 10"),
    ],
)
def test_what_is_refused(fields: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        user_words.entry(*fields)


def test_a_bad_row_is_named_and_the_rest_loads() -> None:
    lines = (
        "surface,reading,accent",
        "# mine",
        "",
        "HACS,ハックス,1",
        "雫,しずく,0",
        "急,キュー,9",
        "だけ",
        '"a,b",エービー,0',
        "雪,ユキ,2",
    )
    contents = user_words.parse("\n".join(lines), "words.csv")
    assert [entry.surface for entry in contents.entries] == ["HACS", "a,b", "雪"]
    assert [str(problem) for problem in contents.problems] == [
        "words.csv:5: the reading 'しずく' is not katakana",
        "words.csv:6: accent 9 is beyond the 2 morae of キュー",
        "words.csv:7: 1 field instead of surface, reading, and perhaps accent and priority",
    ]


@pytest.mark.parametrize("line", ['雪,"ユキ', "a,b,c,d,e", "雪,ユキ,0\0"])
def test_odd_lines(line: str) -> None:
    assert user_words.parse(line).entries == ()
    assert len(user_words.parse(line).problems) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("雪," + "ユ" * 5000, "longer than 4000 characters"),
        ("雪" * 1001 + ",ユキ", "the surface is longer than 1000"),
        ("雪,ユキ," + "9" * 3000, "accent 999"),
        ("雪," + "x" * 900, "the reading 'xxx"),
    ],
)
def test_a_reason_is_short_however_long_the_line(line: str, reason: str) -> None:
    (problem,) = user_words.parse(line).problems
    assert reason in problem.reason
    assert len(problem.reason) <= 200


def test_of_many_bad_rows_ten_are_named_and_the_rest_is_counted() -> None:
    contents = user_words.parse("雫,しずく\n" * 99_999 + "雪,ユキ,2\n", "words.csv")
    assert [word.surface for word in contents.entries] == ["雪"]
    lines = [str(problem) for problem in contents.problems]
    assert lines[9] == "words.csv:10: the reading 'しずく' is not katakana"
    assert lines[10:] == ["words.csv: 99,989 more rows cannot be used"]


def test_a_file_has_a_hundred_thousand_lines_at_most(tmp_path: Path) -> None:
    contents = user_words.parse("雪,ユキ,2\n" * 100_000 + "雫,シズク\n", "words.csv")
    assert [word.surface for word in contents.entries] == ["雪"]
    assert [str(problem) for problem in contents.problems] == [
        "words.csv:100001: more than 100,000 lines: the rest is left out"
    ]
    path = tmp_path / "words.csv"
    path.write_text("#\n" * 100_000, encoding="utf-8")
    with pytest.raises(HayakoeError, match="would be longer than 100,000 lines or 16 MiB: remove words first"):
        user_words.put(path, [UserWord("雪", "ユキ", 2)])
    assert path.read_bytes() == b"#\n" * 100_000


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_system_ends_them(end: str, tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_bytes(f"雪,ユキ,2{end}雫,シズク{end}".encode())
    assert [word.surface for word in user_words.read(path).entries] == ["雪", "雫"]
    assert user_words.drop(path, ["雪"]) == []
    assert path.read_text(encoding="utf-8") == "雫,シズク\n"


def test_a_file_need_not_have_a_header_and_the_later_row_counts() -> None:
    assert user_words.parse("雪,セツ\n雪,ユキ,2").entries == (UserWord("雪", "ユキ", 2),)


def test_no_file_has_no_words(tmp_path: Path) -> None:
    assert user_words.read(tmp_path / "words.csv") == Contents(())


def test_what_excel_writes(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_bytes("surface,reading,accent\r\n雪,ユキ,2\r\n".encode("cp932"))
    assert user_words.read(path).entries == (UserWord("雪", "ユキ", 2),)
    path.write_bytes("雪,ユキ,2\r\n".encode("utf-8-sig"))
    assert user_words.read(path).entries == (UserWord("雪", "ユキ", 2),)
    path.write_bytes(b"\x81\n\x81\n")
    assert "Shift_JIS" in str(user_words.read(path).problems[0])


def test_put_and_drop_leave_the_rest_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "words.csv"
    user_words.put(path, [UserWord("雪", "ユキ", 2), UserWord("a,b", "エービー")])
    assert path.read_text(encoding="utf-8") == 'surface,reading,accent,priority\n雪,ユキ,2,8\n"a,b",エービー,0,8\n'
    path.write_text("# mine\n雪,ユキ,2\nbad\n", encoding="utf-8")
    user_words.put(path, [UserWord("雪", "セツ", 1), UserWord("HACS", "ハックス", 1)])
    assert path.read_text(encoding="utf-8") == "# mine\n雪,セツ,1,8\nbad\nHACS,ハックス,1,8\n"
    assert user_words.drop(path, ["ＨＡＣＳ"]) == []
    assert user_words.drop(path, ["霜"]) == ["霜"]
    assert path.read_text(encoding="utf-8") == "# mine\n雪,セツ,1,8\nbad\n"
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("begins", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_put_and_drop_keep_header_comments_order_and_what_excel_needs(tmp_path: Path, begins: bytes, ends: str) -> None:
    def written(*lines: str) -> bytes:
        return begins + "".join(line + ends for line in lines).encode()

    path = tmp_path / "words.csv"
    head, notes = "Surface, reading, accent", ("# names", "", "# places")
    path.write_bytes(written(head, notes[0], "雪,ユキ,2", notes[1], notes[2], "雫,シズク,1", "雪,ユキ,1"))
    user_words.put(path, [UserWord("雪", "セツ", 1), UserWord("霜", "シモ", 2)])
    assert path.read_bytes() == written(head, notes[0], "雪,セツ,1,8", notes[1], notes[2], "雫,シズク,1", "霜,シモ,2,8")
    assert user_words.drop(path, ["雪", "雫", "霜"]) == []
    assert path.read_bytes() == written(head, *notes)
    user_words.put(path, [UserWord("雪", "ユキ", 2)])
    assert path.read_bytes() == written(head, *notes, "雪,ユキ,2,8")


def test_drop_removes_all_words_or_none(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    user_words.put(path, [UserWord("雪", "ユキ", 2), UserWord("霜", "シモ", 2), UserWord("雨", "アメ", 1)])
    before = path.read_bytes()
    assert user_words.drop(path, ["雪", "霰", "霜"]) == ["霰"]
    assert path.read_bytes() == before
    assert user_words.drop(path, ["雪", "霜"]) == []
    assert [word.surface for word in user_words.read(path).entries] == ["雨"]


def test_a_row_that_cannot_be_used_can_be_dropped(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("雫,しずく\n", encoding="utf-8")
    assert user_words.drop(path, ["雫"]) == []
    assert path.read_text(encoding="utf-8") == ""


def test_the_header_stays_whatever_word_is_added(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    user_words.put(path, [UserWord("雪", "ユキ", 2)])
    user_words.put(path, [UserWord("surface", "サーフェス", 1)])
    assert path.read_text(encoding="utf-8").splitlines() == [
        "surface,reading,accent,priority",
        "雪,ユキ,2,8",
        "surface,サーフェス,1,8",
    ]
    assert user_words.drop(path, ["surface"]) == []
    assert path.read_text(encoding="utf-8") == "surface,reading,accent,priority\n雪,ユキ,2,8\n"


@given(surface=st.one_of(st.text(max_size=8), st.text(alphabet="#\"', a雪", max_size=6), st.sampled_from(_HEADER)))
def test_every_word_that_is_accepted_is_read_back(surface: str) -> None:
    try:
        word = user_words.entry(surface, "テスト")
    except ValueError:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "words.csv")
        user_words.put(path, [UserWord("雪", "ユキ", 2), word])
        assert word in user_words.read(path).entries
        assert user_words.drop(path, [word.surface]) == []
        assert path.read_text(encoding="utf-8").startswith("surface,reading,accent,priority\n")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "words.csv"
    target.parent.mkdir()
    target.write_text("雪,ユキ,2\n", encoding="utf-8")
    target.chmod(0o640)
    path = tmp_path / "words.csv"
    path.symlink_to("dotfiles/words.csv")
    user_words.put(path, [UserWord("雨", "アメ", 1)])
    assert path.is_symlink()
    assert target.read_text(encoding="utf-8") == "雪,ユキ,2\n雨,アメ,1,8\n"
    assert target.stat().st_mode & 0o777 == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["dotfiles", "words.csv"]
    assert list(target.parent.iterdir()) == [target]


def test_a_file_in_another_encoding_is_not_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_bytes("雪,ユキ\n".encode("cp932"))
    with pytest.raises(HayakoeError, match="save it as UTF-8"):
        user_words.put(path, [UserWord("雨", "アメ")])


def test_dump_and_parse_agree() -> None:
    entries = (
        UserWord("雪", "ユキ", 2, 3),
        UserWord('a"b', "エービー"),
        UserWord("Home Assistant", "ホームアシスタント", 4),
    )
    assert user_words.parse(user_words.dump(entries)).entries == entries
