"""The shared BERT and its vocabulary."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import TINY_REPO, in_threads, shared
from wyoming_hayakoe.engine.bert import Bert, expand
from wyoming_hayakoe.engine.session import Session
from wyoming_hayakoe.engine.vocabulary import Vocabulary
from wyoming_hayakoe.errors import HayakoeError

MODEL = TINY_REPO / "onnx" / "bert" / "q8" / "bert_q8.onnx"
TOKENIZER = TINY_REPO / "bert" / "tokenizer"


@pytest.fixture
def bert():
    return Bert(MODEL, TOKENIZER)


@pytest.fixture
def runs(monkeypatch):
    """Count the calls of the model."""
    counted = []
    run = Session.run
    monkeypatch.setattr(Session, "run", lambda *arguments: counted.append(1) or run(*arguments))
    return counted


def test_ids_are_those_of_the_published_vocabulary():
    vocabulary = Vocabulary(shared("bert-tokenizer"))
    lines = shared("bert-tokenizer/vocab.txt").read_text(encoding="utf-8").split("\n")
    text = "今日は、晴れです.Ａ𠮟"
    expected = [1, *(lines.index(character) if character in lines else 3 for character in "今日は、晴れです.A𠮟"), 2]
    assert vocabulary.ids(text) == expected


def test_both_forms_of_a_vocabulary_are_one(tmp_path):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(shared(f"bert-tokenizer/{name}"), tmp_path / name)
    text = "音声合成で、家じゅうの機械がしゃべる。ABC123"
    assert Vocabulary(tmp_path).ids(text) == Vocabulary(shared("bert-tokenizer")).ids(text)


@given(st.text(max_size=50))
def test_every_character_has_one_id(text):
    assert len(Vocabulary(TOKENIZER).ids(text)) == len(text) + 2


@pytest.mark.parametrize(
    "content",
    ["", "[PAD]\n[CLS]\n[SEP]\n", b"\xff\xfe\x00", {"model": {}}, {"model": {"vocab": {"a": "b"}}}, [1], "[" * 100_000],
)
def test_what_is_no_vocabulary_is_named(tmp_path, content):
    if isinstance(content, bytes):
        (tmp_path / "vocab.txt").write_bytes(content)
    elif isinstance(content, str) and not content.startswith("[["):
        (tmp_path / "vocab.txt").write_text(content, encoding="utf-8")
    else:
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "tokenizer.json").write_text(text, encoding="utf-8")
    with pytest.raises(HayakoeError, match="fetch the tokenizer again") as error:
        Vocabulary(tmp_path)
    assert str(tmp_path) in str(error.value)


def test_each_text_has_features_for_each_character_and_both_ends(bert):
    texts = ["はい.", "今日は晴れです.", ""]
    for text, features in zip(texts, bert.features(texts), strict=True):
        assert features.shape == (len(text) + 2, 1024)
        assert features.dtype == np.float32
        assert np.isfinite(features).all()


def test_texts_together_are_nearly_what_they_are_alone(bert):
    texts = ["はい.", "今日は晴れです."]
    for text, together in zip(texts, bert.features(texts), strict=True):
        (alone,) = bert.features([text])
        assert np.abs(together - alone).max() < 0.1 * np.abs(alone).max()


def test_features_depend_on_the_call_and_not_on_history(bert):
    (first,) = bert.features(["はい."])
    bert.features(["はい.", "今日は晴れです."])
    assert np.array_equal(first, Bert(MODEL, TOKENIZER).features(["はい."])[0])
    assert np.array_equal(first, bert.features(["はい."])[0])


def test_what_was_asked_lately_is_not_computed_again(bert, runs):
    for _ in range(3):
        bert.features(["はい."])
        bert.features(["はい.", "いいえ."])
    assert len(runs) == 2


def test_what_is_kept_is_bounded(bert, runs):
    bert.features(["はい."])
    for index in range(10):
        bert.features(["あ" * (450 + index)])
    before = len(runs)
    bert.features(["はい."])
    assert len(runs) == before + 1
    huge = ["い" * 480] * 12
    assert len(bert.features(huge)) == 12


def test_features_that_are_kept_cannot_be_spoiled(bert):
    (features,) = bert.features(["はい."])
    with pytest.raises(ValueError, match="read-only"):
        features[0] = 0


def test_many_threads_get_the_same(bert):
    (expected,) = Bert(MODEL, TOKENIZER).features(["はい."])
    found = in_threads(lambda: bert.features(["はい."])[0], 8)
    assert all(np.array_equal(each, expected) for each in found)


@pytest.mark.parametrize("model", ["missing.onnx", "config.json", "synthesizer.onnx"])
def test_what_is_no_bert_is_named(tmp_path, model):
    path = TINY_REPO / "onnx" / "speakers" / "rand-jp" / model
    with pytest.raises(HayakoeError) as error:
        Bert(path, TOKENIZER).prepare()
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_features_are_repeated_for_phones():
    features = np.arange(3 * 1024, dtype=np.float32).reshape(3, 1024)
    expanded = expand(features, (2, 0, 1))
    assert np.array_equal(expanded, features[[0, 0, 2]].T)
