"""script/kokoro_fit: the corpus, and a fit to statistics whose rule is known."""

import io

import numpy as np
import pytest

from script.kokoro_fit import corpus
from script.kokoro_fit.collect import Collected
from script.kokoro_fit.fit import RANK, fitted
from wyoming_hayakoe.engine.kokoro.norms import STATISTICS
from wyoming_hayakoe.engine.kokoro.statistics import FEATURES, Predictor


@pytest.fixture(scope="module")
def sentences():
    """Features of 100 sentences, and statistics that follow from them but for a little noise: means, squares."""
    random = np.random.default_rng(0)
    hidden = random.standard_normal((120, 6))
    features = hidden @ random.standard_normal((6, FEATURES)) + 0.01 * random.standard_normal((120, FEATURES))
    centre = random.standard_normal(STATISTICS)
    means = centre + 0.1 * (hidden @ random.standard_normal((6, STATISTICS)))
    variances = np.exp(0.1 * (hidden @ random.standard_normal((6, STATISTICS))))
    return tuple(each.astype(np.float32) for each in (features, means, variances + np.square(means)))


@pytest.fixture(scope="module")
def fit(sentences):
    features, means, squares = (each[:100] for each in sentences)
    return fitted(features, means, squares, np.arange(60, 160))


def test_the_corpus_has_every_kind_of_sentence():
    texts = corpus.sentences()
    assert len(texts) >= 300
    assert len(set(texts)) == len(texts)
    for ending, count in (("？", 25), ("！", 20)):
        assert sum(text.endswith(ending) for text in texts) >= count
    assert sum(len(text) <= 4 for text in texts) >= 60
    assert sum("、" in text for text in texts) >= 60


def test_no_sentence_that_judges_is_fitted():
    assert len(corpus.held_out()) >= 20
    assert not set(corpus.held_out()) & set(corpus.sentences())


def test_the_order_has_every_sentence_once():
    assert sorted(corpus.shuffled()) == sorted(corpus.sentences())
    assert corpus.shuffled() == corpus.shuffled()


def test_most_sentences_are_spoken_as_by_default_and_some_otherwise():
    ways = [way for _, way in corpus.spoken_ways(corpus.shuffled())]
    assert len(ways) > len(corpus.sentences())
    assert 0.3 < np.mean([way == corpus.Variation() for way in ways]) < 0.6
    assert {way.accent for way in ways} == {True, False}
    assert all(0.8 <= way.speed <= 1.25 and 0.85 <= way.pitch <= 1.17 for way in ways)


def test_a_fit_predicts_sentences_that_it_has_not_seen(sentences, fit, tmp_path):
    predictor = Predictor(fit, tmp_path)
    for features, means, squares in zip(*(each[100:] for each in sentences), strict=True):
        found = predictor.prediction(features)
        assert np.abs(found.means.ravel() - means).mean() < 0.02
        variances = squares - np.square(means)
        assert np.abs(np.log((found.squares - np.square(found.means)).ravel() / variances)).mean() < 0.03
        assert found.oddness < float(fit["most odd"])


def test_a_sentence_far_away_is_odd(sentences, fit, tmp_path):
    assert Predictor(fit, tmp_path).prediction(10 * sentences[0][0]).oddness > float(fit["most odd"])


def test_a_fit_is_kept_in_small_integers(fit):
    assert fit["statistics/basis"].dtype == fit["features/weights"].dtype == np.int8
    assert fit["statistics/basis"].shape == (RANK, 2, STATISTICS)
    assert fit["shortest"] == 60
    file = io.BytesIO()
    np.savez_compressed(file, **fit)
    assert file.tell() < 1_000_000


def test_what_is_collected_is_written_and_read(tmp_path):
    collected = Collected(*np.ones((3, 4, 5), dtype=np.float32), np.arange(4))
    collected.write(tmp_path / "statistics.npz")
    found = Collected.read(tmp_path / "statistics.npz")
    np.testing.assert_array_equal(found.squares, collected.squares)
    np.testing.assert_array_equal(found.points, collected.points)
    assert [path.name for path in tmp_path.iterdir()] == ["statistics.npz"]
