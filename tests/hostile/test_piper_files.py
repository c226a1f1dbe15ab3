"""The small files of a Piper voice from elsewhere: read or refused in one line, in bounded memory and time."""

import json
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile.odd_files import KINDS, make_odd, refused
from wyoming_hayakoe.engine.piper.config import read_piper_config
from wyoming_hayakoe.engine.piper.voice_files import read_piper
from wyoming_hayakoe.errors import HayakoeError

VOICES = Path(__file__).parents[1] / "data" / "piper"
CONFIG = json.loads((VOICES / "piper-plus" / "config.json").read_text(encoding="utf-8"))
IDS = CONFIG["phoneme_id_map"]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


def written(folder, content):
    path = folder / "config.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 1000,
        b"\xff\xfe",
        "[" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        "[]",
        '"phoneme_id_map"',
        "\ud800",
        "\ufeff\ufeff{}",
        " " * (2 << 20),
        '{"phoneme_id_map": ' + "9" * 5_000 + "}",
        json.dumps(CONFIG)[:-1],
        json.dumps(CONFIG | {"x": "y" * (2 << 20)}),
    ],
    ids=range(13),
)
def test_what_is_no_configuration_is_refused(content, tmp_path):
    path = written(tmp_path, content)
    assert str(path) in refused(lambda: read_piper_config(path))


@pytest.mark.parametrize(
    "changes",
    [
        {"audio": {"sample_rate": 0}},
        {"audio": {"sample_rate": 10**400}},
        {"audio": {"sample_rate": -22050}},
        {"audio": {"sample_rate": 22050.5}},
        {"audio": {"sample_rate": True}},
        {"audio": {"sample_rate": 22050, "hop_size": 1 << 40}},
        {"audio": []},
        {"hop_length": 0},
        {"hop_length": "256"},
        {"inference": {"noise_scale": float("nan")}},
        {"inference": {"length_scale": float("inf")}},
        {"inference": {"length_scale": 1e300}},
        {"inference": {"noise_w": -1}},
        {"inference": {"noise_w": 10**400}},
        {"inference": {"noise_scale": [1]}},
        {"inference": 1},
        {"num_symbols": 0},
        {"num_symbols": 10**400},
        {"num_symbols": 1},
        {"num_speakers": 0},
        {"num_speakers": 1 << 40},
        {"num_speakers": 2, "speaker_id_map": {"anna": 2}},
        {"num_speakers": 2, "speaker_id_map": {"anna": -1}},
        {"num_speakers": 2, "speaker_id_map": {"anna": 0.5}},
        {"num_speakers": 2, "speaker_id_map": {"a\x1b[2J\nb": 0}},
        {"num_speakers": 2, "speaker_id_map": {"": 0}},
        {"num_speakers": 2, "speaker_id_map": {"x" * 100_000: 0}},
        {"num_speakers": 2, "speaker_id_map": {"\ud800": 0}},
        {"num_speakers": 2, "default_speaker_id": 2},
        {"num_languages": 1 << 40},
        {"language_id_map": {"ja": 10**400}},
        {"language_id_map": {"ja": 6}},
        {"language_id_map": {"ja": -1}},
        {"language_id_map": {"ja": "0"}},
        {"language_id_map": ["ja"]},
        {"language_id_map": {"\x1b[2J\n" * 100: 0}},
        {"language_id_map": {f"l{number}": number for number in range(2_000)}},
        {"phoneme_type": "\x1b[2J\n" * 10_000},
        {"phoneme_type": ["japanese"]},
        {"phoneme_id_map": []},
        {"phoneme_id_map": {}},
        {"phoneme_id_map": IDS | {"a": [185]}},
        {"phoneme_id_map": IDS | {"a": [-1]}},
        {"phoneme_id_map": IDS | {"a": [1.0]}},
        {"phoneme_id_map": IDS | {"a": [True]}},
        {"phoneme_id_map": IDS | {"a": 1}},
        {"phoneme_id_map": IDS | {"a": []}},
        {"phoneme_id_map": IDS | {"a": [1] * 100_000}},
        {"phoneme_id_map": IDS | {"a": [10**400]}},
        {"phoneme_id_map": IDS | {"\x1b[2J\n": [1, -1]}},
        {"phoneme_id_map": IDS | {"x" * 100_000: [1]}},
        {"phoneme_id_map": {f"s{number}": [0] for number in range(5_000)}},
        {"phoneme_id_map": {symbol: ids for symbol, ids in IDS.items() if symbol not in "_^$"}},
    ],
    ids=range(53),
)
def test_what_no_voice_can_have_is_refused(changes, tmp_path):
    path = written(tmp_path, json.dumps(CONFIG | changes))
    assert str(path) in refused(lambda: read_piper_config(path))


@given(changes=st.dictionaries(st.sampled_from(sorted(CONFIG)), JSON, min_size=1, max_size=4))
def test_whatever_a_configuration_says_is_read_or_refused(tmp_path_factory, changes):
    path = written(tmp_path_factory.getbasetemp(), json.dumps(CONFIG | changes))
    try:
        config = read_piper_config(path)
    except HayakoeError as error:
        assert str(error).isprintable()  # noqa: PT017 - some are no error at all
        assert len(str(error)) < 1000  # noqa: PT017
    else:
        assert max(max(ids) for ids in config.symbols.values()) < config.num_symbols
        assert all(0 <= row < config.num_speakers for row in config.speakers.values())
        assert 0 < len(config.speakers) <= 256
        assert max(config.noise, config.length, config.noise_w) <= 5


@pytest.mark.parametrize("name", ["config.json", "MODEL_CARD", "README.md"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_waited_for_by_nobody(name, kind, tmp_path):
    folder = shutil.copytree(VOICES / "piper-plus-plain", tmp_path / "voice")
    make_odd(folder / name, kind)
    if name == "config.json":
        refused(lambda: read_piper(folder))
    else:
        assert read_piper(folder).config.kind == "piper-plus"


@pytest.mark.parametrize(
    "card", ["* License: " + "x" * 8_000, "* URL: \x1b[2J\0\n" * 900, "*" * 16_000, "* \n" * 5_000]
)
def test_notes_beside_a_graph_cost_nothing_and_are_shown_as_text(card, tmp_path):
    folder = shutil.copytree(VOICES / "piper-2023", tmp_path / "voice")
    (folder / "MODEL_CARD").write_text(card, encoding="utf-8")
    start = time.process_time()
    about = read_piper(folder).about
    assert time.process_time() - start < 1
    assert all(len(each) <= 140 and each.isprintable() for each in (about.url, about.licence, about.description))


def test_a_folder_of_graphs_with_odd_names_is_refused_in_one_line(tmp_path):
    for number in range(300):
        (tmp_path / f"\x1b[2J\n{number}{'x' * 200}.onnx").touch()
    assert "holds several graphs" in refused(lambda: read_piper(tmp_path))
