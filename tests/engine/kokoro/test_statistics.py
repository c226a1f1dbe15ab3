"""Predicted statistics: near to those of the whole, and none for what is odd."""

import numpy as np
import pytest

from tests.engine.kokoro.published import AUDIO, ENERGY, F0, HARMONICS, TEXT, session
from wyoming_hayakoe.engine.kokoro import fitted
from wyoming_hayakoe.engine.kokoro.statistics import FEATURES, LATENT_CHANNELS, Predictor, features
from wyoming_hayakoe.engine.kokoro.voice_files import BUILT_IN
from wyoming_hayakoe.engine.prepare.quality import compare
from wyoming_hayakoe.errors import HayakoeError

VOICES = sorted(BUILT_IN.values())
LARGEST = 1_000_000


@pytest.fixture(scope="module")
def melody(feeds, in_fp32):
    return {"text": in_fp32[TEXT], "f0": in_fp32[F0], "energy": in_fp32[ENERGY], "style": feeds["style"]}


@pytest.fixture(scope="module")
def latent(stages, melody):
    return session(stages.blocks).run(["latent"], melody)[0]


@pytest.fixture(scope="module")
def predictor():
    return Predictor.of_voice("jf_alpha")


def something(points, seed=0):
    """Values of no sentence: latent, f0, energy."""
    random = np.random.default_rng(seed)
    latent = random.standard_normal((1, LATENT_CHANNELS, points), dtype=np.float32)
    return latent, random.uniform(0, 400, (1, points)).astype(np.float32), random.random((1, points), dtype=np.float32)


def test_features_are_means_over_time():
    first, second = something(40, seed=1), something(40, seed=2)
    both = features(*(np.concatenate(pair, axis=-1) for pair in zip(first, second, strict=True)))
    expected = (features(*first) + features(*second)) / 2
    length = FEATURES - 9
    assert both.shape == (FEATURES,)
    np.testing.assert_allclose(np.delete(both, length), np.delete(expected, length), rtol=1e-4, atol=1e-5)


def test_the_shares_of_pitches_are_one_together():
    described = features(*something(50))
    assert described[3 * LATENT_CHANNELS : -9].sum() == pytest.approx(1)


def test_a_pitch_out_of_range_counts_as_the_nearest():
    latent, f0, energy = something(10)
    f0[:] = 10_000
    assert features(latent, f0, energy)[-10] == pytest.approx(1)


@pytest.mark.parametrize("voice", VOICES)
def test_each_built_in_voice_is_fitted(voice):
    found = Predictor.of_voice(voice)
    assert found is not None
    assert (fitted.FOLDER / f"{voice}.npz").stat().st_size <= LARGEST
    assert 0.1 < fitted.gain(voice) < 10
    assert len(fitted.digest(voice)) == 64


def test_a_sentence_sounds_as_with_its_own_statistics(stages, feeds, in_fp32, melody, latent, predictor):
    means, squares = predictor.predict(latent, melody["f0"], melody["energy"], feeds["style"])
    assert means.shape == squares.shape == (1, 8448, 1)
    assert (squares > np.square(means)).all()
    given = {"latent": latent, "harmonics": in_fp32[HARMONICS], "style": feeds["style"]}
    [audio] = session(stages.generator).run(["audio"], {**given, "means": means, "squares": squares})
    quality = compare(in_fp32[AUDIO].ravel(), audio.ravel(), 24_000)
    assert quality.noise_to_mask < -9
    assert quality.distance < 2.5
    assert abs(20 * np.log10(audio.std() / in_fp32[AUDIO].std())) < 1


def test_shapes_without_the_first_axis_are_taken_as_well(feeds, melody, latent, predictor):
    expected = predictor.predict(latent, melody["f0"], melody["energy"], feeds["style"])
    found = predictor.predict(latent, melody["f0"].ravel(), melody["energy"].ravel(), feeds["style"])
    np.testing.assert_array_equal(expected, found)


def test_an_odd_sentence_has_no_prediction(feeds, predictor):
    assert predictor.predict(*something(200), feeds["style"]) is None


def test_values_that_are_no_numbers_have_no_prediction(feeds, melody, latent, predictor):
    broken = latent.copy()
    broken[0, 0, 0] = np.nan
    assert predictor.predict(broken, melody["f0"], melody["energy"], feeds["style"]) is None


def test_a_sentence_shorter_than_all_that_were_fitted_has_no_prediction(feeds, melody, latent, predictor):
    short = (latent[:, :, :4], melody["f0"][:, :4], melody["energy"][:, :4])
    assert predictor.predict(*short, feeds["style"]) is None


@pytest.mark.parametrize("voice", ["af_heart", "", ".", "../data/jf_alpha", "jf_alpha.npz"])
def test_a_voice_that_was_not_fitted_has_no_predictor(voice):
    assert Predictor.of_voice(voice) is None
    assert fitted.gain(voice) is None
    assert fitted.digest(voice) is None


def test_a_damaged_file_is_an_error(tmp_path):
    (tmp_path / "jf_alpha.npz").write_bytes(b"PK no archive")
    with pytest.raises(HayakoeError, match="cannot be read: install wyoming-hayakoe again"):
        Predictor.of_voice("jf_alpha", tmp_path)


@pytest.mark.parametrize("change", ["features/centre", "statistics/basis", "most odd"])
def test_a_file_of_another_version_is_an_error(change, tmp_path):
    found = dict(fitted.arrays("jf_alpha"))
    found[change] = found[change][1:] if found[change].ndim else np.zeros(2)
    np.savez(tmp_path / "jf_alpha.npz", **found)
    with pytest.raises(HayakoeError, match="of another version: install wyoming-hayakoe again"):
        Predictor.of_voice("jf_alpha", tmp_path)
