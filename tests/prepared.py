"""Prepared forms of the tiny voice, in all its kinds, and of its BERT: made once in a run, since each takes seconds."""

import shutil
from pathlib import Path

import pytest

from tests.publish.shared import made_once
from tests.support import TINY_REPO
from tests.voice_kinds import as_aivmx, as_folder
from wyoming_hayakoe import TTS


def prepared_forms(factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the forms in fp32; not to be changed."""
    return made_once(factory, "prepared-forms", _prepare)


def with_forms(forms: Path, data: Path) -> Path:
    """Return ``data``, a new data folder with copies of the forms: they are found by what the sources hold."""
    shutil.copytree(forms / "compiled", data / "compiled")
    return data


def _prepare(folder: Path) -> None:
    tts = TTS(cache_dir=folder, bert_source=str(TINY_REPO), precision="fp32").load("rand-jp", str(TINY_REPO))
    # A form whose source is gone is removed when another is made: the sources stay beside the forms.
    tts.load("folder", str(as_folder(folder / "sources" / "folder")))
    tts.load("file", str(as_aivmx(folder / "sources" / "voice.aivmx")))
    for speaker in tts.speakers.values():
        speaker.voice.compile()
