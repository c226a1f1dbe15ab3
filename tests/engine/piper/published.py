"""The phonemizers of piper-tts and piper-plus-g2p, as script/peer installs them: what voices were trained with.

Of both only the modules are imported that Japanese needs. piper-tts is under the GPL: it is here to compare with, and
is no part of what is distributed.
"""

import importlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pyopenjtalk
import pytest

from tests.publish.shared import peer_python

_QUESTIONS = {"?", "?!", "?.", "?~"}


@dataclass(frozen=True)
class Written:
    """What a package writes for a text or for labels."""

    ids: list[int]
    prosody: list[tuple[int, int, int]] | None
    """None for Piper, which has none."""


class PiperTTS:
    """The Japanese phonemizer of piper-tts, and its usual ids."""

    kind = "piper"

    def __init__(self) -> None:
        _without_start("piper")
        self._phonemes = importlib.import_module("piper.phonemize_japanese")
        self._ids = importlib.import_module("piper.phoneme_ids")
        self.symbols: dict[str, list[int]] = self._ids.DEFAULT_PHONEME_ID_MAP

    def written(self, text: str, labels: Sequence[str] | None = None) -> Written:
        """Write a text, sentence after sentence as in training; or ``labels`` in its place as one sentence."""
        phonemizer = self._phonemes.JapanesePhonemizer()
        if labels is not None:
            text = "文"
            phonemizer.pyopenjtalk = SimpleNamespace(run_frontend=lambda _: None, make_label=lambda _: labels)
        sentences = phonemizer.phonemize(text)
        return Written([number for each in sentences for number in self._ids.phonemes_to_ids(each)], None)


class PiperPlus:
    """The Japanese phonemizer of piper-plus-g2p, and its ids for voices of several languages."""

    kind = "piper-plus"

    def __init__(self) -> None:
        _with_start("piper_plus_g2p")
        self._japanese = importlib.import_module("piper_plus_g2p.japanese")
        maps = importlib.import_module("piper_plus_g2p.encode.id_maps")
        self.symbols: dict[str, list[int]] = maps.get_phoneme_id_map("multilingual")
        self._encoder = importlib.import_module("piper_plus_g2p.encode.encoder").PiperEncoder(self.symbols)

    def written(self, text: str, labels: Sequence[str] | None = None) -> Written:
        """Write a text, or ``labels`` in its place, as in training, where the mark of a question is its end."""
        real = self._japanese.pyopenjtalk
        if labels is not None:
            self._japanese.pyopenjtalk = SimpleNamespace(extract_fullcontext=lambda _: labels)
        self._japanese.clear_phonemize_cache()
        try:
            tokens, prosody = self._japanese.JapanesePhonemizer().phonemize_with_prosody(text)
        finally:
            self._japanese.pyopenjtalk = real
        pairs = [pair for pair in zip(tokens, prosody, strict=True) if pair[0] not in _QUESTIONS]
        end = next((token for token in tokens if token in _QUESTIONS), "$")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of フュ, for which there is no id
            ids, places = self._encoder.encode_with_prosody(
                [token for token, _ in pairs], [place for _, place in pairs], eos_token=end
            )
        return Written(ids, [(each.a1, each.a2, each.a3) if each else (0, 0, 0) for each in places])


Published = PiperTTS | PiperPlus


def labels_of(features: Sequence[Any]) -> list[str]:
    """Return Open JTalk's labels of features, none where nothing is read; marks before the first word are left out."""
    read = list(features)
    while read and not is_read(read[0]):
        read.pop(0)
    return pyopenjtalk.make_label(read) if read else []


def is_read(feature: Any) -> bool:
    return any("ァ" <= character <= "ヴ" for character in feature["pron"])


def _folder(package: str) -> Path:
    place = next(peer_python().parents[1].glob(f"lib/python3*/site-packages/{package}"), None)
    if place is None:
        if os.environ.get("HAYAKOE_TEST_ALL"):
            pytest.fail(f"{package} is not installed, and HAYAKOE_TEST_ALL wants every test: run script/peer")
        pytest.skip(f"{package} is not installed: run script/peer (.ci/run does)")
    return place


def _without_start(package: str) -> None:
    """Let modules of a package be imported without what its ``__init__.py`` imports: ONNX Runtime, eSpeak."""
    module = ModuleType(package)
    module.__path__ = [str(_folder(package))]
    sys.modules[package] = module


def _with_start(package: str) -> None:
    folder = _folder(package)
    found = importlib.util.spec_from_file_location(
        package, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert found is not None
    assert found.loader is not None
    sys.modules[package] = module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
