import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import TINY_REPO, in_threads
from wyoming_hayakoe.engine.jp_extra.bert import Bert, expand
from wyoming_hayakoe.engine.jp_extra.vocabulary import Vocabulary
from wyoming_hayakoe.errors import HayakoeError

MODEL = TINY_REPO / "onnx" / "bert" / "q8" / "bert_q8.onnx"
TOKENIZER = TINY_REPO / "bert" / "tokenizer"
VOICE = TINY_REPO / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"
TEXTS = ("今日はいい天気ですね.", "はい!", "リビングの照明をつけました.")


@pytest.fixture(scope="module")
def bert():
    return Bert(MODEL, TOKENIZER)


def alike(some, others):
    return len(some) == len(others) and all(map(np.array_equal, some, others))


def write_graph(path, nodes, inputs=("input_ids", "attention_mask"), constants=(), width=1024):
    """Write a graph from tokens to what its nodes call ``hidden``."""
    graph = onnx.helper.make_graph(
        nodes,
        "bert",
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT64, ["B", "T"]) for name in inputs],
        [onnx.helper.make_tensor_value_info("hidden", onnx.TensorProto.FLOAT, ["B", "T", width])],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants],
    )
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def transparent(path, row, rows=1 << 14):
    """Write a graph that gives ``row`` times a token's id and its mask, for ids below ``rows``."""
    return write_graph(
        path,
        [
            onnx.helper.make_node("Mul", ["input_ids", "attention_mask"], ["kept"]),
            onnx.helper.make_node("Gather", ["ids", "kept"], ["column"]),
            onnx.helper.make_node("Mul", ["column", "row"], ["hidden"]),
        ],
        constants=[
            ("ids", np.arange(rows, dtype=np.float32)[:, None]),
            ("row", np.asarray(row, dtype=np.float32)),
        ],
        width=len(row),
    )


def test_every_text_gets_a_row_of_1024_for_each_character_and_end(bert):
    for text, features in zip(TEXTS, bert.features(TEXTS), strict=True):
        assert features.shape == (len(text) + 2, 1024)
        assert features.dtype == np.float32
        assert features.std() > 0.01


def test_rows_stand_under_their_characters_whatever_stands_beside_them(tmp_path):
    model = transparent(tmp_path / "bert.onnx", np.ones(1024))
    ids = Vocabulary(TOKENIZER).ids
    for text, features in zip(TEXTS, Bert(model, TOKENIZER).features(TEXTS), strict=True):
        assert features[:, 0].tolist() == ids(text)
        assert (features == features[:, :1]).all()


def test_a_text_alone_gives_what_the_graph_gives(bert):
    text = TEXTS[0]
    ids = np.array([Vocabulary(TOKENIZER).ids(text)])
    session = onnxruntime.InferenceSession(MODEL, providers=["CPUExecutionProvider"])
    expected = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
    assert np.array_equal(bert.features((text,))[0], expected)


def test_shorter_texts_of_a_call_are_padded_and_hardly_changed_by_it(bert):
    alone = bert.features(TEXTS[:1])[0]
    beside_longer = bert.features((TEXTS[0], "あ" * 60))[0]
    assert beside_longer.shape == alone.shape
    assert np.abs(beside_longer - alone).max() < 0.2 * alone.std()


def test_features_depend_on_the_call_and_not_on_what_was_asked_before():
    fresh, used = Bert(MODEL, TOKENIZER), Bert(MODEL, TOKENIZER)
    for before in (TEXTS[:1], TEXTS[:2], TEXTS[::-1]):
        used.features(before)
    assert alike(used.features(TEXTS), fresh.features(TEXTS))
    assert alike(used.features(TEXTS[:1]), fresh.features(TEXTS[:1]))


def test_what_was_asked_of_late_is_kept_and_the_rest_forgotten(bert):
    first = bert.features(TEXTS)
    assert bert.features(list(TEXTS)) is first
    asked_again = bert.features(TEXTS[:1])
    for number in range(40):  # 40 times 200 characters take twice what is kept
        bert.features((f"{number}".rjust(200, "あ"),))
        assert bert.features(TEXTS[:1]) is asked_again
    computed_anew = bert.features(TEXTS)
    assert computed_anew is not first
    assert alike(computed_anew, first)


def test_a_text_too_long_to_keep_is_computed_all_the_same(tmp_path):
    bert = Bert(transparent(tmp_path / "bert.onnx", np.ones(1024)), TOKENIZER)
    assert bert.features(("あ" * 5000,))[0].shape == (5002, 1024)
    kept = bert.features(TEXTS)
    assert bert.features(TEXTS) is kept


def test_what_callers_share_none_can_change(bert):
    with pytest.raises(ValueError, match="read-only"):
        bert.features(TEXTS)[0][0] = 0.0


def test_no_texts_have_no_features_and_an_empty_one_has_its_ends(bert):
    assert not bert.features(())
    assert bert.features(("",))[0].shape == (2, 1024)


def test_a_text_longer_than_any_position_table_is_read(bert):
    features = bert.features(("今日はいい天気です." * 80,))[0]
    assert features.shape == (802, 1024)


def test_threads_that_ask_at_once_get_the_same():
    bert = Bert(MODEL, TOKENIZER)
    expected = Bert(MODEL, TOKENIZER).features(TEXTS)
    assert all(alike(found, expected) for found in in_threads(lambda: bert.features(TEXTS)))


def test_it_is_read_when_it_is_first_needed(tmp_path):
    Bert(tmp_path / "missing.onnx", tmp_path)
    bert = Bert(MODEL, TOKENIZER)
    assert not bert.is_ready
    bert.prepare()
    assert bert.is_ready


def other_inputs(path):
    nodes = [onnx.helper.make_node("Cast", ["x"], ["hidden"], to=onnx.TensorProto.FLOAT)]
    return write_graph(path, nodes, inputs=("x", "x_lengths"))


def cut_short(path):
    path.write_bytes(MODEL.read_bytes()[:5000])
    return path


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path, "is missing"),
        (cut_short, "cannot be loaded"),
        (lambda path: shutil.copy(TOKENIZER / "vocab.txt", path), "cannot be loaded"),
        (other_inputs, "is no BERT of a HayaKoe repository"),
        (lambda path: shutil.copy(VOICE, path), "is no BERT of a HayaKoe repository"),
        (lambda path: transparent(path, np.ones(768)), "does not give 1024 features a character"),
        (lambda path: transparent(path, np.full(1024, np.nan)), "gives values that are no numbers"),
        (lambda path: transparent(path, np.ones(1024), rows=20), "fails"),
    ],
    ids=["missing", "cut short", "no graph", "other inputs", "a voice", "other width", "NaN", "smaller vocabulary"],
)
def test_what_is_no_bert_is_told_in_one_line(tmp_path, damage, words):
    path = tmp_path / "bert_q8.onnx"
    damage(path)
    with pytest.raises(HayakoeError) as error:
        Bert(path, TOKENIZER).features(("今日は",))
    assert str(error.value).startswith(str(path))
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert "今日" not in str(error.value)


def test_a_vocabulary_that_is_none_is_told_without_loading_the_model(tmp_path):
    bert = Bert(tmp_path / "missing.onnx", tmp_path)
    with pytest.raises(HayakoeError, match=r"neither vocab\.txt nor tokenizer\.json"):
        bert.prepare()


@given(st.lists(st.integers(0, 4), max_size=12))
def test_each_character_is_given_to_as_many_phones_as_it_has(counts):
    features = np.arange(len(counts) * 3, dtype=np.float32).reshape(len(counts), 3)
    expanded = expand(features, counts)
    columns = [row for row, count in zip(features, counts, strict=True) for _ in range(count)]
    assert expanded.shape == (3, sum(counts))
    assert np.array_equal(expanded.T, np.array(columns).reshape(-1, 3))
