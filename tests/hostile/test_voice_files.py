"""The small files of a voice, and the configuration: whoever made them, they are read or refused in one line, at once.

Graphs are another matter: they are proved before they are loaded.
"""

import argparse
import json
import threading
import time

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.odd_files import KINDS, make_odd
from tests.support import DEADLINE
from tests.voice_kinds import MANIFEST, SPEAKER, as_aivmx, as_folder
from wyoming_hayakoe.cli.options.configured import configure
from wyoming_hayakoe.cli.options.option import add_options
from wyoming_hayakoe.cli.options.table import SERVING
from wyoming_hayakoe.engine.about import About, read_about
from wyoming_hayakoe.engine.graphs.metadata import read_metadata
from wyoming_hayakoe.engine.jp_extra.config import read_config, read_style_vectors
from wyoming_hayakoe.engine.jp_extra.voice_files import read_voice
from wyoming_hayakoe.engine.json_fields import MOST_STYLES
from wyoming_hayakoe.errors import HayakoeError

SMALL = ("config.json", "style_vectors.npy", "README.md", "LICENSE")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just(10**4000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)
NESTED = '{"data": ' * 5_000 + "1" + "}" * 5_000


def within_deadline(work):
    """Return what ``work`` gives or raises; a test that hangs would say nothing."""
    result = []

    def run():
        try:
            result.append((work(), None))
        except Exception as error:
            result.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(DEADLINE)
    assert result, "still at it"
    value, error = result[0]
    if error is not None:
        raise error
    return value


def read_or_refused(read):
    """Return what is read; None where it is refused, in one line."""
    try:
        return within_deadline(read)
    except HayakoeError as error:
        assert "\n" not in str(error)  # noqa: PT017 - most are no error at all
        assert len(str(error)) < 1000  # noqa: PT017
        return None


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# -- descriptions --


@pytest.mark.parametrize(
    "text",
    [
        "---\n" + "\n" * 65_500,
        "---\n" * 16_000,
        "---\n" + "[" * 65_000 + "\n---\n",
        "---\n" + "{" * 65_000 + "\n---\n",
        "---\na: " + '["a",' * 3_000 + "\n---\n",
        "---\n" + "- " * 8_000 + "\n---\n",
        "---\n" + "? " * 8_000 + "\n---\n",
        "---\n" + "a: &a [*a, *a]\n" * 1_000 + "---\n",
        "---\n" + " " * 65_000 + "\n---",
        "\n" * 65_000,
        " " * 65_000 + "---",
        "---\n" + "license" * 9_000,
    ],
    ids=range(12),
)
def test_no_readme_takes_long(tmp_path, text):
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    assert seconds(lambda: read_about(tmp_path)) < 3
    assert read_about(tmp_path) == About()


@pytest.mark.parametrize(
    ("matter", "licence"),
    [
        ("license: cc-by-4.0 # free\ntags: [a, b]", "cc-by-4.0"),
        ("tags:\n- license\n- x\nlicense: 'mit'", "mit"),
        ("model:\n  license: gpl\nlicense: >-\n  apache-2.0\n  or mit", "apache-2.0 or mit"),
        ("a: &a [x, y]\nb: *a\nlicense: mit", "mit"),
        ("license: 2024-99-99", "2024-99-99"),
        ("license: " + "9" * 5_000, "9" * 140),
        ('license: "\\ud800x"', "x"),
        ("license: [mit]", ""),
        ("license: *nowhere", ""),
        ("- license\n- mit", ""),
        ("license\n", ""),
        ('a: "\\UFFFFFFFF"\nlicense: mit', ""),
        ("%YAML " + "1" * 5_000 + ".1\n--- a", ""),
        ("license: a\0b", ""),
        ("license: [", ""),
        ("", ""),
    ],
)
def test_front_matter_is_yaml(tmp_path, matter, licence):
    (tmp_path / "README.md").write_text(f"---\n{matter}\n---\n# Anna\nlicense: none", encoding="utf-8")
    assert read_about(tmp_path).licence == licence


def test_yaml_that_builds_gigabytes_builds_nothing(tmp_path):
    levels = "".join(f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 9)}]}}\n" for level in range(1, 30))
    (tmp_path / "README.md").write_text(f"---\na0: &a0 {{x: y}}\n{levels}license: mit\n---\n", encoding="utf-8")
    assert seconds(lambda: read_about(tmp_path)) < 1
    assert read_about(tmp_path).licence == "mit"


@given(st.binary(max_size=400) | st.text("[]{}-?:,&*!|>'\"%@`#\n\t \\a1~<=.U\r\0é", max_size=80).map(str.encode))
def test_whatever_a_readme_holds_is_a_description(tmp_path, content):
    (tmp_path / "README.md").write_bytes(b"---\n" + content + b"\n---\n")
    licence = read_about(tmp_path).licence
    assert licence.isprintable()
    assert len(licence) <= 140


@pytest.mark.parametrize("sign", ["<", "(", "(http://", "<a", "a(<", ")", " "])
def test_no_creator_takes_long(tmp_path, sign):
    creators = [sign * (800_000 // len(sign)), *["Anna"] * 10_000]
    path = as_aivmx(tmp_path / "voice.aivmx", aivm_manifest=json.dumps(MANIFEST | {"creators": creators}))
    assert seconds(lambda: read_voice(path)) < 3
    about = read_voice(path).about
    assert max(map(len, (about.author, about.url, about.description, about.licence))) <= 140


def test_icons_and_samples_cost_nothing_and_anything_else_has_a_bound(tmp_path):
    icon = "data:image/png;base64," + "A" * (4 << 20)
    path = as_aivmx(tmp_path / "voice.aivmx", aivm_manifest=json.dumps(MANIFEST | {"icon": icon}))
    assert read_voice(path).about.author == "Somebody, Anna"
    path = as_aivmx(tmp_path / "voice.aivmx", aivm_manifest=json.dumps(MANIFEST | {"icon": [[]] * 400_000}))
    with pytest.raises(HayakoeError, match="is not JSON"):
        read_voice(path)


def test_an_onnx_file_of_nothing_but_fields_is_refused_at_once(tmp_path):
    path = tmp_path / "voice.aivmx"
    path.write_bytes(b"\x08\x01" * (8 << 20))
    assert seconds(lambda: read_or_refused(lambda: read_voice(path))) < 3
    model = onnx.helper.make_model(onnx.helper.make_graph([], "empty", [], []))
    model.metadata_props.add(key="a", value="x" * (1 << 20))
    path.write_bytes(model.SerializeToString() * 70)
    with pytest.raises(ValueError, match="more than 64 MiB of metadata"):
        read_metadata(path)


# -- configurations --


@settings(max_examples=60)
@given(
    config=JSON | st.dictionaries(st.sampled_from(["version", "data"]), JSON),
    data=st.dictionaries(
        st.sampled_from(["sampling_rate", "hop_length", "add_blank", "num_styles", "style2id", "spk2id"]), JSON
    ),
    way=st.sampled_from(["file", "data", "hyper_parameters", "manifest"]),
)
def test_whatever_a_configuration_says_is_read_or_refused(tmp_path, config, data, way):
    path = tmp_path / "config.json"
    if way == "file":
        path.write_text(json.dumps(config), encoding="utf-8")
    else:
        path.write_text(json.dumps({"version": "2.0-JP-Extra", "data": data}), encoding="utf-8")
    found = read_or_refused(lambda: read_config(path))
    assert found is None or 0 < len(found.styles) <= MOST_STYLES
    if way in {"hyper_parameters", "manifest"}:
        aivmx = as_aivmx(tmp_path / "voice.aivmx", **{f"aivm_{way}": json.dumps(config)})
        voice = read_or_refused(lambda: read_voice(aivmx))
        assert voice is None or 0 < len(voice.config.styles) <= MOST_STYLES


@pytest.mark.parametrize(
    "content",
    [
        NESTED,
        "[" * 5_000,
        '{"version": ' + "9" * 5_000 + "}",
        '{"version": "JP-Extra", "data": {"sampling_rate": ' + "9" * 4_000 + "}}",
        '{"version": "JP-Extra", "data": {"hop_length": -' + "9" * 5_000 + "}}",
        '{"version": "JP-Extra", "data": {"hop_length": NaN}}',
        '{"version": "JP-Extra", "data": {"sampling_rate": Infinity}}',
        '{"version": "JP-Extra", "data": {"style2id": {"a": -' + "9" * 4_000 + "}}}",
        '{"version": "JP-Extra", "data": {"spk2id": {"a": ' + "9" * 4_000 + "}}}",
        '{"version": "JP-Extra", "data": {"style2id": {"\\ud800": 0}}}',
        '{"version": "JP-Extra", "data": {"style2id": {"a\\u0000b": 0}}}',
        '{"version": "JP-Extra", "data": {"style2id": {"": 0}}}',
        '{"version": ' + "[" * 900 + "]" * 900 + "}",
        "\ufeff\ufeff{}",
        '{"version": "' + "x" * (2 << 20) + '"}',
    ],
    ids=range(15),
)
def test_no_configuration_is_more_than_an_error_of_one_line(tmp_path, content):
    folder = as_folder(tmp_path / "voice")
    (folder / "config.json").write_text(content, encoding="utf-8")
    assert read_or_refused(lambda: read_voice(folder)) is None
    unnamed = json.dumps(MANIFEST | {"speakers": []})  # else its names are in place of the configuration's
    for changes in ({"aivm_hyper_parameters": content, "aivm_manifest": unnamed}, {"aivm_manifest": content}):
        path = as_aivmx(tmp_path / "voice.aivmx", **changes)
        assert read_or_refused(lambda path=path: read_voice(path)) is None


def test_a_name_that_comes_twice_is_one_style(tmp_path):
    folder = as_folder(tmp_path / "voice")
    (folder / "config.json").write_text('{"version": "JP-Extra", "data": {"style2id": {"a": 0, "b": 1, "a": 2}}}')
    assert list(read_voice(folder).config.styles) == ["b", "a"]


def test_a_file_of_style_vectors_has_a_bound(tmp_path):
    path = tmp_path / "style_vectors.npy"
    with path.open("wb") as file:
        file.write(b"\x93NUMPY\x02\x00\xff\xff\xff\x7f")
        file.truncate(2 << 30)
    assert seconds(lambda: read_or_refused(lambda: read_style_vectors(path, read_config(SPEAKER / "config.json")))) < 3


@pytest.mark.parametrize("name", [*SMALL, "voice.aivmx"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_refused_and_waited_for_by_nobody(tmp_path, name, kind):
    folder = as_folder(tmp_path / "v")
    path = folder / name
    make_odd(path, kind)
    voice = read_or_refused(lambda: read_voice(path if path.suffix == ".aivmx" else folder))
    # A description is not needed.
    assert (voice is not None) == (name in {"README.md", "LICENSE"})


@pytest.mark.parametrize(
    "text",
    [
        "speed = " + "9" * 5_000,
        "noise-scale = 0x" + "f" * 5_000,
        "rate = 0x" + "f" * 5_000,
        "precision = 0x" + "f" * 5_000,
        "max-memory = 0x" + "f" * 5_000,
        "uri = " + "[" * 5_000,
        "uri = " + "[" * 200 + "]" * 200,
        "a = {b = " * 5_000,
        "a" + ".a" * 5_000 + " = 1",
        "'" + "a" * 5_000 + "' = 1",
        '"a\\nb" = 1',
        "[[preset]]\nname = 'a'\nspeed = 0x" + "f" * 5_000,
        "[[preset]]\nname = 'a'\nseed = " + "9" * 4_000,
        "uri = nan",
        "#" * (2 << 20),
    ],
    ids=range(15),
)
def test_no_configuration_file_is_more_than_an_error_of_one_line(tmp_path, text):
    path = tmp_path / "kitchen.toml"
    path.write_text(text, encoding="utf-8")
    parser = argparse.ArgumentParser()
    add_options(parser, SERVING)
    flags = parser.parse_args(["--config", str(path), "--data-dir", str(tmp_path)])
    assert read_or_refused(lambda: configure(flags, SERVING)) is None
