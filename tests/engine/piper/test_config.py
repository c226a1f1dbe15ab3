"""Configurations of Piper voices: what published ones say, and refusals in one line that name the key."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.piper.made import PIPER, PLUS, PLUS_ALONE, config, config_file
from wyoming_hayakoe.engine.json_fields import MOST_STYLES
from wyoming_hayakoe.engine.piper.config import read_piper_config
from wyoming_hayakoe.errors import HayakoeError


def refusal(path):
    """Return what is said of a file that is refused: it is named, and all is one line."""
    with pytest.raises(HayakoeError) as error:
        read_piper_config(path)
    words = str(error.value)
    assert words.startswith(f"{path}: ")
    assert "\n" not in words
    assert len(words) < len(str(path)) + 250
    return words


def changed(**changes):
    return {key: value for key, value in {**PIPER, **changes}.items() if value is not None}


def test_a_configuration_of_piper_is_read(tmp_path):
    found = config(tmp_path, PIPER)
    assert (found.sample_rate, found.hop, found.kind, found.has_blanks) == (22_050, 256, "piper", True)
    assert (found.noise, found.length, found.noise_w) == (0.667, 1.0, 0.8)
    assert (found.speakers, found.num_speakers, found.language_id) == ({"normal": 0}, 1, None)
    assert found.symbols["^"] == (1,)
    assert found.description == "anna (medium)"


def test_a_configuration_of_piper_plus_is_read(tmp_path):
    found = config(tmp_path, PLUS)
    assert (found.kind, found.has_blanks, found.language_id) == ("piper-plus", True, 0)
    assert (found.noise, found.length, found.noise_w) == (0.4, 1.0, 0.5)
    found = config(tmp_path, PLUS_ALONE)
    assert (found.kind, found.has_blanks, found.language_id) == ("piper-plus", False, None)


def test_what_a_configuration_leaves_out_is_as_usual(tmp_path):
    absent = dict.fromkeys(("audio", "dataset", "inference", "hop_length", "language", "num_speakers", "num_symbols"))
    assert config(tmp_path, PIPER, **absent) == config(tmp_path, PIPER, dataset="")
    found = config(tmp_path, PLUS, phoneme_type=None, inference={"noise_scale_w": 0.7}, audio=None)
    assert (found.kind, found.noise, found.noise_w, found.sample_rate) == ("piper-plus", 0.4, 0.7, 22_050)


def test_speakers_are_in_the_order_of_their_rows_but_the_default_is_first(tmp_path):
    names = {"yui": 2, "anna": 0, "ken": 1}
    many = {"num_speakers": 3, "speaker_id_map": names}
    assert list(config(tmp_path, PIPER, **many).speakers.items()) == [("anna", 0), ("ken", 1), ("yui", 2)]
    assert list(config(tmp_path, PIPER, **many, default_speaker_id=2).speakers) == ["yui", "anna", "ken"]
    assert config(tmp_path, PIPER, num_speakers=2).speakers == {"0": 0, "1": 1}
    assert config(tmp_path, PIPER, speaker_id_map={"anna": 0}).speakers == {"normal": 0}
    assert len(config(tmp_path, PIPER, num_speakers=1000).speakers) == MOST_STYLES


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"language": {"code": "en_US"}, "phoneme_type": "espeak"}, "is a voice for 'en_US', not for Japanese"),
        ({"language": {"family": "en"}, "phoneme_type": None}, "is a voice for 'en', not for Japanese"),
        ({"language": {"code": "jam"}}, "is a voice for 'jam', not for Japanese"),
        ({"phoneme_type": "espeak"}, "phoneme_type 'espeak' is not one of Japanese"),
        ({"phoneme_type": None}, "phoneme_type 'espeak' is not one of Japanese"),
        ({"phoneme_type": "text"}, "phoneme_type 'text' is not one of Japanese"),
        ({"phoneme_type": "pinyin"}, "phoneme_type 'pinyin' is not one of Japanese"),
        ({"phoneme_type": ["japanese"]}, "phoneme_type '' is not one of Japanese"),
        (
            {"phoneme_type": "multilingual", "language_id_map": {"en": 0, "zh\n": 1}},
            r"is a voice for 'en', 'zh\n', not for Japanese",
        ),
        ({"phoneme_type": "multilingual", "language": {"code": "en-zh"}}, "is a voice for languages that"),
    ],
)
def test_a_voice_that_is_not_japanese_is_refused_with_the_reason(tmp_path, changes, reason):
    words = refusal(config_file(tmp_path, changed(**changes)))
    assert reason in words
    assert words.endswith("choose a Japanese voice")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"phoneme_id_map": None}, "is no configuration of Piper (it has no phoneme_id_map)"),
        ({"phoneme_id_map": []}, "phoneme_id_map is no JSON object"),
        ({"phoneme_id_map": {}}, "phoneme_id_map has no ids for _, ^, $, a, i, u, e, o, N"),
        ({"num_symbols": 20}, "phoneme_id_map has no list of ids below num_symbols (20) for 'p'"),
        ({"phoneme_id_map": {**PIPER["phoneme_id_map"], "a": [-1]}}, "num_symbols (256) for 'a'"),
        ({"phoneme_id_map": {**PIPER["phoneme_id_map"], "a": 3}}, "num_symbols (256) for 'a'"),
        ({"phoneme_id_map": {**PIPER["phoneme_id_map"], "a": []}}, "num_symbols (256) for 'a'"),
        ({"phoneme_id_map": {**PIPER["phoneme_id_map"], "a": [True]}}, "num_symbols (256) for 'a'"),
        ({"phoneme_id_map": {**PIPER["phoneme_id_map"], "a": [1] * 5}}, "num_symbols (256) for 'a'"),
        ({"phoneme_id_map": {**PIPER["phoneme_id_map"], "\n" * 99: [1]}}, r"num_symbols (256) for '\n\n"),
        ({"phoneme_id_map": {str(number): [1] for number in range(5000)}}, "has more than 4096 symbols"),
        ({"num_symbols": 10**30}, "num_symbols is not a whole number from 1 to 4096"),
        ({"num_speakers": 0}, "num_speakers is not a whole number from 1 to 10000"),
        ({"num_speakers": 2, "speaker_id_map": {"a": 2}}, "speaker_id_map has a row past num_speakers (2) for 'a'"),
        ({"num_speakers": 2, "speaker_id_map": {"a": "b"}}, "speaker_id_map is not a list of names"),
        ({"num_speakers": 2, "speaker_id_map": {"a\nb": 0}}, "speaker_id_map is not a list of names"),
        ({"num_speakers": 2, "default_speaker_id": 2}, "default_speaker_id is not a whole number from 0 to 1"),
        ({"audio": {"sample_rate": 1}}, "sample_rate is not a whole number from 8000 to 192000"),
        ({"audio": {"hop_size": 0}}, "hop_size is not a whole number from 1 to 8192"),
        ({"audio": 22_050}, "audio is no JSON object"),
        ({"hop_length": 1.5}, "hop_length is not a whole number"),
        ({"inference": {"noise_scale": -1}}, "noise_scale is not a number from 0 to 5"),
        ({"inference": {"length_scale": float("nan")}}, "length_scale is not a number from 0 to 5"),
        ({"inference": {"noise_w": 10**400}}, "noise_w is not a number from 0 to 5"),
        ({"inference": {"noise_w": "0.8"}}, "noise_w is not a number from 0 to 5"),
        ({"language_id_map": {"ja": 1}}, "language_id_map has no row below 1 for 'ja'"),
        ({"language_id_map": [0]}, "language_id_map is no JSON object"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(tmp_path, changes, reason):
    assert reason in refusal(config_file(tmp_path, changed(**changes)))


@pytest.mark.parametrize(
    "content", ["", "[" * 50_000, " " * (1 << 20) + "{}", "[]", '{"num_symbols": ' + "1" * 9999 + "}"]
)
def test_what_is_no_json_object_is_refused(tmp_path, content):
    path = config_file(tmp_path, content)
    assert refusal(path).startswith(f"{path}: ")


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*PIPER, *PLUS, "default_speaker_id"]), _JSON, max_size=4))
def test_whatever_a_configuration_says_is_read_or_refused(tmp_path_factory, changes):
    path = tmp_path_factory.getbasetemp() / "any.onnx.json"
    path.write_text(json.dumps({**PLUS, **changes}), encoding="utf-8")
    try:
        found = read_piper_config(path)
    except HayakoeError as error:
        words = str(error)
    else:
        words = ""
        assert all(0 <= number < found.num_symbols for ids in found.symbols.values() for number in ids)
        assert found.speakers
        assert all(row < found.num_speakers for row in found.speakers.values())
    assert "\n" not in words
