import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import TINY_REPO, shared
from wyoming_hayakoe.engine.jp_extra.vocabulary import Vocabulary
from wyoming_hayakoe.errors import HayakoeError

# Our own sentences, with the ids that transformers' BertJapaneseTokenizer (subword_tokenizer_type="character") gives.
GOLDEN = [
    (text, [int(number) for number in ids.split()])
    for text, ids in (
        line.split("\t")
        for line in (Path(__file__).parents[2] / "data" / "bert_ids.tsv").read_text(encoding="utf-8").splitlines()[1:]
    )
]
VOCABULARY = Vocabulary(TINY_REPO / "bert" / "tokenizer")
TOKENS = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "あ", "い", "1", "\x85", "々"]


def folder_with(path, *, lines=None, tokenizer=None):
    if lines is not None:
        (path / "vocab.txt").write_bytes(lines.encode())
    if tokenizer is not None:
        (path / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    return path


def described(tokens):
    return {"version": "1.0", "model": {"type": "WordPiece", "vocab": {token: i for i, token in enumerate(tokens)}}}


@pytest.mark.parametrize("missing", ["tokenizer.json", "vocab.txt"])
@pytest.mark.parametrize(("text", "ids"), GOLDEN)
def test_ids_are_those_of_the_published_tokenizer_from_either_file(tmp_path, text, ids, missing):
    for path in shared("bert-tokenizer").iterdir():
        if path.name != missing:
            (tmp_path / path.name).symlink_to(path)
    assert Vocabulary(tmp_path).ids(text) == ids


@given(st.text())
def test_any_text_gets_one_id_for_each_character_and_end(text):
    ids = VOCABULARY.ids(text)
    assert len(ids) == len(text) + 2
    assert (ids[0], ids[-1]) == (1, 2)


@pytest.mark.parametrize(
    "files",
    [
        {"lines": "\n".join(TOKENS) + "\n"},
        {"lines": "\r\n".join(TOKENS)},
        {"tokenizer": described(TOKENS)},
        {"lines": "\n".join(TOKENS), "tokenizer": {}},
    ],
    ids=["vocab.txt", "of another system", "tokenizer.json", "both"],
)
def test_special_tokens_are_where_the_vocabulary_has_them(tmp_path, files):
    vocabulary = Vocabulary(folder_with(tmp_path, **files))
    assert vocabulary.ids("あ１㌔い\x85") == [1, 4, 6, 3, 5, 7, 2]
    assert vocabulary.pad == 0


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "has neither vocab.txt nor tokenizer.json: fetch the tokenizer again"),
        ({"lines": ""}, "/vocab.txt: has no [CLS]: fetch the tokenizer again"),
        ({"lines": "[CLS]\n[SEP]\nあ"}, "/vocab.txt: has no [UNK]: fetch the tokenizer again"),
        ({"tokenizer": described([])}, "/tokenizer.json: has no [CLS]: fetch the tokenizer again"),
        ({"tokenizer": []}, "/tokenizer.json: is no vocabulary: fetch the tokenizer again"),
        ({"tokenizer": {"model": {"type": "Unigram", "vocab": [["あ", -1.5]]}}}, "is no vocabulary"),
        ({"tokenizer": {"model": {"vocab": {"[CLS]": "1"}}}}, "is no vocabulary"),
        ({"tokenizer": {"model": {"vocab": {"[CLS]": True}}}}, "is no vocabulary"),
        ({"tokenizer": {"model": {"vocab": {"[CLS]": -1}}}}, "is no vocabulary"),
        ({"tokenizer": {"model": {"vocab": {"[CLS]": 1 << 70}}}}, "is no vocabulary"),
    ],
)
def test_what_is_no_vocabulary_is_told_in_one_line(tmp_path, files, words):
    folder_with(tmp_path, **files)
    with pytest.raises(HayakoeError) as error:
        Vocabulary(tmp_path)
    assert str(error.value).startswith(str(tmp_path))
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["vocab.txt", "tokenizer.json"])
@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00", b"[" * 100_000, b"{", b"\n" * (1 << 25)],
    ids=["no text", "nested", "cut short", "too large"],
)
def test_bytes_that_are_no_vocabulary_are_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(HayakoeError, match=name):
        Vocabulary(tmp_path)
